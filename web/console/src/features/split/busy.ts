// Lets the demo's shop receive something every few seconds: a third seat, in which Ana orders, books and
// writes over the same HTTP interface as everybody. It rests while nobody looks. No React.

import type { components, RestClient } from "@frontdesk/client/rest";
import { Session } from "../../session/session.ts";
import { troubleOf } from "../../session/trouble.ts";
import { BUSY_CUSTOMER, DEMO_PASSWORD } from "./demo.ts";

type Item = components["schemas"]["Item"];
type Resource = components["schemas"]["Resource"];

export interface BusyState {
  readonly status: "off" | "on" | "resting";
  /** What was done last, or why nothing is done any more. */
  readonly last: string;
  readonly done: number;
}

/** Waits between two things, in milliseconds: at least, and at most that much more. */
const PAUSE_MS = 2_000;
const PAUSE_SPREAD_MS = 3_000;

/** Things after which the shop closes by itself, so that a forgotten page fills no disk. */
const DONE_MAX = 300;

/** Refusals in a row after which it gives up. A table that is taken is none. */
const REFUSALS_MAX = 3;

const SAYINGS = [
  "Where is my order?",
  "When are you open?",
  "What bookings do I have?",
  "Do you have oat milk?",
  "Could we come ten minutes later?",
  "Thank you, that was quick!",
  "I would like to talk to a person, please.",
];

const NOTES = ["", "", "", "Without sugar, please.", "We are in a hurry.", "For the garden."];

export class Busy {
  readonly #chance: () => number;
  readonly #watchers = new Set<() => void>();
  #state: BusyState = { status: "off", last: "", done: 0 };
  #session: Session | null = null;
  #stock: { items: Item[]; resources: Resource[] } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refusals = 0;
  /** Counts the starts, so that what an earlier one asked for changes nothing. */
  #run = 0;

  constructor(chance: () => number = Math.random) {
    this.#chance = chance;
  }

  readonly state = (): BusyState => this.#state;

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  readonly start = (): void => {
    this.stop();
    this.#run += 1;
    this.#refusals = 0;
    document.addEventListener("visibilitychange", this.#look);
    this.#set({ status: "on", last: "The shop opens …", done: 0 });
    void this.#work(this.#run);
  };

  readonly stop = (): void => {
    this.#end("");
  };

  #end(last: string): void {
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#look);
    this.#run += 1;
    if (this.#state.status !== "off") this.#set({ ...this.#state, status: "off", last });
  }

  readonly #look = (): void => {
    clearTimeout(this.#timer);
    if (document.hidden) this.#set({ ...this.#state, status: "resting" });
    else {
      this.#run += 1;
      this.#set({ ...this.#state, status: "on" });
      void this.#work(this.#run);
    }
  };

  async #work(run: number): Promise<void> {
    let last: string;
    try {
      last = await this.#doSomething(await this.#rest());
      this.#refusals = 0;
    } catch (error) {
      const { code, sentence } = troubleOf(error);
      last = code === "booking_conflict" ? "Ana found the table taken" : sentence;
      // Whoever was signed out signs in again with the next try.
      if (code === "unauthenticated" || code === "session_ended") this.#session = null;
      if (code !== "booking_conflict") this.#refusals += 1;
    }
    if (run !== this.#run) return;
    const done = this.#state.done + 1;
    this.#set({ ...this.#state, last, done });
    if (this.#refusals >= REFUSALS_MAX) this.#end(`Stopped: ${last}`);
    else if (done >= DONE_MAX) this.#end(`Stopped by itself after ${DONE_MAX} things.`);
    else if (this.#state.status === "on")
      this.#timer = setTimeout(
        () => void this.#work(run),
        PAUSE_MS + this.#chance() * PAUSE_SPREAD_MS,
      );
  }

  async #rest(): Promise<RestClient> {
    if (this.#session === null) {
      const session = new Session("busy");
      await session.signIn({ email: BUSY_CUSTOMER, password: DEMO_PASSWORD });
      this.#session = session;
    }
    return this.#session.rest;
  }

  async #doSomething(rest: RestClient): Promise<string> {
    this.#stock ??= await readStock(rest);
    const { items, resources } = this.#stock;
    const choice = this.#chance();
    if (choice < 0.55 && items.length > 0) return this.#order(rest, items);
    if (choice < 0.75 && resources.length > 0) return this.#book(rest, resources);
    return this.#write(rest);
  }

  async #order(rest: RestClient, items: readonly Item[]): Promise<string> {
    const chosen = [this.#one(items), this.#one(items)].filter(
      (item, index, all) => all.indexOf(item) === index,
    );
    const lines = chosen.map(({ id }) => ({
      item_id: id,
      quantity: 1 + Math.floor(this.#chance() * 3),
    }));
    await rest.POST("/api/v1/orders", { body: { lines, note: this.#one(NOTES) } });
    return `Ana ordered ${chosen.map(({ name }) => name).join(" and ")}`;
  }

  async #book(rest: RestClient, resources: readonly Resource[]): Promise<string> {
    const { id, name, capacity } = this.#one(resources);
    const starts = new Date();
    starts.setDate(starts.getDate() + Math.floor(this.#chance() * 7));
    starts.setHours(starts.getHours() + 1 + Math.floor(this.#chance() * 8), 0, 0, 0);
    const ends = new Date(starts.getTime() + 3_600_000);
    await rest.POST("/api/v1/bookings", {
      body: {
        resource_id: id,
        starts_at: starts.toISOString(),
        ends_at: ends.toISOString(),
        party_size: 1 + Math.floor(this.#chance() * Math.min(capacity, 6)),
        note: "",
      },
    });
    return `Ana asked for ${name}`;
  }

  async #write(rest: RestClient): Promise<string> {
    const { data } = await rest.GET("/api/v1/chats", {
      params: { query: { status: "open", limit: 1 } },
    });
    const open =
      data?.items[0] ?? (await rest.POST("/api/v1/chats", { body: { subject: "" } })).data;
    if (open === undefined) throw new Error("the server began no chat for Ana");
    const body = this.#one(SAYINGS);
    await rest.POST("/api/v1/chats/{id}/messages", {
      params: { path: { id: open.id } },
      body: { body },
    });
    return `Ana wrote “${body}”`;
  }

  #one<Thing>(things: readonly Thing[]): Thing {
    const thing = things[Math.floor(this.#chance() * things.length)];
    if (thing === undefined) throw new Error("there is nothing to choose from");
    return thing;
  }

  #set(state: BusyState): void {
    this.#state = state;
    for (const watcher of [...this.#watchers]) watcher();
  }
}

async function readStock(rest: RestClient): Promise<{ items: Item[]; resources: Resource[] }> {
  const [items, resources] = await Promise.all([
    rest.GET("/api/v1/items", { params: { query: { limit: 200 } } }),
    rest.GET("/api/v1/resources", { params: { query: { limit: 200 } } }),
  ]);
  return {
    items: items.data?.items.filter(({ available }) => available) ?? [],
    resources: resources.data?.items ?? [],
  };
}
