// Writing to the customer, or a note for the desk alone.

import { Button, Group, SegmentedControl, Text, Textarea } from "@mantine/core";
import { type FormEvent, type KeyboardEvent, type ReactElement, useState } from "react";
import { useSession } from "../../../session/session-provider.tsx";
import look from "../desk.module.css";
import { Notice, type Told, toldOf } from "../notice.tsx";
import { writeNote } from "./queries.ts";

interface ComposerProps {
  chatId: string;
  /** Whether one answers this chat oneself. Otherwise only notes can be written. */
  answering: boolean;
  onSend: (body: string) => void;
  onTyping: (active?: boolean) => void;
}

const BODY_MAX = 4_000;

export function Composer({ chatId, answering, onSend, onTyping }: ComposerProps): ReactElement {
  const { rest } = useSession();
  const [wanted, setWanted] = useState<"reply" | "note">("reply");
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState<Told | null>(null);
  const kind = answering ? wanted : "note";

  const submit = async (): Promise<void> => {
    const body = text.trim();
    if (body === "" || busy) return;
    setTold(null);
    setBusy(true);
    try {
      if (kind === "note") await writeNote(rest, chatId, body);
      else onSend(body);
      setText("");
    } catch (problem) {
      setTold(toldOf(kind === "note" ? "The note was not kept." : "It was not sent.", problem));
    } finally {
      setBusy(false);
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // Enter ends a word for whoever writes with an input method.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void submit();
  };

  return (
    <form
      className={look["write"]}
      data-note={kind === "note" || undefined}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Notice told={told} onClose={() => setTold(null)} />
      {answering ? (
        <SegmentedControl
          size="xs"
          aria-label="What to write"
          value={kind}
          onChange={(value) => setWanted(value as "reply" | "note")}
          data={[
            { value: "reply", label: "Reply" },
            { value: "note", label: "Note for the desk" },
          ]}
        />
      ) : (
        <Text size="sm" c="var(--fd-warn-text)">
          Take over to answer. A note is seen by the desk alone.
        </Text>
      )}
      <Group align="flex-end" gap="sm" wrap="nowrap">
        <Textarea
          className={look["text"] ?? ""}
          aria-label={kind === "note" ? "Your note" : "Your reply"}
          placeholder={kind === "note" ? "Write a note …" : "Write a reply …"}
          autosize
          minRows={1}
          maxRows={6}
          maxLength={BODY_MAX}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            if (kind === "reply") onTyping(event.currentTarget.value !== "");
          }}
          onKeyDown={onKeyDown}
        />
        <Button type="submit" loading={busy} disabled={text.trim() === ""}>
          {kind === "note" ? "Keep note" : "Send"}
        </Button>
      </Group>
    </form>
  );
}
