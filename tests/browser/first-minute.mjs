// The first minute of a newcomer, in a real browser: the demo's ready-made lines work in the console
// of the server's own pages, a customer and a member of staff see an order live beside each other,
// the word `test` as a token is named, and when the plug is pulled nothing is lost.
// Usage: node tests/browser/first-minute.mjs <the program frontdesk>

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const program = process.argv[2];
const folder = mkdtempSync(join(tmpdir(), "frontdesk-browser-"));
const executablePath = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .find((path) => path && existsSync(path));
if (!executablePath) {
  console.error("error: no Chromium was found; install it, for example `sudo apt-get install chromium`, or name it in CHROMIUM");
  process.exit(3);
}

/** Starts the demo and waits until it listens. */
async function serve(listen) {
  const server = spawn(program, ["serve", "--demo", "--listen", listen, "--data-dir", folder], { stdio: ["ignore", "ignore", "pipe"] });
  const lines = createInterface({ input: server.stderr });
  const base = await new Promise((listening, failed) => {
    lines.on("line", (line) => {
      const found = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(line);
      if (found) listening(found[1].replace("127.0.0.1", "localhost"));
    });
    server.on("exit", (code) => failed(new Error(`the program ended with ${code} before it listened`)));
  });
  return { server, base };
}

/** What the demo prints for a browser's console, kept on the page for later looks. */
async function signIn(page, base, email) {
  await page.goto(`${base}/`);
  return page.evaluate(async ({ base, email }) => {
    const body = JSON.stringify({ email, password: "test123" });
    const headers = { "Content-Type": "application/json" };
    await fetch(`${base}/api/v1/auth/login`, { method: "POST", credentials: "include", headers, body });
    globalThis.connect = async () => {
      const { token } = await (await fetch(`${base}/api/v1/auth/ws-token`, { credentials: "include" })).json();
      const socket = new WebSocket(`${base.replace("http", "ws")}/api/v1/ws?token=${token}`);
      const seen = [];
      globalThis.seen = seen;
      return new Promise((done) => {
        socket.addEventListener("message", (event) => {
          seen.push(JSON.parse(event.data));
          if (seen[0].type === "welcome") done("welcome");
        });
        socket.addEventListener("close", (event) => {
          globalThis.ended = event.code;
          done(event.reason);
        });
      });
    };
    return globalThis.connect();
  }, { base, email });
}

/** The statuses of an order that a page has heard of, in order. */
const heard = (page, order) =>
  page.evaluate((id) => globalThis.seen
    .filter((frame) => frame.type === "event" && frame.data.order?.id === id)
    .map((frame) => frame.data.order.status), order);

async function until(what, condition) {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await condition()) return;
    await new Promise((later) => setTimeout(later, 50));
  }
  assert.fail(`not within 10 s: ${what}`);
}

const ask = (page, path, method = "GET", body = undefined) =>
  page.evaluate(async ({ path, method, body }) => {
    const headers = body ? { "Content-Type": "application/json" } : {};
    const answer = await fetch(path, { method, headers, credentials: "include", body: body && JSON.stringify(body) });
    return answer.json();
  }, { path, method, body });

let { server, base } = await serve("127.0.0.1:0");
const args = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
const browser = await chromium.launch({ executablePath, args });
try {
  const [customer, staff] = await Promise.all([browser.newContext(), browser.newContext()])
    .then((contexts) => Promise.all(contexts.map((context) => context.newPage())));
  assert.equal(await signIn(customer, base, "websocket@test.com"), "welcome");
  assert.equal(await signIn(staff, base, "staff@test.com"), "welcome");

  const items = await ask(customer, "/api/v1/items");
  const item = items.items.find((one) => one.available).id;
  let order = await ask(customer, "/api/v1/orders", "POST", { lines: [{ item_id: item, quantity: 2 }] });
  for (const status of ["accepted", "preparing", "ready"]) {
    order = await ask(staff, `/api/v1/orders/${order.id}`, "PATCH", { version: order.version, status });
  }
  const all = ["placed", "accepted", "preparing", "ready"];
  for (const page of [customer, staff]) {
    await until("both pages hear every status", async () => (await heard(page, order.id)).length === all.length);
    assert.deepEqual(await heard(page, order.id), all);
  }

  // The other team's afternoon: the word `test` as a token, on any of our pages.
  for (const path of ["/docs/", "/healthz", "/"]) {
    await customer.goto(`${base}${path}`);
    const closed = await customer.evaluate((url) => new Promise((done) => {
      new WebSocket(url).onclose = ({ code, reason, wasClean }) => done({ code, reason, wasClean });
    }), `${base.replace("http", "ws")}/api/v1/ws?token=test`);
    assert.equal(closed.code, 4502, JSON.stringify(closed));
    assert.match(closed.reason, /^token_malformed: .*`test`/);
    assert.equal(closed.wasClean, true);
  }

  // The plug: an event that was missed follows from the position the page had.
  assert.equal(await signIn(customer, base, "websocket@test.com"), "welcome");
  const position = await customer.evaluate(() => {
    const { channel, epoch, offset } = globalThis.seen[0].channels[0];
    return { channel, at: { epoch, offset } };
  });
  server.kill("SIGKILL");
  await until("the page notices", () => customer.evaluate(() => globalThis.ended === 1006));
  ({ server } = await serve(new URL(base).host.replace("localhost", "127.0.0.1")));
  order = await ask(staff, `/api/v1/orders/${order.id}`, "PATCH", { version: order.version, status: "completed" });
  const resumed = await customer.evaluate(async ({ base, position }) => {
    const { token } = await (await fetch(`${base}/api/v1/auth/ws-token`, { credentials: "include" })).json();
    const socket = new WebSocket(`${base.replace("http", "ws")}/api/v1/ws`);
    socket.onopen = () => socket.send(JSON.stringify({ type: "connect", token, resume: { [position.channel]: position.at } }));
    return new Promise((done) => {
      const frames = [];
      socket.onmessage = (event) => frames.push(JSON.parse(event.data)) === 2 && done(frames);
      socket.onclose = (event) => done([event.code, event.reason]);
    });
  }, { base, position });
  assert.equal(resumed[0].channels[0].outcome, "recovered");
  assert.equal(resumed[1].data.order.status, "completed");
  console.log("a newcomer's first minute went well in", browser.version());
} finally {
  await browser.close();
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
