// Whether the server is still there, judged by what it sends. A timer alone decides nothing, because
// browsers slow and stop them: clocks are compared, and a probe has the last word.

import { isHidden } from "./lifecycle.ts";

/** The shortest silence that counts in a hidden page, whose timers run once a minute. */
const HIDDEN_SILENCE_MS = 70_000;

/** A timer that fires this much later than asked was held back, and so may be what arrived. */
const LATE_MS = 2_000;

export interface LivenessOptions {
  now: () => number;
  /** How long a probe waits for anything, in milliseconds. */
  probeTimeout: number;
  /** Asks the server for a sign of life. */
  ask: () => void;
  /** There was none. */
  lost: () => void;
}

export class Liveness {
  readonly #options: LivenessOptions;
  #silenceMs = 0;
  #heardAt = 0;
  #dueAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #probing = false;
  #spared = false;
  #frozenMs: number | null = null;

  constructor(options: LivenessOptions) {
    this.#options = options;
  }

  /** Begins to watch: so much silence asks for a probe. */
  start(silenceMs: number): void {
    this.#silenceMs = silenceMs;
    this.heard();
    this.#wakeIn(silenceMs);
  }

  /** Something came from the server. */
  heard(): void {
    this.#heardAt = this.#options.now();
    this.#probing = false;
    this.#frozenMs = null;
  }

  /** How long this program was stopped, if that was just now: its timer is overdue, or fired much too late. */
  get frozenMs(): number | null {
    const lateMs = this.#timer === undefined ? 0 : this.#options.now() - this.#dueAt;
    return lateMs > (isHidden() ? HIDDEN_SILENCE_MS : LATE_MS) ? lateMs : this.#frozenMs;
  }

  /** Asks for a sign of life now. */
  probe(): void {
    if (this.#probing || this.#timer === undefined) return;
    this.#probing = true;
    this.#spared = false;
    this.#wakeIn(this.#options.probeTimeout);
    this.#options.ask();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#probing = false;
    this.#frozenMs = null;
  }

  #wakeIn(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#dueAt = this.#options.now() + milliseconds;
    this.#timer = setTimeout(() => this.#wake(), milliseconds);
  }

  #wake(): void {
    const now = this.#options.now();
    this.#frozenMs = this.frozenMs;
    if (this.#probing) {
      if (now - this.#dueAt <= LATE_MS || this.#spared) {
        this.#options.lost();
      } else {
        // The answer may wait behind this very timer: once.
        this.#spared = true;
        this.#wakeIn(Math.min(LATE_MS, this.#options.probeTimeout));
      }
      return;
    }
    const allowed = isHidden() ? Math.max(this.#silenceMs, HIDDEN_SILENCE_MS) : this.#silenceMs;
    const silent = Math.max(0, now - this.#heardAt);
    if (silent < allowed) this.#wakeIn(allowed - silent);
    else this.probe();
  }
}
