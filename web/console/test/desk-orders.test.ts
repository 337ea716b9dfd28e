// What the board does with orders.

import { readFileSync } from "node:fs";
import type { Order, OrderStatus } from "@frontdesk/client";
import { expect, it } from "vitest";
import { BOOKING_STATUS } from "../src/features/desk/bookings/days.ts";
import { leastWantedOrder } from "../src/features/desk/orders/queries.ts";
import {
  columnsOf,
  doneOf,
  mayMove,
  nextStep,
  ORDER_STATUS,
  SHOWN_PER_STATUS,
} from "../src/features/desk/orders/statuses.ts";

const order = (id: number, status: OrderStatus): Order => ({
  id: String(id).padStart(6, "0"),
  customer: { id: "c", name: "Ana" },
  status,
  lines: [],
  total: 0,
  currency: "EUR",
  note: "",
  version: 1,
  created_at: new Date(1_700_000_000_000 + id * 1_000).toISOString(),
  updated_at: new Date(1_700_000_000_000 + id * 1_000).toISOString(),
});

const ids = (orders: readonly Order[]): number[] => orders.map(({ id }) => Number(id));

/** What staff may do next, as docs/policy.md, which is made from the code of the server, has it. */
function policyOf(what: "order" | "booking"): Record<string, string[]> {
  const page = readFileSync(new URL("../../../docs/policy.md", import.meta.url), "utf8");
  const table = page.split(`| ${what} is |`)[1]?.split("\n\n")[0] ?? "";
  const rows = [...table.matchAll(/^\| `(\w+)` \| [^|]* \| ([^|]*) \|/gm)];
  return Object.fromEntries(
    rows.map(([, from = "", next = ""]) => [
      from,
      [...next.matchAll(/`(\w+)`/g)].map(([, status = ""]) => status).sort(),
    ]),
  );
}

const nextOf = (
  words: Readonly<Record<string, { next: readonly string[] }>>,
): Record<string, string[]> =>
  Object.fromEntries(Object.entries(words).map(([from, { next }]) => [from, [...next].sort()]));

it("offers the steps that the policy allows staff, and no others", () => {
  expect(nextOf(ORDER_STATUS)).toEqual(policyOf("order"));
  expect(nextOf(BOOKING_STATUS)).toEqual(policyOf("booking"));
});

it("puts each order into the column of its status, who waits longest first", () => {
  const columns = columnsOf([
    order(3, "placed"),
    order(1, "placed"),
    order(2, "ready"),
    order(4, "completed"),
  ]);
  expect(ids(columns.placed.shown)).toEqual([1, 3]);
  expect(ids(columns.ready.shown)).toEqual([2]);
  expect(columns.accepted.shown).toEqual([]);
});

it("shows the newest 200 of a status and counts the others", () => {
  const many = Array.from({ length: SHOWN_PER_STATUS + 5 }, (_, index) => order(index, "placed"));
  const { shown, hidden } = columnsOf(many).placed;
  expect([shown.length, hidden]).toEqual([SHOWN_PER_STATUS, 5]);
  expect(ids(shown).at(0)).toBe(5);
});

it("keeps what is over apart, the last change first", () => {
  const rows = [order(1, "completed"), order(2, "placed"), order(3, "rejected")];
  expect(ids(doneOf(rows))).toEqual([3, 1]);
});

it("knows the usual next step, and that there is none at the end", () => {
  expect(nextStep(order(1, "placed"))).toBe("accepted");
  expect(nextStep(order(1, "completed"))).toBeNull();
  expect(mayMove(order(1, "placed"), "ready")).toBe(false);
});

it("forgets what is over before what is live, and the oldest first", () => {
  const rows = [
    order(4, "placed"),
    order(3, "completed"),
    order(1, "placed"),
    order(2, "completed"),
  ];
  expect(ids(rows.sort(leastWantedOrder))).toEqual([2, 3, 1, 4]);
});
