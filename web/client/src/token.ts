// The token that opens a socket: asked for, and judged if it is none. Never kept beyond its use.

import type { Problem, TokenAnswer } from "./diagnosis-types.ts";
import { FrontdeskError } from "./error.ts";
import type { Retry } from "./protocol.ts";
import { redact } from "./report.ts";

/** What `getToken` may answer besides the bare token. */
export interface GivenToken {
  token: string;
  /** When it ends: milliseconds since 1970 by this machine's clock. Without it, `welcome` tells. */
  expiresAt?: number;
  /** The socket that it opens; the client's `url` otherwise. */
  url?: string;
}

/** Gives a token. Throw a `FrontdeskError("unauthenticated", …)` when nobody is signed in: then it is not tried again. */
export type GetToken = (context: {
  signal: AbortSignal;
}) => string | GivenToken | Promise<string | GivenToken>;

/** A token is not used in its last moments, because it travels and clocks differ. */
const MARGIN_MS = 5_000;

/** Codes of a `getToken` after which another try is pointless. */
const FINAL = new Set([
  "unauthenticated",
  "session_ended",
  "account_disabled",
  "forbidden",
  "origin_denied",
]);

export class TokenFailure extends Error {
  readonly answer: TokenAnswer;
  readonly retry: Retry;
  readonly retryAfterMs: number | undefined;

  constructor(answer: TokenAnswer, retry: Retry, retryAfterMs?: number) {
    super("no token");
    this.answer = answer;
    this.retry = retry;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whether a token that is held can still open a socket. */
export function isFresh(token: GivenToken, now: number): boolean {
  return token.expiresAt === undefined || token.expiresAt - MARGIN_MS > now;
}

/** Asks the application's own `getToken`. */
export async function givenToken(getToken: GetToken, signal: AbortSignal): Promise<GivenToken> {
  try {
    const given = await getToken({ signal });
    return typeof given === "object" && given !== null ? given : { token: given };
  } catch (error) {
    if (error instanceof TokenFailure) throw error;
    const final = error instanceof FrontdeskError && FINAL.has(error.code);
    throw new TokenFailure(noAnswer(redact(String(error))), final ? "never" : "backoff");
  }
}

/** Asks the server, with the page's cookie. */
export async function fetchToken(
  base: string,
  fetch: typeof globalThis.fetch,
  now: () => number,
  signal: AbortSignal,
): Promise<GivenToken> {
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(`${base}/api/v1/auth/ws-token`, {
      credentials: "include",
      cache: "no-store",
      signal,
    });
    text = await answer.text();
  } catch (error) {
    throw new TokenFailure(noAnswer(String(error)), "backoff");
  }
  const body = object(text);
  if (answer.ok && typeof body?.["token"] === "string") {
    const { token, ws_url: url, expires_in: seconds } = body;
    return {
      token,
      ...(typeof seconds === "number" && { expiresAt: now() + seconds * 1000 }),
      ...(typeof url === "string" && { url }),
    };
  }
  throw new TokenFailure(
    {
      status: answer.status,
      problem: !answer.ok && typeof body?.["code"] === "string" ? (body as Problem) : null,
      contentType: answer.headers.get("Content-Type"),
      body: redact(text).slice(0, 200),
      networkError: null,
    },
    answer.status === 401 || answer.status === 403 ? "never" : "backoff",
    Number(answer.headers.get("Retry-After")) * 1000 || undefined,
  );
}

/** The token itself, if it is what stands where a token should be: a missing variable, or an example. */
export function placeholder(token: unknown): string | null {
  if (typeof token !== "string") return String(token);
  if (/^bearer\b/i.test(token)) return "Bearer …";
  return /^(|test|token|undefined|null|nan|your[-_ ]?token|\[object .*\]|<.*>|\$\{.*\})$/i.test(
    token.trim(),
  )
    ? token.slice(0, 40)
    : null;
}

/** Nothing was answered, for that reason. */
export function noAnswer(networkError: string): TokenAnswer {
  return { status: null, problem: null, contentType: null, body: null, networkError };
}

// biome-ignore lint/suspicious/noExplicitAny: what a server sends may be anything
function object(text: string): Record<string, any> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
