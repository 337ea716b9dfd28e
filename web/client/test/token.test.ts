// What stands where a token should be. The servers here are not ours: the world has such ones.

import type { ServerResponse } from "node:http";
import { until } from "@frontdesk/testing";
import { afterEach, expect, it, vi } from "vitest";
import { FrontdeskError } from "../src/index.ts";
import { closeAll, watch } from "./support/client.ts";
import { type Foreign, foreign, json, type Manners, welcome } from "./support/outside.ts";

const servers: Foreign[] = [];
afterEach(async () => {
  closeAll();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function against(manners: Manners) {
  const server = await foreign(manners);
  servers.push(server);
  return {
    server,
    watched: watch(null, { url: server.base, minReconnectDelay: 20, maxReconnectDelay: 50 }),
  };
}

const problem = {
  type: "about:blank",
  title: "Unauthorized",
  status: 401,
  code: "unauthenticated",
  detail: "nobody is signed in",
  fix: "Sign in.",
};

it("does not ask again when nobody is signed in", async () => {
  const { server, watched } = await against({
    token: (response) => json(response, 401, problem, "application/problem+json"),
  });
  await until("closed", () => watched.client.state.status === "closed");
  await new Promise((later) => setTimeout(later, 300));
  expect(server.asked).toBe(1);
  expect(watched.client.state).toMatchObject({ reason: "terminal", close: null });
  await until(
    "a diagnosis",
    () => watched.client.state.status === "closed" && watched.client.state.diagnosis !== null,
  );
  expect(server.sockets.length).toBe(0);
});

it.each([
  ["500", (response) => response.writeHead(500).end("oops")],
  [
    "a page in place of JSON",
    (response) => response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html>"),
  ],
  ["JSON without a token", (response) => json(response, 200, { access: "no" })],
  [
    "JSON that is none",
    (response) => response.writeHead(200, { "Content-Type": "application/json" }).end("{"),
  ],
  ["a cut", (response) => response.destroy()],
] satisfies [string, (response: ServerResponse) => void][])(
  "asks again after %s, until it has one",
  async (_, answer) => {
    let answers = 0;
    const { server, watched } = await against({
      token: (response) => {
        answers += 1;
        if (answers <= 3) answer(response);
        else json(response, 200, { token: "a.b.c", expires_in: 300 });
      },
      socket: (socket, text) => text && socket.send(welcome()),
    });
    await until("connected", () => watched.client.state.status === "connected");
    expect(server.asked).toBe(4);
    expect(server.sockets.length).toBe(1);
  },
);

it("does not wait for ever for an answer", async () => {
  const server = await foreign({ token: () => {} });
  servers.push(server);
  const { client } = watch(null, { url: server.base, connectTimeout: 100, maxRetries: 1 });
  await until("given up", () => client.state.status === "closed");
  expect(server.asked).toBe(2);
});

it("waits as long as Retry-After says", async () => {
  let answers = 0;
  const { watched } = await against({
    token: (response) => {
      answers += 1;
      if (answers === 1) response.writeHead(429, { "Retry-After": "1" }).end();
      else json(response, 200, { token: "a.b.c", expires_in: 300 });
    },
    socket: (socket, text) => text && socket.send(welcome()),
  });
  await until("connected", () => watched.client.state.status === "connected");
  const [first, second] = watched.states.flatMap((state) =>
    state.status === "connecting" ? [state.since] : [],
  );
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(990);
});

it("asks again after a getToken that failed, and not after one that says nobody is signed in", async () => {
  const server = await foreign({ socket: (socket, text) => text && socket.send(welcome()) });
  servers.push(server);
  let asked = 0;
  const mended = watch(null, {
    url: server.base,
    getToken: () => {
      asked += 1;
      if (asked < 3) throw new Error("the application's own fault");
      return { token: "a.b.c" };
    },
  });
  await until("connected", () => mended.client.state.status === "connected");
  expect(asked).toBe(3);
  const signedOut = watch(null, {
    url: server.base,
    getToken: () => Promise.reject(new FrontdeskError("unauthenticated", "nobody", "Sign in.")),
  });
  await until("closed", () => signedOut.client.state.status === "closed");
  expect(signedOut.client.state).toMatchObject({ reason: "terminal" });
});

it("ends in a state when the address is none, or the constructor throws", async () => {
  const told = vi.spyOn(console, "warn").mockImplementation(() => {});
  for (const url of ["http://", "ws://local host/", "ftp://localhost/api/v1/ws"]) {
    const watched = watch(null, { url, getToken: () => "a.b.c", maxRetries: 0 });
    await until("closed", () => watched.client.state.status === "closed");
    await until(
      "a diagnosis",
      () => watched.client.state.status === "closed" && watched.client.state.diagnosis !== null,
    );
    expect(watched.client.state).toMatchObject({
      reason: "terminal",
      diagnosis: { id: expect.any(String) },
    });
  }
  told.mockRestore();
});

it("says so where there is no WebSocket", async () => {
  const server = await foreign({});
  servers.push(server);
  const { createClient } = await import("../src/index.ts");
  const client = createClient({ url: server.base, maxRetries: 0 });
  client.connect();
  await until("closed", () => client.state.status === "closed");
  expect(typeof globalThis.WebSocket).toBe("undefined");
  await until(
    "a diagnosis",
    () => client.state.status === "closed" && client.state.diagnosis !== null,
  );
  expect(client.state).toMatchObject({ diagnosis: { id: "cl.node_no_global" } });
});
