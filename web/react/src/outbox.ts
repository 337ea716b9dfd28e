// Messages that were written here and are not confirmed yet. Each keeps its `client_id` through all
// tries, so that the server stores it once.

import type { FrontdeskError, Message } from "@frontdesk/client";

/** How a message of one's own fares. One of others is `sent`. */
export type Delivery = "sending" | "sent" | "failed";

/** A message as a page shows it. */
export interface ChatMessage extends Message {
  /** The same from the first try to the confirmed message: for React's `key`. */
  key: string;
  delivery: Delivery;
  /** Why it failed. */
  error: FrontdeskError | null;
}

/** Most messages that wait; more are refused. */
export const OUTBOX_MAX = 100;

export class Outbox {
  readonly #waiting = new Map<string, ChatMessage>();

  get size(): number {
    return this.#waiting.size;
  }

  get(clientId: string): ChatMessage | undefined {
    return this.#waiting.get(clientId);
  }

  put(message: Message, clientId: string): void {
    this.#waiting.set(clientId, { ...message, key: clientId, delivery: "sending", error: null });
  }

  mark(clientId: string, delivery: Delivery, error: FrontdeskError | null): void {
    const message = this.#waiting.get(clientId);
    if (message !== undefined) this.#waiting.set(clientId, { ...message, delivery, error });
  }

  remove(clientId: string | null): void {
    if (clientId !== null) this.#waiting.delete(clientId);
  }

  /** In the order of writing. */
  messages(): ChatMessage[] {
    return [...this.#waiting.values()];
  }

  clear(): void {
    this.#waiting.clear();
  }
}
