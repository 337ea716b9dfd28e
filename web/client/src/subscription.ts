// Where the client stands in each channel, what it listens to, and which events it has seen: so that
// each event is handed on once, and what is missing is named.

import type {
  ChannelName,
  EventFrame,
  GapRange,
  PositionEntry,
  Position,
  Resume,
} from "./protocol.ts";

/** Ids of events that are remembered, because an event comes on more than one channel. */
const SEEN_MAX = 10_000;

/** Events of a channel that cannot be had any more: fetch the rest by HTTP. */
export interface Gap extends Omit<GapRange, "why"> {
  channel: ChannelName;
  /** `expired`: no longer kept. `hole`: the server left them out. */
  why: string;
}

/** What a client calls when it learns something about a channel. */
export interface SubscriptionEvents {
  gap(gap: Gap): void;
  /** The position is not of this log: fetch everything by HTTP. */
  reset(channel: ChannelName): void;
  /** All that was missed has come. */
  caughtUp(channels: ChannelName[]): void;
  /** A position changed. */
  moved(): void;
}

/** Whether an event is new on its channel, and new at all. */
export interface Novelty {
  onChannel: boolean;
  anywhere: boolean;
}

export class Subscriptions {
  readonly #events: SubscriptionEvents;
  readonly #positions = new Map<ChannelName, Position>();
  readonly #wanted = new Map<ChannelName, number>();
  readonly #live = new Set<ChannelName>();
  readonly #seen = new Set<string>();
  /** Channels that are being recovered, with the offset at which they have caught up. */
  readonly #behind = new Map<ChannelName, number>();
  #catchingUp: ChannelName[] = [];

  constructor(events: SubscriptionEvents) {
    this.#events = events;
  }

  position(channel: ChannelName): Position | null {
    return this.#positions.get(channel) ?? null;
  }

  /** The positions of what is listened to, to send in `connect` or to keep. */
  resume(): Resume {
    return Object.fromEntries(
      [...this.#positions].filter(
        ([channel]) => this.#wanted.has(channel) || comesByItself(channel),
      ),
    );
  }

  /** Positions that were kept; those that are known already stand. */
  restore(kept: Resume): void {
    for (const [channel, position] of Object.entries(kept) as [ChannelName, Position][]) {
      if (!this.#positions.has(channel)) this.#positions.set(channel, position);
    }
  }

  /** One more listener of a channel; whether it is the first. */
  want(channel: ChannelName): boolean {
    const count = this.#wanted.get(channel) ?? 0;
    this.#wanted.set(channel, count + 1);
    return count === 0;
  }

  /** Whether the channel's events come on this connection. */
  isLive(channel: ChannelName): boolean {
    return this.#live.has(channel);
  }

  /** No event comes any more, until the next welcome. */
  lost(): void {
    this.#live.clear();
  }

  /** One listener less; whether the channel is to be left. Its position is forgotten then. */
  unwant(channel: ChannelName): boolean {
    const count = this.#wanted.get(channel) ?? 0;
    if (count > 1) {
      this.#wanted.set(channel, count - 1);
      return false;
    }
    this.#wanted.delete(channel);
    if (comesByItself(channel)) return false;
    this.#forget(channel);
    return true;
  }

  /** The entries of a welcome; the channels that must be subscribed to besides. */
  welcome(entries: readonly PositionEntry[]): ChannelName[] {
    this.#behind.clear();
    this.#catchingUp = [];
    this.enter(entries);
    return [...this.#wanted.keys()].filter((channel) => !this.isLive(channel));
  }

  /** Where channels go on from. */
  enter(entries: readonly PositionEntry[]): void {
    const gaps: Gap[] = [];
    const resets: ChannelName[] = [];
    for (const { channel, epoch, offset, head, outcome, gap } of entries) {
      const known = this.#positions.get(channel);
      this.#live.add(channel);
      // The position of a client that is only recovered is its own, with the id that proves it.
      if (outcome !== "recovered" || known?.offset !== offset)
        this.#positions.set(channel, { epoch, offset });
      if (outcome === "gap" && gap) gaps.push({ channel, ...gap });
      if (outcome === "reset") resets.push(channel);
      if (head > offset) this.#behind.set(channel, head);
      this.#catchingUp.push(channel);
    }
    this.#events.moved();
    for (const gap of gaps) this.#events.gap(gap);
    for (const channel of resets) this.#events.reset(channel);
    this.#judgeCaughtUp();
  }

  /** Takes an event in. One that was there before is new nowhere. */
  take(event: EventFrame): Novelty {
    if (!("offset" in event)) return { onChannel: true, anywhere: true };
    const { channel, offset, id } = event;
    const known = this.#positions.get(channel);
    if (known && offset <= known.offset) return { onChannel: false, anywhere: false };
    if (known) {
      this.#positions.set(channel, { epoch: known.epoch, offset, id });
      this.#events.moved();
      if (offset > known.offset + 1)
        this.#events.gap({ channel, from: known.offset + 1, to: offset - 1, why: "hole" });
    }
    const anywhere = !this.#seen.has(id);
    this.#seen.add(id);
    const [oldest] = this.#seen;
    if (this.#seen.size > SEEN_MAX && oldest) this.#seen.delete(oldest);
    return { onChannel: true, anywhere };
  }

  /** An event was handed on: the moment to tell that its channel has caught up. */
  handed({ channel }: EventFrame): void {
    const head = this.#behind.get(channel);
    if (head === undefined || (this.#positions.get(channel)?.offset ?? 0) < head) return;
    this.#behind.delete(channel);
    this.#judgeCaughtUp();
  }

  /** The server ended a subscription. */
  end(channel: ChannelName): void {
    this.#forget(channel);
    this.#judgeCaughtUp();
  }

  #forget(channel: ChannelName): void {
    this.#positions.delete(channel);
    this.#live.delete(channel);
    this.#behind.delete(channel);
    this.#events.moved();
  }

  #judgeCaughtUp(): void {
    if (this.#behind.size > 0 || this.#catchingUp.length === 0) return;
    const channels = this.#catchingUp;
    this.#catchingUp = [];
    this.#events.caughtUp(channels);
  }
}

/** Channels that every socket of a person is on, and that cannot be left. */
function comesByItself(channel: ChannelName): boolean {
  return channel === "staff" || channel.startsWith("user:");
}
