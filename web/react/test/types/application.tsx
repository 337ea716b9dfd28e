// What an application writes; it must compile against the published types.

import { createClient } from "@frontdesk/client";
import {
  FrontdeskProvider,
  useChat,
  useConnection,
  useEvents,
  useOrders,
  useWebSocketSingleton,
} from "@frontdesk/react";
import { ordersQuery, useLiveQueries } from "@frontdesk/react/query";
import type { ReactElement } from "react";

const client = createClient({ url: "https://desk.example.com" });

export const own: ReactElement = <FrontdeskProvider client={client} />;
export const made: ReactElement = (
  <FrontdeskProvider options={{ url: "https://desk.example.com" }}>text</FrontdeskProvider>
);
// @ts-expect-error both at once are refused
export const both: ReactElement = <FrontdeskProvider client={client} options={{}} />;

export function Page(): string {
  const { items, cancel } = useOrders({ status: "placed" });
  const { messages, send } = useChat("me");
  const { lastEvent } = useWebSocketSingleton();
  useEvents("order.updated", ({ data }) => void cancel(data.order.id));
  useEvents(["orders", "bookings"], ({ data }) =>
    "order" in data ? data.order.total : data.booking.party_size,
  );
  // @ts-expect-error there is no such event
  useEvents("order.eaten", () => {});
  useLiveQueries();
  ordersQuery(client).queryKey satisfies readonly unknown[];
  return `${useConnection().status} ${items[0]?.total} ${messages[0]?.delivery} ${send("Hello")} ${lastEvent?.topic}`;
}
