// One try to connect, and what is known of it in the end.

import type { AttemptRecord } from "./diagnosis-types.ts";
import { redact } from "./report.ts";
import type { Transport } from "./transport.ts";

/** Why a connection ended, as far as the server said so. */
export interface CloseInfo {
  /** The close code; 1006 when there was no close frame. */
  readonly code: number;
  /** `slug: sentence`. */
  readonly reason: string;
  readonly wasClean: boolean;
  /** The goodbye's sentence and its next step, if there was one. */
  readonly detail: string | null;
  readonly fix: string | null;
}

/** One try, from the token to the end of its socket. */
export class Attempt {
  readonly record: AttemptRecord;
  /** Ends what the try has asked for. */
  readonly ended: AbortController = new AbortController();
  transport: Transport | null = null;
  /** The HTTP base of the server. */
  base = "";
  constructedAt: number | null = null;
  heardAt: number | null = null;
  welcomedAt: number | null = null;
  /** How far the server's clock is ahead, in milliseconds. */
  clockAhead = 0;

  constructor(recentFailures: number) {
    this.record = {
      url: "",
      origin: globalThis.location?.origin ?? null,
      attempt: randomId(),
      phase: "token",
      openedMs: null,
      livedMs: null,
      error: false,
      close: null,
      goodbye: null,
      token: null,
      threw: null,
      csp: null,
      readyStateAfterConstruction: -1,
      silentMs: null,
      frozenMs: null,
      recentFailures,
      placeholder: null,
      timedOut: null,
    };
  }

  /** Completes the record with what the socket and the clock say. */
  finish(now: number): void {
    Object.assign(this.record, this.transport?.result);
    if (this.constructedAt !== null) this.record.livedMs = now - this.constructedAt;
    if (this.heardAt !== null) this.record.silentMs = now - this.heardAt;
  }

  /** How it was closed; nothing if it never came so far. */
  close(): CloseInfo | null {
    const { close, goodbye } = this.record;
    if (!close && !goodbye) return null;
    const said = { detail: goodbye?.detail ?? null, fix: goodbye?.fix ?? null };
    // Without a close frame the goodbye still tells the code.
    const heard = close && (close.code !== 1006 || !goodbye) ? close : goodbye;
    return {
      code: heard?.code ?? 1006,
      reason: heard?.reason ?? "",
      wasClean: close?.wasClean ?? false,
      ...said,
    };
  }
}

/** 128 random bits. `crypto.randomUUID` is only there on secure pages. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}

/** A URL without its query, where tokens travel, and without a password. */
export function withoutToken(url: string): string {
  return redact(url.replace(/[?#].*$/, "").replace(/\/\/[^/]*@/, "//"));
}
