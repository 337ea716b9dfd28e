// The demo's front page: a customer and the desk beside each other.

import assert from "node:assert/strict";
import { live, open, timed, within } from "./page.mjs";

/** Longest time from one side to the other. */
const LIVE_MS = 1_000;

/** What the desk's button says, and what the customer reads then. */
const STEPS = [
  ["Accept", "Accepted. It is prepared next."],
  ["Prepare", "It is being prepared now."],
  ["Ready", "It is ready for you."],
];

export function splitPlays(stage, demo) {
  return [["an order placed on the left is on the right within a second, and every status comes back", placed]];

  async function placed() {
    const { page, context, complaints } = await open(stage, demo, "/");
    await page.waitForURL("**/split");
    const [customer, desk] = ["Customer", "Desk"].map((name) => page.getByRole("region", { name, exact: true }));
    await Promise.all([live(customer), live(desk)]);
    const board = desk.getByRole("tabpanel", { name: /^Orders/ });
    await board.getByRole("region", { name: "New" }).waitFor();
    await within(LIVE_MS, (count) => onePlaced(customer, board, `For lime tree ${count}`));
    await customer.getByRole("button", { name: /^Show earlier orders/ }).click();
    await customer.getByRole("article").filter({ hasText: "For lime tree 1" }).getByText("Completed", { exact: true }).waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  }
}

/** From the order to its end. Gives the longest time from one side to the other. */
async function onePlaced(customer, board, note) {
  await customer.getByRole("button", { name: "New order" }).click();
  await customer.getByRole("button", { name: "One Cappuccino more" }).click();
  await customer.getByRole("button", { name: "One Apple cake more" }).click();
  await customer.getByLabel("Note to the desk").fill(note);
  const took = [await timed(board, note, customer.getByRole("button", { name: /^Place order/ }))];
  const card = board.getByRole("article").filter({ hasText: note });
  const order = customer.getByRole("article").filter({ hasText: note });
  await order.getByText("The desk has your order").waitFor();
  for (const [verb, words] of STEPS) {
    took.push(await timed(order, words, card.getByRole("button", { name: verb, exact: true })));
  }
  assert.equal(await order.locator("[aria-current=step]").innerText(), "Ready");
  await card.getByRole("button", { name: "Complete" }).click();
  await Promise.all([card, order].map((shown) => shown.waitFor({ state: "detached" })));
  return Math.max(...took);
}
