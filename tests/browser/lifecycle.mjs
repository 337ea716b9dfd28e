// The life of a page and what becomes of its connection: a page that is suspended, put aside by the
// back/forward cache, hidden behind another tab, or offline for a moment; a hundred reconnects; and a
// worker, which has no page's life at all.
// Usage: node tests/browser/lifecycle.mjs <the program frontdesk>

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { connect, connectWorker, connected, state, toldByWorker } from "./client.mjs";
import { local, sleep, theme, until } from "./harness.mjs";

/** How long the page is suspended; the issue says a minute. */
const SUSPENDED_MS = 60_000;

/** How soon after it goes on a page is live again. */
const LIVE_AGAIN_MS = 3_000;

const RECONNECTS = 100;

await theme("lifecycle", async (stage) => {
  const folders = { "/worker": fileURLToPath(new URL("worker", import.meta.url)) };
  const [server, pages] = await Promise.all([stage.server({ config: { "socket.heartbeat_seconds": 5 } }), stage.pages({ folders })]);
  const url = local(server.base);
  const staff = await server.staff();
  // Timers of hidden pages run once a minute after ten seconds already, not after five minutes.
  const ordinary = await stage.ordinary(["--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/10"]);

  /** A page that is live; `publish` tells it of something, `heard` gives the titles that arrived, in order. */
  const live = async (name, where = {}, options = {}) => {
    const customer = await server.customer();
    const named = (base) => base.replace("localhost", `${name}.localhost`);
    const { page, context, console: lines } = await stage.page({ url: named(pages.base), session: customer, name: `${name}.localhost`, ...where });
    await connect(page, { url: named(url), ...options });
    await connected(page);
    let published = 0;
    const publish = async (count = 1) => {
      for (let n = 0; n < count; n += 1) await staff.notify(customer.user.id, `${(published += 1)}`);
    };
    const heard = () => page.evaluate(() => globalThis.desk.events.map(({ data }) => Number(data.notification.title)));
    const all = () => Array.from({ length: published }, (_, n) => n + 1);
    const heardAll = async (milliseconds) => {
      await until(`${published} events arrive`, async () => (await heard()).length >= published, milliseconds).catch(async (error) => {
        throw new Error(`${error.message}; instead ${await heard()}`);
      });
      assert.deepEqual(await heard(), all(), "each event once, in order");
    };
    return { customer, page, context, lines, publish, heardAll, devtools: await context.newCDPSession(page) };
  };

  const suspended = async () => {
    const { page, publish, heardAll, devtools } = await live("suspended", { context: ordinary });
    const inFront = await ordinary.newPage();
    await inFront.bringToFront();
    await page.evaluate(() => {
      globalThis.slept = [];
      for (const type of ["freeze", "resume"]) document.addEventListener(type, () => globalThis.slept.push(type));
      globalThis.ticks = 0;
      setInterval(() => {
        globalThis.ticks += 1;
      }, 1_000);
    });
    await publish(2);
    await heardAll();
    const before = await page.evaluate(() => globalThis.ticks);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    for (let n = 0; n < 5; n += 1) {
      await sleep(SUSPENDED_MS / 5);
      await publish();
    }
    const began = Date.now();
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    await connected(page, LIVE_AGAIN_MS);
    await heardAll(Math.max(1, LIVE_AGAIN_MS - (Date.now() - began)));
    const took = Date.now() - began;
    assert.ok(took <= LIVE_AGAIN_MS, `live again after ${took} ms`);
    const { slept, ticks } = await page.evaluate(() => ({ slept: globalThis.slept, ticks: globalThis.ticks }));
    assert.deepEqual(slept, ["freeze", "resume"], "the page was really suspended");
    assert.ok(ticks - before < SUSPENDED_MS / 1_000 / 2, `its timers stood still, but ticked ${ticks - before} times`);
    await publish();
    await heardAll();
    await page.close();
  };

  const putAside = async () => {
    const { page, publish, heardAll, customer, devtools } = await live("aside", { context: ordinary });
    await page.evaluate(() => {
      addEventListener("pageshow", ({ persisted }) => {
        globalThis.restored = persisted;
      });
    });
    await publish(2);
    await heardAll();
    await page.goto(new URL("/elsewhere", page.url()).href);
    const online = async () => (await staff.ask("GET", "/api/v1/presence")).items.some(({ user }) => user.id === customer.user.id);
    await until("the server knows that the page went", async () => !(await online()), 5_000);
    await publish(3);
    // Playwright waits for a load that a page from the cache does not have.
    await devtools.send("Page.navigateToHistoryEntry", { entryId: await entryBefore(devtools) });
    let why;
    await until("the page is back from the cache", async () => {
      const now = await page.evaluate(() => [globalThis.restored, performance.getEntriesByType("navigation")[0].notRestoredReasons]).catch(() => []);
      why = now[1];
      return now[0] === true;
    }, 5_000).catch((error) => {
      throw new Error(`${error.message}; not restored because of ${JSON.stringify(why)}`);
    });
    await connected(page, LIVE_AGAIN_MS);
    await heardAll(LIVE_AGAIN_MS);
    await publish();
    await heardAll();
    await page.close();
  };

  const hidden = async () => {
    const { page, publish, heardAll } = await live("hidden", { context: ordinary });
    const inFront = await ordinary.newPage();
    await inFront.bringToFront();
    await until("the tab is hidden", () => page.evaluate(() => document.visibilityState === "hidden"));
    const before = await state(page);
    for (let n = 0; n < 4; n += 1) {
      await sleep(SUSPENDED_MS / 5);
      await publish();
      await heardAll();
    }
    assert.equal((await state(page)).connectionId, before.connectionId, "the connection of a hidden tab holds");
    await page.bringToFront();
    await until("the tab is seen again", () => page.evaluate(() => document.visibilityState === "visible"));
    await sleep(500);
    assert.equal((await state(page)).connectionId, before.connectionId, "looking at it changes nothing");
    await page.close();
  };

  const offline = async () => {
    const { page, context, publish, heardAll } = await live("offline");
    const before = await state(page);
    await context.setOffline(true);
    await until("the page knows", () => page.evaluate(() => !navigator.onLine));
    await publish(2);
    await sleep(3_000);
    assert.equal((await state(page)).connectionId, before.connectionId, "offline alone closes nothing");
    await context.setOffline(false);
    await heardAll(LIVE_AGAIN_MS);
    assert.equal((await state(page)).connectionId, before.connectionId, "the connection outlived it");
    await context.close();
  };

  const cutOften = async () => {
    const proxy = await stage.chaosProxy(server.base);
    const { page, context, lines, publish, heardAll } = await live("cut", {}, { url: local(proxy.base).replace("localhost", "cut.localhost"), minReconnectDelay: 20, maxReconnectDelay: 20, minUptime: 0 });
    for (let n = 0; n < RECONNECTS; n += 1) {
      const { connectionId } = await connected(page);
      proxy.reset();
      await publish();
      await until(`reconnect ${n + 1}`, async () => {
        const now = await state(page);
        return now.status === "connected" && now.connectionId !== connectionId;
      });
    }
    await publish();
    await heardAll();
    const connections = await page.evaluate(() => new Set(globalThis.desk.states.map((one) => one.connectionId).filter(Boolean)).size);
    assert.equal(connections, RECONNECTS + 1);
    assert.deepEqual(lines.filter(({ type }) => type === "uncaught"), []);
    await context.close();
  };

  /** The whole life of a client in a worker: events, a server that goes and comes back, and why. */
  const inWorker = (asksPage) => async () => {
    const mortal = await stage.server();
    const [customer, desk] = await Promise.all([mortal.customer(), mortal.staff()]);
    const { page, context, console: lines } = await stage.page({ url: pages.base, session: customer });
    await connectWorker(page, { url: local(mortal.base), minReconnectDelay: 1_500, asksPage });
    const last = async () => (await toldByWorker(page, "state")).at(-1)?.state;
    const live = (milliseconds) =>
      until("the worker is connected", async () => {
        const now = await last();
        return now?.status === "connected" && now;
      }, milliseconds).catch(async (error) => {
        throw new Error(`${error.message}; it was ${JSON.stringify(await last())}`);
      });
    const heard = async (titles) => {
      const events = () => toldByWorker(page, "event");
      await until(`${titles} arrive`, async () => (await events()).length >= titles.length);
      assert.deepEqual((await events()).map(({ data }) => data.notification.title), titles, "each once, in order");
    };
    const before = await live();
    const [{ window, document, scope }] = await toldByWorker(page, "scope");
    assert.deepEqual([window, document, scope], ["undefined", "undefined", "DedicatedWorkerGlobalScope"]);
    await desk.notify(customer.user.id, "one");
    await heard(["one"]);

    await mortal.kill("SIGKILL");
    const refused = async () => (await toldByWorker(page, "diagnosis")).find(({ diagnosis }) => diagnosis.id === "net.refused");
    const { diagnosis, report } = await until("the worker says why", refused, 20_000);
    assert.equal(diagnosis.sentence, `Nothing is listening on localhost:${mortal.port}: the backend is not running.`);
    assert.doesNotMatch(report + JSON.stringify(diagnosis), /eyJ/, "a token is in what the worker tells");
    await mortal.start();
    const after = await live(25_000);
    assert.notEqual(after.connectionId, before.connectionId);
    await desk.notify(customer.user.id, "two");
    await heard(["one", "two"]);
    const asked = (await toldByWorker(page, "token")).length;
    assert.ok(asksPage ? asked > 0 : asked === 0, `the page was asked for ${asked} tokens`);
    assert.deepEqual(lines.filter(({ type }) => type === "uncaught"), []);
    await context.close();
  };

  await stage.checks(
    [
      ["a page that was suspended for a minute is live again within 3 s, and missed nothing", suspended, 120_000],
      ["a hidden tab keeps its connection and hears everything", hidden, 120_000],
      ["100 reconnects fire each handler once per event", cutOften, 120_000],
      ["a page from the back/forward cache is live again, and missed nothing", putAside],
      ["a client in a worker, with its own tokens, outlives its server and says why", inWorker(false)],
      ["a client in a worker, with tokens of its page, outlives its server and says why", inWorker(true)],
      ["3 s offline close nothing and lose nothing", offline],
    ],
    3,
  );
});

/** The page before the present one in the tab's history. */
async function entryBefore(devtools) {
  const { currentIndex, entries } = await devtools.send("Page.getNavigationHistory");
  return entries[currentIndex - 1].id;
}
