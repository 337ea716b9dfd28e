// One order: what is in it, how it stands, and what its customer may still do.

import type { Order } from "@frontdesk/client";
import { Button, Group, Text, Textarea } from "@mantine/core";
import { type ReactElement, useState } from "react";
import { type Trouble, troubleOf } from "../../../session/trouble.ts";
import { Confirm } from "../../../ui/confirm.tsx";
import { money } from "../../../ui/money.ts";
import { RelativeTime } from "../../../ui/relative-time.tsx";
import { TroubleNotice } from "../../../ui/states.tsx";
import { StatusBadge, statusWords, toneOf } from "../../../ui/status-badge.tsx";
import classes from "./orders.module.css";
import { isUnderWay, Progress } from "./progress.tsx";

export interface OrderCardProps {
  order: Order;
  className: string;
  onCancel: () => Promise<unknown>;
  onNote: (note: string) => Promise<unknown>;
}

export function OrderCard({ order, className, onCancel, onNote }: OrderCardProps): ReactElement {
  const { id, lines, total, currency, status, note, created_at } = order;
  const [cancelling, setCancelling] = useState(false);
  const [writing, setWriting] = useState(false);
  const what = lines.map(({ quantity, name }) => `${quantity} × ${name}`).join(", ");
  // As the desk's rules have it; the server decides.
  const mayCancel = status === "placed" || status === "accepted";

  return (
    <article
      id={`orders-${id}`}
      tabIndex={-1}
      className={`${classes["card"]} ${className}`}
      aria-label={`Order: ${what}`}
    >
      <Group justify="space-between" align="flex-start" wrap="nowrap" gap="md">
        <div>
          <Text fw={600}>{what}</Text>
          <Text size="sm" c="dimmed">
            {money(total, currency)} · <RelativeTime at={created_at} />
          </Text>
        </div>
        <StatusBadge tone={toneOf(status)}>{statusWords(status)}</StatusBadge>
      </Group>
      {isUnderWay(status) && <Progress status={status} />}
      {note !== "" && !writing && (
        <Text size="sm" className={classes["note"] ?? ""}>
          “{note}”
        </Text>
      )}
      {writing && <NoteForm note={note} onSave={onNote} onDone={() => setWriting(false)} />}
      {isUnderWay(status) && !writing && (
        <Group gap="xs" mt="xs">
          <Button size="compact-sm" variant="default" onClick={() => setWriting(true)}>
            {note === "" ? "Add a note" : "Change the note"}
          </Button>
          {mayCancel && (
            <Button size="compact-sm" variant="default" onClick={() => setCancelling(true)}>
              Cancel the order
            </Button>
          )}
        </Group>
      )}
      <Confirm
        opened={cancelling}
        title="Cancel this order?"
        action="Cancel the order"
        danger
        describe={troubleOf}
        onConfirm={async () => void (await onCancel())}
        onClose={() => setCancelling(false)}
      >
        <Text size="sm">{what}. The desk is told at once.</Text>
      </Confirm>
    </article>
  );
}

function NoteForm({
  note,
  onSave,
  onDone,
}: {
  note: string;
  onSave: (note: string) => Promise<unknown>;
  onDone: () => void;
}): ReactElement {
  const [text, setText] = useState(note);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const save = async (): Promise<void> => {
    setBusy(true);
    setTrouble(null);
    try {
      await onSave(text.trim());
      onDone();
    } catch (error) {
      setTrouble(troubleOf(error));
      setBusy(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Textarea
        label="Note to the desk"
        autosize
        minRows={2}
        maxRows={6}
        maxLength={2_000}
        data-autofocus
        value={text}
        error={trouble?.fields["note"]}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {trouble && <TroubleNotice {...trouble} />}
      <Group gap="xs" mt="xs">
        <Button type="submit" size="compact-sm" loading={busy}>
          Save the note
        </Button>
        <Button size="compact-sm" variant="default" onClick={onDone}>
          Not now
        </Button>
      </Group>
    </form>
  );
}
