// Rows of the desk that stay right by themselves: read once over HTTP, then live, and shown with the next
// frame, but at most ten times a second however many events come. No React; use-live-table.ts brings it into a page.
// Start at `LiveTable.#hear` and `#show`.

import type { EventFrame, FrontdeskClient } from "@frontdesk/client";

/** What an event says of a row: what it is now, or that it should be asked for. */
export type Said<Row> = { row: Row } | { ask: string } | null;

export interface LivePlan<Row> {
  /** Reads the rows; what is not among them any more goes away. */
  load: (signal: AbortSignal) => Promise<readonly Row[]>;
  /** Reads one row, or `null` if it does not belong here. */
  one: (id: string) => Promise<Row | null>;
  /** What an event says, given the row as it is held. */
  read: (event: EventFrame, held: (id: string) => Row | undefined) => Said<Row>;
  id: (row: Row) => string;
  /** Whether `next` may take the place of `held`. */
  replaces: (next: Row, held: Row) => boolean;
  /** Combines what came with what is held, such as a count that events do not carry. */
  merge?: (next: Row, held: Row) => Row;
  /** Which rows may go once there are more than `rowsMax`; the least interesting ones first. */
  leastWanted: (one: Row, other: Row) => number;
}

export interface LiveRows<Row> {
  readonly rows: ReadonlyMap<string, Row>;
  /** When a row last came new or changed by an event, in milliseconds of the page's clock. */
  readonly touched: ReadonlyMap<string, number>;
  /** Whether there is nothing to show yet. */
  readonly loading: boolean;
  /** Why the rows could not be read. What is shown stays. */
  readonly error: Error | null;
}

/** Rows that are held; beyond it the least wanted ones go, a good many at once. */
export const ROWS_MAX = 1_500;
const ROWS_KEPT = 1_300;

/** Between two drawings. What comes alone is drawn with the next frame. */
const DRAW_EVERY_MS = 100;

/** How long a hidden page, which has no frames, collects what comes. */
const HIDDEN_MS = 1_000;

export class LiveTable<Row> {
  readonly #client: FrontdeskClient;
  readonly #plan: LivePlan<Row>;
  readonly #watchers = new Set<() => void>();
  readonly #held = new Map<string, Row>();
  readonly #touched = new Map<string, number>();
  /** Changes that were asked for here and are not answered yet. */
  readonly #expected = new Map<string, { token: object; patch: Partial<Row> }>();
  readonly #asked = new Set<string>();
  /** Rows that came while a snapshot was under way: they may be newer than it. */
  #meanwhile: Set<string> | null = null;
  #shown: LiveRows<Row> = {
    rows: new Map(),
    touched: new Map(),
    loading: true,
    error: null,
  };
  #loaded = false;
  #error: Error | null = null;
  #user: string | null = null;
  #reading: AbortController | null = null;
  #ends: (() => void)[] = [];
  #cancelFrame: (() => void) | null = null;
  #shownAt = Number.NEGATIVE_INFINITY;
  #stopping: ReturnType<typeof setTimeout> | undefined;

  constructor(client: FrontdeskClient, plan: LivePlan<Row>) {
    this.#client = client;
    this.#plan = plan;
  }

  readonly snapshot = (): LiveRows<Row> => this.#shown;

  readonly subscribe = (watcher: () => void): (() => void) => {
    const own = (): void => watcher();
    this.#watchers.add(own);
    clearTimeout(this.#stopping);
    if (this.#ends.length === 0) this.#start();
    return () => {
      this.#watchers.delete(own);
      // StrictMode unmounts and mounts again at once: one macrotask later is early enough.
      if (this.#watchers.size === 0) this.#stopping = setTimeout(() => this.#stop(), 0);
    };
  };

  get(id: string): Row | undefined {
    return this.#held.get(id);
  }

  /** Takes a row that came another way, such as the answer to a change. */
  take(row: Row): void {
    this.#put(row);
    this.#showSoon();
  }

  /**
   * Shows a change at once, asks for it, and takes the answer. If it is refused, the row is as the
   * server has it: it is asked for once more, and the refusal goes on to the caller.
   */
  async change(id: string, patch: Partial<Row>, ask: (held: Row) => Promise<Row>): Promise<Row> {
    const held = this.#held.get(id);
    if (held === undefined) throw new Error(`there is no row ${id} on this page any more`);
    const token = {};
    this.#expected.set(id, { token, patch });
    this.#show();
    try {
      const row = await ask(held);
      this.#settle(id, token);
      this.take(row);
      return row;
    } catch (error) {
      const now = await this.#plan.one(id).catch(() => undefined);
      if (now === null) this.#held.delete(id);
      else if (now !== undefined) this.#put(now);
      this.#settle(id, token);
      this.#show();
      throw error;
    }
  }

  /** Reads the rows once more. Never rejects; the state tells. */
  readonly reload = async (): Promise<void> => {
    this.#reading?.abort();
    const reading = new AbortController();
    this.#reading = reading;
    this.#meanwhile = new Set();
    try {
      const rows = await this.#plan.load(reading.signal);
      if (this.#reading !== reading) return;
      const listed = new Set(rows.map(this.#plan.id));
      for (const id of [...this.#held.keys()])
        if (!listed.has(id) && !this.#meanwhile.has(id)) this.#forget(id);
      for (const row of rows) this.#put(row);
      this.#loaded = true;
      this.#error = null;
    } catch (error) {
      if (this.#reading !== reading) return;
      this.#error = error as Error;
    }
    this.#reading = null;
    this.#meanwhile = null;
    this.#show();
  };

  #start(): void {
    this.#look();
    this.#ends = [
      this.#client.on("event", (event) => this.#hear(event)),
      this.#client.on("state", () => this.#look()),
      this.#client.on("gap", () => void this.reload()),
      this.#client.on("reset", () => void this.reload()),
    ];
    void this.reload();
  }

  #stop(): void {
    for (const end of this.#ends) end();
    this.#ends = [];
    this.#reading?.abort();
    this.#reading = null;
    this.#cancelFrame?.();
    this.#cancelFrame = null;
  }

  /** A reconnect brings what was missed by itself. Rows are read again if they were never had, or are another person's. */
  #look(): void {
    const { state } = this.#client;
    if (state.status !== "connected") return;
    const other = this.#user !== null && this.#user !== state.user.id;
    const first = this.#user === null && this.#ends.length > 0;
    this.#user = state.user.id;
    if (other) {
      this.#held.clear();
      this.#touched.clear();
      this.#expected.clear();
      this.#loaded = false;
    }
    if (other || first || this.#error !== null) void this.reload();
  }

  #hear(event: EventFrame): void {
    const said = this.#plan.read(event, (id) => this.#held.get(id));
    if (said === null) return;
    if ("ask" in said) {
      void this.#ask(said.ask);
      return;
    }
    const id = this.#plan.id(said.row);
    if (this.#put(said.row)) this.#touched.set(id, Date.now());
    this.#meanwhile?.add(id);
    this.#showSoon();
  }

  async #ask(id: string): Promise<void> {
    if (this.#asked.has(id)) return;
    this.#asked.add(id);
    try {
      const row = await this.#plan.one(id);
      if (row !== null) {
        this.#put(row);
        this.#meanwhile?.add(id);
        this.#touched.set(id, Date.now());
        this.#showSoon();
      }
    } catch (error) {
      this.#error = error as Error;
      this.#showSoon();
    } finally {
      this.#asked.delete(id);
    }
  }

  #put(row: Row): boolean {
    const { id, replaces, merge } = this.#plan;
    const key = id(row);
    const held = this.#held.get(key);
    if (held !== undefined && !replaces(row, held)) return false;
    this.#held.set(key, held === undefined || merge === undefined ? row : merge(row, held));
    return true;
  }

  #settle(id: string, token: object): void {
    if (this.#expected.get(id)?.token === token) this.#expected.delete(id);
  }

  #forget(id: string): void {
    this.#held.delete(id);
    this.#touched.delete(id);
  }

  #showSoon(): void {
    const wait = this.#shownAt + DRAW_EVERY_MS - performance.now();
    this.#cancelFrame ??= onNextFrame(() => this.#show(), Math.max(0, wait));
  }

  #show(): void {
    this.#cancelFrame?.();
    this.#cancelFrame = null;
    this.#shownAt = performance.now();
    if (this.#held.size > ROWS_MAX) {
      const rows = [...this.#held.values()].sort(this.#plan.leastWanted);
      for (const row of rows.slice(0, rows.length - ROWS_KEPT)) this.#forget(this.#plan.id(row));
    }
    const rows = new Map(this.#held);
    for (const [id, { patch }] of this.#expected) {
      const held = rows.get(id);
      if (held !== undefined) rows.set(id, { ...held, ...patch });
    }
    this.#shown = {
      rows,
      touched: new Map(this.#touched),
      loading: !this.#loaded && this.#error === null,
      error: this.#error,
    };
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Runs something with the next frame after a wait, or a little later on a hidden page; the answer calls it off. */
function onNextFrame(work: () => void, waitMs: number): () => void {
  let frame = 0;
  let over = false;
  const run = (): void => {
    if (over) return;
    cancel();
    work();
  };
  const hasFrames = typeof requestAnimationFrame === "function" && !document.hidden;
  const wait = setTimeout(
    () => {
      if (hasFrames) frame = requestAnimationFrame(run);
      else run();
    },
    hasFrames ? waitMs : HIDDEN_MS,
  );
  // A page that becomes hidden meanwhile gets no frame any more.
  const late = setTimeout(run, waitMs + HIDDEN_MS);
  const cancel = (): void => {
    over = true;
    clearTimeout(wait);
    clearTimeout(late);
    if (frame !== 0) cancelAnimationFrame(frame);
  };
  return cancel;
}
