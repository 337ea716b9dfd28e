// The helpers are judged too: a proxy that harms nothing would let every test of resume pass.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import WebSocket from "ws";
import { chaosProxy, startServer, until } from "./index.mjs";

const server = await startServer();
after(() => server.stop());
const [ana, ben] = await Promise.all([server.customer(), server.staff()]);

/** A socket of Ana through a proxy, its frames and how it ended. */
async function socketThrough(/** @type {import("./index.d.ts").ChaosProxy} */ proxy) {
  const { token } = await ana.token();
  const socket = new WebSocket(`${proxy.base.replace("http", "ws")}/api/v1/ws?token=${token}`);
  /** @type {any[]} */
  const frames = [];
  /** @type {{ code: number | null, error: string | null }} */
  const end = { code: null, error: null };
  socket.on("message", (data) => frames.push(JSON.parse(String(data))));
  socket.on("error", (error) => {
    end.error = error.message;
  });
  socket.on("close", (code) => {
    end.code = code;
  });
  return { socket, frames, end };
}

const titles = (/** @type {any[]} */ frames) =>
  frames.filter((frame) => frame.type === "event").map((frame) => frame.data.notification?.title);

test("events pass, and a cut and a reset end the socket without a close frame", async () => {
  for (const harm of /** @type {const} */ (["cut", "reset"])) {
    const proxy = await chaosProxy(server.base);
    const { frames, end } = await socketThrough(proxy);
    await until("a welcome", () => frames[0]?.type === "welcome");
    await ben.notify(ana.user.id, harm);
    await until("the event", () => titles(frames).includes(harm));
    assert.equal(proxy[harm](), 1);
    await until("the end", () => end.code === 1006);
    await proxy.close();
  }
});

test("a stall holds everything back, and a resume lets it pass", async () => {
  const proxy = await chaosProxy(server.base);
  const { frames, end } = await socketThrough(proxy);
  await until("a welcome", () => frames[0]?.type === "welcome");
  proxy.stall();
  await ben.notify(ana.user.id, "held");
  await new Promise((later) => setTimeout(later, 300));
  assert.deepEqual(titles(frames), []);
  assert.equal(end.code, null);
  proxy.resume();
  await until("the event", () => titles(frames).includes("held"));
  await proxy.close();
});

test("a byte that is lost breaks the frames, and a cut may come in the middle of one", async () => {
  const proxy = await chaosProxy(server.base);
  const broken = await socketThrough(proxy);
  await until("a welcome", () => broken.frames[0]?.type === "welcome");
  proxy.dropByte(1);
  await ben.notify(ana.user.id, "broken");
  await until("the fault", () => broken.end.error !== null);

  const cut = await socketThrough(proxy);
  await until("a welcome", () => cut.frames[0]?.type === "welcome");
  proxy.cutAfter(20);
  await ben.notify(ana.user.id, "half");
  await until("the end", () => cut.end.code === 1006);
  assert.deepEqual(titles(cut.frames), []);
  await proxy.close();
});

test("a delay delays, and a refusing proxy resets new connections", async () => {
  const proxy = await chaosProxy(server.base);
  proxy.delay(200);
  const before = Date.now();
  assert.equal((await fetch(`${proxy.base}/healthz`)).status, 200);
  assert.ok(Date.now() - before >= 400, `${Date.now() - before} ms`);
  proxy.resume();
  proxy.reset();
  proxy.refuse();
  await assert.rejects(fetch(`${proxy.base}/healthz`));
  await proxy.close();
});

test("the server comes back on its port with its data", async () => {
  const { base } = server;
  for (const signal of /** @type {const} */ (["SIGKILL", "SIGTERM"])) {
    await server.kill(signal);
    await assert.rejects(fetch(`${base}/healthz`));
    await server.start();
    assert.equal(server.base, base);
    assert.equal(
      /** @type {{ id: string }} */ (await ana.ask("GET", "/api/v1/auth/me")).id,
      ana.user.id,
    );
  }
});

test("a wrong key of the configuration is named", async () => {
  await assert.rejects(startServer({ config: { "auth.ws_token_seconds": 4 } }), /ws_token_seconds/);
});
