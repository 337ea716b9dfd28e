// Follows what is said on a socket and tells it in words: who one is, where each channel stands, what was
// missed while one was away and whether all of it came. No socket, no clock: frames in, sentences out.

import type {
  ChannelName,
  ChatServerFrame,
  Position,
  PositionEntry,
  ServerFrame,
  WelcomeUser,
} from "@frontdesk/client";
import type { CloseCodeShape } from "./tongue.ts";
import type { WireEnd } from "./wire.ts";

/** Where one stands in a channel. */
export interface Place extends Position {
  /** The newest offset that the server has told of. */
  head: number;
}

/** What is known of the connection now. */
export interface Story {
  user: WelcomeUser | null;
  connectionId: string | null;
  /** When the token ends, by this machine's clock. */
  expiresAt: number | null;
  heartbeatSeconds: number | null;
  heartbeats: number;
  lastHeartbeatAt: number | null;
  roundTripMs: number | null;
  places: ReadonlyMap<string, Place>;
  /** Channels to be subscribed again after a loss: those that no welcome brings by itself. */
  asked: ReadonlySet<ChannelName>;
}

const NOTHING: Omit<Story, "places" | "asked"> = {
  user: null,
  connectionId: null,
  expiresAt: null,
  heartbeatSeconds: null,
  heartbeats: 0,
  lastHeartbeatAt: null,
  roundTripMs: null,
};

/** Pings of the lab itself have ids that begin so. */
const PING = "lab-ping-";

type AnyFrame = ServerFrame | ChatServerFrame;

export class Tracker {
  #now: Omit<Story, "places" | "asked"> = NOTHING;
  #places = new Map<string, Place>();
  #asked = new Set<ChannelName>();
  /** The channel that a `subscribe` asked for, by the id of the command. */
  #asking = new Map<string, ChannelName>();
  /** Missed events that are on their way: the offset that ends them, and how many have come. */
  #missing = new Map<string, { until: number; count: number; came: number }>();
  #pings = new Map<string, number>();
  /** How far the server's clock is ahead: what is left of a token's life does not depend on clocks. */
  #clockAheadMs = 0;
  #lostAt: number | null = null;
  #welcomedBefore = false;
  #saidGoodbye = false;
  #badFrames = 0;
  #chat: string | null = null;

  get story(): Story {
    return { ...this.#now, places: new Map(this.#places), asked: new Set(this.#asked) };
  }

  /** What to hand to `connect` or `subscribe` so that nothing is missed. */
  resume(): Record<string, Position> {
    const positions = [...this.#places].map(([channel, { epoch, offset, id }]) => [
      channel,
      { epoch, offset, ...(id !== undefined && { id }) },
    ]);
    return Object.fromEntries(positions);
  }

  /** Forgets everything: another server, or another account. */
  reset(): void {
    this.#now = NOTHING;
    this.#places.clear();
    this.#asked.clear();
    this.#missing.clear();
    this.#lostAt = null;
    this.#welcomedBefore = false;
  }

  /** A ping that the lab is about to send. */
  ping(number: number, at: number): string {
    const id = `${PING}${number}`;
    this.#pings.set(id, at);
    return JSON.stringify({ type: "ping", id });
  }

  /** What was sent, so that its answer can be understood. */
  sent(frame: unknown): void {
    if (!isObject(frame)) {
      this.#badFrames += 1;
      return;
    }
    const { type, id, channel } = frame;
    if (type === "subscribe" && typeof channel === "string")
      this.#asking.set(String(id), channel as ChannelName);
    if (type === "unsubscribe" && typeof channel === "string") {
      this.#asked.delete(channel as ChannelName);
      this.#places.delete(channel);
    }
  }

  /** What came; gives what it means, if it is worth a sentence. */
  hear(frame: unknown, at: number): string[] {
    if (!isObject(frame)) return ["What came is no frame of Frontdesk: it is not a JSON object."];
    const known = frame as unknown as AnyFrame;
    switch (known.type) {
      case "welcome":
        return this.#welcome(known, at);
      case "event":
        return "offset" in known ? this.#moved(known.channel, known.offset, known.id) : [];
      case "message":
      case "chat":
        return this.#chat === null ? [] : this.#moved(this.#chat, known.offset, known.id);
      case "heartbeat":
        this.#now = { ...this.#now, heartbeats: this.#now.heartbeats + 1, lastHeartbeatAt: at };
        return [];
      case "reply":
        return this.#reply(known.id, known.data, at);
      case "error":
        return this.#refused(known);
      case "unsubscribed":
        this.#asked.delete(known.channel);
        this.#places.delete(known.channel);
        return [`The server ended the subscription of ${known.channel}: ${known.detail}.`];
      case "goodbye":
        this.#saidGoodbye = true;
        return [
          `The server says goodbye with ${known.code} ${known.reason}: ${sentence(known.detail)} ${sentence(known.fix)}`,
        ];
      default:
        return [];
    }
  }

  /** The end of the socket in words. */
  ended(end: WireEnd, at: number, codes: readonly CloseCodeShape[]): string[] {
    const goodbye = this.#saidGoodbye;
    const positions = [...this.#places].map(([channel, { offset }]) => `${channel} at ${offset}`);
    const isLoss = this.#now.connectionId !== null;
    this.#lostAt = isLoss ? at : this.#lostAt;
    this.#now = {
      ...NOTHING,
      heartbeats: this.#now.heartbeats,
      roundTripMs: this.#now.roundTripMs,
    };
    this.#missing.clear();
    this.#pings.clear();
    this.#saidGoodbye = false;
    const told = endInWords(end, goodbye, codes);
    return isLoss && positions.length > 0 ? [told, `Remembered: ${positions.join(", ")}.`] : [told];
  }

  #welcome(welcome: Extract<ServerFrame, { type: "welcome" }>, at: number): string[] {
    const { user, connection_id, expires_at, server_time, heartbeat_seconds, channels, chat } =
      welcome;
    const away = this.#lostAt === null ? null : at - this.#lostAt;
    this.#clockAheadMs = Date.parse(server_time) - at;
    this.#now = {
      ...this.#now,
      user,
      connectionId: connection_id,
      expiresAt: Date.parse(expires_at) - this.#clockAheadMs,
      heartbeatSeconds: heartbeat_seconds,
    };
    this.#chat = chat ? `chat:${chat.id}` : null;
    this.#badFrames = 0;
    const first = `Welcome, ${user.name} (${user.role}): the server knows who you are. Live on ${channels.map(({ channel }) => channel).join(", ") || "no channel"}.`;
    const back = away === null ? null : `Back after ${seconds(away)}.`;
    const entries = channels.flatMap((entry) => this.#enter(entry));
    this.#lostAt = null;
    const isReturn = this.#welcomedBefore && back !== null;
    this.#welcomedBefore = true;
    return isReturn ? [back, ...entries] : [first];
  }

  /** Where a channel goes on; in words what that means for what was missed. */
  #enter(entry: PositionEntry): string[] {
    const { channel, epoch, offset, head, outcome, gap } = entry;
    const before = this.#places.get(channel);
    const id = before?.offset === offset ? before.id : undefined;
    this.#places.set(channel, { epoch, offset, head, ...(id !== undefined && { id }) });
    if (outcome === "reset")
      return [
        `${channel}: what was known is of another log. Everything is to be fetched by HTTP; live from ${head} on.`,
      ];
    const lost =
      outcome === "gap" && gap
        ? [
            `${channel}: events ${gap.from} to ${gap.to} are gone (${gap.why}), and the server says so rather than leave a silent hole. Fetch the rest by HTTP.`,
          ]
        : [];
    const count = head - offset;
    if (count > 0) {
      this.#missing.set(channel, { until: head, count, came: 0 });
      return [
        ...lost,
        `${channel}: ${events(count)} missed, ${offset + 1} to ${head}; they follow now, before anything new.`,
      ];
    }
    if (lost.length > 0) return lost;
    return before && outcome === "recovered"
      ? [`${channel}: nothing was missed, still at ${offset}.`]
      : [];
  }

  #moved(channel: string, offset: number, id: string): string[] {
    const place = this.#places.get(channel);
    if (!place) return [];
    const told: string[] = [];
    if (offset > place.offset + 1)
      told.push(
        `${channel}: a hole! After ${place.offset} came ${offset}. This must not happen; please report it.`,
      );
    this.#places.set(channel, { ...place, offset, id, head: Math.max(place.head, offset) });
    const missing = this.#missing.get(channel);
    if (missing) {
      missing.came += 1;
      if (offset >= missing.until) {
        this.#missing.delete(channel);
        told.push(
          missing.came === missing.count
            ? `${channel}: all ${events(missing.count)} that were missed have come, each once and in order.`
            : `${channel}: ${missing.came} of ${events(missing.count)} that were missed have come.`,
        );
      }
    }
    return told;
  }

  #reply(id: unknown, data: unknown, at: number): string[] {
    const asked = this.#pings.get(String(id));
    if (asked !== undefined) {
      this.#pings.delete(String(id));
      this.#now = { ...this.#now, roundTripMs: at - asked };
      return [];
    }
    if (isObject(data) && typeof data["expires_at"] === "string" && this.#now.user !== null) {
      const before = this.#now.expiresAt;
      const expiresAt = Date.parse(data["expires_at"]) - this.#clockAheadMs;
      this.#now = { ...this.#now, expiresAt };
      return before === null || expiresAt <= before
        ? []
        : [
            `The token was renewed on the living socket; it now ends ${seconds(expiresAt - at)} from now.`,
          ];
    }
    const channel = this.#asking.get(String(id));
    if (channel && isObject(data) && typeof data["head"] === "number") {
      this.#asking.delete(String(id));
      this.#asked.add(channel);
      const told = this.#enter(data as unknown as PositionEntry);
      return told.length > 0 ? told : [`Subscribed to ${channel}, live from ${data["head"]} on.`];
    }
    return [];
  }

  #refused({
    id,
    code,
    detail,
    fix,
  }: {
    id?: unknown;
    code: string;
    detail: string;
    fix: string;
  }): string[] {
    if (id !== undefined) this.#asking.delete(String(id));
    if (code === "bad_frame") {
      const count = Math.max(1, this.#badFrames);
      return [
        `The server could not read that frame and says why: ${sentence(detail)} The connection stays open; the tenth such frame ends it with 4510 (this was number ${count}).`,
      ];
    }
    return [`Refused, ${code}: ${sentence(detail)} ${sentence(fix)}`];
  }
}

/** Why a socket ended. */
export function endInWords(
  end: WireEnd,
  goodbye: boolean,
  codes: readonly CloseCodeShape[],
): string {
  const { code, reason, opened, error, cut, livedMs, wasClean } = end;
  if (cut) {
    return opened
      ? "Cut here: the socket is gone without a goodbye. The page sees 1006, as after a pulled cable."
      : "No way out while the network is cut: the socket could not be opened (1006).";
  }
  if (!opened) {
    return `The socket did not open: error, then close ${code}, after ${livedMs} ms. A page is told no more than that.`;
  }
  const known = codes.find((each) => each.code === code);
  const said = reason === "" ? "" : ` The reason: ${sentence(reason)}`;
  const age = `after ${seconds(livedMs)}`;
  if (known && goodbye) return `Closed with ${code} ${known.slug} ${age}.`;
  if (known) return `Closed with ${code} ${known.slug} ${age}: ${known.meaning} ${known.fix}`;
  if (code === 1000 || code === 1005) return `Closed ${age}, as was asked.${said}`;
  if (code === 1006) {
    return error
      ? `What came ${age} was not WebSocket any more, or the page slept (1006 with an error).`
      : `The connection went away ${age} without a goodbye (1006): the server or something on the way dropped it.`;
  }
  return `Closed with ${code} ${age}${wasClean ? "" : ", not cleanly"}.${said}`;
}

export function seconds(milliseconds: number): string {
  const value = milliseconds / 1000;
  return value < 10 ? `${value.toFixed(1)} s` : `${Math.round(value)} s`;
}

function events(count: number): string {
  return count === 1 ? "1 event" : `${count} events`;
}

/** A text of the server as a sentence. */
function sentence(text: string): string {
  const whole = text.trim();
  if (whole === "") return "";
  return whole.charAt(0).toUpperCase() + whole.slice(1) + (/[.?!]$/.test(whole) ? "" : ".");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
