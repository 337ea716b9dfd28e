// Chats as the inbox shows them: in which folder, how many unread, and in which order.

import type { Chat, EventFrame, Message, UserId } from "@frontdesk/client";
import type { Said } from "../live-table.ts";

export type Folder = "waiting" | "mine" | "others" | "bot" | "closed";

export const FOLDERS: readonly { folder: Folder; label: string; empty: string }[] = [
  {
    folder: "waiting",
    label: "Waiting",
    empty: "Nobody waits for a person. Who asks the bot for one stands here.",
  },
  { folder: "mine", label: "Mine", empty: "You answer no chat now. Take one over to answer it." },
  { folder: "bot", label: "Bot", empty: "The bot answers nobody now." },
  { folder: "others", label: "Others", empty: "Nobody else at the desk answers a chat now." },
  { folder: "closed", label: "Closed", empty: "No chat was closed yet." },
];

export function folderOf(chat: Chat, me: UserId): Folder {
  if (chat.status === "closed") return "closed";
  if (chat.handler.kind === "none") return "waiting";
  if (chat.handler.kind === "bot") return "bot";
  return chat.handler.user?.id === me ? "mine" : "others";
}

/** The chats of each folder, the one used last first. */
export function foldersOf(chats: Iterable<Chat>, me: UserId): Record<Folder, Chat[]> {
  const folders: Record<Folder, Chat[]> = {
    waiting: [],
    mine: [],
    others: [],
    bot: [],
    closed: [],
  };
  for (const chat of chats) folders[folderOf(chat, me)].push(chat);
  for (const folder of Object.values(folders)) folder.sort(usedLastFirst);
  return folders;
}

export function usedLastFirst(one: Chat, other: Chat): number {
  if (one.updated_at !== other.updated_at) return one.updated_at < other.updated_at ? 1 : -1;
  return one.id < other.id ? 1 : -1;
}

/**
 * What an event says of the chats. Events carry no count of unread messages, because each reader has
 * another one; it is counted here from what REST said at first.
 */
export function readChatEvent(
  event: EventFrame,
  held: (id: string) => Chat | undefined,
  me: UserId | null,
): Said<Chat> {
  if (event.event === "chat.created" || event.event === "chat.updated")
    return { row: event.data.chat };
  if (event.event !== "message.created" && event.event !== "message.updated") return null;
  const { message } = event.data;
  const chat = held(message.chat_id);
  if (chat === undefined) return { ask: message.chat_id };
  return { row: withMessage(chat, message, event.event === "message.created", me) };
}

/** A chat after a message in it. Notes are no last message, because the customer does not see them. */
export function withMessage(chat: Chat, message: Message, isNew: boolean, me: UserId | null): Chat {
  const last = chat.last_message;
  const replaces =
    message.note !== true &&
    (last === null || last.id === message.id || last.created_at < message.created_at);
  const counts = isNew && message.sender.kind !== "system" && message.sender.id !== me;
  return {
    ...chat,
    last_message: replaces ? message : last,
    unread: (chat.unread ?? 0) + (counts ? 1 : 0),
    updated_at: message.created_at > chat.updated_at ? message.created_at : chat.updated_at,
  };
}

/** A chat that came without a count keeps the one that is held, until its reader has read everything. */
export function mergeChats(next: Chat, held: Chat, me: UserId | null): Chat {
  if (next.unread !== undefined) return next;
  const read = next.read.find(({ user_id }) => user_id === me)?.message_id;
  const before = held.read.find(({ user_id }) => user_id === me)?.message_id;
  const caughtUp = read !== undefined && read !== before && read === next.last_message?.id;
  return { ...next, unread: caughtUp ? 0 : (held.unread ?? 0) };
}

/** A newer chat, or the same one with more read or said. */
export function replacesChat(next: Chat, held: Chat): boolean {
  if (next.version !== held.version) return next.version > held.version;
  return next.updated_at >= held.updated_at;
}

/** Closed ones go first, then those that were used longest ago. */
export function leastWantedChat(one: Chat, other: Chat): number {
  if (one.status !== other.status) return one.status === "closed" ? -1 : 1;
  return one.updated_at < other.updated_at ? -1 : 1;
}

/** The first words of a message for a list, in one line. */
export function glimpse(message: Message | null): string {
  if (message === null) return "No message yet";
  if (message.deleted_at !== null) return "Message deleted";
  if (message.state === "streaming" && message.body === "") return "is writing …";
  return message.body.replace(/\s+/g, " ").slice(0, 140);
}

/** Who answers a chat, in words. */
export function handlerWords({ status, handler }: Chat, me: UserId): string {
  if (status === "closed") return "Closed";
  if (handler.kind === "bot") return "The bot answers";
  if (handler.kind === "none") return "Waits for a person";
  return handler.user?.id === me ? "You answer" : `${handler.user?.name ?? "Somebody"} answers`;
}
