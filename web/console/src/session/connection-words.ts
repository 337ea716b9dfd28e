// The connection's state as the banner says it.

import type { ConnectionState } from "@frontdesk/client";
import { asSentence } from "./trouble.ts";

export interface ConnectionWords {
  tone: "good" | "warn" | "bad";
  text: string;
  /** Read out instead of a text that counts seconds. */
  spoken?: string;
  hint?: string;
  /** What helps: to sign in once more, or to connect by hand. */
  remedy?: "sign-in" | "connect";
}

/** 4505: the session behind the socket was ended. */
const SESSION_ENDED = 4505;

/** `caughtUp` is how many events had been missed, for a moment after they came. */
export function connectionWords(
  state: ConnectionState,
  now: number,
  caughtUp: number | null,
): ConnectionWords {
  switch (state.status) {
    case "connected":
      return { tone: "good", text: caughtUp === null ? "Live" : backWords(caughtUp) };
    case "connecting":
      return state.attempt === 0
        ? { tone: "good", text: "Connecting …" }
        : { tone: "warn", text: "Reconnecting …" };
    case "waiting": {
      const seconds = Math.max(1, Math.ceil((state.retryAt - now) / 1_000));
      const { why, fix } = reason(state);
      return {
        tone: "warn",
        text: `Reconnecting in ${seconds} s: ${why}`,
        spoken: `Reconnecting: ${why}`,
        remedy: "connect",
        ...(fix !== null && { hint: fix }),
      };
    }
    case "closed": {
      if (state.reason !== "terminal") return { tone: "good", text: "Not connected" };
      const { why, fix } = reason(state);
      if (isSignedOut(state)) {
        return {
          tone: "bad",
          text: "Signed out elsewhere",
          hint: "What you see is not live any more.",
          remedy: "sign-in",
        };
      }
      return {
        tone: "bad",
        text: `Not connected: ${why}`,
        remedy: "connect",
        ...(fix !== null && { hint: fix }),
      };
    }
  }
}

export function isSignedOut(state: ConnectionState): boolean {
  return (
    state.status === "closed" &&
    state.reason === "terminal" &&
    (state.close?.code === SESSION_ENDED || state.diagnosis?.id === "token.endpoint_unauth")
  );
}

function backWords(missed: number): string {
  if (missed === 0) return "Back: nothing was missed";
  return `Back: ${missed} missed ${missed === 1 ? "event" : "events"} caught up`;
}

function reason({ diagnosis, close }: Extract<ConnectionState, { status: "waiting" | "closed" }>): {
  why: string;
  fix: string | null;
} {
  if (diagnosis !== null)
    return { why: asSentence(diagnosis.sentence), fix: asSentence(diagnosis.fix) };
  if (close?.detail)
    return { why: asSentence(close.detail), fix: close.fix && asSentence(close.fix) };
  return { why: "looking for the reason …", fix: null };
}
