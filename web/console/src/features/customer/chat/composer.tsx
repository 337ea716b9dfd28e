// Where one writes. Enter sends, Shift and Enter begin a new line.

import { ActionIcon, Textarea } from "@mantine/core";
import { type FormEvent, type KeyboardEvent, type ReactElement, useState } from "react";
import { Icon } from "../../../ui/icons.tsx";
import classes from "./chat.module.css";

/** As the server has it. */
const TEXT_MAX_CHARS = 4_000;

export interface ComposerProps {
  /** Whether the text was taken. */
  onSend: (text: string) => boolean;
  onTyping: (active?: boolean) => void;
  /** Ends the answer that grows; `null` while there is none. */
  onStop: (() => void) | null;
}

export function Composer({ onSend, onTyping, onStop }: ComposerProps): ReactElement {
  const [text, setText] = useState("");
  const send = (): void => {
    const trimmed = text.trim();
    if (trimmed !== "" && onSend(trimmed)) setText("");
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    send();
  };
  const press = (event: KeyboardEvent): void => {
    // While a character is being composed, Enter chooses it.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form className={classes["composer"]} onSubmit={submit} aria-label="Write a message">
      <Textarea
        aria-label="Your message"
        placeholder="Write a message"
        autosize
        minRows={1}
        maxRows={6}
        maxLength={TEXT_MAX_CHARS}
        size="md"
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          onTyping(event.currentTarget.value !== "");
        }}
        onBlur={() => onTyping(false)}
        onKeyDown={press}
      />
      {onStop && (
        <ActionIcon
          size={42}
          variant="default"
          aria-label="Stop the answer"
          title="Stop the answer"
          onClick={onStop}
        >
          <Icon name="stop" />
        </ActionIcon>
      )}
      <ActionIcon
        type="submit"
        size={42}
        aria-label="Send"
        title="Send"
        disabled={text.trim() === ""}
      >
        <Icon name="send" />
      </ActionIcon>
    </form>
  );
}
