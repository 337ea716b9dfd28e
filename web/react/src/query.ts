// The same lists for applications that use TanStack Query: options for `useQuery`, and one hook that
// keeps what they hold live. It needs the optional peer @tanstack/react-query.

import type { Booking, FrontdeskClient, Notification, Order } from "@frontdesk/client";
import { type QueryClient, type UseQueryOptions, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { CollectionPlan } from "./collection.ts";
import { isAutomatic, watchContinuity } from "./continuity.ts";
import { httpOf, type Query } from "./http.ts";
import { LiveList, type Page } from "./live-list.ts";
import { useFrontdesk } from "./provider.ts";
import { type BookingsFilter, bookingsPlan, bookingsQueryOf } from "./use-bookings.ts";
import { type NotificationsFilter, notificationsPlan } from "./use-notifications.ts";
import { type OrdersFilter, ordersPlan, ordersQueryOf } from "./use-orders.ts";

/** `["frontdesk", list, query]`. */
export type LiveKey = readonly ["frontdesk", keyof typeof plans, Query];

/** What `useQuery` takes for a list that `useLiveQueries` keeps right. */
export type LiveQuery<Item> = Required<
  Pick<UseQueryOptions<Item[], Error, Item[], LiveKey>, "queryKey" | "queryFn" | "staleTime">
>;

/** Orders for `useQuery`, the newest first. */
export function ordersQuery(client: FrontdeskClient, filter: OrdersFilter = {}): LiveQuery<Order> {
  return liveQuery(client, "orders", ordersQueryOf(filter));
}

/** Bookings for `useQuery`, the newest first. */
export function bookingsQuery(
  client: FrontdeskClient,
  filter: BookingsFilter = {},
): LiveQuery<Booking> {
  return liveQuery(client, "bookings", bookingsQueryOf(filter));
}

/** Notifications for `useQuery`, the newest first. */
export function notificationsQuery(
  client: FrontdeskClient,
  filter: NotificationsFilter = {},
): LiveQuery<Notification> {
  return liveQuery(client, "notifications", { ...filter });
}

/** Keeps what the queries above hold live. Mount it once, below the provider. */
export function useLiveQueries(): void {
  const client = useFrontdesk();
  const queries = useQueryClient();
  useEffect(() => keepLive(client, queries), [client, queries]);
}

const plans: { orders: Plan<Order>; bookings: Plan<Booking>; notifications: Plan<Notification> } = {
  orders: ordersPlan,
  bookings: bookingsPlan,
  notifications: notificationsPlan,
};

type Plan<Item> = (query: Query) => CollectionPlan<Item>;

const all = ["frontdesk"] as const;

function liveQuery<Item>(
  client: FrontdeskClient,
  list: keyof typeof plans,
  query: Query,
): LiveQuery<Item> {
  return {
    queryKey: ["frontdesk", list, query],
    queryFn: async ({ signal }) =>
      (await httpOf(client).get<Page<Item>>(plans[list](query).path, query, signal)).items,
    // Events say when it is stale.
    staleTime: Number.POSITIVE_INFINITY,
  };
}

function keepLive(client: FrontdeskClient, queries: QueryClient): () => void {
  const ends = [
    client.on("event", ({ topic, ...event }) => {
      if (!(topic in plans)) return;
      for (const query of queries.getQueryCache().findAll({ queryKey: [...all, topic] })) {
        const [, list, asked] = query.queryKey as unknown as LiveKey;
        const plan = plans[list](asked) as CollectionPlan<unknown>;
        const said = plan.read({ topic, ...event } as Parameters<typeof plan.read>[0]);
        if (said === null || !("item" in said)) continue;
        queries.setQueryData<unknown[]>(
          query.queryKey,
          (held) => held && withItem(plan, held, said.item),
        );
        // A snapshot that is under way may be older than this event.
        if (query.state.fetchStatus === "fetching")
          void queries.invalidateQueries({ queryKey: query.queryKey, exact: true });
      }
    }),
    watchContinuity(client, {
      concerns: isAutomatic,
      renew: () => void queries.invalidateQueries({ queryKey: all }),
      forget: () => void queries.resetQueries({ queryKey: all }),
      failed: () =>
        queries
          .getQueryCache()
          .findAll({ queryKey: all })
          .some(({ state }) => state.status === "error"),
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function withItem(plan: CollectionPlan<unknown>, held: unknown[], item: unknown): unknown[] {
  const list = new LiveList(plan.rules);
  for (const one of held) list.apply(one);
  list.apply(item);
  return list.items();
}
