// Who is writing: what others do, and how often to tell them what we do.

import type { Person, UserId } from "@frontdesk/client";

/** The server tells a start again every three seconds and a stop after six; a lost stop is noticed here. */
const SILENT_AFTER_MS = 8_000;

/** How often to say again that one is still writing. */
const TELL_EVERY_MS = 3_000;

/** How long after the last keystroke one has stopped. */
const IDLE_AFTER_MS = 5_000;

/** The others. */
export class Typists {
  readonly #changed: () => void;
  readonly #typing = new Map<UserId, { person: Person; timer: ReturnType<typeof setTimeout> }>();

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  start(person: Person): void {
    clearTimeout(this.#typing.get(person.id)?.timer);
    const timer = setTimeout(() => this.stop(person.id), SILENT_AFTER_MS);
    this.#typing.set(person.id, { person, timer });
    this.#changed();
  }

  stop(id: UserId): void {
    const typist = this.#typing.get(id);
    if (typist === undefined) return;
    clearTimeout(typist.timer);
    this.#typing.delete(id);
    this.#changed();
  }

  people(): Person[] {
    return Array.from(this.#typing.values(), ({ person }) => person);
  }

  clear(): void {
    for (const { timer } of this.#typing.values()) clearTimeout(timer);
    this.#typing.clear();
  }
}

/** Ourselves. */
export class OwnTyping {
  readonly #tell: (active: boolean) => void;
  #toldAt: number | null = null;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (active: boolean) => void) {
    this.#tell = tell;
  }

  /** To be called with each keystroke; `false` when the text was sent or cleared. */
  set(active: boolean): void {
    clearTimeout(this.#idle);
    if (!active) {
      this.#stop();
      return;
    }
    this.#idle = setTimeout(() => this.#stop(), IDLE_AFTER_MS);
    const now = Date.now();
    if (this.#toldAt !== null && now - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = now;
    this.#tell(true);
  }

  #stop(): void {
    clearTimeout(this.#idle);
    if (this.#toldAt === null) return;
    this.#toldAt = null;
    this.#tell(false);
  }
}
