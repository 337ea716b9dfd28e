// Choosing what to order.

import type { Order } from "@frontdesk/client";
import type { PlaceOrder } from "@frontdesk/react";
import { Button, Group, Stack, Text, Textarea, UnstyledButton } from "@mantine/core";
import { type FormEvent, type ReactElement, useState } from "react";
import { type Trouble, troubleOf } from "../../../session/trouble.ts";
import { Icon } from "../../../ui/icons.tsx";
import { money } from "../../../ui/money.ts";
import { Empty, Loading, TroubleNotice } from "../../../ui/states.tsx";
import { type Item, useItems } from "../queries.ts";
import { emptyBasket, linesOf, QUANTITY_MAX, sumOf, withQuantity } from "./basket.ts";
import classes from "./orders.module.css";

export interface NewOrderProps {
  place: (order: PlaceOrder) => Promise<Order>;
  onDone: () => void;
}

export function NewOrder({ place, onDone }: NewOrderProps): ReactElement {
  const { data: items = [], isPending, error, refetch } = useItems();
  const [basket, setBasket] = useState(emptyBasket);
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const { pieces, total, currency } = sumOf(basket, items);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setTrouble(null);
    try {
      await place({ lines: linesOf(basket, items), note: note.trim() });
      onDone();
    } catch (thrown) {
      setTrouble(troubleOf(thrown));
      setBusy(false);
      // Perhaps an item has gone meanwhile.
      void refetch();
    }
  };

  if (isPending) return <Loading what="what can be ordered" />;
  if (error) return <TroubleNotice {...troubleOf(error)} onRetry={() => void refetch()} />;
  return (
    <form
      className={classes["new"]}
      onSubmit={(event) => void submit(event)}
      aria-label="New order"
    >
      <Stack gap="md">
        {items.length === 0 ? (
          <Empty title="There is nothing to order yet">
            The desk has not put anything on the list.
          </Empty>
        ) : (
          <ul className={classes["items"]}>
            {items.map((item) => (
              <ItemRow
                key={item.id}
                item={item}
                quantity={basket.get(item.id) ?? 0}
                otherCurrency={currency !== null && item.currency !== currency ? currency : null}
                onQuantity={(quantity) => setBasket(withQuantity(basket, item.id, quantity))}
              />
            ))}
          </ul>
        )}
        <Textarea
          label="Note to the desk"
          autosize
          minRows={1}
          maxRows={4}
          maxLength={2_000}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        {trouble && <TroubleNotice {...trouble} />}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onDone}>
            Not now
          </Button>
          <Button type="submit" disabled={pieces === 0} loading={busy}>
            {pieces === 0
              ? "Choose something first"
              : `Place order · ${money(total, currency ?? "EUR")}`}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface ItemRowProps {
  item: Item;
  quantity: number;
  /** That of the order so far, if it is another one. */
  otherCurrency: string | null;
  onQuantity: (quantity: number) => void;
}

function ItemRow({ item, quantity, otherCurrency, onQuantity }: ItemRowProps): ReactElement {
  const { name, unit_price, currency, available } = item;
  const blocked = !available
    ? "not available now"
    : otherCurrency !== null
      ? `the order is in ${otherCurrency}`
      : null;
  return (
    <li className={classes["item"]} data-chosen={quantity > 0}>
      <span>
        {name}
        {blocked && (
          <Text span size="sm" c="dimmed">
            {" "}
            {blocked}
          </Text>
        )}
      </span>
      <span className={classes["price"]}>{money(unit_price, currency)}</span>
      <span className={classes["quantity"]}>
        <UnstyledButton
          className={classes["step"]}
          aria-label={`One ${name} less`}
          disabled={quantity === 0}
          onClick={() => onQuantity(quantity - 1)}
        >
          <Icon name="minus" size={16} />
        </UnstyledButton>
        <output aria-label={`How many ${name}`}>{quantity}</output>
        <UnstyledButton
          className={classes["step"]}
          aria-label={`One ${name} more`}
          disabled={blocked !== null || quantity >= QUANTITY_MAX}
          onClick={() => onQuantity(quantity + 1)}
        >
          <Icon name="plus" size={16} />
        </UnstyledButton>
      </span>
    </li>
  );
}
