// Nothing is lost and nothing comes twice, whatever the network does.

import {
  type ChaosProxy,
  chaosProxy,
  type Server,
  type Session,
  startServer,
  until,
} from "@frontdesk/testing";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { closeAll, titles, watch } from "./support/client.ts";

let server: Server;
let ben: Session;

beforeAll(async () => {
  server = await startServer({ config: { "log.keep_events": 50, "socket.per_ip_max": 1000 } });
  ben = await server.staff();
});
afterEach(closeAll);
afterAll(() => server.stop());

/** Sockets go through the proxy and nothing else does: the cut of a number of bytes hits no request. */
const socketsThrough = (proxy: ChaosProxy, { base }: Server, { fetch }: Session) => ({
  url: `${proxy.base.replace("http", "ws")}/api/v1/ws`,
  fetch: (input: RequestInfo | URL, init?: RequestInit) =>
    fetch(String(input).replace(proxy.base, base), init),
});

it("delivers each event once over 100 forced cuts while a publisher writes", async () => {
  const roomy = await startServer();
  const [ana, publisher] = await Promise.all([roomy.customer(), roomy.staff()]);
  const proxy = await chaosProxy(roomy.base);
  const troubles: unknown[] = [];
  const watched = watch(ana, {
    ...socketsThrough(proxy, roomy, ana),
    minReconnectDelay: 5,
    maxReconnectDelay: 20,
  });
  watched.client.on("gap", (gap) => troubles.push(gap));
  watched.client.on("reset", (reset) => troubles.push(reset));
  await until("connected", () => watched.client.state.status === "connected");

  let writing = true;
  let written = 0;
  const publishing = (async () => {
    while (writing) {
      written += 1;
      await publisher.notify(ana.user.id, String(written));
    }
  })();
  for (let cut = 1; cut <= 100; cut += 1) {
    const socket = watched.sockets.at(-1);
    // In order, at once, or in the middle of a frame; each after a welcome and some events.
    if (cut % 3 === 0) proxy.cutAfter(100 + cut * 7);
    else if (cut % 3 === 1) proxy.cut();
    else proxy.reset();
    await until(`cut ${cut} ends the socket`, () => socket?.readyState === 3);
    await until(
      `connected after cut ${cut}`,
      () => watched.sockets.at(-1) !== socket && watched.client.state.status === "connected",
    );
  }
  writing = false;
  await publishing;
  await until("the last event", () => titles(watched).at(-1) === String(written));
  expect(titles(watched)).toEqual(Array.from({ length: written }, (_, at) => String(at + 1)));
  expect(written).toBeGreaterThan(100);
  expect(troubles).toEqual([]);
  expect(watched.sockets.length).toBeGreaterThan(100);
  expect(watched.states.filter(({ status }) => status === "connected").length).toBeGreaterThan(100);
  watched.close();
  await proxy.close();
  await roomy.stop();
}, 120_000);

it("sends a message again until there is an answer, and it stands there once", async () => {
  const ana = await server.customer();
  const chat = await ana.chat();
  const proxy = await chaosProxy(server.base);
  const { client } = watch(ana, socketsThrough(proxy, server, ana));
  await until("connected", () => client.state.status === "connected");
  const messages = [];
  for (let count = 0; count < 10; count += 1) {
    // The server hears it, the answer is lost on the way back.
    proxy.cutAfter(1);
    messages.push(await client.sendMessage({ chatId: chat.id, body: `message ${count}` }));
  }
  const page = await ana.ask<{ items: { id: string; body: string }[] }>(
    "GET",
    `/api/v1/chats/${chat.id}/messages`,
  );
  expect(page.items.map(({ id }) => id).sort()).toEqual(messages.map(({ id }) => id).sort());
  await proxy.close();
});

it("refuses a command that may have been done when the connection ends before its answer", async () => {
  const ana = await server.customer();
  const proxy = await chaosProxy(server.base);
  const { client } = watch(ana, { url: proxy.base });
  await until("connected", () => client.state.status === "connected");
  proxy.stall();
  const asked = client.ping();
  setTimeout(() => proxy.reset(), 50);
  await expect(asked).rejects.toMatchObject({ code: "connection_lost" });
  await proxy.close();
});

it("names what is no longer kept, and goes on from there", async () => {
  const ana = await server.customer();
  const watched = watch(ana, { url: server.base });
  const gaps: unknown[] = [];
  watched.client.on("gap", (gap) => gaps.push(gap));
  await until("connected", () => watched.client.state.status === "connected");
  await ben.notify(ana.user.id, "1");
  await until("the first", () => titles(watched).length === 1);
  watched.client.close();
  for (let count = 2; count <= 101; count += 1) await ben.notify(ana.user.id, String(count));
  watched.client.connect();
  await until("the last", () => titles(watched).at(-1) === "101");
  expect(gaps).toEqual([{ channel: `user:${ana.user.id}`, from: 2, to: 51, why: "expired" }]);
  expect(titles(watched)).toEqual(["1", ...Array.from({ length: 50 }, (_, at) => String(at + 52))]);
});

it("says so when a position is not of this log", async () => {
  const ana = await server.customer();
  const channel = `user:${ana.user.id}` as const;
  const kept = { [channel]: { epoch: "0190a000-0000-7000-8000-0000000000e0", offset: 7 } };
  const watched = watch(ana, { url: server.base, positions: { load: () => kept, save: () => {} } });
  const resets: unknown[] = [];
  watched.client.on("reset", (reset) => resets.push(reset));
  await until("the reset", () => resets.length > 0);
  expect(resets).toEqual([{ channel }]);
});

it("goes on where another client of the same storage was", async () => {
  const ana = await server.customer();
  let kept: object | null = null;
  const positions = {
    load: async () => structuredClone(kept),
    save: (now: object) => {
      kept = now;
    },
  };
  const before = watch(ana, { url: server.base, positions });
  await until("connected", () => before.client.state.status === "connected");
  await ben.notify(ana.user.id, "before");
  await until("the event", () => titles(before).length === 1);
  before.client.close();
  await ben.notify(ana.user.id, "between");
  const after = watch(ana, { url: server.base, positions });
  await until("what was missed", () => titles(after).includes("between"));
  expect(titles(after)).toEqual(["between"]);
});

it("resumes a chat that it listened to", async () => {
  const ana = await server.customer();
  const chat = await ana.chat();
  const proxy = await chaosProxy(server.base);
  const watched = watch(ben, { url: proxy.base });
  const channel = watched.client.channel(`chat:${chat.id}`);
  const bodies: string[] = [];
  channel.on("message.created", ({ data }) => bodies.push(data.message.body));
  channel.subscribe();
  await until("the subscription", () => channel.position !== null);
  proxy.refuse();
  proxy.reset();
  const write = (body: string) =>
    ana.ask("POST", `/api/v1/chats/${chat.id}/messages`, { body, client_id: body });
  await write("missed");
  proxy.resume();
  await until("what was missed", () => bodies.includes("missed"));
  await write("live");
  await until("what is live", () => bodies.includes("live"));
  expect(bodies).toEqual(["missed", "live"]);
  await proxy.close();
});
