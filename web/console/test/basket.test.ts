import { expect, it } from "vitest";
import {
  emptyBasket,
  linesOf,
  sumOf,
  withQuantity,
} from "../src/features/customer/orders/basket.ts";
import type { Item } from "../src/features/customer/queries.ts";

const item = (id: string, unit_price: number, more: Partial<Item> = {}): Item => ({
  id,
  name: id,
  unit_price,
  currency: "EUR",
  available: true,
  version: 1,
  created_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z",
  ...more,
});
const items = [item("tea", 250), item("cake", 390), item("soup", 600, { available: false })];

it("sums what was chosen, in minor units", () => {
  const basket = withQuantity(withQuantity(emptyBasket, "tea", 2), "cake", 1);
  expect(sumOf(basket, items)).toEqual({ pieces: 3, total: 890, currency: "EUR" });
});

it("keeps quantities between 0 and 99, and none of what has none", () => {
  expect(withQuantity(emptyBasket, "tea", 1_000).get("tea")).toBe(99);
  expect(withQuantity(withQuantity(emptyBasket, "tea", 1), "tea", 0).has("tea")).toBe(false);
  expect(withQuantity(emptyBasket, "tea", -1).has("tea")).toBe(false);
});

it("orders nothing that has gone meanwhile", () => {
  const basket = withQuantity(withQuantity(emptyBasket, "soup", 1), "tea", 1);
  expect(linesOf(basket, items)).toEqual([{ item_id: "tea", quantity: 1 }]);
});
