// A list of the desk that stays right by itself: a snapshot over HTTP, then live. What useOrders,
// useBookings, useNotifications and usePresence watch.

import type { EventFrame, FrontdeskClient } from "@frontdesk/client";
import { isAutomatic, watchContinuity } from "./continuity.ts";
import { type Http, type Query, httpOf, randomName } from "./http.ts";
import { HELD_MAX, LiveList, PAGE_MAX, type Page, type Rules } from "./live-list.ts";
import { Reader, type ReadingState } from "./reader.ts";
import { Store, forget, remember, shared } from "./store.ts";

/** What a list looks like now. */
export interface CollectionState<Item> extends ReadingState {
  /** The newest first. */
  readonly items: readonly Item[];
}

/** What makes a list: where it is read, and which events change it. */
export interface CollectionPlan<Item> {
  path: string;
  query: Query;
  rules: Rules<Item>;
  /** What an event says of an item; `null` if it says nothing. */
  read: (event: EventFrame) => { item: Item } | { gone: string } | null;
  /** The log does not keep these events, so each reconnect may miss some; the list comes as one page. */
  passing?: boolean;
}

export const nothingYet: CollectionState<never> = {
  items: [],
  loading: true,
  error: null,
  hasMore: false,
};

export class Collection<Item> extends Store<CollectionState<Item>> {
  readonly http: Http;
  readonly #client: FrontdeskClient;
  readonly #key: string;
  readonly #plan: CollectionPlan<Item>;
  readonly #list: LiveList<Item>;
  readonly #reader: Reader<Item>;
  #ends: (() => void)[] = [];

  constructor(client: FrontdeskClient, key: string, plan: CollectionPlan<Item>) {
    super(nothingYet);
    this.http = httpOf(client);
    this.#client = client;
    this.#key = key;
    this.#plan = plan;
    this.#list = new LiveList(plan.rules);
    this.#reader = new Reader({
      list: this.#list,
      snapshot: (signal) => this.#readNewest(signal),
      more: (cursor) => this.http.get<Page<Item>>(plan.path, { ...plan.query, cursor }),
      changed: () => this.#show(),
    });
  }

  get(id: string): Item | undefined {
    return this.#list.get(id);
  }

  /** Takes an item that came another way, such as the answer to a change. */
  apply(item: Item): void {
    this.#list.apply(item);
    if (this.#list.size > HELD_MAX) void this.reload();
    this.#show();
  }

  /** Makes an item. */
  async create(body: unknown): Promise<Item> {
    const item = await this.http.post<Item>(this.#plan.path, body, randomName());
    this.apply(item);
    return item;
  }

  /** Changes an item as it is held, or as it is now if it is not held. */
  async change(id: string, change: object): Promise<Item> {
    const path = `${this.#plan.path}/${id}`;
    const { version } = (this.get(id) ?? (await this.http.get(path))) as { version: number };
    const item = await this.http.patch<Item>(path, { ...change, version });
    this.apply(item);
    return item;
  }

  readonly reload = (): Promise<void> => this.#reader.reload();

  readonly loadMore = (): Promise<void> => this.#reader.loadMore();

  protected start(): void {
    remember(this.#client, this.#key, this);
    this.#ends = [
      this.#client.on("event", (event) => this.#hear(event)),
      watchContinuity(this.#client, {
        concerns: isAutomatic,
        renew: () => void this.reload(),
        forget: () => {
          this.#reader.clear();
          this.#show();
        },
        failed: () => this.#reader.state.error !== null || this.#plan.passing === true,
      }),
    ];
    void this.reload();
  }

  protected stop(): void {
    for (const end of this.#ends) end();
    this.#ends = [];
    this.#reader.stop();
    forget(this.#client, this.#key, this);
  }

  async #readNewest(signal: AbortSignal): Promise<void> {
    const { path, query, passing } = this.#plan;
    this.#list.beginSnapshot();
    // As many as are shown, so that what was paged through stays.
    const limit = Math.min(PAGE_MAX, Math.max(query.limit ?? 50, this.snapshot().items.length));
    const page = await this.http.get<Page<Item>>(
      path,
      passing ? query : { ...query, limit },
      signal,
    );
    if (!signal.aborted) this.#list.endSnapshot(page);
  }

  #hear(event: EventFrame): void {
    const said = this.#plan.read(event);
    if (said === null) return;
    if ("item" in said) {
      this.apply(said.item);
    } else {
      this.#list.remove(said.gone);
      this.#show();
    }
  }

  #show(): void {
    this.set({ ...this.#reader.state, items: this.#list.items() });
  }
}

/** The one list of this plan that all hooks of a client share. */
export function collectionOf<Item>(
  client: FrontdeskClient,
  name: string,
  query: Query,
  plan: (query: Query) => CollectionPlan<Item>,
): Collection<Item> {
  const key = `${name}?${JSON.stringify(Object.entries(query).sort())}`;
  return shared(client, key, () => new Collection(client, key, plan(query)));
}
