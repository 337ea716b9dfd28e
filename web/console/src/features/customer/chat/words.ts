// What the chat says of who answers, who writes, and how a message fares.

import type { Chat, Person } from "@frontdesk/client";
import type { ChatMessage } from "@frontdesk/react";

export function handlerWords(handler: Chat["handler"] | null, isClosed: boolean): string {
  if (isClosed) return "This chat is closed. Write to begin a new one.";
  switch (handler?.kind) {
    case "staff":
      return `${handler.user?.name ?? "A person"} answers you.`;
    case "bot":
      return "A bot answers first; a person can take over at any time.";
    case "none":
      return "The desk has been told. A person answers here.";
    case undefined:
      return "Write to the desk; somebody answers.";
  }
}

export function typingWords(people: readonly Person[]): string {
  const names = people.map(({ name }) => name);
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0]} is writing …`;
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)} are writing …`;
}

export interface Receipt {
  ticks: 0 | 1 | 2;
  words: string;
}

/** How far a message of one's own has come: stored, on a device of the other side, read there. */
export function receiptOf(
  { delivery, error }: Pick<ChatMessage, "delivery" | "error">,
  { delivered, seen }: { delivered: boolean; seen: boolean },
): Receipt {
  if (delivery === "failed")
    return { ticks: 0, words: `Not sent: ${error?.detail ?? "unknown reason"}` };
  if (delivery === "sending") return { ticks: 0, words: "Sending …" };
  if (seen) return { ticks: 2, words: "Seen" };
  return delivered ? { ticks: 2, words: "Delivered" } : { ticks: 1, words: "Sent" };
}
