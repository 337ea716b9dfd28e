// One booking of a day, with what the desk may do with it.

import type { Booking, BookingStatus } from "@frontdesk/client";
import { Button, Group, Text } from "@mantine/core";
import { memo, type NamedExoticComponent, type ReactElement } from "react";
import { StatusBadge, toneOf } from "../../../ui/status-badge.tsx";
import { freshMark } from "../fresh.ts";
import look from "../desk.module.css";
import { BOOKING_STATUS, isAlive, isUnkind } from "./days.ts";

interface RowProps {
  booking: Booking;
  touchedAt: number | undefined;
  onChange: (booking: Booking, to: BookingStatus) => void;
}

export const BookingRow: NamedExoticComponent<RowProps> = memo(function BookingRow({
  booking,
  touchedAt,
  onChange,
}: RowProps): ReactElement {
  const { customer, resource, status, party_size, note, starts_at, ends_at } = booking;
  const words = BOOKING_STATUS[status];
  return (
    <li
      className={look["booking"]}
      data-fresh={freshMark(touchedAt, booking.version)}
      data-over={!isAlive(booking) || undefined}
    >
      <div className={look["time"]}>
        <Text fw={600}>{TIME.format(new Date(starts_at))}</Text>
        <Text size="sm" c="dimmed">
          to {TIME.format(new Date(ends_at))}
        </Text>
      </div>
      <div className={look["what"]}>
        <Group gap="xs">
          <Text fw={600}>{customer.name}</Text>
          <StatusBadge tone={toneOf(status)}>{words.label}</StatusBadge>
        </Group>
        <Text size="sm">
          {resource.name}, {party_size === 1 ? "1 person" : `${party_size} people`}
        </Text>
        {note !== "" && (
          <Text size="sm" c="dimmed" fs="italic" className={look["lines"] ?? ""}>
            “{note}”
          </Text>
        )}
      </div>
      <Group gap={6} className={look["steps"] ?? ""}>
        {words.next.map((to, index) => (
          <Button
            key={to}
            size="compact-sm"
            variant={index === 0 ? "light" : "subtle"}
            {...(index > 0 && { color: isUnkind(to) ? "red" : "gray" })}
            aria-label={`${BOOKING_STATUS[to].verb}: booking of ${customer.name} at ${TIME.format(new Date(starts_at))}`}
            onClick={() => onChange(booking, to)}
          >
            {BOOKING_STATUS[to].verb}
          </Button>
        ))}
      </Group>
    </li>
  );
});

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
