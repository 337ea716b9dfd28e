// One column of the board. Only the cards in sight are drawn, so that two hundred cost no more than ten.

import type { Order, OrderStatus } from "@frontdesk/client";
import { Badge, Group, Text } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type DragEvent,
  memo,
  type NamedExoticComponent,
  type ReactElement,
  useId,
  useRef,
  useState,
} from "react";
import look from "../desk.module.css";
import { Heading } from "../heading.tsx";
import { type CardProps, OrderCard } from "./card.tsx";
import { type LiveStatus, mayMove, ORDER_STATUS, SHOWN_PER_STATUS } from "./statuses.ts";

interface ColumnProps extends Pick<CardProps, "onMove" | "onDrag"> {
  status: LiveStatus;
  orders: readonly Order[];
  /** Orders beyond those that are shown. */
  hidden: number;
  touched: ReadonlyMap<string, number>;
  /** What is being dragged now. */
  dragged: Order | null;
}

const CARD_HEIGHT = 124;

const NOTHING: Readonly<Record<LiveStatus, string>> = {
  placed: "No new orders. They appear here by themselves.",
  accepted: "Nothing accepted waits to be prepared.",
  preparing: "Nothing is being prepared.",
  ready: "Nothing waits to be collected.",
};

export const Column: NamedExoticComponent<ColumnProps> = memo(function Column({
  status,
  orders,
  hidden,
  touched,
  dragged,
  onMove,
  onDrag,
}: ColumnProps): ReactElement {
  const heading = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const drop = useDrop(dragged, status, onMove);
  const virtual = useVirtualizer({
    count: orders.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => CARD_HEIGHT,
    getItemKey: (index) => orders[index]?.id ?? index,
    overscan: 4,
  });
  return (
    <section aria-labelledby={heading} className={look["column"]} data-column={status} {...drop}>
      <Group justify="space-between" px={4}>
        <Heading id={heading}>{ORDER_STATUS[status].label}</Heading>
        <Badge variant="light" color="gray" aria-label={`${orders.length + hidden} orders`}>
          {orders.length + hidden}
        </Badge>
      </Group>
      <div ref={scroller} className={look["cards"]}>
        {orders.length === 0 && (
          <Text size="sm" c="dimmed" className={look["nothing"] ?? ""}>
            {NOTHING[status]}
          </Text>
        )}
        <div className={look["virtual"]} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, key, start }) => {
            const order = orders[index];
            return (
              order !== undefined && (
                <div
                  key={key}
                  data-index={index}
                  ref={virtual.measureElement}
                  className={look["slot"]}
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <OrderCard
                    order={order}
                    touchedAt={touched.get(order.id)}
                    onMove={onMove}
                    onDrag={onDrag}
                  />
                </div>
              )
            );
          })}
        </div>
      </div>
      {hidden > 0 && (
        <Text size="sm" c="dimmed" px={4}>
          The newest {SHOWN_PER_STATUS} are shown; {hidden} older ones wait behind them.
        </Text>
      )}
    </section>
  );
});

/** What makes an element a place to drop an order on, if the order may go there. */
export function useDrop(
  dragged: Order | null,
  to: OrderStatus,
  onMove: CardProps["onMove"],
): Record<string, unknown> {
  const [over, setOver] = useState(false);
  if (dragged === null) return {};
  if (!mayMove(dragged, to)) return { "data-drop": dragged.status === to ? undefined : "no" };
  return {
    "data-drop": over ? "over" : "yes",
    onDragOver: (event: DragEvent) => {
      event.preventDefault();
      event.dataTransfer.dropEffect = "move";
      setOver(true);
    },
    onDragLeave: (event: DragEvent) => {
      if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
    },
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      onMove(dragged, to);
    },
  };
}
