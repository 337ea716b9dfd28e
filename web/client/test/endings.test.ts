// Ends for which the real server has a reason.

import { type Server, type Session, startServer, until } from "@frontdesk/testing";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { closeAll, path, titles, tokensAsked, watch } from "./support/client.ts";

let server: Server;
let ben: Session;

beforeAll(async () => {
  server = await startServer({
    config: { "auth.ws_token_seconds": 30, "socket.heartbeat_seconds": 5 },
  });
  ben = await server.staff();
});
afterEach(closeAll);
afterAll(() => server.stop());

type Watched = ReturnType<typeof watch>;
const isConnected = ({ client }: Watched) => client.state.status === "connected";
const connected = (watched: Watched) => until("connected", () => isConnected(watched));
const closed = (watched: Watched) =>
  until("closed", () => watched.client.state.status === "closed");

/** The waits, each once: a diagnosis makes another state of the same wait. */
const waitsOf = ({ states }: Watched) =>
  states
    .flatMap((state) =>
      state.status === "waiting" ? [{ code: state.close?.code, at: state.retryAt }] : [],
    )
    .filter(({ at }, index, all) => at !== all[index - 1]?.at);

/** It is over, and stays so: many times longer than any back-off of these tests. */
async function staysClosed(watched: Watched, code: number): Promise<void> {
  await closed(watched);
  const sockets = watched.sockets.length;
  await new Promise((later) => setTimeout(later, 1_000));
  expect(watched.sockets.length).toBe(sockets);
  expect(watched.client.state).toMatchObject({
    status: "closed",
    reason: "terminal",
    close: { code, detail: expect.any(String), fix: expect.any(String) },
  });
  await until(
    "the diagnosis",
    () => watched.client.state.status === "closed" && watched.client.state.diagnosis !== null,
  );
}

it("stops at a placeholder instead of a token, and names it", async () => {
  for (const token of ["test", "undefined", "Bearer eyJ"]) {
    const watched = watch(ben, { url: server.base, getToken: () => token });
    await staysClosed(watched, 4502);
    expect(watched.sockets.length).toBe(1);
    expect(watched.client.state).toMatchObject({ diagnosis: { id: "auth.placeholder" } });
  }
});

it("does not even try when there is no token at all", async () => {
  const watched = watch(ben, {
    url: server.base,
    getToken: (() => undefined) as unknown as () => string,
  });
  await closed(watched);
  await until(
    "the diagnosis",
    () => watched.client.state.status === "closed" && watched.client.state.diagnosis !== null,
  );
  expect(watched.client.state).toMatchObject({
    reason: "terminal",
    diagnosis: { id: "auth.placeholder" },
  });
  expect(watched.sockets.length).toBe(0);
});

it("stops at a path where no socket lives", async () => {
  const watched = watch(ben, {
    url: `${server.base.replace("http", "ws")}/api/v1/wz`,
    getToken: async () => (await ben.token()).token,
  });
  await staysClosed(watched, 4511);
});

it("stops when the account is disabled", async () => {
  const ana = await server.customer();
  const watched = watch(ana, { url: server.base });
  await connected(watched);
  await server.run(["user", "disable", "--email", ana.user.email]);
  await staysClosed(watched, 4506);
});

it("stops when one signs out in another tab, and begins again after a new sign-in", async () => {
  const ana = await server.customer();
  let session = ana;
  const [one, two] = [1, 2].map(() =>
    watch(null, { url: server.base, fetch: (...request) => session.fetch(...request) }),
  );
  if (!one || !two) throw new Error("there are two");
  await Promise.all([connected(one), connected(two)]);
  await ana.signOut();
  await Promise.all([staysClosed(one, 4505), staysClosed(two, 4505)]);
  one.client.connect();
  await closed(one);
  expect(one.client.state).toMatchObject({ reason: "terminal", close: null });
  session = await server.signIn(ana.user.email);
  one.client.connect();
  await connected(one);
});

it("connects again after a change of role, as what one is now", async () => {
  const ana = await server.customer();
  const watched = watch(ana, { url: server.base });
  await connected(watched);
  await server.run(["user", "role", "--email", ana.user.email, "--role", "staff"]);
  await until(
    "connected as staff",
    () => watched.client.state.status === "connected" && watched.client.state.user.role === "staff",
  );
  expect(watched.client.channel("staff").position).not.toBeNull();
});

it("asks for another token once at once when one has expired, and not in a storm", async () => {
  const ana = await server.customer();
  const expired = (
    await server.run(["token", "mint", "--email", ana.user.email, "--seconds", "1"])
  ).trim();
  await new Promise((later) => setTimeout(later, 7_500));
  let asked = 0;
  const watched = watch(ana, {
    url: server.base,
    minReconnectDelay: 200,
    getToken: async () => {
      asked += 1;
      return asked < 4 ? expired : (await ana.token()).token;
    },
  });
  await connected(watched);
  expect(asked).toBe(4);
  const waits = waitsOf(watched);
  expect(waits.map(({ code }) => code)).toEqual([4100, 4100, 4100]);
  const since = watched.states.flatMap((state) =>
    state.status === "connecting" ? [state.since] : [],
  );
  // The first wait is none, the others are.
  expect((waits[0]?.at ?? 0) - (since[0] ?? 0)).toBeLessThan(150);
  expect((since[2] ?? 0) - (since[1] ?? 0)).toBeGreaterThanOrEqual(199);
  expect((since[3] ?? 0) - (since[2] ?? 0)).toBeGreaterThanOrEqual(199);
}, 40_000);

it("comes back after the plug was pulled and after a restart, and misses nothing", async () => {
  const own = await startServer({ config: { "server.drain_seconds": 2 } });
  const [ana, staff] = await Promise.all([own.customer(), own.staff()]);
  const watched = watch(ana, { url: own.base });
  await connected(watched);
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    await own.kill(signal);
    await until("not connected", () => !isConnected(watched));
    await own.start();
    await staff.notify(ana.user.id, signal);
    await until("the event", () => titles(watched).includes(signal));
  }
  expect(titles(watched)).toEqual(["SIGKILL", "SIGTERM"]);
  const codes = new Set(
    watched.states.flatMap((state) =>
      state.status === "waiting" && state.close ? [state.close.code] : [],
    ),
  );
  expect([...codes]).toContain(4001);
  expect([...codes]).toContain(1006);
  // The token outlives both: it is used again.
  expect(tokensAsked(watched)).toBe(1);
  await own.stop();
});

it("waits as long as a leaving server asks", async () => {
  const own = await startServer({ config: { "server.drain_seconds": 5 } });
  const ana = await own.customer();
  const all = Array.from({ length: 10 }, () =>
    watch(ana, { url: own.base, minReconnectDelay: 1, maxReconnectDelay: 2 }),
  );
  await until("all connected", () => all.every(isConnected));
  const asked = all.map(({ sockets }) => {
    const goodbye = { at: 0, milliseconds: Number.NaN };
    sockets[0]?.on("message", (data) => {
      const frame = JSON.parse(String(data));
      if (frame.type === "goodbye")
        Object.assign(goodbye, { at: Date.now(), milliseconds: frame.retry_after_ms });
    });
    return goodbye;
  });
  await own.kill("SIGTERM");
  await until("all wait", () => all.every((watched) => waitsOf(watched).length > 0));
  for (const [index, watched] of all.entries()) {
    const { at, milliseconds } = asked[index] ?? { at: 0, milliseconds: Number.NaN };
    const waits = (waitsOf(watched)[0]?.at ?? 0) - at;
    expect(waits).toBeGreaterThanOrEqual(milliseconds);
    expect(waits).toBeLessThan(milliseconds + 300);
  }
  expect(Math.max(...asked.map(({ milliseconds }) => milliseconds))).toBeGreaterThan(1_000);
  await own.stop();
});

it("gives up after as many retries as it may", async () => {
  const own = await startServer();
  const ana = await own.customer();
  const watched = watch(ana, { url: own.base, maxRetries: 3 });
  await connected(watched);
  await own.stop();
  await closed(watched);
  expect(watched.client.state).toMatchObject({ reason: "terminal" });
  expect(path(watched)).toEqual([
    "connecting",
    "connected",
    ...Array.from({ length: 3 }, () => ["waiting", "connecting"]).flat(),
    "closed",
  ]);
});
