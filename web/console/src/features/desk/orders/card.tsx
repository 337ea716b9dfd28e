// One order on the board: what it is, its usual next step, and a menu with the others.

import type { Order, OrderStatus } from "@frontdesk/client";
import { ActionIcon, Button, Group, Menu, Text } from "@mantine/core";
import {
  type DragEvent,
  type KeyboardEvent,
  memo,
  type NamedExoticComponent,
  type ReactElement,
  useState,
} from "react";
import { money } from "../../../ui/money.ts";
import { RelativeTime } from "../../../ui/relative-time.tsx";
import look from "../desk.module.css";
import { freshMark } from "../fresh.ts";
import { isUnkind, nextStep, ORDER_STATUS } from "./statuses.ts";

export interface CardProps {
  order: Order;
  /** When it came or changed by itself, so that it may be pointed out; `undefined` if it was there. */
  touchedAt: number | undefined;
  onMove: (order: Order, to: OrderStatus) => void;
  onDrag: (order: Order | null) => void;
}

export const OrderCard: NamedExoticComponent<CardProps> = memo(function OrderCard({
  order,
  touchedAt,
  onMove,
  onDrag,
}: CardProps): ReactElement {
  const next = nextStep(order);
  const drag = (event: DragEvent): void => {
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", order.id);
    // Later: Chromium calls a drag off when the page changes while it begins.
    setTimeout(() => onDrag(order), 0);
  };
  return (
    <article
      className={look["card"]}
      data-fresh={freshMark(touchedAt, order.version)}
      data-card={order.id}
      draggable
      onDragStart={drag}
      onDragEnd={() => onDrag(null)}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys go from card to card
      tabIndex={0}
      aria-label={titleOf(order)}
      aria-keyshortcuts="Shift+ArrowRight"
      onKeyDown={(event) => keyOn(event, order, onMove)}
    >
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text fw={600} truncate>
          {order.customer.name}
        </Text>
        <Text size="sm" c="dimmed" className={look["nowrap"] ?? ""}>
          <RelativeTime at={order.created_at} />
        </Text>
      </Group>
      <Text size="sm" className={look["lines"] ?? ""}>
        {order.lines.map(({ quantity, name }) => `${quantity} × ${name}`).join(", ")}
      </Text>
      {order.note !== "" && (
        <Text size="sm" c="dimmed" className={look["lines"] ?? ""} fs="italic">
          “{order.note}”
        </Text>
      )}
      <Group justify="space-between" gap={4} mt={6}>
        <Text size="sm" fw={500}>
          {money(order.total, order.currency)}
        </Text>
        <Group gap={4} wrap="nowrap" ml="auto">
          {next !== null && (
            <Button size="compact-sm" variant="light" onClick={() => onMove(order, next)}>
              {ORDER_STATUS[next].verb}
            </Button>
          )}
          <OtherSteps order={order} next={next} onMove={onMove} />
        </Group>
      </Group>
    </article>
  );
});

/** The menu is made when it is first asked for: hundreds of cards come and go that nobody touches. */
function OtherSteps({
  order,
  next,
  onMove,
}: Pick<CardProps, "order" | "onMove"> & { next: OrderStatus | null }): ReactElement | null {
  const [asked, setAsked] = useState(false);
  const others = ORDER_STATUS[order.status].next.filter((status) => status !== next);
  if (others.length === 0) return null;
  const button = (
    <ActionIcon
      size="md"
      variant="subtle"
      color="gray"
      aria-label={`More for the order of ${order.customer.name}`}
      aria-haspopup="menu"
      onClick={() => setAsked(true)}
    >
      <span aria-hidden="true">⋯</span>
    </ActionIcon>
  );
  if (!asked) return button;
  return (
    <Menu defaultOpened position="bottom-end" withinPortal>
      <Menu.Target>{button}</Menu.Target>
      <Menu.Dropdown>
        {others.map((status) => (
          <Menu.Item
            key={status}
            {...(isUnkind(status) && { color: "red" })}
            onClick={() => onMove(order, status)}
          >
            {ORDER_STATUS[status].verb}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

export function titleOf(order: Order): string {
  return `Order of ${order.customer.name}, ${ORDER_STATUS[order.status].label}`;
}

/** Shift and → does the usual next step; the arrows alone go to the next card or column. */
function keyOn(event: KeyboardEvent<HTMLElement>, order: Order, onMove: CardProps["onMove"]): void {
  if (event.target !== event.currentTarget) return;
  const next = nextStep(order);
  if (event.shiftKey && event.key === "ArrowRight" && next !== null) {
    event.preventDefault();
    focusNeighbour(event.currentTarget, "ArrowDown");
    onMove(order, next);
  } else if (!event.shiftKey && event.key.startsWith("Arrow")) {
    if (focusNeighbour(event.currentTarget, event.key)) event.preventDefault();
  }
}

function focusNeighbour(card: HTMLElement, key: string): boolean {
  const column = card.closest<HTMLElement>("[data-column]");
  const cards = [...(column?.querySelectorAll<HTMLElement>("[data-card]") ?? [])];
  const index = cards.indexOf(card);
  const found =
    key === "ArrowDown" || key === "ArrowUp"
      ? cards[index + (key === "ArrowDown" ? 1 : -1)]
      : inNextColumn(column, key === "ArrowRight" ? 1 : -1, index);
  found?.focus();
  return found !== undefined;
}

/** The card at the same height in the next column that has one. */
function inNextColumn(
  column: HTMLElement | null,
  step: 1 | -1,
  index: number,
): HTMLElement | undefined {
  const columns = [
    ...(column?.closest("[data-board]")?.querySelectorAll<HTMLElement>("[data-column]") ?? []),
  ];
  for (let at = column === null ? -1 : columns.indexOf(column) + step; at >= 0; at += step) {
    const next = columns[at];
    if (next === undefined) return undefined;
    const cards = next.querySelectorAll<HTMLElement>("[data-card]");
    if (cards.length > 0) return cards[Math.min(index, cards.length - 1)];
  }
  return undefined;
}
