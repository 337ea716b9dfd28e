// Orders that are over, as a list: those the server has, and those that ended while it is looked at.

import type { Order } from "@frontdesk/client";
import { Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useMemo } from "react";
import { useSession } from "../../../session/session-provider.tsx";
import { money } from "../../../ui/money.ts";
import { RelativeTime } from "../../../ui/relative-time.tsx";
import { Empty, Loading } from "../../../ui/states.tsx";
import { StatusBadge, toneOf } from "../../../ui/status-badge.tsx";
import look from "../desk.module.css";
import { ReadTrouble } from "../notice.tsx";
import { DONE_PAGE, doneOrders } from "./queries.ts";
import { doneOf, ORDER_STATUS } from "./statuses.ts";

/** Rows that are drawn. */
const SHOWN_MAX = 150;

export function DoneOrders({ live }: { live: readonly Order[] }): ReactElement {
  const { rest } = useSession();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["desk", "done orders"],
    queryFn: ({ signal }) => doneOrders(rest, signal),
    staleTime: 0,
  });
  const orders = useMemo(() => {
    const newest = new Map((data ?? []).map((order) => [order.id, order]));
    for (const order of live) {
      const held = newest.get(order.id);
      if (held === undefined || held.version <= order.version) newest.set(order.id, order);
    }
    return doneOf(newest.values()).slice(0, SHOWN_MAX);
  }, [data, live]);
  if (isPending) return <Loading what="the orders" />;
  if (error !== null && orders.length === 0)
    return <ReadTrouble error={error} onRetry={() => void refetch()} />;
  if (orders.length === 0)
    return (
      <Empty title="No order is over yet">
        An order stands here once it was completed, rejected or cancelled.
      </Empty>
    );
  return (
    <>
      <Table.ScrollContainer
        minWidth={520}
        type="native"
        tabIndex={0}
        role="region"
        aria-label="Orders that are over, to scroll"
      >
        <Table verticalSpacing="sm" aria-label="Orders that are over">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Customer</Table.Th>
              <Table.Th>Order</Table.Th>
              <Table.Th>Total</Table.Th>
              <Table.Th>Status</Table.Th>
              <Table.Th>Since</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {orders.map((order) => (
              <Table.Tr key={order.id}>
                <Table.Td>{order.customer.name}</Table.Td>
                <Table.Td className={look["lines"] ?? ""}>
                  {order.lines.map(({ quantity, name }) => `${quantity} × ${name}`).join(", ")}
                </Table.Td>
                <Table.Td>{money(order.total, order.currency)}</Table.Td>
                <Table.Td>
                  <StatusBadge tone={toneOf(order.status)}>
                    {ORDER_STATUS[order.status].label}
                  </StatusBadge>
                </Table.Td>
                <Table.Td className={look["nowrap"] ?? ""}>
                  <RelativeTime at={order.updated_at} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Text size="sm" c="dimmed">
        The newest {DONE_PAGE} of each status, and those that ended while you look.
      </Text>
    </>
  );
}
