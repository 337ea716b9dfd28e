// The desk: orders, bookings and chats, live; and a word to everyone.

import { Tabs, VisuallyHidden } from "@mantine/core";
import { type ReactElement, useMemo, useState } from "react";
import { useSession } from "../../session/session-provider.tsx";
import { useUser } from "../../session/signed-in.tsx";
import { Page } from "../../ui/page.tsx";
import { Bookings } from "./bookings/bookings.tsx";
import { requestedPlan } from "./bookings/queries.ts";
import { Broadcast } from "./broadcast.tsx";
import { Chats } from "./chats/chats.tsx";
import { folderOf } from "./chats/inbox.ts";
import { chatsPlan } from "./chats/queries.ts";
import look from "./desk.module.css";
import { HeadingLevel } from "./heading.tsx";
import { Orders } from "./orders/orders.tsx";
import { ordersPlan } from "./orders/queries.ts";
import { useLiveTable } from "./use-live-table.ts";

export function DeskPage({ embedded = false }: { embedded?: boolean }): ReactElement {
  const { rest } = useSession();
  const me = useUser().id;
  // Here and not in the parts, so that they know at once what came while another part was in sight.
  const orders = useLiveTable(useMemo(() => ordersPlan(rest), [rest]));
  const requested = useLiveTable(useMemo(() => requestedPlan(rest), [rest]));
  const chats = useLiveTable(useMemo(() => chatsPlan(rest, me), [rest, me]));
  const [view, setView] = useState("orders");

  const waiting = {
    orders: countOf(orders.rows, ({ status }) => status === "placed"),
    bookings: countOf(requested.rows, ({ status }) => status === "requested"),
    chats: countOf(chats.rows, (chat) => {
      const folder = folderOf(chat, me);
      return folder === "waiting" || (folder === "mine" && (chat.unread ?? 0) > 0);
    }),
  };
  return (
    <Page title={embedded ? "Orders, bookings and chats" : "Desk"} embedded={embedded} wide>
      <HeadingLevel value={embedded ? 3 : 2}>
        <Tabs
          value={view}
          onChange={(next) => setView(next ?? "orders")}
          keepMounted={false}
          classNames={{ tab: look["tab"] ?? "" }}
        >
          <Tabs.List mb="md" aria-label="Parts of the desk">
            <Tab view="orders" label="Orders" waiting={waiting.orders} what="new" />
            <Tab view="bookings" label="Bookings" waiting={waiting.bookings} what="to answer" />
            <Tab view="chats" label="Chats" waiting={waiting.chats} what="waiting" />
            <Tab view="notify" label="Notify" waiting={0} what="" />
          </Tabs.List>
          <Tabs.Panel value="orders">
            <Orders live={orders} />
          </Tabs.Panel>
          <Tabs.Panel value="bookings">
            <Bookings requested={requested} />
          </Tabs.Panel>
          <Tabs.Panel value="chats">
            <Chats live={chats} />
          </Tabs.Panel>
          <Tabs.Panel value="notify">
            <Broadcast />
          </Tabs.Panel>
        </Tabs>
      </HeadingLevel>
    </Page>
  );
}

function Tab({
  view,
  label,
  waiting,
  what,
}: {
  view: string;
  label: string;
  waiting: number;
  what: string;
}): ReactElement {
  return (
    <Tabs.Tab value={view}>
      {label}
      {waiting > 0 && (
        <>
          {" "}
          <span className={look["count"]}>{waiting > 99 ? "99+" : waiting}</span>
          <VisuallyHidden> {what}</VisuallyHidden>
        </>
      )}
    </Tabs.Tab>
  );
}

function countOf<Row>(rows: ReadonlyMap<string, Row>, counts: (row: Row) => boolean): number {
  let count = 0;
  for (const row of rows.values()) if (counts(row)) count += 1;
  return count;
}
