// One WebSocket from its constructor to its end, which is told once, also if `close` never fires.

import type { AttemptRecord } from "./diagnosis-types.ts";
import { redact } from "./report.ts";

/** A WebSocket as browsers have it; the package `ws` has it too. */
export type WebSocketConstructor = new (url: string) => WebSocket;

/** What a socket told of itself. */
export type TransportResult = Pick<
  AttemptRecord,
  "error" | "close" | "threw" | "readyStateAfterConstruction"
>;

export interface TransportEvents {
  open(): void;
  /** What came; a text, if all is well. */
  frame(data: unknown): void;
  /** What is known is in `result`. */
  end(): void;
}

/** `close` comes within a millisecond of `error`, or never: a page's own policy says no more than `error`. */
const CLOSE_AFTER_ERROR_MS = 100;

/** `WebSocket.CLOSED`; an injected one need not have the constant. */
const CLOSED = 3;

export class Transport {
  readonly result: TransportResult = {
    error: false,
    close: null,
    threw: null,
    readyStateAfterConstruction: -1,
  };
  #socket: WebSocket | undefined;
  #events: TransportEvents | null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(Socket: WebSocketConstructor, url: string, events: TransportEvents) {
    this.#events = events;
    try {
      this.#socket = new Socket(url);
    } catch (error) {
      this.result.threw = redact(String(error));
      this.#endSoon(0);
      return;
    }
    this.#listen(this.#socket);
    this.result.readyStateAfterConstruction = this.#socket.readyState;
    if (this.#socket.readyState === CLOSED) this.#endSoon(CLOSE_AFTER_ERROR_MS);
  }

  /** Sends, if the socket is open. */
  send(text: string): void {
    if (this.#events && this.#socket?.readyState === 1) this.#socket.send(text);
  }

  /** Closes the socket and never speaks of it again. How it ends is its own affair. */
  letGo(): void {
    this.#events = null;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    // Listeners stay: `ws` throws an `error` that nobody listens to.
    if (socket && socket.readyState < 2) socket.close(1000);
  }

  #listen(socket: WebSocket): void {
    socket.addEventListener("open", () => this.#events?.open());
    socket.addEventListener("message", ({ data }) => this.#events?.frame(data));
    socket.addEventListener("error", () => {
      this.result.error = true;
      if (socket.readyState === CLOSED) this.#endSoon(CLOSE_AFTER_ERROR_MS);
    });
    socket.addEventListener("close", ({ code, reason, wasClean }) => {
      this.result.close = { code, reason, wasClean };
      this.#ended();
    });
  }

  #endSoon(milliseconds: number): void {
    if (!this.#events) return;
    this.#timer ??= setTimeout(() => this.#ended(), milliseconds);
  }

  #ended(): void {
    const events = this.#events;
    this.#events = null;
    clearTimeout(this.#timer);
    events?.end();
  }
}
