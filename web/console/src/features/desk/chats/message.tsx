// One message of a chat, as the desk sees it. Whatever people and models write is shown as text alone.

import type { ChatMessage } from "@frontdesk/react";
import { Button, Group } from "@mantine/core";
import { memo, type NamedExoticComponent, type ReactElement } from "react";
import look from "../desk.module.css";

interface MessageRowProps {
  message: ChatMessage;
  seen: boolean;
  onRetry: (clientId: string) => void;
  onDiscard: (clientId: string) => void;
  onStop: (messageId: string) => Promise<void>;
}

export const MessageRow: NamedExoticComponent<MessageRowProps> = memo(
  function MessageRow({
    message,
    seen,
    onRetry,
    onDiscard,
    onStop,
  }: MessageRowProps): ReactElement {
    const { sender, note, state, body, deleted_at, actions } = message;
    if (sender.kind === "system") {
      return (
        <li className={look["message"]} data-side="middle">
          {body}
        </li>
      );
    }
    const growing = state === "streaming";
    return (
      <li
        className={look["message"]}
        data-side={sender.kind === "customer" ? "customer" : "desk"}
        data-note={note || undefined}
      >
        <div className={look["bubble"]} aria-busy={growing || undefined}>
          {deleted_at === null ? body : "This message was deleted."}
          {growing && body === "" && "…"}
        </div>
        {actions !== undefined && actions.length > 0 && (
          <Group gap={6} mt={4} aria-label="What the customer can choose" role="group">
            {actions.map(({ id, label, chosen }) => (
              <span key={id} className={look["offer"]} data-chosen={chosen || undefined}>
                {chosen ? `✓ ${label}` : label}
              </span>
            ))}
          </Group>
        )}
        <div className={look["by"]}>
          {note && "Note by "}
          {sender.name} · {TIME.format(new Date(message.created_at))}
          {stateWords(message, seen)}
          {growing && (
            <Button
              size="compact-xs"
              variant="subtle"
              ml={6}
              onClick={() => void onStop(message.id)}
            >
              Stop the answer
            </Button>
          )}
          {message.delivery === "failed" && (
            <>
              <Button
                size="compact-xs"
                variant="subtle"
                ml={6}
                onClick={() => onRetry(message.key)}
              >
                Send again
              </Button>
              <Button
                size="compact-xs"
                variant="subtle"
                color="gray"
                onClick={() => onDiscard(message.key)}
              >
                Discard
              </Button>
            </>
          )}
        </div>
      </li>
    );
  },
  // The store makes a new object of each message with each change; most of them say the same.
  (before, after) => before.seen === after.seen && isSame(before.message, after.message),
);

function isSame(one: ChatMessage, other: ChatMessage): boolean {
  return (
    one.id === other.id &&
    one.body === other.body &&
    one.state === other.state &&
    one.delivery === other.delivery &&
    one.edited_at === other.edited_at &&
    one.deleted_at === other.deleted_at &&
    one.actions === other.actions
  );
}

function stateWords({ delivery, error, state, edited_at }: ChatMessage, seen: boolean): string {
  if (delivery === "sending") return " · sending …";
  if (delivery === "failed") return ` · not sent: ${error?.detail ?? "no answer"}`;
  if (state === "cancelled") return " · stopped";
  if (state === "failed") return " · failed half way";
  return `${edited_at === null ? "" : " · edited"}${seen ? " · seen" : ""}`;
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
