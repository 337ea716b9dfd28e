// The orders of the desk: a live board, and behind a switch those that are over.

import type { Order, OrderStatus } from "@frontdesk/client";
import { Group, SegmentedControl, Stack } from "@mantine/core";
import { type ReactElement, useCallback, useDeferredValue, useMemo, useState } from "react";
import { useSession } from "../../../session/session-provider.tsx";
import { Notice, type Told, toldOf } from "../notice.tsx";
import type { Live } from "../use-live-table.ts";
import { Board } from "./board.tsx";
import { DoneOrders } from "./done.tsx";
import { changeOrder } from "./queries.ts";
import { ORDER_STATUS } from "./statuses.ts";

export function Orders({ live }: { live: Live<Order> }): ReactElement {
  const { rest } = useSession();
  const [which, setWhich] = useState<"live" | "done">("live");
  const [told, setTold] = useState<Told | null>(null);
  // A flood of orders must not keep anyone from clicking.
  const { table, rows, touched, loading, error } = useDeferredValue(live);
  const move = useCallback(
    async (order: Order, to: OrderStatus): Promise<void> => {
      setTold(null);
      try {
        await table.change(order.id, { status: to }, (held) =>
          changeOrder(rest, held, { status: to }),
        );
      } catch (problem) {
        const now = table.get(order.id);
        const where = now === undefined ? "" : `It is “${ORDER_STATUS[now.status].label}” now.`;
        setTold(toldOf(`The order of ${order.customer.name} was not moved.`, problem, where));
      }
    },
    [rest, table],
  );
  const orders = useMemo(() => [...rows.values()], [rows]);
  return (
    <Stack gap="md">
      <Group justify="space-between">
        <SegmentedControl
          aria-label="Which orders"
          value={which}
          onChange={(value) => setWhich(value as "live" | "done")}
          data={[
            { value: "live", label: "Live" },
            { value: "done", label: "Completed and cancelled" },
          ]}
        />
      </Group>
      <Notice told={told} onClose={() => setTold(null)} />
      {which === "live" ? (
        <Board
          orders={orders}
          touched={touched}
          loading={loading}
          error={error}
          onRetry={table.reload}
          onMove={move}
        />
      ) : (
        <DoneOrders live={orders} />
      )}
    </Stack>
  );
}
