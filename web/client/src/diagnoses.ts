// When a diagnosis is made: one at a time, beside the retries and never before them. What it
// concludes is diagnosis.ts.

import { diagnose } from "./diagnosis.ts";
import type { AttemptRecord, Diagnosis } from "./diagnosis-types.ts";
import type { Settings } from "./options.ts";

export class Diagnoses {
  readonly #settings: Settings;
  readonly #done: (diagnosis: Diagnosis) => void;
  #running: AbortController | null = null;
  #record: AttemptRecord | null = null;
  #last: { looks: string; diagnosis: Diagnosis } | null = null;

  constructor(settings: Settings, done: (diagnosis: Diagnosis) => void) {
    this.#settings = settings;
    this.#done = done;
  }

  /** The last diagnosis, if it was made of an end that looks the same: so that a page's text stands still. */
  lastFor(record: AttemptRecord): Diagnosis | null {
    return this.#last?.looks === looks(record) ? this.#last.diagnosis : null;
  }

  /** Begins one; `beside` lets one that is under way go on instead. */
  start(record: AttemptRecord, base: string, when: "now" | "beside"): void {
    if (this.#running && when === "beside") return;
    this.stop();
    const running = new AbortController();
    this.#running = running;
    this.#record = record;
    diagnose(record, { ...this.#settings, base, signal: running.signal }).then(
      (diagnosis) => {
        if (this.#running !== running) return;
        this.#running = null;
        this.#last = { looks: looks(record), diagnosis };
        this.#done(diagnosis);
      },
      () => {
        // It was ended, or cannot tell: the state goes on without a sentence.
        if (this.#running === running) this.#running = null;
      },
    );
  }

  /** A connection is open again: why none could be opened is of no more use, why one was lost still is. */
  connected(): void {
    if (this.#record?.phase !== "welcomed") this.stop();
  }

  stop(): void {
    this.#running?.abort();
    this.#running = null;
  }
}

function looks({ phase, close, goodbye, token, csp, threw, timedOut }: AttemptRecord): string {
  return JSON.stringify([phase, close, goodbye?.code, token, csp, threw, timedOut]);
}
