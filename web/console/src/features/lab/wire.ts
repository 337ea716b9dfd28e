// The network as the lab has it: real sockets and real requests, of which everything is heard, and
// which can be cut. A cut looks to whoever uses it as a lost network does: the socket ends with 1006 and
// no goodbye, new ones fail, requests are refused. Start at `Wire`.

/** What the lab hears of its sockets. */
export interface WireEvents {
  opened(url: string, milliseconds: number): void;
  sent(text: string): void;
  came(text: string): void;
  ended(end: WireEnd): void;
}

/** How a socket ended. */
export interface WireEnd {
  url: string;
  code: number;
  reason: string;
  wasClean: boolean;
  /** Whether it had been open, and whether it fired `error`. */
  opened: boolean;
  error: boolean;
  /** From the constructor to the end. */
  livedMs: number;
  /** Whether the cut of this lab ended it, and not the outside. */
  cut: boolean;
}

/** A socket that cannot be opened during a cut fails after so long, as one to a dead port does. */
const FAILS_AFTER_MS = 5;

export class Wire {
  readonly #events: WireEvents;
  readonly #fetch: typeof globalThis.fetch;
  readonly #sockets = new Set<WiredSocket>();
  #cut = false;
  #refusedRequests = 0;

  constructor(events: WireEvents, fetch: typeof globalThis.fetch) {
    this.#events = events;
    this.#fetch = fetch;
  }

  get isCut(): boolean {
    return this.#cut;
  }

  /** Requests that were refused since the last cut began. */
  get refusedRequests(): number {
    return this.#refusedRequests;
  }

  /** Ends every socket without a goodbye, and lets nothing through until `mend`. */
  cut(): void {
    this.#cut = true;
    this.#refusedRequests = 0;
    for (const socket of [...this.#sockets]) socket.drop();
  }

  mend(): void {
    this.#cut = false;
  }

  /** Sends on the socket that was opened last, if it is open. */
  send(text: string): boolean {
    const socket = [...this.#sockets].at(-1);
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(text);
    return true;
  }

  /** Closes every socket as a page that is done does. */
  close(): void {
    for (const socket of [...this.#sockets]) socket.close(1000);
  }

  /** A `WebSocket` of this network, for whoever makes sockets by `new`. */
  get Socket(): new (
    url: string,
  ) => WebSocket {
    const wire = this;
    return class {
      constructor(url: string) {
        // biome-ignore lint/correctness/noConstructorReturn: what `new` gives must be the one that the wire knows
        return wire.open(url);
      }
    } as unknown as new (
      url: string,
    ) => WebSocket;
  }

  open(url: string): WebSocket {
    const socket = new WiredSocket(url, this.#cut, {
      ...this.#events,
      ended: (end) => {
        this.#sockets.delete(socket);
        this.#events.ended(end);
      },
    });
    this.#sockets.add(socket);
    return socket as unknown as WebSocket;
  }

  /** A `fetch` of this network. */
  readonly fetch: typeof globalThis.fetch = (input, init) => {
    if (!this.#cut) return this.#fetch(input, init);
    this.#refusedRequests += 1;
    return Promise.reject(new TypeError("Failed to fetch"));
  };
}

/** As much of a `WebSocket` as a client uses, around a real one. */
class WiredSocket extends EventTarget {
  readonly url: string;
  readyState: number = WebSocket.CONNECTING;
  readonly #events: WireEvents;
  readonly #began = performance.now();
  readonly #real: WebSocket | null = null;
  #opened = false;
  #error = false;
  #ended = false;

  constructor(url: string, isCut: boolean, events: WireEvents) {
    super();
    this.#events = events;
    this.url = url;
    if (isCut) {
      setTimeout(() => {
        this.#error = true;
        this.#end({ code: 1006, reason: "", wasClean: false, cut: true });
      }, FAILS_AFTER_MS);
      return;
    }
    const real = new WebSocket(url);
    this.#real = real;
    this.url = real.url;
    this.readyState = real.readyState;
    real.addEventListener("open", () => {
      if (this.#ended) return;
      this.readyState = real.readyState;
      this.#opened = true;
      events.opened(this.url, Math.round(performance.now() - this.#began));
      this.dispatchEvent(new Event("open"));
    });
    real.addEventListener("message", ({ data }) => {
      if (this.#ended) return;
      events.came(typeof data === "string" ? data : "(a binary frame)");
      this.dispatchEvent(new MessageEvent("message", { data }));
    });
    real.addEventListener("error", () => {
      if (this.#ended) return;
      this.#error = true;
      this.readyState = real.readyState;
      this.dispatchEvent(new Event("error"));
      // A socket that the page's own policy blocks fires `error` and never `close`.
      setTimeout(() => {
        if (real.readyState === WebSocket.CLOSED)
          this.#end({ code: 1006, reason: "", wasClean: false, cut: false });
      }, 100);
    });
    real.addEventListener("close", ({ code, reason, wasClean }) =>
      this.#end({ code, reason, wasClean, cut: false }),
    );
  }

  get bufferedAmount(): number {
    return this.#real?.bufferedAmount ?? 0;
  }

  get protocol(): string {
    return this.#real?.protocol ?? "";
  }

  send(text: string): void {
    if (this.readyState === WebSocket.OPEN) this.#events.sent(text);
    // While it is connecting, the real one throws what a page is to see.
    if (this.readyState <= WebSocket.OPEN) this.#real?.send(text);
  }

  close(code?: number, reason?: string): void {
    if (this.readyState >= WebSocket.CLOSING) return;
    this.readyState = WebSocket.CLOSING;
    this.#real?.close(code, reason);
  }

  /** Ends at once, as when the cable is pulled. */
  drop(): void {
    this.#end({ code: 1006, reason: "", wasClean: false, cut: true });
    if (this.#real && this.#real.readyState <= WebSocket.OPEN) this.#real.close();
  }

  #end(how: Pick<WireEnd, "code" | "reason" | "wasClean" | "cut">): void {
    if (this.#ended) return;
    this.#ended = true;
    this.readyState = WebSocket.CLOSED;
    const { code, reason, wasClean } = how;
    if (how.cut && this.#error) this.dispatchEvent(new Event("error"));
    const livedMs = Math.round(performance.now() - this.#began);
    this.#events.ended({
      ...how,
      url: this.url,
      opened: this.#opened,
      error: this.#error,
      livedMs,
    });
    this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean }));
  }
}
