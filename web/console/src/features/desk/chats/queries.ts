// What the inbox asks the server.

import type { Chat, ChatStatus, UserId } from "@frontdesk/client";
import type { components, RestClient } from "@frontdesk/client/rest";
import { found, same } from "../found.ts";
import type { LivePlan } from "../live-table.ts";
import { leastWantedChat, mergeChats, readChatEvent, replacesChat } from "./inbox.ts";

export type ChangeChat = Omit<components["schemas"]["ChangeChatRequest"], "version">;

/** Open chats that are read at first, and closed ones: those used last. */
const OPEN_PAGES = 3;
const CLOSED_PAGES = 1;

export function chatsPlan(rest: RestClient, me: UserId): LivePlan<Chat> {
  return {
    load: async (signal) => {
      const [open, closed] = await Promise.all([
        readChats(rest, "open", OPEN_PAGES, signal),
        readChats(rest, "closed", CLOSED_PAGES, signal),
      ]);
      // One that was closed between the two answers is in both; the later one tells how it is.
      return [...open, ...closed];
    },
    one: async (id) => {
      const { data } = await rest.GET("/api/v1/chats/{id}", { params: { path: { id } } });
      return same<Chat>(found(data));
    },
    read: (event, held) => readChatEvent(event, held, me),
    id: ({ id }) => id,
    replaces: replacesChat,
    merge: (next, held) => mergeChats(next, held, me),
    leastWanted: leastWantedChat,
  };
}

export async function changeChat(
  rest: RestClient,
  { id, version }: Chat,
  change: ChangeChat,
): Promise<Chat> {
  const { data } = await rest.PATCH("/api/v1/chats/{id}", {
    params: { path: { id } },
    body: { ...change, version },
  });
  return same<Chat>(found(data));
}

/** Writes a note, which the desk alone sees. Its event brings it into the thread. */
export async function writeNote(rest: RestClient, chat: string, body: string): Promise<void> {
  await rest.POST("/api/v1/chats/{id}/messages", {
    params: { path: { id: chat } },
    body: { body, note: true },
  });
}

async function readChats(
  rest: RestClient,
  status: ChatStatus,
  pages: number,
  signal: AbortSignal,
): Promise<Chat[]> {
  const chats: Chat[] = [];
  let cursor: string | null | undefined;
  for (let page = 0; page < pages; page += 1) {
    const { data } = await rest.GET("/api/v1/chats", {
      params: { query: { status, limit: 200, ...(cursor && { cursor }) } },
      signal,
    });
    const { items, next_cursor } = found(data);
    chats.push(...items.map<Chat>(same));
    cursor = next_cursor;
    if (!cursor) break;
  }
  return chats;
}
