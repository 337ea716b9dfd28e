// Handlers by name. Whatever a handler throws is told to the page and never reaches the client.

/** What is handed to a handler. Its answer is not used; a promise that fails is reported. */
export type EventHandler<Value> = (value: Value) => unknown;

export class Emitter {
  readonly #handlers = new Map<string, Set<{ handle: EventHandler<never> }>>();

  /** Adds a handler; the answer removes it. The same function may be added more than once. */
  on<Value>(name: string, handle: EventHandler<Value>): () => void {
    const entry = { handle };
    const entries = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, entries.add(entry));
    return () => {
      entries.delete(entry);
      if (entries.size === 0 && this.#handlers.get(name) === entries) this.#handlers.delete(name);
    };
  }

  emit(name: string, value: unknown): void {
    // A copy: a handler may add and remove handlers.
    for (const { handle } of [...(this.#handlers.get(name) ?? [])])
      guard(() => handle(value as never));
  }
}

/** Runs the application's code; what goes wrong in it is reported as the page's own error. */
export function guard(work: () => unknown): void {
  try {
    const result = work();
    if (result instanceof Promise) result.catch(tell);
  } catch (error) {
    tell(error);
  }
}

/** Tells the page of an error of its own. */
export function tell(error: unknown): void {
  // Later, so that not even a page's own `onerror` runs in the middle of our work.
  queueMicrotask(() => {
    if (typeof reportError === "function") reportError(error);
    else console.error(error);
  });
}
