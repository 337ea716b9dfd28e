// The inbox: folders, unread messages, and what events change.

import type { Chat, EventFrame, Message } from "@frontdesk/client";
import { expect, it } from "vitest";
import {
  folderOf,
  foldersOf,
  glimpse,
  handlerWords,
  leastWantedChat,
  mergeChats,
  readChatEvent,
  replacesChat,
  withMessage,
} from "../src/features/desk/chats/inbox.ts";

const ME = "me";
const at = (second: number): string => new Date(1_700_000_000_000 + second * 1_000).toISOString();

const chat = (more: Partial<Chat> = {}): Chat => ({
  id: "1",
  customer: { id: "ana", name: "Ana" },
  subject: "",
  status: "open",
  handler: { kind: "none" },
  last_message: null,
  read: [],
  unread: 0,
  version: 1,
  created_at: at(0),
  updated_at: at(0),
  ...more,
});

const message = (more: Partial<Message> = {}): Message => ({
  id: "m1",
  chat_id: "1",
  client_id: null,
  sender: { kind: "customer", id: "ana", name: "Ana" },
  body: "Hello",
  state: "complete",
  created_at: at(5),
  edited_at: null,
  deleted_at: null,
  ...more,
});

const event = (name: string, data: object): EventFrame =>
  ({
    type: "event",
    event: name,
    channel: "staff",
    topic: "messages",
    at: at(9),
    data,
  }) as EventFrame;

it("knows who is to answer", () => {
  expect(folderOf(chat(), ME)).toBe("waiting");
  expect(folderOf(chat({ handler: { kind: "bot" } }), ME)).toBe("bot");
  expect(folderOf(chat({ handler: { kind: "staff", user: { id: ME, name: "I" } } }), ME)).toBe(
    "mine",
  );
  expect(folderOf(chat({ handler: { kind: "staff", user: { id: "x", name: "X" } } }), ME)).toBe(
    "others",
  );
  expect(folderOf(chat({ status: "closed" }), ME)).toBe("closed");
  expect(
    handlerWords(chat({ handler: { kind: "staff", user: { id: "x", name: "Xenia" } } }), ME),
  ).toBe("Xenia answers");
});

it("puts the chat that was used last first", () => {
  const folders = foldersOf([chat({ id: "1" }), chat({ id: "2", updated_at: at(3) })], ME);
  expect(folders.waiting.map(({ id }) => id)).toEqual(["2", "1"]);
});

it("counts a message of the customer as unread, and none of one's own or of the system", () => {
  expect(withMessage(chat(), message(), true, ME)).toMatchObject({ unread: 1, updated_at: at(5) });
  const own = message({ sender: { kind: "staff", id: ME, name: "I" } });
  expect(withMessage(chat(), own, true, ME).unread).toBe(0);
  const told = message({ sender: { kind: "system", name: "Frontdesk" } });
  expect(withMessage(chat(), told, true, ME).unread).toBe(0);
  // A change of a message that was counted already.
  expect(withMessage(chat({ unread: 1 }), message({ body: "Hello!" }), false, ME).unread).toBe(1);
});

it("shows no note as the last message, and no older one than it has", () => {
  const newest = message({ id: "m9", created_at: at(8) });
  expect(withMessage(chat(), message({ note: true }), true, ME).last_message).toBeNull();
  expect(withMessage(chat({ last_message: newest }), message(), true, ME).last_message).toBe(
    newest,
  );
});

it("asks for a chat that it does not have when somebody writes in it", () => {
  const created = event("message.created", { message: message() });
  expect(readChatEvent(created, () => undefined, ME)).toEqual({ ask: "1" });
  expect(readChatEvent(created, () => chat(), ME)).toMatchObject({ row: { unread: 1 } });
  expect(readChatEvent(event("order.created", {}), () => undefined, ME)).toBeNull();
});

it("keeps its count when a chat comes without one, until everything is read", () => {
  const held = chat({ unread: 3, last_message: message() });
  const { unread: _, ...told } = held;
  expect(mergeChats(told, held, ME).unread).toBe(3);
  const read = { ...told, read: [{ user_id: ME, message_id: "m1" }] };
  expect(mergeChats(read, held, ME).unread).toBe(0);
  expect(mergeChats(chat({ unread: 7 }), held, ME).unread).toBe(7);
});

it("never goes back to an older chat", () => {
  expect(replacesChat(chat({ version: 1, updated_at: at(9) }), chat({ version: 2 }))).toBe(false);
  expect(replacesChat(chat(), chat())).toBe(true);
  expect(replacesChat(chat(), chat({ updated_at: at(1) }))).toBe(false);
});

it("lets go of closed chats first", () => {
  const rows = [chat({ id: "1" }), chat({ id: "2", status: "closed", updated_at: at(9) })];
  expect(rows.sort(leastWantedChat).map(({ id }) => id)).toEqual(["2", "1"]);
});

it("shows one line of a message", () => {
  expect(glimpse(null)).toBe("No message yet");
  expect(glimpse(message({ body: "a\n\nb" }))).toBe("a b");
  expect(glimpse(message({ deleted_at: at(9) }))).toBe("Message deleted");
});
