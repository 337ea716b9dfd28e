// The customer's chat with the desk: a bot answers until a person takes over.

import { type ChatMessage, useChat } from "@frontdesk/react";
import { Button } from "@mantine/core";
import { type ReactElement, useEffect, useState } from "react";
import { type Trouble, troubleOf } from "../../../session/trouble.ts";
import { Panel } from "../../../ui/page.tsx";
import { Empty, Loading, TroubleNotice } from "../../../ui/states.tsx";
import classes from "./chat.module.css";
import { Composer } from "./composer.tsx";
import { MessageRow } from "./message-row.tsx";
import { handlerWords, typingWords } from "./words.ts";

/** What one may begin with. */
const openings = ["Where is my order?", "Show my bookings", "What are your opening hours?"];

const askForPerson = "I would like to talk to a person.";

export function Chat(): ReactElement {
  const chat = useChat("me");
  const { messages, handler, loading, error, unread, markRead, send } = chat;
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  // The bot knows the words and hands the chat over; without a bot they are read by a person anyway.
  const waits = chat.chat?.status === "open" && handler?.kind === "none";
  const isVisible = useVisible();
  useEffect(() => {
    if (isVisible && unread > 0) markRead();
  }, [isVisible, unread, markRead]);

  const attempt = (action: () => Promise<unknown>): void => {
    setTrouble(null);
    action().catch((thrown: unknown) => setTrouble(troubleOf(thrown)));
  };
  const write = (text: string): boolean => {
    setTrouble(null);
    try {
      send(text);
      return true;
    } catch (thrown) {
      setTrouble(troubleOf(thrown));
      return false;
    }
  };
  const growing = messages.find(({ state }) => state === "streaming");
  const isClosed = chat.chat?.status === "closed";
  const withPerson = handler?.kind === "staff";

  return (
    <Panel
      title="Chat"
      flush
      className={classes["chat"] ?? ""}
      actions={
        !withPerson &&
        !isClosed && (
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => write(askForPerson)}
            disabled={waits}
          >
            {waits ? "A person was asked" : "Talk to a person"}
          </Button>
        )
      }
    >
      <p className={classes["handler"]} role="status">
        {handlerWords(handler, isClosed)}
      </p>
      {/* Turned upside down, so that a browser holds on to the newest line while text grows. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section className={classes["scroll"]} tabIndex={0} aria-label="Conversation">
        <div>
          {chat.hasMore && (
            <div className={classes["more"]}>
              <Button
                size="compact-sm"
                variant="default"
                loading={loading}
                onClick={() => void chat.loadMore()}
              >
                Earlier messages
              </Button>
            </div>
          )}
          {error && messages.length === 0 ? (
            <div className={classes["notice"]}>
              <TroubleNotice {...troubleOf(error)} onRetry={() => void chat.reload()} />
            </div>
          ) : loading && messages.length === 0 ? (
            <Loading what="the chat" />
          ) : (
            messages.length === 0 && <Beginning onChoose={write} />
          )}
          <div role="log" aria-label="Messages">
            <ol className={classes["messages"]}>
              {messages.map((message, index) => (
                <MessageRow
                  key={message.key}
                  message={message}
                  follows={isFollowing(messages[index - 1], message)}
                  delivered={message.sender.kind === "customer" && chat.delivered(message)}
                  seen={message.sender.kind === "customer" && chat.seen(message)}
                  retry={chat.retry}
                  discard={chat.discard}
                  choose={(actionId) => attempt(() => chat.choose(message.id, actionId))}
                />
              ))}
            </ol>
          </div>
        </div>
      </section>
      <p className={classes["typing"]} aria-live="polite">
        {typingWords(chat.typing)}
      </p>
      {trouble && (
        <div className={classes["notice"]}>
          <TroubleNotice {...trouble} onClose={() => setTrouble(null)} />
        </div>
      )}
      <Composer
        onSend={write}
        onTyping={chat.setTyping}
        onStop={growing ? () => attempt(() => chat.stop(growing.id)) : null}
      />
    </Panel>
  );
}

function Beginning({ onChoose }: { onChoose: (text: string) => void }): ReactElement {
  return (
    <Empty
      title="What can we do for you?"
      action={
        <div className={classes["openings"]}>
          {openings.map((text) => (
            <Button key={text} size="compact-md" variant="default" onClick={() => onChoose(text)}>
              {text}
            </Button>
          ))}
        </div>
      }
    >
      Ask about your orders and bookings, or anything else.
    </Empty>
  );
}

/** Several in a row of the same author stand together. */
function isFollowing(before: ChatMessage | undefined, message: ChatMessage): boolean {
  return (
    before !== undefined &&
    before.sender.kind === message.sender.kind &&
    before.sender.id === message.sender.id &&
    Date.parse(message.created_at) - Date.parse(before.created_at) < 300_000
  );
}

/** Whether somebody can be looking. */
function useVisible(): boolean {
  const [visible, setVisible] = useState(() => !document.hidden);
  useEffect(() => {
    const look = (): void => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return visible;
}
