// Coming in and going out: the one-time link, the keyboard alone, and two tabs of one session.

import assert from "node:assert/strict";
import { local, until } from "../harness.mjs";
import { banner, bannerSays, live, open, signIn, tabTo } from "./page.mjs";

/** The first admin, made by the link that the server prints. Others can then be made. */
export async function setUp(stage, server) {
  const link = await until("the server prints its one-time link", () =>
    server.log.map((line) => /https?:\/\/\S+(\/setup#token=\S+)/.exec(line)?.[1]).find(Boolean));
  const { page, context, complaints } = await open(stage, server, link);
  await page.getByRole("heading", { name: "Welcome" }).waitFor();
  assert.equal(new URL(page.url()).hash, "", "the token stays in the address");
  await page.getByLabel("Your name").fill("Frida First");
  await page.getByLabel("Email").fill("frida@example.com");
  await page.getByLabel("Password", { exact: true }).fill(server.password);
  await page.getByRole("button", { name: "Make the admin and sign in" }).click();
  await page.waitForURL("**/desk");
  await live(page);
  await page.goBack();
  assert.doesNotMatch(page.url(), /token/, "the token is in the history");
  assert.deepEqual(complaints, []);

  const second = await open(stage, server, link);
  await second.page.getByLabel("Your name").fill("Somebody else");
  await second.page.getByLabel("Email").fill("else@example.com");
  await second.page.getByLabel("Password", { exact: true }).fill(server.password);
  await second.page.getByRole("button", { name: "Make the admin and sign in" }).click();
  await second.page.getByRole("alert").waitFor();
  await second.page.getByRole("link", { name: "Go to the sign-in" }).click();
  await second.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await Promise.all([context.close(), second.context.close()]);
}

export function sessionPlays(stage, server) {
  return [
    ["with the keyboard alone: sign in, and move an order on", keyboard],
    ["a sign-out in one tab ends the other", twoTabs],
    ["a wrong password is told in words, and a page for others says so", refused],
  ];

  async function keyboard() {
    const [customer, staff] = await Promise.all([server.customer("Kim Keys"), server.staff()]);
    const order = await staff.orderFor(customer.user.id, "by the keys");
    const { page, context, complaints } = await open(stage, server, "/sign-in");
    await page.getByLabel("Email").waitFor();
    await tabTo(page, page.getByLabel("Email"));
    await page.keyboard.type(staff.user.email);
    await tabTo(page, page.getByLabel("Password", { exact: true }));
    await page.keyboard.type(server.password);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/desk");
    await live(page);
    const card = page.getByRole("article").filter({ hasText: "by the keys" });
    await card.waitFor();
    await tabTo(page, page.getByRole("tab", { name: /^Orders/ }));
    const status = async () => (await staff.ask("GET", `/api/v1/orders/${order.id}`)).status;
    for (const next of ["accepted", "preparing"]) {
      await card.waitFor();
      // The focus went on to a neighbour with the order's last step, or stays at the tabs.
      await tabTo(page, card);
      await page.keyboard.press("Shift+ArrowRight");
      await until(`the order is ${next}`, async () => (await status()) === next);
      await page.getByRole("region", { name: next === "accepted" ? "Accepted" : "Preparing" }).getByText("by the keys").waitFor();
    }
    assert.deepEqual(complaints, []);
    await context.close();
  }

  async function twoTabs() {
    const ana = await server.customer("Ana Twotabs");
    const one = await open(stage, server, "/customer", { session: ana });
    const other = await open(stage, server, "/customer", { context: one.context });
    await Promise.all([live(one.page), live(other.page)]);
    await one.page.getByRole("button", { name: "Account of Ana Twotabs" }).click();
    await one.page.getByRole("menuitem", { name: "Sign out" }).click();
    await one.page.getByRole("heading", { name: "Sign in" }).waitFor();
    await bannerSays(other.page, /^Signed out elsewhere/, 3_000);
    await other.page.getByRole("button", { name: "Sign in again" }).click();
    await other.page.getByText("You were signed out elsewhere").waitFor();
    await signIn(other.page, ana.user.email, server.password);
    await other.page.waitForURL("**/customer");
    await live(other.page);
    await one.context.close();
  }

  async function refused() {
    const ana = await server.customer("Ana Refused");
    const { page, context } = await open(stage, server, "/desk?tab=1");
    await page.waitForURL(/\/sign-in\?next=/);
    await signIn(page, ana.user.email, "not the password");
    await page.getByRole("alert").waitFor();
    assert.equal(await page.getByLabel("Email").inputValue(), ana.user.email);
    await signIn(page, ana.user.email, server.password);
    await page.waitForURL(`${local(server.base)}/desk?tab=1`);
    await page.getByText("This page is for staff and admin; you are signed in as customer.").waitFor();
    await page.getByRole("link", { name: "Go to your page" }).click();
    await page.getByRole("heading", { name: "Hello, Ana" }).waitFor();
    assert.equal(await banner(page).count(), 1);
    await context.close();
  }
}
