// The customer's orders, and placing one.

import type { Order } from "@frontdesk/client";
import { useOrders } from "@frontdesk/react";
import { Button } from "@mantine/core";
import { type ReactElement, useState } from "react";
import { troubleOf } from "../../../session/trouble.ts";
import { Icon } from "../../../ui/icons.tsx";
import { Panel } from "../../../ui/page.tsx";
import { Empty, Loading, TroubleNotice } from "../../../ui/states.tsx";
import { useArrivals } from "../../../ui/use-arrivals.ts";
import { NewOrder } from "./new-order.tsx";
import { OrderCard } from "./order-card.tsx";
import { isUnderWay } from "./progress.tsx";

export function Orders(): ReactElement {
  const orders = useOrders();
  const { items, loading, error, hasMore } = orders;
  const [choosing, setChoosing] = useState(false);
  const [earlier, setEarlier] = useState(false);
  const arrival = useArrivals(
    items.map(({ id }) => id),
    loading,
  );
  const live = items.filter(({ status }) => isUnderWay(status));
  const over = items.filter(({ status }) => !isUnderWay(status));
  const card = (order: Order): ReactElement => (
    <OrderCard
      key={order.id}
      order={order}
      className={arrival(order.id)}
      onCancel={() => orders.cancel(order.id)}
      onNote={(note) => orders.update(order.id, { note })}
    />
  );

  return (
    <Panel
      title="Orders"
      actions={
        !choosing && (
          <Button
            size="sm"
            leftSection={<Icon name="plus" size={16} />}
            onClick={() => setChoosing(true)}
          >
            New order
          </Button>
        )
      }
    >
      {choosing && <NewOrder place={orders.place} onDone={() => setChoosing(false)} />}
      {error && items.length === 0 ? (
        <TroubleNotice {...troubleOf(error)} onRetry={() => void orders.reload()} />
      ) : loading && items.length === 0 ? (
        <Loading what="your orders" />
      ) : (
        live.map(card)
      )}
      {!loading && !error && live.length === 0 && !choosing && (
        <Empty title="Nothing is on its way">
          Place an order; its progress shows here as it happens.
        </Empty>
      )}
      {(over.length > 0 || hasMore) && (
        <>
          <Button
            variant="subtle"
            size="compact-sm"
            style={{ alignSelf: "flex-start" }}
            aria-expanded={earlier}
            onClick={() => setEarlier(!earlier)}
          >
            {earlier
              ? "Hide earlier orders"
              : `Show earlier orders (${over.length}${hasMore ? "+" : ""})`}
          </Button>
          {earlier && over.map(card)}
          {earlier && hasMore && (
            <Button variant="default" size="sm" onClick={() => void orders.loadMore()}>
              Load more
            </Button>
          )}
        </>
      )}
    </Panel>
  );
}
