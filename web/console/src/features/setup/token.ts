// The token of the one-time link. It stands behind `#`, which a browser sends to nobody.

/** The token in `#token=…`; `null` if there is none. */
export function tokenIn(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, "")).get("token") || null;
}
