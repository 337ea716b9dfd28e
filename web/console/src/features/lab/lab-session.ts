// One connection of the lab, bare or as the client makes it: opens it, tells its story in the log, and
// breaks it on purpose. Start at `connect`; what frames mean is tracker.ts, the network is wire.ts.

import type { ChannelName, FrontdeskClient } from "@frontdesk/client";
import { startClient } from "./client-mode.ts";
import { whatWasSeen } from "./connect-check.ts";
import { addressOf, type Dial, httpBase, isEchoSocket, isInQuery, isOwn } from "./dial.ts";
import type { FrameLog } from "./frame-log.ts";
import { TOKEN, TokenMask } from "../../session/token-mask.ts";
import { freshToken, wantsToken } from "./token-source.ts";
import type { CloseCodeShape } from "./tongue.ts";
import { type Story, seconds, Tracker } from "./tracker.ts";
import { Wire, type WireEnd } from "./wire.ts";

/** What the page shows of a connection. A state object never changes. */
export interface LabState {
  status: "idle" | "token" | "opening" | "open" | "welcomed" | "away" | "closed";
  dial: Dial | null;
  story: Story;
  /** When the cut network comes back, in milliseconds since 1970. */
  backAt: number | null;
  /** Whether renewals are held back, so that the token runs out. */
  holding: boolean;
}

/** A renewal is asked for so long before the end, or after two thirds of a short life. */
const LEAD_MS = 60_000;

const PING_INTERVAL_MS = 15_000;

/** How often positions are shown anew. */
const MOVED_MS = 250;

export class LabSession {
  readonly log: FrameLog;
  readonly mask: TokenMask = new TokenMask();
  readonly #wire: Wire;
  readonly #tracker = new Tracker();
  #codes: readonly CloseCodeShape[] = [];
  #status: LabState["status"] = "idle";
  #dial: Dial | null = null;
  #backAt: number | null = null;
  #holding = false;
  #client: FrontdeskClient | null = null;
  #subscribed = new Map<ChannelName, () => void>();
  /** A try that was let go changes nothing any more. */
  #try = 0;
  #attempt = "";
  #pings = 0;
  #commands = 0;
  #renewTimer: ReturnType<typeof setTimeout> | undefined;
  #pingTimer: ReturnType<typeof setInterval> | undefined;
  #backTimer: ReturnType<typeof setTimeout> | undefined;
  #movedTimer: ReturnType<typeof setTimeout> | undefined;
  #state: LabState;
  #listeners = new Set<() => void>();
  #scheduled = false;

  constructor(log: FrameLog, fetch: typeof globalThis.fetch) {
    this.log = log;
    this.#wire = new Wire(
      {
        opened: (url, milliseconds) => this.#opened(url, milliseconds),
        sent: (text) => this.#sent(text),
        came: (text) => this.#came(text),
        ended: (end) => this.#ended(end),
      },
      fetch,
    );
    this.#state = this.#snapshot();
  }

  readonly subscribeState = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): LabState => this.#state;

  /** What the server's description says of close codes. */
  know(codes: readonly CloseCodeShape[]): void {
    this.#codes = codes;
  }

  connect(dial: Dial): void {
    this.#letGo();
    this.#tracker.reset();
    this.#dial = isEchoSocket(dial.url) ? { ...dial, carry: "none" } : dial;
    this.#holding = false;
    if (isOwn(dial.carry)) this.mask.remember(dial.own);
    if (dial.mode === "client") this.#connectClient(dial);
    else void this.#open(false);
  }

  disconnect(): void {
    this.#letGo();
    this.#become("closed");
  }

  /** Ends everything; the page goes away. */
  dispose(): void {
    this.#letGo();
  }

  // What one may say

  /** Sends a frame; `$TOKEN` in it becomes a fresh token. */
  async send(text: string): Promise<void> {
    let whole = text;
    if (wantsToken(text) && this.#dial) {
      try {
        const { token } = await freshToken(httpBase(this.#dial.url), this.#wire.fetch, this.mask);
        whole = text.replaceAll(TOKEN, token);
      } catch (error) {
        this.#note((error as Error).message);
        return;
      }
    }
    if (!this.#wire.send(whole)) this.#note("Not sent: no socket is open. Connect first.");
  }

  /** An id that no other command of this page has. */
  nextId(): string {
    this.#commands += 1;
    return `lab-${this.#commands}`;
  }

  subscribe(channel: ChannelName): void {
    if (this.#client) {
      this.#subscribed.get(channel)?.();
      this.#subscribed.set(channel, this.#client.channel(channel).subscribe());
      return;
    }
    const position = this.#tracker.resume()[channel];
    const command = {
      type: "subscribe",
      id: this.nextId(),
      channel,
      ...(position && { position }),
    };
    void this.send(JSON.stringify(command));
  }

  unsubscribe(channel: ChannelName): void {
    const end = this.#subscribed.get(channel);
    this.#subscribed.delete(channel);
    if (this.#client) end?.();
    else void this.send(JSON.stringify({ type: "unsubscribe", id: this.nextId(), channel }));
  }

  ping(): void {
    this.#pings += 1;
    this.#wire.send(this.#tracker.ping(this.#pings, Date.now()));
  }

  // What one may break

  /** Cuts the network of this lab: no goodbye, and nothing gets through for that long. */
  cut(forMs: number): void {
    if (this.#wire.isCut) return;
    this.#note(`Cutting the network for ${seconds(forMs)}.`);
    this.#backAt = Date.now() + forMs;
    this.#backTimer = setTimeout(() => this.#mend(), forMs);
    this.#wire.cut();
    if (!this.#client) this.#become("away");
    this.#changed();
  }

  /** Sends a frame that breaks off in the middle. */
  sendBadFrame(): void {
    if (this.#wire.send('{"type":"ping","id":'))
      this.#note("Sent a frame that breaks off in the middle, as a bug in a client would.");
  }

  /** Holds renewals back until the server closes with 4100. */
  letExpire(): void {
    this.#holding = true;
    clearTimeout(this.#renewTimer);
    const { expiresAt } = this.#tracker.story;
    const left = expiresAt === null ? "" : ` It ends in ${seconds(expiresAt - Date.now())};`;
    this.#note(
      `Renewals of the token are held back.${left} the server then waits 20 s and closes with 4100.`,
    );
    this.#changed();
  }

  /** Renews again, as a healthy client does. */
  renewAgain(): void {
    this.#holding = false;
    this.#note("Renewals are not held back any more.");
    this.#renewLater();
    this.#changed();
  }

  // A bare socket

  async #open(isReturn: boolean): Promise<void> {
    const dial = this.#dial;
    if (!dial) return;
    this.#try += 1;
    const number = this.#try;
    let token: string | null = null;
    if (dial.carry === "first-frame" || dial.carry === "query") {
      this.#become("token");
      try {
        const fresh = await freshToken(httpBase(dial.url), this.#wire.fetch, this.mask);
        if (this.#try !== number) return;
        token = fresh.token;
        this.#note(`Fetched a socket token; it lives ${fresh.seconds} s.`);
      } catch (error) {
        if (this.#try !== number) return;
        this.#note((error as Error).message);
        this.#become("closed");
        return;
      }
    } else if (isOwn(dial.carry)) {
      token = dial.own;
    }
    this.#become("opening");
    this.#attempt = randomId();
    const inQuery = token !== null && isInQuery(dial.carry);
    const url = addressOf(dial.url, this.#attempt, inQuery ? token : null);
    this.#note(`Opening ${this.mask.mask(url)}`);
    let socket: WebSocket;
    try {
      socket = this.#wire.open(url);
    } catch (error) {
      this.#note(`The browser refused the address: ${this.mask.mask((error as Error).message)}`);
      this.#become("closed");
      return;
    }
    if (token === null) return;
    const resume = isReturn ? this.#tracker.resume() : {};
    const bearer = token;
    if (!inQuery) {
      socket.addEventListener("open", () =>
        socket.send(JSON.stringify({ type: "connect", token: bearer, resume })),
      );
    } else if (isReturn) {
      // With the token in the address the welcome comes unasked, so each channel is rewound by itself.
      socket.addEventListener("message", () => this.#rewind(resume), { once: true });
    }
  }

  #rewind(resume: ReturnType<Tracker["resume"]>): void {
    for (const [channel, position] of Object.entries(resume)) {
      const command = { type: "subscribe", id: this.nextId(), channel, position };
      this.#wire.send(JSON.stringify(command));
    }
  }

  #renewLater(): void {
    clearTimeout(this.#renewTimer);
    const { expiresAt } = this.#tracker.story;
    const isOurs = this.#dial?.carry === "first-frame" || this.#dial?.carry === "query";
    if (this.#client || this.#holding || !isOurs || expiresAt === null) return;
    const life = expiresAt - Date.now();
    const wait = Math.max(1_000, life - Math.min(LEAD_MS, life / 3));
    this.#renewTimer = setTimeout(
      () => void this.send(JSON.stringify({ type: "refresh", id: this.nextId(), token: TOKEN })),
      wait,
    );
  }

  async #askWhatWasSeen(url: string): Promise<void> {
    const attempt = this.#attempt;
    const told = await whatWasSeen(url, attempt, this.#wire.fetch);
    if (this.#attempt === attempt) this.#note(told);
  }

  // The client

  #connectClient(dial: Dial): void {
    this.#try += 1;
    const number = this.#try;
    this.#client = startClient({
      url: dial.url,
      wire: this.#wire,
      getToken: () => this.#tokenForClient(dial),
      note: (text) => this.#note(text),
      become: (status) => {
        if (this.#try === number) this.#become(status);
      },
    });
  }

  async #tokenForClient(dial: Dial): Promise<{ token: string }> {
    if (isOwn(dial.carry)) return { token: dial.own };
    if (this.#holding) throw new Error("the renewal is held back by the lab");
    const { token } = await freshToken(httpBase(dial.url), this.#wire.fetch, this.mask);
    return { token };
  }

  // What the network tells

  #opened(url: string, milliseconds: number): void {
    this.#note(
      `Open after ${milliseconds} ms. ${isEchoSocket(url) ? "Whatever you send comes back, for a minute." : "That is not connected yet: welcome is."}`,
    );
    if (!this.#client) this.#become("open");
  }

  #sent(text: string): void {
    const frame = parsed(text);
    this.#tracker.sent(frame);
    this.#record("out", text, frame);
  }

  #came(text: string): void {
    const frame = parsed(text);
    this.#record("in", text, frame);
    // An echo is no word of the server.
    if (this.#dial && isEchoSocket(this.#dial.url)) return;
    const wasWelcomed = this.#tracker.story.user !== null;
    const wasExpiring = this.#tracker.story.expiresAt;
    for (const sentence of this.#tracker.hear(frame, Date.now())) this.#note(sentence);
    const { user, expiresAt } = this.#tracker.story;
    if (!wasWelcomed && user !== null) this.#welcomed();
    if (wasExpiring !== expiresAt) this.#renewLater();
    this.#moved();
  }

  #welcomed(): void {
    this.#become("welcomed");
    clearInterval(this.#pingTimer);
    this.#pingTimer = setInterval(() => this.ping(), PING_INTERVAL_MS);
    this.ping();
    if (this.#client) return;
    // A welcome brings back what was resumed; what it did not is asked for once more.
    const { places, asked } = this.#tracker.story;
    for (const channel of asked) if (!places.has(channel)) this.subscribe(channel);
  }

  #ended(end: WireEnd): void {
    clearInterval(this.#pingTimer);
    clearTimeout(this.#renewTimer);
    for (const sentence of this.#tracker.ended(end, Date.now(), this.#codes)) this.#note(sentence);
    const wasHolding = this.#holding;
    if (end.code === 4100) this.#holding = false;
    const isOver = this.#status === "closed";
    this.#changed();
    if (this.#client || end.cut || isOver) return;
    this.#become("closed");
    if (!end.opened) void this.#askWhatWasSeen(end.url);
    if (end.code === 4100 && wasHolding) {
      this.#note(
        "A fresh token is all that is needed: fetching one and going on where it stopped.",
      );
      void this.#open(true);
    }
  }

  #mend(): void {
    clearTimeout(this.#backTimer);
    this.#backAt = null;
    const refused = this.#wire.refusedRequests;
    this.#wire.mend();
    this.#note(
      `The network is back.${refused > 0 ? ` Meanwhile ${refused} ${refused === 1 ? "request was" : "requests were"} refused.` : ""}`,
    );
    if (this.#client) this.#note("The client comes back by itself, at its next retry.");
    else if (this.#status === "away") void this.#open(true);
    this.#changed();
  }

  // Small things

  #letGo(): void {
    this.#try += 1;
    clearTimeout(this.#renewTimer);
    clearTimeout(this.#backTimer);
    clearInterval(this.#pingTimer);
    this.#backAt = null;
    this.#wire.mend();
    for (const end of this.#subscribed.values()) end();
    this.#subscribed.clear();
    const client = this.#client;
    this.#client = null;
    client?.close();
    if (this.#status !== "idle") this.#status = "closed";
    this.#wire.close();
    this.#changed();
  }

  #record(direction: "in" | "out", text: string, frame: unknown): void {
    const bytes = encoder.encode(text).length;
    this.log.add({
      at: Date.now(),
      direction,
      text: this.mask.mask(text),
      bytes,
      kind: kindOf(frame),
    });
  }

  #note(text: string): void {
    this.log.note(Date.now(), this.mask.mask(text));
  }

  #become(status: LabState["status"]): void {
    this.#status = status;
    this.#changed();
  }

  #snapshot(): LabState {
    return {
      status: this.#status,
      dial: this.#dial,
      story: this.#tracker.story,
      backAt: this.#backAt,
      holding: this.#holding,
    };
  }

  /** Events move positions a hundred times a second; nobody reads them that fast. */
  #moved(): void {
    this.#movedTimer ??= setTimeout(() => {
      this.#movedTimer = undefined;
      this.#changed();
    }, MOVED_MS);
  }

  #changed(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#state = this.#snapshot();
      for (const listener of [...this.#listeners]) listener();
    });
  }
}

const encoder = new TextEncoder();

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function kindOf(frame: unknown): string {
  const { type, event } = (frame ?? {}) as { type?: unknown; event?: unknown };
  if (typeof event === "string") return event;
  return typeof type === "string" ? type : "not a frame";
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
