// When to try again after an end, and whether at all. Pure: time and chance are arguments.

import type { GoodbyeFrame, Retry } from "./protocol.ts";

/** How long waits between tries are. */
export interface Backoff {
  /** The shortest wait, in milliseconds. */
  minReconnectDelay: number;
  /** The longest. */
  maxReconnectDelay: number;
  /** From 0 up to 1. */
  random: () => number;
}

/** Milliseconds before the n-th retry: evenly spread from the shortest wait up to a ceiling that doubles each time. */
export function delayBefore(
  retry: number,
  { minReconnectDelay, maxReconnectDelay, random }: Backoff,
): number {
  const ceiling = Math.min(maxReconnectDelay, minReconnectDelay * 2 ** retry);
  return minReconnectDelay + random() * Math.max(0, ceiling - minReconnectDelay);
}

/** What a client does after a close: as the server said, or by the range of its code (docs/close-codes.md). */
export function retryAfter(code: number | undefined, goodbye: GoodbyeFrame | null): Retry {
  const said = goodbye?.retry;
  if (said === "never" || said === "fresh_token" || said === "backoff") return said;
  if (code === undefined || code < 4100 || code > 4999) return "backoff";
  if (code < 4200) return "fresh_token";
  return code < 4500 ? "backoff" : "never";
}
