// The customer's open chat.

import { type ChatMessage, useChat } from "@frontdesk/react";
import { type FormEvent, type ReactElement, useEffect, useRef } from "react";

export function Chat({ name }: { name: string }): ReactElement {
  const { messages, typing, handler, error, hasMore, unread, loadMore, markRead, retry, seen, send, setTyping } = useChat("me");
  const end = useRef<HTMLLIElement>(null);

  useEffect(() => {
    if (unread > 0) markRead();
  }, [unread, markRead]);
  useEffect(() => {
    if (messages.length > 0) end.current?.scrollIntoView();
  }, [messages.length]);

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const text = String(new FormData(form).get("text")).trim();
    if (text !== "") send(text);
    form.reset();
  };

  return (
    <main>
      <h1>{handler?.user ? `${handler.user.name} is here for you, ${name}` : `What can we do for you, ${name}?`}</h1>
      {error && <p role="alert">{error.message}</p>}
      {hasMore && <button onClick={loadMore}>Earlier messages</button>}
      <ol>
        {messages.map((message) => (
          <li key={message.key} className={message.sender.kind}>
            <p>{message.deleted_at ? "(deleted)" : message.body}</p>
            <small>{note(message, seen(message))}</small>
            {message.delivery === "failed" && <button onClick={() => retry(message.key)}>Try again</button>}
          </li>
        ))}
        <li ref={end} />
      </ol>
      <p className="typing">{typing.length > 0 && `${typing.map((person) => person.name).join(", ")} is writing …`}</p>
      <form onSubmit={submit}>
        <input name="text" aria-label="Your message" autoComplete="off" onChange={() => setTyping()} />
        <button type="submit">Send</button>
      </form>
    </main>
  );
}

function note({ sender, delivery, error }: ChatMessage, seen: boolean): string {
  if (delivery === "failed") return `not sent: ${error?.detail}`;
  if (delivery === "sending") return "being sent";
  if (sender.kind !== "customer") return sender.name;
  return seen ? "read" : "sent";
}
