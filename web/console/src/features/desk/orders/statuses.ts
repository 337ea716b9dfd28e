// What the desk may do with an order, and what that is called. The server decides; this only says
// which buttons and drop targets make sense (docs/policy.md, "Which status may follow").

import type { Order, OrderStatus } from "@frontdesk/client";

/** The columns of the board, in the order an order passes through them. */
export const LIVE_STATUSES = ["placed", "accepted", "preparing", "ready"] as const;

/** Where an order ends. */
export const DONE_STATUSES = ["completed", "rejected", "cancelled"] as const;

export type LiveStatus = (typeof LIVE_STATUSES)[number];

/** Orders of one status that the board shows; older ones are counted. */
export const SHOWN_PER_STATUS = 200;

interface StatusWords {
  /** The heading of the column, or the badge. */
  label: string;
  /** What the button says that leads there. */
  verb: string;
  /** Statuses that staff may choose next, the usual one first. */
  next: readonly OrderStatus[];
}

export const ORDER_STATUS: Readonly<Record<OrderStatus, StatusWords>> = {
  placed: { label: "New", verb: "Place", next: ["accepted", "rejected", "cancelled"] },
  accepted: { label: "Accepted", verb: "Accept", next: ["preparing", "cancelled"] },
  preparing: { label: "Preparing", verb: "Prepare", next: ["ready", "cancelled"] },
  ready: { label: "Ready", verb: "Ready", next: ["completed", "cancelled"] },
  completed: { label: "Completed", verb: "Complete", next: [] },
  rejected: { label: "Rejected", verb: "Reject", next: [] },
  cancelled: { label: "Cancelled", verb: "Cancel", next: [] },
};

export function mayMove(order: Order, to: OrderStatus): boolean {
  return ORDER_STATUS[order.status].next.includes(to);
}

/** The usual next step, if there is one. */
export function nextStep(order: Order): OrderStatus | null {
  return ORDER_STATUS[order.status].next[0] ?? null;
}

/** Whether a step ends an order against somebody's wish, so that it is asked for twice. */
export function isUnkind(to: OrderStatus): boolean {
  return to === "rejected" || to === "cancelled";
}

/** The orders of each column, the oldest first, because it has waited longest; bounded to the newest. */
export function columnsOf(
  rows: Iterable<Order>,
): Record<LiveStatus, { shown: Order[]; hidden: number }> {
  const byStatus: Record<LiveStatus, Order[]> = {
    placed: [],
    accepted: [],
    preparing: [],
    ready: [],
  };
  for (const order of rows) if (isLive(order.status)) byStatus[order.status].push(order);
  const column = (status: LiveStatus): { shown: Order[]; hidden: number } => {
    const orders = byStatus[status].sort(newestFirst);
    const shown = orders.slice(0, SHOWN_PER_STATUS).reverse();
    return { shown, hidden: orders.length - shown.length };
  };
  return {
    placed: column("placed"),
    accepted: column("accepted"),
    preparing: column("preparing"),
    ready: column("ready"),
  };
}

/** Those that are over, the one that changed last first. */
export function doneOf(rows: Iterable<Order>): Order[] {
  return [...rows]
    .filter(({ status }) => !isLive(status))
    .sort((one, other) => compare(other.updated_at, one.updated_at) || compare(other.id, one.id));
}

export function isLive(status: OrderStatus): status is LiveStatus {
  return (LIVE_STATUSES as readonly OrderStatus[]).includes(status);
}

function newestFirst(one: Order, other: Order): number {
  return compare(other.created_at, one.created_at) || compare(other.id, one.id);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
