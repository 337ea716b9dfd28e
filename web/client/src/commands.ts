// What was asked of the server and is not answered yet. A command that is safe to repeat is sent
// again on the next connection, until there is an answer.

import { FrontdeskError } from "./error.ts";
import type { Command, ErrorFrame } from "./protocol.ts";

/** What becomes of a command when the connection ends before its answer. */
export type Loss =
  /** It is sent again. */
  | "repeat"
  /** It is refused, because nobody knows whether it was done; before it was sent, it waits for a connection. */
  | "refuse"
  /** It is refused, and never waits for a connection. */
  | "now";

/** Commands under way at once: the server lets 16 wait. */
const UNDER_WAY_MAX = 8;

/** Commands that wait for their turn or for a connection. */
const WAITING_MAX = 1_000;

/** How long to hold back after the server said that it was too much. */
const HOLD_MS = 1_000;

/** A command of the protocol, or one that a newer server knows. */
export type AnyCommand = Command | { type: string; [field: string]: unknown };

interface Asked {
  command: AnyCommand;
  loss: Loss;
  resolve: (data: unknown) => void;
  reject: (error: FrontdeskError) => void;
}

export class Commands {
  readonly #send: (frame: object) => void;
  readonly #underWay = new Map<string, Asked>();
  #waiting: Asked[] = [];
  #state: "closed" | "waiting" | "open" = "closed";
  #lastId = 0;
  #hold: ReturnType<typeof setTimeout> | undefined;

  constructor(send: (frame: object) => void) {
    this.#send = send;
  }

  /** Asks; `taken` gets the answer at once, before any frame that follows it. */
  ask<T>(command: AnyCommand, loss: Loss, taken?: (data: T) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#state === "closed") return reject(closed("the client is closed"));
      if (this.#state === "waiting" && loss === "now") return reject(lost());
      if (this.#waiting.length >= WAITING_MAX) {
        return reject(
          new FrontdeskError(
            "too_many_waiting",
            `${WAITING_MAX} commands wait already`,
            "Wait for answers first.",
          ),
        );
      }
      const answered = (data: unknown): void => {
        taken?.(data as T);
        resolve(data as T);
      };
      this.#waiting.push({ command, loss, resolve: answered, reject });
      this.#flush();
    });
  }

  /** A connection is being made; commands wait for it. */
  opening(): void {
    this.#state = "waiting";
  }

  /** There is a connection. */
  opened(): void {
    this.#state = "open";
    this.#flush();
  }

  /** The answer to a command; whether it was one of ours. */
  answer(id: unknown, result: { data: unknown } | ErrorFrame): boolean {
    const asked = this.#underWay.get(String(id));
    if (!asked) return false;
    this.#underWay.delete(String(id));
    if ("data" in result) asked.resolve(result.data);
    else if (result.code === "rate_limited" || result.code === "too_many_commands")
      this.#later(asked);
    else asked.reject(new FrontdeskError(result.code, result.detail, result.fix));
    this.#flush();
    return true;
  }

  /** The connection is gone; another one comes. */
  lost(): void {
    if (this.#state === "open") this.#state = "waiting";
    this.#release();
    const sent = [...this.#underWay.values()];
    this.#underWay.clear();
    for (const asked of sent) if (asked.loss !== "repeat") asked.reject(lost());
    for (const asked of this.#waiting) if (asked.loss === "now") asked.reject(lost());
    this.#waiting = [
      ...sent.filter(({ loss }) => loss === "repeat"),
      ...this.#waiting.filter(({ loss }) => loss !== "now"),
    ];
  }

  /** There will be no other connection. */
  close(why: string): void {
    this.#state = "closed";
    this.#release();
    const all = [...this.#underWay.values(), ...this.#waiting];
    this.#underWay.clear();
    this.#waiting = [];
    for (const asked of all) asked.reject(closed(why));
  }

  #flush(): void {
    while (
      this.#state === "open" &&
      this.#hold === undefined &&
      this.#underWay.size < UNDER_WAY_MAX
    ) {
      const asked = this.#waiting.shift();
      if (!asked) return;
      const id = String(++this.#lastId);
      this.#underWay.set(id, asked);
      this.#send({ ...asked.command, id });
    }
  }

  #later(asked: Asked): void {
    this.#waiting.unshift(asked);
    this.#hold ??= setTimeout(() => {
      this.#release();
      this.#flush();
    }, HOLD_MS);
  }

  #release(): void {
    clearTimeout(this.#hold);
    this.#hold = undefined;
  }
}

function lost(): FrontdeskError {
  return new FrontdeskError(
    "connection_lost",
    "the connection ended before the answer",
    "Ask again when connected.",
  );
}

function closed(why: string): FrontdeskError {
  return new FrontdeskError("closed", why, "Call connect(), then ask again.");
}
