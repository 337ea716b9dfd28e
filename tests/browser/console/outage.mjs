// A server that is killed under open pages: what the banner says must be true at every moment, and
// afterwards nothing is missing.

import assert from "node:assert/strict";
import { sleep, until } from "../harness.mjs";
import { bannerSays, live, open } from "./page.mjs";

/** How long after a change the banner may still say what was true before. */
const NOTICED_MS = 2_000;

/** How soon after it has loaded a page can also say why it cannot connect; main.tsx has 3 s. */
const EXPLAINS_MS = 3_500;

/** So far ahead must the next try be, that the server is back, with news, before it. */
const AHEAD_SECONDS = 4;

export function outagePlays(stage, server) {
  return [["a server that is killed and comes back: the banner is true at every moment, and nothing is missing", killed]];

  async function killed() {
    const [ana, ben] = await Promise.all([server.customer("Ana Waits"), server.staff("Ben Works")]);
    const order = await ben.orderFor(ana.user.id, "through thick and thin");
    const { id: chat } = await ana.chat();
    const [customer, desk] = await Promise.all([
      open(stage, server, "/customer", { session: ana }),
      open(stage, server, "/desk", { session: ben }),
    ]);
    const { page } = customer;
    await Promise.all([live(page), live(desk.page)]);
    await record(page);
    // The page that explains is fetched some seconds after the first one, while the server still answers.
    await sleep(EXPLAINS_MS);

    const killedAt = Date.now();
    await server.kill("SIGKILL");
    const said = await bannerSays(page, /^Reconnecting in \d+ s: .*not running/);
    assert.match(said, /localhost:\d+/, "it names what is not reachable");
    const shown = page.getByRole("article", { name: /^Order:/ });
    assert.match(await shown.innerText(), /through thick and thin/, "what was there stays in sight");
    await shown.getByRole("button", { name: "Change the note" }).click();
    await shown.getByLabel("Note to the desk").fill("written while nobody listens");
    await shown.getByRole("button", { name: "Save the note" }).click();
    await shown.getByRole("alert").getByText(/does not answer|not reachable|not running/).waitFor();

    await desk.page.getByRole("link", { name: "Why" }).click();
    await desk.page.getByRole("heading", { level: 2, name: /not running/ }).waitFor({ timeout: 20_000 });

    // Two different numbers, or it does not count.
    await until("the banner counts down", async () => new Set((await recorded(page)).map(({ text }) => countdown(text)).filter(Boolean)).size >= 2);
    await until("the next try is some seconds ahead", async () => {
      const now = countdown((await recorded(page)).at(-1).text);
      return now !== null && now >= AHEAD_SECONDS;
    }, 30_000);
    const startedAt = Date.now();
    await server.start();
    const accepted = await ben.ask("PATCH", `/api/v1/orders/${order.id}`, { version: order.version, status: "accepted" });
    await ben.ask("PATCH", `/api/v1/orders/${order.id}`, { version: accepted.version, status: "preparing" });
    await ben.ask("POST", `/api/v1/chats/${chat}/messages`, { body: "We had a power cut. Your order goes on." });
    await ben.notify(ana.user.id, "We are back");

    const back = await bannerSays(page, /^Back: \d+ missed events caught up$/, 30_000);
    const backAt = Date.now();
    assert.ok(Number(/\d+/.exec(back)[0]) >= 4, `four things happened meanwhile; ${back}`);
    await shown.getByText("It is being prepared now.").waitFor();
    await page.getByText("We had a power cut. Your order goes on.").waitFor();
    await page.getByRole("button", { name: /^Notifications, \d+ unread$/ }).click();
    await page.getByText("We are back").waitFor();
    await live(page);

    for (const { at, text } of await recorded(page)) {
      const isLive = /^(Live|Back)/.test(text);
      if (at > killedAt + NOTICED_MS && at < startedAt) assert.ok(!isLive, `“${text}” ${at - killedAt} ms after the server was killed`);
      if (at > backAt) assert.ok(isLive, `“${text}” ${at - backAt} ms after it was back`);
    }
    assert.ok((await recorded(page)).some(({ at, text }) => at < killedAt + NOTICED_MS && /^Reconnecting/.test(text)), `it noticed within ${NOTICED_MS} ms`);
    // The browser's red lines, and the client's own line that explains them.
    const mistakes = [...customer.complaints, ...desk.complaints].filter((line) => !/ERR_CONNECTION|WebSocket connection|503|^Nothing is listening/.test(line));
    assert.deepEqual(mistakes, []);
    await Promise.all([customer.context.close(), desk.context.close()]);
  }
}

/** The seconds that the banner counts; `null` when it counts none. */
function countdown(text) {
  const [, seconds] = /^Reconnecting in (\d+) s/.exec(text) ?? [];
  return seconds === undefined ? null : Number(seconds);
}

/** Keeps everything that the banner says, with the time. */
function record(page) {
  return page.evaluate(() => {
    globalThis.said = [];
    const look = () => {
      const line = document.querySelector('[role="status"][aria-label="Connection"]');
      const text = line === null ? "(no banner)" : (line.querySelector("[aria-hidden]") ?? line).textContent;
      if (globalThis.said.at(-1)?.text !== text) globalThis.said.push({ at: Date.now(), text });
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    look();
  });
}

const recorded = (page) => page.evaluate(() => globalThis.said);
