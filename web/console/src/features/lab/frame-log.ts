// What was said on the sockets of the lab, newest last: bounded in entries and in characters, and told
// to the page at most once for each picture it draws. Start at `FrameLog`.

import { Ring } from "./ring.ts";

export type Direction = "in" | "out" | "note";

export interface LogEntry {
  /** Counts up from 1, also past entries that made way. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly direction: Direction;
  /** The frame with its tokens masked, or the words of a note. */
  readonly text: string;
  /** Of the frame as it went over the wire; 0 for a note. */
  readonly bytes: number;
  /** The frame's type, or the event's name: for the list. */
  readonly kind: string;
}

/** Which entries are shown. */
export interface LogFilter {
  /** Any part of the text or the kind, in any case. */
  readonly text: string;
  readonly directions: readonly Direction[];
}

export const ENTRIES_MAX = 5_000;

/** Characters of all entries together; frames of 64 KiB must not fill the memory of a tab. */
const CHARS_MAX = 24_000_000;

export const SHOW_ALL: LogFilter = { text: "", directions: ["in", "out", "note"] };

export class FrameLog {
  #all = new Ring<LogEntry>(ENTRIES_MAX);
  /** What the filter lets through; the same ring as `#all` if it lets everything through. */
  #shown = this.#all;
  #filter = SHOW_ALL;
  #paused = false;
  #hidden = 0;
  #seq = 0;
  #chars = 0;
  #version = 0;
  #listeners = new Set<() => void>();
  #scheduled = false;
  readonly #schedule: (work: () => void) => void;

  constructor(schedule: (work: () => void) => void = (work) => requestAnimationFrame(work)) {
    this.#schedule = schedule;
  }

  /** Rises with every change that can be seen. */
  readonly version = (): number => this.#version;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Entries that are kept, shown or not. */
  get length(): number {
    return this.#all.length;
  }

  get shownLength(): number {
    return this.#shown.length;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Entries that came while the view stood still. */
  get hidden(): number {
    return this.#hidden;
  }

  get filter(): LogFilter {
    return this.#filter;
  }

  /** Of those that are shown; the oldest is at 0. */
  shown(index: number): LogEntry | undefined {
    return this.#shown.at(index);
  }

  add(entry: Omit<LogEntry, "seq">): void {
    this.#seq += 1;
    const whole = { ...entry, seq: this.#seq };
    const gone = this.#all.push(whole);
    this.#chars += whole.text.length - (gone?.text.length ?? 0);
    if (this.#chars > CHARS_MAX) this.#halve();
    if (this.#paused) this.#hidden += 1;
    else if (this.#shown !== this.#all) this.#follow(whole);
    this.#changed();
  }

  note(at: number, text: string): void {
    this.add({ at, direction: "note", text, bytes: 0, kind: "note" });
  }

  setFilter(filter: LogFilter): void {
    this.#filter = filter;
    this.#rebuild();
  }

  /** Lets the view stand still; what comes is kept all the same. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#hidden = 0;
    this.#rebuild();
  }

  clear(): void {
    this.#all = new Ring(ENTRIES_MAX);
    this.#chars = 0;
    this.#hidden = 0;
    this.#rebuild();
  }

  /** Every kept entry as one line of JSON. */
  toJsonLines(): string {
    return [...this.#all].map((entry) => `${JSON.stringify(line(entry))}\n`).join("");
  }

  /** An old entry that is still shown is harmless; one that is not shown any more is not missed. */
  #follow(entry: LogEntry): void {
    if (matches(entry, this.#filter)) this.#shown.push(entry);
  }

  #halve(): void {
    const kept = [...this.#all].slice(this.#all.length >> 1);
    this.#all = new Ring(ENTRIES_MAX);
    for (const entry of kept) this.#all.push(entry);
    this.#chars = kept.reduce((sum, entry) => sum + entry.text.length, 0);
    if (!this.#paused) this.#rebuild();
  }

  #rebuild(): void {
    const all =
      this.#filter.text === "" && this.#filter.directions.length === SHOW_ALL.directions.length;
    if (all && !this.#paused) {
      this.#shown = this.#all;
    } else {
      this.#shown = new Ring(ENTRIES_MAX);
      for (const entry of this.#all) this.#follow(entry);
    }
    // What a person asked for is shown at once: a field that is told late loses letters.
    this.#tell();
  }

  #changed(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => {
      this.#scheduled = false;
      this.#tell();
    });
  }

  #tell(): void {
    this.#version += 1;
    for (const listener of [...this.#listeners]) listener();
  }
}

export function matches(entry: LogEntry, { text, directions }: LogFilter): boolean {
  if (!directions.includes(entry.direction)) return false;
  if (text === "") return true;
  const wanted = text.toLowerCase();
  return entry.kind.toLowerCase().includes(wanted) || entry.text.toLowerCase().includes(wanted);
}

function line({ at, direction, text, bytes, kind }: LogEntry): object {
  const time = new Date(at).toISOString();
  if (direction === "note") return { at: time, direction, text };
  return { at: time, direction, kind, bytes, frame: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
