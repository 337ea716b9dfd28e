// Orders: one's own, or everyone's for staff.

import type { Order, OrderId, OrderStatus, UserId, components } from "@frontdesk/client";
import { useMemo } from "react";
import { type Collection, type CollectionPlan, collectionOf } from "./collection.ts";
import type { Loose, Query } from "./http.ts";
import { useFrontdesk } from "./provider.ts";
import { type LiveItems, useCollection } from "./use-collection.ts";

export type PlaceOrder = components["schemas"]["PlaceOrderRequest"];
export type ChangeOrder = Omit<components["schemas"]["ChangeOrderRequest"], "version">;

/** Which orders. */
export interface OrdersFilter {
  status?: OrderStatus;
  /** Of one customer; for staff. */
  customerId?: UserId;
  /** How many at first; 50 by default, 200 at most. */
  limit?: number;
}

export interface Orders extends LiveItems<Order> {
  place: (order: PlaceOrder) => Promise<Order>;
  /** Changes an order as it is shown here; rejects with `stale_version` if it has changed meanwhile. */
  update: (id: OrderId, change: ChangeOrder) => Promise<Order>;
  cancel: (id: OrderId) => Promise<Order>;
}

/** Orders, live. */
export function useOrders(filter: OrdersFilter = {}): Orders {
  const client = useFrontdesk();
  const { status, customerId, limit } = filter;
  const orders = useMemo(
    () => collectionOf(client, "orders", ordersQueryOf({ status, customerId, limit }), ordersPlan),
    [client, status, customerId, limit],
  );
  const actions = useMemo(() => actionsOf(orders), [orders]);
  return { ...useCollection(orders), ...actions };
}

export function ordersQueryOf({ status, customerId, limit }: Loose<OrdersFilter>): Query {
  return { status, customer_id: customerId, limit };
}

export function ordersPlan(query: Query): CollectionPlan<Order> {
  return {
    path: "/api/v1/orders",
    query,
    rules: {
      id: (order) => order.id,
      at: (order) => order.created_at,
      replaces: (next, held) => next.version >= held.version,
      shown: (order) =>
        (query.status === undefined || order.status === query.status) &&
        (query.customer_id === undefined || order.customer.id === query.customer_id),
    },
    read: ({ topic, data }) => (topic === "orders" ? { item: data.order } : null),
  };
}

function actionsOf(orders: Collection<Order>): Pick<Orders, "place" | "update" | "cancel"> {
  const update = (id: OrderId, change: ChangeOrder): Promise<Order> => orders.change(id, change);
  return {
    place: (order) => orders.create(order),
    update,
    cancel: (id) => update(id, { status: "cancelled" }),
  };
}
