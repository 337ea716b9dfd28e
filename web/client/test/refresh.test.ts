// A token lives shorter than a connection.

import { type Server, startServer, until } from "@frontdesk/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { closeAll, path, titles, tokensAsked, watch } from "./support/client.ts";

let server: Server;

beforeAll(async () => {
  // The shortest life that the server accepts.
  server = await startServer({ config: { "auth.ws_token_seconds": 5 } });
});
afterAll(async () => {
  closeAll();
  await server.stop();
});

it.concurrent("refreshes for two minutes without one disconnect", async () => {
  const [ana, ben] = await Promise.all([server.customer(), server.staff()]);
  const watched = watch(ana, { url: server.base });
  await until("connected", () => watched.client.state.status === "connected");
  await new Promise((later) => setTimeout(later, 120_000));
  expect(path(watched)).toEqual(["connecting", "connected"]);
  expect(watched.sockets.length).toBe(1);
  // 5 s of life, renewed when 30 % are left: each 3.5 s.
  expect(tokensAsked(watched)).toBeGreaterThan(25);
  expect(tokensAsked(watched)).toBeLessThan(45);
  await ben.notify(ana.user.id, "still here");
  await until("an event", () => titles(watched).includes("still here"));
}, 140_000);

it.concurrent("comes back with a fresh token when the refresh could not be had", async () => {
  const ana = await server.customer();
  let asked = 0;
  const watched = watch(ana, {
    url: server.base,
    getToken: async () => {
      asked += 1;
      // There is none from the first renewal until the server gives up, after 5 s of life and 20 s of grace.
      if (asked > 1 && !isExpired()) throw new Error("the network is down");
      return (await ana.token()).token;
    },
  });
  const isExpired = () =>
    watched.states.some((state) => state.status === "waiting" && state.close?.code === 4100);
  await until("connected", () => watched.client.state.status === "connected");
  await until("expired", isExpired, 70_000);
  await until("connected again", () => watched.client.state.status === "connected");
  expect(asked).toBeGreaterThan(3);
  expect(asked).toBeLessThan(40);
}, 100_000);
