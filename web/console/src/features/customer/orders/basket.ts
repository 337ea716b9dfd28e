// What is about to be ordered: how many of each item, by the item's id.

import type { Item } from "../queries.ts";

export type Basket = ReadonlyMap<string, number>;

export const emptyBasket: Basket = new Map();

/** Most pieces of one item that the page offers; the desk can write larger orders. */
export const QUANTITY_MAX = 99;

export function withQuantity(basket: Basket, id: string, quantity: number): Basket {
  const next = new Map(basket);
  const bounded = Math.min(QUANTITY_MAX, Math.trunc(quantity));
  if (bounded > 0) next.set(id, bounded);
  else next.delete(id);
  return next;
}

export interface Sum {
  pieces: number;
  /** In minor units of `currency`. */
  total: number;
  /** That of the items; `null` while there is none. An order has one currency. */
  currency: string | null;
}

export function sumOf(basket: Basket, items: readonly Item[]): Sum {
  const sum: Sum = { pieces: 0, total: 0, currency: null };
  for (const item of items) {
    const quantity = basket.get(item.id) ?? 0;
    if (quantity === 0) continue;
    sum.pieces += quantity;
    sum.total += quantity * item.unit_price;
    sum.currency ??= item.currency;
  }
  return sum;
}

/** The lines of the order; an item that has gone meanwhile is left out. */
export function linesOf(
  basket: Basket,
  items: readonly Item[],
): { item_id: string; quantity: number }[] {
  return items
    .filter(({ id, available }) => available && basket.has(id))
    .map(({ id }) => ({ item_id: id, quantity: basket.get(id) ?? 0 }));
}
