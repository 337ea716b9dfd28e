// A handshake that failed tells a page nothing, so the server is asked what it saw.

import { httpBase } from "./dial.ts";

/** What the server saw of an attempt, in words. */
export async function whatWasSeen(
  url: string,
  attempt: string,
  fetch: typeof globalThis.fetch,
): Promise<string> {
  try {
    const answer = await fetch(`${httpBase(url)}/api/v1/connect-check/${attempt}`, {
      cache: "no-store",
      credentials: "omit",
    });
    const { seen, reason, fix } = (await answer.json()) as Record<string, unknown>;
    if (seen === true)
      return `The server saw this try and says: ${reason ?? "it answered the handshake"}. ${fix ?? ""}`;
    if (seen === false)
      return "The server answers, but never saw this try: the handshake got lost on the way.";
    return `Something answers there with ${answer.status}, but it is not Frontdesk.`;
  } catch {
    return "The server could not be asked why either. “Why can't I connect?” goes through it step by step.";
  }
}
