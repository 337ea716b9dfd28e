// Takes tokens out of whatever is shown, exported or copied. What is not stored cannot be shown by
// mistake, so a text is masked before it is kept.

/** Stands where a token was, and where one is to be put in. */
export const TOKEN = "$TOKEN";

/** A shorter text would also be found where it is no token. */
const SECRET_MIN_CHARS = 12;

/** Tokens that are remembered; the older ones have expired long since. */
const REMEMBERED_MAX = 20;

export class TokenMask {
  #secrets: string[] = [];

  /** From now on this text is masked wherever it stands. */
  remember(secret: string): void {
    if (secret.length < SECRET_MIN_CHARS || this.#secrets.includes(secret)) return;
    this.#secrets = [secret, ...this.#secrets].slice(0, REMEMBERED_MAX);
  }

  mask(text: string): string {
    let masked = text;
    for (const secret of this.#secrets) masked = masked.replaceAll(secret, TOKEN);
    return maskTokens(masked);
  }
}

/** By shape alone: a JWT, a member named `token`, a query parameter of that name, a bearer. */
export function maskTokens(text: string): string {
  return text
    .replace(/\beyJ[\w-]{6,}(\.[\w-]*)*/g, TOKEN)
    .replace(/("(?:access_|refresh_)?token"\s*:\s*)"(?:[^"\\]|\\.)*"/g, `$1"$TOKEN"`)
    .replace(/([?&](?:access_)?token=)[^&\s"'#]*/gi, `$1$TOKEN`)
    .replace(/(\bbearer\s+)[\w.~+/=-]{8,}/gi, `$1$TOKEN`);
}
