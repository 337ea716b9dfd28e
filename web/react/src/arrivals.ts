// What has arrived here, told to the others: the newest message, and not more often than needed.

import type { MessageId } from "@frontdesk/client";

/** How often at most. */
const TELL_EVERY_MS = 1_000;

/** A page that shows a message marks it as read at once; then nothing else need be told of it. */
const PATIENCE_MS = 100;

export class Arrivals {
  readonly #tell: (id: MessageId) => Promise<void>;
  #newest: MessageId | null = null;
  #told: MessageId | null = null;
  #toldAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (id: MessageId) => Promise<void>) {
    this.#tell = tell;
  }

  /** The newest message of another that nobody was told of; `null` when there is none. */
  set(newest: MessageId | null): void {
    this.#newest = newest;
    if (newest === null || newest === this.#told) {
      this.stop();
      return;
    }
    const early = this.#toldAt + TELL_EVERY_MS - Date.now();
    this.#timer ??= setTimeout(() => this.#due(), Math.max(PATIENCE_MS, early));
  }

  /** It was told in another way, as having been read. */
  wasTold(id: MessageId): void {
    this.#told = id;
    if (this.#newest === id) this.stop();
  }

  /** Forgets what waits. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #due(): void {
    const id = this.#newest;
    this.stop();
    if (id === null) return;
    this.#told = id;
    this.#toldAt = Date.now();
    this.#tell(id).catch(() => {
      if (this.#told === id) this.#told = null;
    });
  }
}
