// What is known of one try to connect, and what is concluded from it. Types alone: the tries are made
// in connection.ts, the conclusion in diagnosis.ts.

import type { CauseId } from "./causes.ts";
import type { GoodbyeFrame } from "./protocol.ts";

/** Why a connection could not be opened, or ended: one sentence and the next step. */
export interface Diagnosis {
  /** The stable name of the cause; `@frontdesk/client/causes` has more about it. */
  id: CauseId;
  /** `unsure` when two causes look alike to a page; they are in `alternatives`. */
  confidence: "certain" | "likely" | "unsure";
  /** What happened, for a person. */
  sentence: string;
  /** The next step. */
  fix: string;
  /** What it rests on, by name. Never a token. */
  evidence: Record<string, string | number | boolean | null>;
  /** Other causes that would look the same. */
  alternatives?: CauseId[];
}

/** The last frame of the server before a close. */
export type Goodbye = GoodbyeFrame;

/** A problem as HTTP answers it (RFC 9457); a foreign server may leave anything out. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  code?: string;
  detail?: string;
  fix?: string;
}

/** What came of asking for a token. */
export interface TokenAnswer {
  /** The HTTP status; none if there was no answer, or if the application's own `getToken` failed. */
  status: number | null;
  /** The body, if it was a problem. */
  problem: Problem | null;
  contentType: string | null;
  /** The first 200 characters of a body that was not understood. Never a token. */
  body: string | null;
  /** What `fetch` or `getToken` threw. */
  networkError: string | null;
}

/** One try to connect, from the token to the end of its socket. */
export interface AttemptRecord {
  /** Where to, without a token. */
  url: string;
  /** The page's origin; none outside of a page. */
  origin: string | null;
  /** The random id that was sent as `?attempt=`. */
  attempt: string;
  /** How far it came. */
  phase: "token" | "constructor" | "opening" | "open" | "welcomed";
  /** From the constructor to `open`. */
  openedMs: number | null;
  /** From the constructor to the end. */
  livedMs: number | null;
  /** Whether the socket fired `error`. */
  error: boolean;
  /** What `close` said; none if it never fired. */
  close: { code: number; reason: string; wasClean: boolean } | null;
  goodbye: Goodbye | null;
  token: TokenAnswer | null;
  /** What the constructor threw. */
  threw: string | null;
  /** The page's own policy that blocked the socket. */
  csp: { directive: string; blocked: string } | null;
  /** 3 means that the page's own policy blocked it; 0 is ordinary, -1 that there was no socket. */
  readyStateAfterConstruction: number;
  /** From the last frame of the server to the end; none if no frame came. Idle timeouts of proxies show here. */
  silentMs: number | null;
  /** How long the page was frozen just before the end. */
  frozenMs: number | null;
  /** Tries that failed before this one in a row; browsers slow new sockets from the tenth on. */
  recentFailures: number;
  /** The token, if it is an obvious placeholder such as `test` or `undefined`. */
  placeholder: string | null;
  /** Which of our own limits ended it; none if the end came from outside. */
  timedOut: "handshake" | "welcome" | "silence" | null;
}

/** What a diagnosis may use of the outside. */
export interface DiagnosisEnvironment {
  fetch: typeof fetch;
  WebSocket: new (url: string) => WebSocket;
  now: () => number;
  /** The HTTP base of the server, without a slash at its end. */
  base: string;
  /** Ends the diagnosis; it then rejects. */
  signal: AbortSignal;
}

/** Finds out why a try ended as it did. In bounded time, and never by trying to connect again. */
export type Diagnose = (
  record: AttemptRecord,
  environment: DiagnosisEnvironment,
) => Promise<Diagnosis>;
