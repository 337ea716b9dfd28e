// Servers that break the protocol, or fall silent. Nothing of it may reach the application uncaught.

import type { Socket } from "node:net";
import { until } from "@frontdesk/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { WebSocket } from "ws";
import type { ClientOptions } from "../src/index.ts";
import { closeAll, titles, watch } from "./support/client.ts";
import { type Foreign, foreign, type Manners, welcome } from "./support/outside.ts";
import { fromServer } from "./examples.ts";

const servers: Foreign[] = [];
const uncaught: unknown[] = [];
const catchAll = (error: unknown) => uncaught.push(error);
beforeEach(() => {
  process.on("uncaughtException", catchAll).on("unhandledRejection", catchAll);
});
afterEach(async () => {
  closeAll();
  await Promise.all(servers.splice(0).map((server) => server.close()));
  process.off("uncaughtException", catchAll).off("unhandledRejection", catchAll);
  expect(uncaught.splice(0)).toEqual([]);
});

async function against(socket: Manners["socket"] & {}, options: ClientOptions = {}) {
  const server = await foreign({ socket });
  servers.push(server);
  return { server, watched: watch(null, { url: server.base, ...options }) };
}

const isConnected = ({ client }: ReturnType<typeof watch>) => client.state.status === "connected";
const event = (title: string, offset: number, changes = {}) =>
  JSON.stringify({
    type: "event",
    id: `${title}-${offset}`,
    channel: "user:a",
    offset,
    topic: "notifications",
    event: "notification.created",
    at: "",
    data: { notification: { title } },
    ...changes,
  });
const entry = { channel: "user:a", epoch: "e", offset: 0, head: 0, outcome: "live" };

it("ignores what it does not understand and goes on", async () => {
  const rubbish = [
    "",
    "{",
    "null",
    "7",
    "[]",
    '"text"',
    "{}",
    '{"type":null}',
    '{"type":"surprise","x":1}',
    '{"type":"event"}',
    '{"type":"event","channel":7,"event":{}}',
  ];
  rubbish.push(
    '{"type":"reply","id":"99","data":null}',
    '{"type":"error"}',
    '{"type":"unsubscribed"}',
    '{"type":"heartbeat"}',
    "x".repeat(100_000),
    welcome(),
  );
  const { watched } = await against((socket, text) => {
    if (!text?.includes('"connect"')) return;
    for (const one of rubbish) socket.send(one);
    socket.send(welcome({ channels: [entry] }));
    for (const one of rubbish) socket.send(one);
    socket.send(Buffer.from([1, 2, 3]));
    socket.send(event("at last", 1));
  });
  await until("the event", () => titles(watched).length === 1);
  expect(isConnected(watched)).toBe(true);
  expect(watched.sockets.length).toBe(1);
});

it("hands on an event with a name that it does not know", async () => {
  const { watched } = await against((socket, text) => {
    if (!text?.includes('"connect"')) return;
    socket.send(welcome({ channels: [entry] }));
    socket.send(event("x", 1, { event: "robot.arrived", topic: "robots" }));
    socket.send(
      event("x", 2, {
        event: "message.delta",
        offset: undefined,
        data: { message_id: "m", start: 0, text: "Hel" },
      }),
    );
  });
  const pieces: string[] = [];
  watched.client.on("delta", ({ data }) => pieces.push(data.text));
  await until("both", () => watched.events.length === 2 && pieces.length === 1);
  expect(watched.events.map((one) => one.event)).toEqual(["robot.arrived", "message.delta"]);
});

it("drops what was there before, and names a hole", async () => {
  const { watched } = await against((socket, text) => {
    if (!text?.includes('"connect"')) return;
    socket.send(welcome({ channels: [entry] }));
    for (const offset of [1, 2, 1, 2, 5, 3, 6]) socket.send(event("n", offset));
  });
  const gaps: unknown[] = [];
  watched.client.on("gap", (gap) => gaps.push(gap));
  await until("the last", () => watched.events.length === 4);
  expect(watched.events.map((one) => "offset" in one && one.offset)).toEqual([1, 2, 5, 6]);
  expect(gaps).toEqual([{ channel: "user:a", from: 3, to: 4, why: "hole" }]);
});

it("takes the position of a reply before the event that comes in the same breath", async () => {
  const { watched } = await against((socket, text) => {
    if (text?.includes('"connect"')) socket.send(welcome());
    if (!text?.includes('"subscribe"')) return;
    const underlying = (socket as unknown as { _socket: Socket })._socket;
    underlying.cork();
    socket.send(
      JSON.stringify({
        type: "reply",
        id: JSON.parse(text).id,
        data: { ...entry, channel: "chat:a", offset: 4, head: 4 },
      }),
    );
    for (const offset of [5, 6, 5]) socket.send(event("n", offset, { channel: "chat:a" }));
    process.nextTick(() => underlying.uncork());
  });
  const channel = watched.client.channel("chat:a");
  const offsets: unknown[] = [];
  channel.on("event", (one) => offsets.push("offset" in one && one.offset));
  channel.subscribe();
  await until("both", () => offsets.length === 2);
  expect(offsets).toEqual([5, 6]);
  expect(channel.position).toMatchObject({ epoch: "e", offset: 6 });
});

it("tries again when there is no welcome", async () => {
  const { server, watched } = await against(
    (socket, text) => {
      if (text && server.sockets.indexOf(socket) > 1) socket.send(welcome());
    },
    { connectTimeout: 150 },
  );
  await until("connected", () => isConnected(watched));
  expect(server.sockets.length).toBe(3);
});

it("asks a silent server for a sign of life, and lets it go without one", async () => {
  const pings: WebSocket[] = [];
  const { server, watched } = await against(
    (socket, text) => {
      if (text?.includes('"connect"')) socket.send(welcome({ heartbeat_seconds: 0.1 }));
      if (text?.includes('"ping"')) {
        pings.push(socket);
        // The first socket answers three times and then falls silent.
        if (pings.length <= 3)
          socket.send(JSON.stringify({ ...fromServer["reply ping"], id: undefined }));
      }
    },
    { probeTimeout: 150 },
  );
  await until("a second socket", () => server.sockets.length === 2);
  expect(pings.filter((socket) => socket === server.sockets[0]).length).toBe(4);
  expect(watched.states.filter(({ status }) => status === "connected").length).toBeLessThanOrEqual(
    2,
  );
});

it("takes a goodbye for the end when no close follows, and believes its words", async () => {
  const goodbye = { ...fromServer["goodbye"], code: 4999, reason: "made_up", retry: "never" };
  const { server, watched } = await against((socket, text) => {
    if (!text?.includes('"connect"')) return;
    socket.send(welcome());
    socket.send(JSON.stringify(goodbye));
  });
  await until("closed", () => watched.client.state.status === "closed");
  expect(watched.client.state).toMatchObject({
    reason: "terminal",
    close: { code: 4999, reason: "made_up", fix: expect.any(String) },
  });
  expect(server.sockets.length).toBe(1);
});

it("believes the goodbye when the close frame was lost", async () => {
  const { watched } = await against((socket, text) => {
    if (!text?.includes('"connect"')) return;
    socket.send(
      JSON.stringify({
        ...fromServer["goodbye"],
        code: 4505,
        reason: "session_ended",
        retry: "never",
      }),
    );
    setTimeout(() => socket.terminate(), 20);
  });
  await until("closed", () => watched.client.state.status === "closed");
  expect(watched.client.state).toMatchObject({ close: { code: 4505, wasClean: false } });
});

it.each([
  [1000, "waiting"],
  [1011, "waiting"],
  [4099, "waiting"],
  [4999, "closed"],
])("acts on a bare close with %i: %s", async (code, status) => {
  const { watched } = await against(
    (socket, text) => {
      if (text) socket.close(code, "why");
    },
    { minReconnectDelay: 60_000, maxReconnectDelay: 60_000 },
  );
  await until(status, () => watched.client.state.status === status);
  expect(watched.client.state).toMatchObject({ close: { code, reason: "why" } });
});

it("begins a new series of retries only after a connection that held", async () => {
  const { watched } = await against(
    (socket, text) => {
      if (!text?.includes('"connect"')) return;
      socket.send(welcome());
      socket.terminate();
    },
    { minReconnectDelay: 1, maxReconnectDelay: 2, minUptime: 60_000, maxRetries: 4 },
  );
  await until("given up", () => watched.client.state.status === "closed");
  expect(watched.sockets.length).toBe(5);
});
