// `close()` at any moment leaves no timer and no socket: what the client takes from the world is
// counted, and given back.

import { until } from "@frontdesk/testing";
import { afterEach, expect, it } from "vitest";
import WebSocket from "ws";
import { createClient, type FrontdeskClient } from "../src/index.ts";
import { type Foreign, foreign, type Manners, welcome } from "./support/outside.ts";
import { fromServer } from "./examples.ts";

const servers: Foreign[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const [realSet, realClear] = [globalThis.setTimeout, globalThis.clearTimeout];

/** Runs a test with every timer counted that is set in it. */
async function counting(work: (timers: Set<unknown>) => Promise<void>): Promise<void> {
  const timers = new Set<unknown>();
  const set = (run: () => void, milliseconds?: number) => {
    // Whoever called is on the third line; what `ws` sets on our behalf is its own.
    const ours = new Error().stack?.split("\n")[2]?.includes("/client/src/");
    const timer = realSet(() => {
      timers.delete(timer);
      run();
    }, milliseconds);
    if (ours) timers.add(timer);
    return timer;
  };
  const clear = (timer: NodeJS.Timeout | undefined) => {
    timers.delete(timer);
    realClear(timer);
  };
  Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  try {
    await work(timers);
  } finally {
    Object.assign(globalThis, { setTimeout: realSet, clearTimeout: realClear });
  }
}

type Moment = (client: FrontdeskClient, server: Foreign) => Promise<void> | void;
const opened = (_: FrontdeskClient, server: Foreign) =>
  until("a socket", () => server.sockets.length > 0);
const is = (status: string) => (client: FrontdeskClient) =>
  until(status, () => client.state.status === status);
const greet: Manners["socket"] = (socket, text) =>
  text?.includes('"connect"') && socket.send(welcome());

const moments: [string, Manners, Moment][] = [
  ["before connect", {}, () => {}],
  ["at once", {}, (client) => client.connect()],
  [
    "while the token is fetched",
    { token: () => {} },
    (_, server) => until("asked", () => server.asked > 0),
  ],
  ["in the handshake", { socket: () => {} }, (_, server) => until("asked", () => server.asked > 0)],
  ["before the welcome", {}, opened],
  ["when connected", { socket: greet }, is("connected")],
  [
    "with commands under way",
    { socket: greet },
    async (client) => {
      client.channel("chat:x").subscribe();
      client.ping().catch(() => {});
      await is("connected")(client);
      client.ping().catch(() => {});
    },
  ],
  [
    "when told to slow down",
    {
      socket: (socket, text) => {
        greet?.(socket, text);
        const { type, id } = text ? JSON.parse(text) : {};
        if (type === "ping")
          socket.send(
            JSON.stringify({ type: "error", id, code: "rate_limited", detail: "", fix: "" }),
          );
      },
    },
    async (client) => {
      await is("connected")(client);
      client.ping().catch(() => {});
      await new Promise((later) => realSet(later, 100));
    },
  ],
  ["while it waits", { socket: (socket) => socket.terminate() }, is("waiting")],
  [
    "after a goodbye",
    {
      socket: (socket, text) => {
        greet?.(socket, text);
        if (text) socket.send(JSON.stringify(fromServer["goodbye"]));
      },
    },
    async (client) => {
      await is("connected")(client);
      await new Promise((later) => realSet(later, 50));
    },
  ],
  ["while it diagnoses", { token: (response) => response.writeHead(500).end() }, is("waiting")],
  ["when it is over", { token: (response) => response.writeHead(401).end() }, is("closed")],
];

it.each(moments)("%s", async (_, manners, moment) => {
  await counting(async (timers) => {
    const server = await foreign(manners);
    servers.push(server);
    const sockets: WebSocket[] = [];
    class Counted extends WebSocket {
      constructor(url: string) {
        super(url);
        sockets.push(this);
      }
    }
    let requests = 0;
    const client = createClient({
      url: server.base,
      WebSocket: Counted,
      fetch: async (input, init) => {
        requests += 1;
        try {
          return await fetch(input, init);
        } finally {
          requests -= 1;
        }
      },
      minReconnectDelay: 5_000,
      maxReconnectDelay: 10_000,
      positions: { load: () => null, save: () => {} },
    });
    if (moment !== moments[0]?.[2]) client.connect();
    await moment(client, server);
    client.close();
    // A request that was ended takes its timer along a moment later.
    await until("no timer", () => timers.size === 0, 100);
    await until(
      "no socket and no request",
      () => sockets.every(({ readyState }) => readyState === 3) && requests === 0,
      2_000,
    );
    expect(client.state.status).toBe("closed");
    const asked = server.asked;
    await new Promise((later) => realSet(later, 50));
    expect(timers.size).toBe(0);
    expect(server.asked).toBe(asked);
    expect(sockets.every(({ readyState }) => readyState === 3)).toBe(true);
  });
});

it("leaves nothing when a handler of its own closes it", async () => {
  for (const status of ["connecting", "connected", "waiting"]) {
    await counting(async (timers) => {
      const server = await foreign({
        socket: (socket, text) => {
          greet?.(socket, text);
          if (text) realSet(() => socket.terminate(), 50);
        },
      });
      servers.push(server);
      const client = createClient({ url: server.base, WebSocket });
      client.on("state", (state) => {
        if (state.status === status) client.close();
      });
      client.connect();
      await until("closed", () => client.state.status === "closed");
      expect(client.state).toMatchObject({ reason: "stopped" });
      await new Promise((later) => realSet(later, 50));
      expect(timers.size).toBe(0);
      await until("no socket", () => server.sockets.every(({ readyState }) => readyState === 3));
    });
  }
});
