// Fresh socket tokens for the lab. None is kept: the mask remembers what to hide, and nothing else.

import { TOKEN, type TokenMask } from "../../session/token-mask.ts";

/** A token with the seconds it lives. */
export interface FreshToken {
  token: string;
  seconds: number;
}

/** Asks the server; rejects with a sentence that says why there is none. */
export async function freshToken(
  base: string,
  fetch: typeof globalThis.fetch,
  mask: TokenMask,
): Promise<FreshToken> {
  let answer: Response;
  try {
    answer = await fetch(`${base}/api/v1/auth/ws-token`, {
      credentials: "include",
      cache: "no-store",
    });
  } catch (error) {
    throw new Error(`No token: ${base} did not answer (${(error as Error).message}).`);
  }
  const body = (await answer.json().catch(() => null)) as Record<string, unknown> | null;
  const { token, expires_in: seconds, detail, fix } = body ?? {};
  if (!answer.ok || typeof token !== "string") {
    const why =
      typeof detail === "string" ? `${detail}. ${typeof fix === "string" ? fix : ""}` : "";
    throw new Error(`No token: ${base} answered ${answer.status}. ${why}`.trim());
  }
  mask.remember(token);
  return { token, seconds: typeof seconds === "number" ? seconds : 300 };
}

/** Whether a frame asks for a fresh token to be put in. */
export function wantsToken(text: string): boolean {
  return text.includes(TOKEN);
}
