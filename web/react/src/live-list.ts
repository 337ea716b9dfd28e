// A list that is loaded once and then kept right by events, in whatever order the two arrive.
// No I/O and no React: collection.ts and chat-store.ts bring the pages and the events.

/** One page of a list, as the HTTP interface answers it. */
export interface Page<Item> {
  items: Item[];
  next_cursor?: string | null;
}

/** What a list must know of its items. */
export interface Rules<Item> {
  id: (item: Item) => string;
  /** What the list is ordered by, the newest first. */
  at: (item: Item) => string;
  /** Whether `next` may take the place of `held`. */
  replaces: (next: Item, held: Item) => boolean;
  /** Which items are shown; the others are only remembered. */
  shown?: (item: Item) => boolean;
}

/** Most items that a page of the server holds. */
export const PAGE_MAX = 200;

/** Items beyond which a list begins anew with its first page. */
export const HELD_MAX = 5_000;

/**
 * Invariant: what was once shown is never undone by something older, so a snapshot that comes late
 * changes nothing that an event has told since it was asked for.
 */
export class LiveList<Item> {
  readonly #rules: Rules<Item>;
  #held = new Map<string, Item>();
  /** What events said while a snapshot was under way; `null` for what went away. */
  #meanwhile: Map<string, Item | null> | null = null;
  /** The oldest item of the pages read; below it there is a hole that `append` fills. */
  #floor: Item | null = null;
  #cursor: string | null = null;

  constructor(rules: Rules<Item>) {
    this.#rules = rules;
  }

  /** What to ask the next page with; none on the last one. */
  get cursor(): string | null {
    return this.#cursor;
  }

  get size(): number {
    return this.#held.size;
  }

  get(id: string): Item | undefined {
    return this.#held.get(id);
  }

  /** Takes an item in, unless it is older than what is held. */
  apply(item: Item): void {
    if (this.#isNews(this.#held.get(this.#rules.id(item)), item)) this.put(item);
  }

  /** Takes an item in that is known to be the newest. */
  put(item: Item): void {
    const id = this.#rules.id(item);
    this.#held.set(id, item);
    this.#meanwhile?.set(id, item);
  }

  remove(id: string): void {
    this.#held.delete(id);
    this.#meanwhile?.set(id, null);
  }

  /** To be called before a snapshot is asked for. */
  beginSnapshot(): void {
    this.#meanwhile = new Map();
  }

  endSnapshot(page: Page<Item>): void {
    const before = this.#held;
    this.#held = new Map();
    this.#floor = null;
    this.append(page, before);
    for (const [id, item] of this.#meanwhile ?? []) {
      if (item === null) this.#held.delete(id);
      else if (this.#isNews(this.#held.get(id), item)) this.#held.set(id, item);
    }
    this.#meanwhile = null;
  }

  append(page: Page<Item>, before: ReadonlyMap<string, Item> = this.#held): void {
    for (const item of page.items) {
      const id = this.#rules.id(item);
      const held = before.get(id);
      this.#held.set(id, held !== undefined && !this.#rules.replaces(item, held) ? held : item);
    }
    this.#cursor = page.next_cursor ?? null;
    this.#floor = this.#cursor === null ? null : (page.items.at(-1) ?? this.#floor);
  }

  clear(): void {
    this.#held.clear();
    this.#meanwhile = null;
    this.#floor = null;
    this.#cursor = null;
  }

  /** What is shown, the newest first. */
  items(): Item[] {
    const floor = this.#floor;
    const { shown } = this.#rules;
    return [...this.#held.values()]
      .filter((item) => shown === undefined || shown(item))
      .filter((item) => floor === null || this.#compare(item, floor) <= 0)
      .sort((one, other) => this.#compare(one, other));
  }

  #isNews(held: Item | undefined, next: Item): boolean {
    return held === undefined || this.#rules.replaces(next, held);
  }

  #compare(one: Item, other: Item): number {
    const { at, id } = this.#rules;
    const [a, b] = [at(one), at(other)];
    if (a !== b) return a < b ? 1 : -1;
    return id(one) < id(other) ? 1 : id(one) > id(other) ? -1 : 0;
  }
}
