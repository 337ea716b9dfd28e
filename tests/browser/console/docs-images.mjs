// The two pictures of the README, as the console really looks: customer and desk beside each other, and
// the page that says why somebody cannot connect.

import assert from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { live, open } from "./page.mjs";

const FOLDER = fileURLToPath(new URL("../../../docs/images/", import.meta.url));

const MAX_BYTES = 200 * 1024;

export async function docsImages(stage, server) {
  mkdirSync(FOLDER, { recursive: true });
  await split(stage, server);
  await why(stage, server);
}

async function split(stage, server) {
  const { page, context } = await open(stage, server, "/split", { colorScheme: "light" });
  const [customer, desk] = ["Customer", "Desk"].map((name) => page.getByRole("region", { name, exact: true }));
  await Promise.all([live(customer), live(desk)]);
  await customer.getByRole("button", { name: "New order" }).click();
  await customer.getByRole("button", { name: "One Cappuccino more" }).click();
  await customer.getByRole("button", { name: "One Croissant more" }).click();
  await customer.getByLabel("Note to the desk").fill("For the terrace.");
  await customer.getByRole("button", { name: /^Place order/ }).click();
  const card = desk.getByRole("article").filter({ hasText: "For the terrace." });
  await card.getByRole("button", { name: "Accept" }).click();
  await customer.getByRole("article").filter({ hasText: "For the terrace." }).getByText("Accepted. It is prepared next.").waitFor();
  await picture(page, "split.png");
  await context.close();
}

async function why(stage, server) {
  const { page, context } = await open(stage, server, "/why", { colorScheme: "dark" });
  await page.getByRole("button", { name: "Copy report" }).waitFor();
  await page.getByLabel("Token, if you have one").fill("test");
  await page.getByRole("button", { name: "Try to connect" }).click();
  await page.getByRole("heading", { level: 2, name: /test/ }).waitFor();
  await picture(page, "why.png");
  await context.close();
}

async function picture(page, name) {
  const path = join(FOLDER, name);
  await page.evaluate(() => {
    document.activeElement?.blur();
    scrollTo(0, 0);
  });
  await page.screenshot({ path, animations: "disabled" });
  const { size } = statSync(path);
  assert.ok(size <= MAX_BYTES, `${path} has ${size} bytes, the limit is ${MAX_BYTES}`);
}
