// One message. Its text is text: nothing in it is ever read as markup.

import type { ChatMessage } from "@frontdesk/react";
import { Button } from "@mantine/core";
import { type MemoExoticComponent, memo, type ReactElement } from "react";
import classes from "./chat.module.css";
import { receiptOf } from "./words.ts";

export interface MessageRowProps {
  message: ChatMessage;
  /** Stands below one of the same author. */
  follows: boolean;
  /** How far others have got with it. */
  delivered: boolean;
  seen: boolean;
  retry: (clientId: string) => void;
  discard: (clientId: string) => void;
  choose: (actionId: string) => void;
}

function Row({
  message,
  follows,
  delivered,
  seen,
  retry,
  discard,
  choose,
}: MessageRowProps): ReactElement {
  const { sender, body, state, delivery, key, actions = [], deleted_at, edited_at } = message;
  if (sender.kind === "system") {
    return <li className={classes["system"]}>{body}</li>;
  }
  const own = sender.kind === "customer";
  const receipt = own ? receiptOf(message, { delivered, seen }) : null;
  const chosen = actions.find((action) => action.chosen);
  return (
    <li className={classes["message"]} data-own={own} data-follows={follows}>
      {!follows && (
        <span className={classes["author"]}>
          {own ? "You" : sender.name}
          <time dateTime={message.created_at}>{clockTime(message.created_at)}</time>
        </span>
      )}
      <div
        className={classes["bubble"]}
        data-failed={delivery === "failed"}
        aria-busy={state === "streaming"}
      >
        {deleted_at ? <em>Deleted</em> : body}
        {state === "streaming" && <span className={classes["growing"]} aria-hidden="true" />}
      </div>
      {(state === "cancelled" || state === "failed" || edited_at) && !deleted_at && (
        <span className={classes["receipt"]}>
          {state === "cancelled"
            ? "Stopped"
            : state === "failed"
              ? "The answer broke off"
              : "Edited"}
        </span>
      )}
      {actions.length > 0 && (
        <fieldset className={classes["actions"]} aria-label="Choices">
          {(chosen ? [chosen] : actions).map(({ id, label }) => (
            <Button
              key={id}
              size="compact-md"
              variant={chosen ? "light" : "default"}
              disabled={chosen !== undefined || state === "streaming"}
              onClick={() => choose(id)}
            >
              {chosen ? `You chose: ${label}` : label}
            </Button>
          ))}
        </fieldset>
      )}
      {receipt && (
        <span className={classes["receipt"]} data-failed={delivery === "failed"}>
          {receipt.ticks > 0 && (
            <span aria-hidden="true" className={classes["ticks"]} data-seen={seen}>
              {"✓".repeat(receipt.ticks)}
            </span>
          )}
          {receipt.words}
        </span>
      )}
      {delivery === "failed" && (
        <div className={classes["actions"]}>
          <Button size="compact-sm" variant="default" onClick={() => retry(key)}>
            Send again
          </Button>
          <Button size="compact-sm" variant="subtle" onClick={() => discard(key)}>
            Discard
          </Button>
        </div>
      )}
    </li>
  );
}

/** While one answer grows, the other rows stay as they are. */
export const MessageRow: MemoExoticComponent<typeof Row> = memo(Row, (one, other) => {
  const [a, b] = [one.message, other.message];
  return (
    one.follows === other.follows &&
    one.delivered === other.delivered &&
    one.seen === other.seen &&
    a.body === b.body &&
    a.state === b.state &&
    a.delivery === b.delivery &&
    a.id === b.id &&
    a.edited_at === b.edited_at &&
    a.deleted_at === b.deleted_at &&
    chosenOf(a) === chosenOf(b)
  );
});

function chosenOf({ actions = [] }: ChatMessage): string {
  return `${actions.length} ${actions.find(({ chosen }) => chosen)?.id ?? ""}`;
}

function clockTime(at: string): string {
  return new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}
