// A chat: its messages, who is writing, and writing in it.

import type { Chat, ChatId } from "@frontdesk/client";
import { useMemo, useSyncExternalStore } from "react";
import { type ChatState, type ChatStore, chatOf, noChatYet } from "./chat-store.ts";
import { useFrontdesk } from "./provider.ts";

export interface UseChat
  extends ChatState,
    Pick<
      ChatStore,
      | "send"
      | "retry"
      | "discard"
      | "setTyping"
      | "markRead"
      | "delivered"
      | "seen"
      | "choose"
      | "reload"
      | "loadMore"
    > {
  /** Who answers: nobody yet, the bot or a person. It changes when a person takes over. */
  handler: Chat["handler"] | null;
  /** Ends a growing answer: the newest one, unless another one is named. */
  stop: ChatStore["stopAnswer"];
}

/**
 * A chat, live. `"me"` is the open chat of the customer who is signed in: if there is none, it is
 * begun with the first message and not before, so that looking at a page brings nobody to the desk.
 */
export function useChat(chatId: ChatId | "me"): UseChat {
  const client = useFrontdesk();
  const store = useMemo(() => chatOf(client, chatId), [client, chatId]);
  const state = useSyncExternalStore(store.subscribe, store.snapshot, () => noChatYet);
  const {
    send,
    retry,
    discard,
    setTyping,
    markRead,
    delivered,
    seen,
    choose,
    reload,
    loadMore,
    stopAnswer: stop,
  } = store;
  return {
    ...state,
    handler: state.chat?.handler ?? null,
    send,
    retry,
    discard,
    setTyping,
    markRead,
    delivered,
    seen,
    choose,
    reload,
    loadMore,
    stop,
  };
}
