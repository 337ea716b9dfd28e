// The pure parts of the admin page.

import { expect, it } from "vitest";
import { fits } from "../src/features/admin/accounts/queries.ts";
import {
  changeEntry,
  type Draft,
  requestOf,
  withEntry,
  withoutEntry,
  wrongIn,
} from "../src/features/admin/bot/draft.ts";
import { priceOf, priceText } from "../src/features/admin/catalog/price.ts";
import { type OnePage, readPages } from "../src/features/admin/pages.ts";

it("reads a price as people write it", () => {
  expect(priceOf("2.40", "EUR")).toBe(240);
  expect(priceOf(" 2,4 ", "EUR")).toBe(240);
  expect(priceOf("250", "JPY")).toBe(250);
  expect(priceOf("1.234", "KWD")).toBe(1_234);
  for (const text of ["", "-1", "2.405", "2.4.0", "2 €", "1e3"])
    expect(priceOf(text, "EUR")).toBeNull();
  expect(priceOf("2.5", "JPY")).toBeNull();
});

it("writes a price so that it reads the same", () => {
  for (const [price, currency] of [
    [240, "EUR"],
    [5, "EUR"],
    [250, "JPY"],
    [1_234, "KWD"],
  ] as const)
    expect(priceOf(priceText(price, currency), currency)).toBe(price);
});

it("finds an account by parts of its name, address, role or id, in any order", () => {
  const user = {
    id: "0192-ab",
    name: "Ana Lima",
    email: "ana@example.com",
    role: "customer" as const,
    disabled: false,
    created_at: "2026-11-22T00:00:00.000Z",
  };
  for (const words of ["", "lima ana", "EXAMPLE", "customer", "0192"])
    expect(fits(user, words)).toBe(true);
  expect(fits(user, "ana staff")).toBe(false);
});

it("reads pages until there is enough, and says whether that was all", async () => {
  const asked: (string | undefined)[] = [];
  const pages: Record<string, OnePage<number>> = {
    first: { items: [1, 2], next_cursor: "b" },
    b: { items: [3, 4], next_cursor: "c" },
    c: { items: [5], next_cursor: null },
  };
  const read = async (cursor: string | undefined): Promise<{ data?: OnePage<number> }> => {
    asked.push(cursor);
    const data = pages[cursor ?? "first"];
    return data === undefined ? {} : { data };
  };
  expect(await readPages(read, { pagesMax: 9 })).toEqual({
    items: [1, 2, 3, 4, 5],
    complete: true,
  });
  expect(asked).toEqual([undefined, "b", "c"]);
  expect(await readPages(read, { pagesMax: 9, enough: 2, fit: (item) => item > 1 })).toEqual({
    items: [2, 3, 4],
    complete: false,
  });
  expect(await readPages(read, { pagesMax: 1 })).toEqual({ items: [1, 2], complete: false });
});

it("keeps one way to ask on each line, and leaves blank ones out", () => {
  let draft: Draft = { hours: " 9 to 5 ", timezone: "UTC", entries: [] };
  draft = withEntry(withEntry(draft));
  const [first, second] = draft.entries;
  draft = changeEntry(draft, first?.key ?? -1, { asked: "where\n\n  how  ", answer: " Here. " });
  draft = withoutEntry(draft, second?.key ?? -1);
  expect(requestOf(draft)).toEqual({
    hours: "9 to 5",
    timezone: "UTC",
    entries: [{ asked: ["where", "how"], answer: "Here." }],
  });
  const keys = withEntry(draft).entries.map(({ key }) => key);
  expect(new Set(keys).size).toBe(2);
});

it("shows what is wrong beside the entry that it is about", () => {
  const fields = { "entries/1/answer": "Is empty.", "entries/0/asked/2": "Is too long." };
  expect(wrongIn(fields, 1, "answer")).toBe("Is empty.");
  expect(wrongIn(fields, 0, "asked")).toBe("Is too long.");
  expect(wrongIn(fields, 0, "answer")).toBeUndefined();
  expect(wrongIn({ "entries/10/answer": "x" }, 1, "answer")).toBeUndefined();
});
