// The live board: a column for each status. Orders move by dragging, by button, menu or keys.

import type { Order, OrderStatus } from "@frontdesk/client";
import { Text, VisuallyHidden } from "@mantine/core";
import { type ReactElement, useCallback, useMemo, useState } from "react";
import { Confirm } from "../../../ui/confirm.tsx";
import { Loading } from "../../../ui/states.tsx";
import look from "../desk.module.css";
import { ReadTrouble } from "../notice.tsx";
import type { CardProps } from "./card.tsx";
import { Column, useDrop } from "./column.tsx";
import { columnsOf, DONE_STATUSES, isUnkind, LIVE_STATUSES, ORDER_STATUS } from "./statuses.ts";

interface BoardProps {
  orders: readonly Order[];
  touched: ReadonlyMap<string, number>;
  loading: boolean;
  error: Error | null;
  onRetry: () => void;
  onMove: CardProps["onMove"];
}

export function Board({
  orders,
  touched,
  loading,
  error,
  onRetry,
  onMove,
}: BoardProps): ReactElement {
  const [dragged, setDragged] = useState<Order | null>(null);
  const [doubtful, setDoubtful] = useState<{ order: Order; to: OrderStatus } | null>(null);
  const columns = useMemo(() => columnsOf(orders), [orders]);
  const move = useCallback(
    (order: Order, to: OrderStatus): void => {
      setDragged(null);
      if (isUnkind(to)) setDoubtful({ order, to });
      else onMove(order, to);
    },
    [onMove],
  );
  if (loading) return <Loading what="the orders" />;
  return (
    <>
      {error !== null && <ReadTrouble error={error} onRetry={onRetry} />}
      <VisuallyHidden>
        <Text id="board-keys">
          The arrow keys go from card to card. Shift and the right arrow move an order to its next
          status.
        </Text>
      </VisuallyHidden>
      <div className={look["board"]} data-board>
        {LIVE_STATUSES.map((status) => (
          <Column
            key={status}
            status={status}
            orders={columns[status].shown}
            hidden={columns[status].hidden}
            touched={touched}
            dragged={dragged}
            onMove={move}
            onDrag={setDragged}
          />
        ))}
      </div>
      {dragged !== null && (
        <div className={look["ends"]}>
          {DONE_STATUSES.map((status) => (
            <End key={status} status={status} dragged={dragged} onMove={move} />
          ))}
        </div>
      )}
      <Confirm
        opened={doubtful !== null}
        title={doubtful === null ? "" : `${ORDER_STATUS[doubtful.to].verb} the order?`}
        action={doubtful === null ? "" : `${ORDER_STATUS[doubtful.to].verb} the order`}
        danger
        onConfirm={() => {
          if (doubtful !== null) onMove(doubtful.order, doubtful.to);
        }}
        onClose={() => setDoubtful(null)}
      >
        The customer, {doubtful?.order.customer.name}, is told at once. It cannot be undone.
      </Confirm>
    </>
  );
}

/** A place at the foot of the board to drop what is over. */
function End({
  status,
  dragged,
  onMove,
}: {
  status: OrderStatus;
  dragged: Order;
  onMove: CardProps["onMove"];
}): ReactElement {
  const drop = useDrop(dragged, status, onMove);
  return (
    <div className={look["end"]} {...drop}>
      {ORDER_STATUS[status].label}
    </div>
  );
}
