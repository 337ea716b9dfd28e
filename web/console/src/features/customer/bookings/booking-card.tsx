// One booking: what, when, and how it stands.

import type { Booking, BookingStatus } from "@frontdesk/client";
import { Button, Group, Text } from "@mantine/core";
import { type ReactElement, useState } from "react";
import { troubleOf } from "../../../session/trouble.ts";
import { Confirm } from "../../../ui/confirm.tsx";
import { StatusBadge, statusWords, toneOf } from "../../../ui/status-badge.tsx";
import classes from "./bookings.module.css";
import { dateOf, timeOf } from "./slots.ts";

const words: Partial<Record<BookingStatus, string>> = {
  requested: "Waiting for the desk to confirm.",
  confirmed: "Confirmed. See you then!",
  declined: "The desk could not take this booking.",
};

export interface BookingCardProps {
  booking: Booking;
  className: string;
  onCancel: () => Promise<unknown>;
}

export function BookingCard({ booking, className, onCancel }: BookingCardProps): ReactElement {
  const { id, resource, starts_at, ends_at, party_size, status, note } = booking;
  const [cancelling, setCancelling] = useState(false);
  const [from, to] = [Date.parse(starts_at), Date.parse(ends_at)];
  const sameDay = dateOf(from) === dateOf(to);
  const when = `${dateOf(from)}, ${timeOf(from)} – ${sameDay ? "" : `${dateOf(to)}, `}${timeOf(to)}`;
  // As the desk's rules have it; the server decides.
  const mayCancel = status === "requested" || status === "confirmed";

  return (
    <article
      id={`bookings-${id}`}
      tabIndex={-1}
      className={`${classes["card"]} ${className}`}
      aria-label={`Booking: ${resource.name}, ${when}`}
    >
      <Group justify="space-between" align="flex-start" wrap="nowrap" gap="md">
        <div>
          <Text fw={600}>{resource.name}</Text>
          <Text size="sm">{when}</Text>
          <Text size="sm" c="dimmed">
            {party_size === 1 ? "1 person" : `${party_size} people`}
          </Text>
        </div>
        <StatusBadge tone={toneOf(status)}>{statusWords(status)}</StatusBadge>
      </Group>
      {note !== "" && (
        <Text size="sm" className={classes["note"] ?? ""}>
          “{note}”
        </Text>
      )}
      <Group justify="space-between" gap="sm">
        <Text size="sm" role="status">
          {words[status] ?? ""}
        </Text>
        {mayCancel && (
          <Button size="compact-sm" variant="default" onClick={() => setCancelling(true)}>
            Cancel the booking
          </Button>
        )}
      </Group>
      <Confirm
        opened={cancelling}
        title="Cancel this booking?"
        action="Cancel the booking"
        danger
        describe={troubleOf}
        onConfirm={async () => void (await onCancel())}
        onClose={() => setCancelling(false)}
      >
        <Text size="sm">
          {resource.name}, {when}. The place is free for others at once.
        </Text>
      </Confirm>
    </article>
  );
}
