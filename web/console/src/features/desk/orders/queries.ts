// What the board asks the server.

import type { Order, OrderStatus } from "@frontdesk/client";
import type { RestClient } from "@frontdesk/client/rest";
import type { LivePlan } from "../live-table.ts";
import { found, same } from "../found.ts";
import { DONE_STATUSES, isLive, LIVE_STATUSES, SHOWN_PER_STATUS } from "./statuses.ts";

/** Orders of each status that is over which are asked for at once. */
export const DONE_PAGE = 50;

/** The newest orders of each live status, and whatever else events tell of. */
export function ordersPlan(rest: RestClient): LivePlan<Order> {
  return {
    load: async (signal) => {
      const pages = await Promise.all(
        LIVE_STATUSES.map((status) => newest(rest, status, SHOWN_PER_STATUS, signal)),
      );
      return pages.flat();
    },
    one: (id) => readOrder(rest, id),
    read: (event) =>
      event.event === "order.created" || event.event === "order.updated"
        ? { row: event.data.order }
        : null,
    id: ({ id }) => id,
    replaces: (next, held) => next.version >= held.version,
    leastWanted: leastWantedOrder,
  };
}

/** Those that are over go first, then the oldest. */
export function leastWantedOrder(one: Order, other: Order): number {
  if (isLive(one.status) !== isLive(other.status)) return isLive(one.status) ? 1 : -1;
  return one.updated_at < other.updated_at ? -1 : 1;
}

export async function doneOrders(rest: RestClient, signal: AbortSignal): Promise<Order[]> {
  const pages = await Promise.all(
    DONE_STATUSES.map((status) => newest(rest, status, DONE_PAGE, signal)),
  );
  return pages.flat();
}

/** Asks for a change of an order as it is held; a stale one is refused, so that nobody's work is undone. */
export async function changeOrder(
  rest: RestClient,
  { id, version }: Order,
  change: { status: OrderStatus },
): Promise<Order> {
  const { data } = await rest.PATCH("/api/v1/orders/{id}", {
    params: { path: { id } },
    body: { ...change, version },
  });
  return same<Order>(found(data));
}

async function readOrder(rest: RestClient, id: string): Promise<Order> {
  const { data } = await rest.GET("/api/v1/orders/{id}", { params: { path: { id } } });
  return same<Order>(found(data));
}

async function newest(
  rest: RestClient,
  status: OrderStatus,
  limit: number,
  signal: AbortSignal,
): Promise<Order[]> {
  const { data } = await rest.GET("/api/v1/orders", {
    params: { query: { status, limit } },
    signal,
  });
  return found(data).items.map<Order>(same);
}
