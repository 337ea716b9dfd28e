// What staff see of sockets: who is connected, who was turned away and why, and the socket lab.

import assert from "node:assert/strict";
import { local } from "../harness.mjs";
import { bannerSays, live, open, timeOf, within } from "./page.mjs";

/** Longest time from a refusal to its line on the page. */
const TOLD_MS = 1_000;

/** The life of a token, and the 20 s that a server waits for a fresh one; then some. */
const EXPIRED_MS = 40_000;

export function connectionPlays(stage, server) {
  return [
    ["a refused attempt shows within a second, with its reason and what was compared", refused],
    ["an admin disconnects a socket, and its page comes back by itself", disconnected],
  ];

  async function refused() {
    const ben = await server.staff();
    const { page, context, complaints } = await open(stage, server, "/connections", { session: ben });
    await live(page);
    const attempts = page.getByRole("region", { name: "Refused and failed attempts" });
    const stranger = await stage.page({ url: `${local(server.base)}/healthz` });
    const dial = (path) =>
      stranger.page.evaluate(
        (url) => new Promise((end) => {
          new WebSocket(url).onclose = ({ code }) => end({ code, at: Date.now() });
        }),
        `${local(server.base).replace("http", "ws")}${path}?token=test`,
      );
    await dial("/api/v1/ws");
    await attempts.getByText("· /api/v1/ws ").first().waitFor();
    await within(TOLD_MS, async (count) => {
      const seen = timeOf(attempts, `· /ws/chat/${count} `);
      const closed = await dial(`/ws/chat/${count}`);
      assert.equal(closed.code, 4502);
      return (await seen) - closed.at;
    });
    const newest = attempts.getByRole("listitem").first();
    await newest.getByText("4502 token_malformed").waitFor();
    assert.match(await newest.innerText(), /test/, "it says what came instead of a token");
    await newest.getByRole("link", { name: /^What it means/ }).click();
    await page.waitForURL("**/why/auth.placeholder");
    assert.deepEqual(complaints, []);
    await Promise.all([context.close(), stranger.context.close()]);
  }

  async function disconnected() {
    const [ana, ada] = await Promise.all([server.customer("Ana Cut off"), server.admin()]);
    const [customer, admin] = await Promise.all([
      open(stage, server, "/customer", { session: ana }),
      open(stage, server, "/connections", { session: ada }),
    ]);
    await live(customer.page);
    await admin.page.getByRole("button", { name: "Disconnect Ana Cut off, event socket" }).click();
    const reconnected = customer.page.waitForEvent("websocket");
    await admin.page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
    await reconnected;
    await bannerSays(customer.page, /^Back: nothing was missed$/);
    await Promise.all([customer.context.close(), admin.context.close()]);
  }
}

export function labPlays(stage, server) {
  return [["the socket lab: cut the network, send a bad frame, let the token expire, and read what came of it", broken]];

  async function broken() {
    const [ana, ben] = await Promise.all([server.customer(), server.staff("Ben Breaks")]);
    const { page, context, complaints } = await open(stage, server, "/lab", { session: ben });
    await live(page);
    const log = page.getByRole("listbox", { name: "Log, newest last" });
    const told = (words) => log.getByText(words).last().waitFor();
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await told(/^Welcome, Ben Breaks \(staff\)/);

    await page.getByLabel("Seconds away").fill("2");
    await page.getByRole("button", { name: "Cut the network for 2 s" }).click();
    await told(/^Cut here: the socket is gone without a goodbye/);
    for (const note of ["one", "two", "three"]) await ben.orderFor(ana.user.id, note);
    await told(/^Back after/);
    await told(/staff: all \d+ events that were missed have come, each once and in order\./);

    await page.getByRole("button", { name: "Send a bad frame" }).click();
    await told(/^The server could not read that frame and says why/);

    await page.getByRole("button", { name: "Let the token expire" }).click();
    await log.getByText(/^Closed with 4100 token_expired/).waitFor({ timeout: EXPIRED_MS });
    await told(/^Back after/);
    await told(/^staff: nothing was missed, still at \d+\.$/);

    await page.getByRole("button", { name: "Measure round trip" }).click();
    await page.getByText(/^\d+ ms$/).first().waitFor();
    await page.getByRole("button", { name: "Disconnect", exact: true }).click();
    await page.getByText("As the client does").click();
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await told(/^Welcome, Ben Breaks/);
    await page.getByRole("button", { name: "Cut the network for 2 s" }).click();
    await ben.orderFor(ana.user.id, "four");
    await told(/^Back after/);
    assert.doesNotMatch(await page.content(), /eyJ[\w-]{8}/, "a token is in the page");
    assert.deepEqual(complaints.filter((line) => !line.includes("WebSocket connection")), []);
    await context.close();
  }
}
