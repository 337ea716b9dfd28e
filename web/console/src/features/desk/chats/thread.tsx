// One chat as the desk sees it: its messages live, also those that the bot is writing, and what the
// desk may do with it.

import type { Chat } from "@frontdesk/client";
import { type ChatMessage, useChat } from "@frontdesk/react";
import { ActionIcon, Button, Group, Text } from "@mantine/core";
import { type ReactElement, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useUser } from "../../../session/signed-in.tsx";
import { Icon } from "../../../ui/icons.tsx";
import { Loading } from "../../../ui/states.tsx";
import look from "../desk.module.css";
import { Heading } from "../heading.tsx";
import { Notice, ReadTrouble, type Told, toldOf } from "../notice.tsx";
import { AssignMenu } from "./assign-menu.tsx";
import { Online } from "./chat-list.tsx";
import { Composer } from "./composer.tsx";
import { handlerWords } from "./inbox.ts";
import { MessageRow } from "./message.tsx";
import type { ChangeChat } from "./queries.ts";

interface ThreadProps {
  /** As the inbox has it. */
  chat: Chat;
  online: boolean;
  onChange: (chat: Chat, change: ChangeChat) => Promise<void>;
  /** Everything in it was seen. */
  onSeen: (id: string) => void;
  /** Goes back to the list; none where the list is beside it. */
  onBack: (() => void) | null;
}

/** Pixels from the end within which somebody reads along, so that the end stays in sight. */
const NEAR_END = 80;

export function Thread({ chat, online, onChange, onSeen, onBack }: ThreadProps): ReactElement {
  const me = useUser().id;
  const thread = useChat(chat.id);
  const { messages, typing, unread, loading, error, markRead } = thread;
  const [told, setTold] = useState<Told | null>(null);
  const answering = chat.handler.kind === "staff" && chat.handler.user?.id === me;

  // Read is what stands in a window that somebody looks at.
  useEffect(() => {
    const look = (): void => {
      if (document.hidden || loading) return;
      if (unread > 0) markRead();
      onSeen(chat.id);
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [unread, loading, markRead, onSeen, chat.id]);

  const change = async (change: ChangeChat, what: string): Promise<void> => {
    setTold(null);
    try {
      await onChange(chat, change);
    } catch (problem) {
      setTold(toldOf(`${what} did not work.`, problem));
    }
  };

  return (
    <section className={look["thread"]} aria-label={`Chat with ${chat.customer.name}`}>
      <header className={look["head"]}>
        <Group gap="xs" wrap="nowrap" miw={0}>
          {onBack !== null && (
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label="Back to the chats"
              onClick={onBack}
            >
              <Icon name="left" />
            </ActionIcon>
          )}
          <div>
            <Group gap={8} wrap="nowrap">
              <Online online={online} />
              <Heading>{chat.customer.name}</Heading>
            </Group>
            <Text size="sm" c="dimmed">
              {chat.subject !== "" && `${chat.subject} · `}
              {handlerWords(chat, me)}
            </Text>
          </div>
        </Group>
        <Group gap={6}>
          {chat.status === "open" ? (
            <>
              {!answering && (
                <Button
                  size="compact-sm"
                  onClick={() => void change({ handler: { kind: "staff" } }, "Taking over")}
                >
                  Take over
                </Button>
              )}
              <AssignMenu chat={chat} onChange={change} />
              <Button
                size="compact-sm"
                variant="default"
                onClick={() => void change({ status: "closed" }, "Closing the chat")}
              >
                Close
              </Button>
            </>
          ) : (
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => void change({ status: "open" }, "Opening the chat again")}
            >
              Reopen
            </Button>
          )}
        </Group>
      </header>
      <Notice told={told} onClose={() => setTold(null)} />
      {error !== null && <ReadTrouble error={error} onRetry={() => void thread.reload()} />}
      {loading ? <Loading what="the messages" /> : <Messages thread={thread} messages={messages} />}
      <Text className={look["typing"] ?? ""} role="status">
        {typing.length > 0 && `${typing.map(({ name }) => name).join(", ")} is writing …`}
      </Text>
      {chat.status === "open" && (
        <Composer
          chatId={chat.id}
          answering={answering}
          onSend={(body) => thread.send(body)}
          onTyping={thread.setTyping}
        />
      )}
    </section>
  );
}

function Messages({
  thread,
  messages,
}: {
  thread: ReturnType<typeof useChat>;
  messages: readonly ChatMessage[];
}): ReactElement {
  const { hasMore, loadMore, retry, discard, stop, seen } = thread;
  const list = useRef<HTMLOListElement>(null);
  const nearEnd = useRef(true);
  const newest = messages.at(-1);

  // Whoever reads along stays at the end, also while a text grows; whoever reads above it is left alone.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the end moves with the newest message and its length
  useLayoutEffect(() => {
    const at = list.current;
    if (at !== null && nearEnd.current) at.scrollTop = at.scrollHeight;
  }, [newest?.key, newest?.body.length, newest?.delivery]);

  const earlier = async (): Promise<void> => {
    const at = list.current;
    const below = at === null ? 0 : at.scrollHeight - at.scrollTop;
    nearEnd.current = false;
    await loadMore();
    // What is read now stays where it is; the earlier messages grow above it.
    requestAnimationFrame(() => {
      if (at !== null) at.scrollTop = at.scrollHeight - below;
    });
  };

  return (
    <ol
      ref={list}
      className={look["messages"]}
      aria-label="Messages"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
      tabIndex={0}
      onScroll={({ currentTarget: at }) => {
        nearEnd.current = at.scrollHeight - at.scrollTop - at.clientHeight < NEAR_END;
      }}
    >
      {hasMore && (
        <li className={look["message"]} data-side="middle">
          <Button size="compact-sm" variant="default" onClick={() => void earlier()}>
            Earlier messages
          </Button>
        </li>
      )}
      {messages.map((message) => (
        <MessageRow
          key={message.key}
          message={message}
          seen={message.sender.kind === "staff" && seen(message)}
          onRetry={retry}
          onDiscard={discard}
          onStop={stop}
        />
      ))}
    </ol>
  );
}
