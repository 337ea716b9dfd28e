// What admins look after: accounts and where they are signed in, and what the bot answers.

import assert from "node:assert/strict";
import { bannerSays, live, open, signIn } from "./page.mjs";

export function adminPlays(stage, server) {
  return [
    ["an admin makes an account, which signs in, and ends its session", account],
    ["an admin teaches the bot an answer, and tries it", faq],
  ];

  async function account() {
    const ada = await server.admin();
    const { page, context, complaints } = await open(stage, server, "/admin", { session: ada });
    await page.getByRole("button", { name: "New account" }).click();
    const form = page.getByRole("dialog", { name: "New account" });
    await form.getByLabel("Name").fill("Nora Newcomer");
    await form.getByLabel("Address").fill("nora@example.com");
    await form.locator("input[type=password]").fill("short");
    await form.getByRole("button", { name: "Make the account" }).click();
    await form.getByText(/at least 8|8 characters or more|shorter than|too short/i).last().waitFor();
    await form.locator("input[type=password]").fill(server.password);
    await form.getByRole("button", { name: "Make the account" }).click();
    await form.waitFor({ state: "detached" });

    const nora = await open(stage, server, "/sign-in");
    await signIn(nora.page, "nora@example.com", server.password);
    await nora.page.waitForURL("**/desk");
    await live(nora.page);

    await page.getByLabel("Find an account").fill("nora");
    await page.getByRole("table", { name: "Accounts" }).getByRole("button", { name: "Nora Newcomer" }).click();
    const sessions = page.getByRole("region", { name: "Sessions" });
    await sessions.getByRole("button", { name: "End the session" }).click();
    await page.getByRole("dialog", { name: "End this session?" }).getByRole("button", { name: "End the session" }).click();
    await sessions.getByText("This account is signed in nowhere").waitFor();
    await bannerSays(nora.page, /^Signed out elsewhere/, 3_000);
    assert.deepEqual(complaints.filter((line) => !/4(00|22)/.test(line)), []);
    await Promise.all([context.close(), nora.context.close()]);
  }

  async function faq() {
    const ada = await server.admin();
    const { page, context, complaints } = await open(stage, server, "/admin/bot", { session: ada });
    await page.getByRole("button", { name: "Add an answer" }).click();
    const entry = page.getByRole("group", { name: /^Answer \d+$/ }).last();
    await entry.getByLabel("Ways to ask, one on each line").fill("Is there a cloakroom?\nWhere can I leave my coat?");
    await entry.getByLabel("Answer", { exact: true }).fill("The cloakroom is left of the entrance.");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved. The bot uses it from now on.").waitFor();
    const tried = page.getByRole("region", { name: "Try it" });
    await tried.getByLabel("Question").fill("where can i leave my coat");
    await tried.getByRole("button", { name: "Ask the bot" }).click();
    await tried.getByText("The cloakroom is left of the entrance.").waitFor();
    await tried.getByText(/^Taken for/).waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  }
}
