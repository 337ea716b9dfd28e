// Reads a live list over HTTP: the snapshot, again when it may have a hole, and older pages. One
// snapshot at a time: a new one takes the place of one that is under way.

import type { LiveList, Page } from "./live-list.ts";

/** What a page sees of the reading. */
export interface ReadingState {
  /** Whether there is nothing to show yet. */
  readonly loading: boolean;
  /** Why the last snapshot or page could not be had. What is shown stays as it was. */
  readonly error: Error | null;
  /** Whether `loadMore` would bring more. */
  readonly hasMore: boolean;
}

export interface ReaderPlan<Item> {
  list: LiveList<Item>;
  /** Reads the newest and gives it to the list, unless the signal says that nobody wants it any more. */
  snapshot: (signal: AbortSignal) => Promise<void>;
  /** Reads the page at a cursor. */
  more: (cursor: string) => Promise<Page<Item>>;
  /** There is something new to show. */
  changed: () => void;
}

export class Reader<Item> {
  readonly #plan: ReaderPlan<Item>;
  #reading: AbortController | null = null;
  #settled: Promise<void> = Promise.resolve();
  #more: Promise<void> | null = null;
  #loaded = false;
  #error: Error | null = null;

  constructor(plan: ReaderPlan<Item>) {
    this.#plan = plan;
  }

  get state(): ReadingState {
    return {
      loading: !this.#loaded && this.#error === null,
      error: this.#error,
      hasMore: this.#plan.list.cursor !== null,
    };
  }

  /** Reads the newest. Never rejects; the state tells. */
  readonly reload = (): Promise<void> => {
    this.stop();
    const reading = new AbortController();
    this.#reading = reading;
    this.#settled = this.#read(reading);
    return this.#settled;
  };

  /** Reads the next page of older items. Never rejects; the state tells. */
  readonly loadMore = (): Promise<void> => {
    this.#more ??= this.#readMore().finally(() => {
      this.#more = null;
    });
    return this.#more;
  };

  /** Lets go of a snapshot that is under way. */
  stop(): void {
    this.#reading?.abort();
    this.#reading = null;
  }

  /** Forgets everything, also what was read. */
  clear(): void {
    this.stop();
    this.#plan.list.clear();
    this.#loaded = false;
    this.#error = null;
  }

  async #read(reading: AbortController): Promise<void> {
    try {
      await this.#plan.snapshot(reading.signal);
      if (this.#reading !== reading) return;
      this.#loaded = true;
      this.#error = null;
    } catch (error) {
      if (this.#reading !== reading) return;
      this.#error = error as Error;
    }
    this.#reading = null;
    this.#plan.changed();
  }

  async #readMore(): Promise<void> {
    const { list, more, changed } = this.#plan;
    try {
      for (;;) {
        while (this.#reading !== null) await this.#settled;
        const { cursor } = list;
        if (cursor === null) return;
        const page = await more(cursor);
        // A snapshot that was begun meanwhile has a cursor of its own: that one is read instead.
        if (this.#reading !== null || list.cursor !== cursor) continue;
        list.append(page);
        this.#error = null;
        break;
      }
    } catch (error) {
      this.#error = error as Error;
    }
    changed();
  }
}
