// The life of a page, as a browser tells of it. Whether browsers do so is tested in a browser
// (tests/browser); here it is told by hand, to a client of the real server.

import { chaosProxy, type Server, type Session, startServer, until } from "@frontdesk/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { closeAll, titles, watch } from "./support/client.ts";

let server: Server;
let ana: Session;
let ben: Session;
const scope = new EventTarget();
const page = Object.assign(new EventTarget(), { visibilityState: "visible" });

beforeAll(async () => {
  server = await startServer({ config: { "socket.heartbeat_seconds": 5 } });
  [ana, ben] = await Promise.all([server.customer(), server.staff()]);
});
beforeEach(() => {
  vi.stubGlobal("document", page);
  vi.stubGlobal("addEventListener", scope.addEventListener.bind(scope));
});
afterEach(() => {
  closeAll();
  vi.unstubAllGlobals();
});
afterAll(() => server.stop());

const connected = ({ client }: ReturnType<typeof watch>) =>
  until("connected", () => client.state.status === "connected");

it.each([
  ["freeze", "resume"],
  ["pagehide", "pageshow"],
])("lets its socket go at %s, and is back at %s without a loss", async (away, back) => {
  const watched = watch(ana, {
    url: server.base,
    minReconnectDelay: 60_000,
    maxReconnectDelay: 60_000,
  });
  await connected(watched);
  const codes: number[] = [];
  watched.sockets[0]?.on("close", (code) => codes.push(code));
  (away === "freeze" ? page : scope).dispatchEvent(new Event(away));
  expect(watched.client.state.status).toBe("waiting");
  await until("the socket is closed in order", () => codes.length === 1);
  watched.client.connect();
  await ben.notify(ana.user.id, `during ${away}`);
  await new Promise((later) => setTimeout(later, 200));
  expect(watched.sockets.length).toBe(1);
  const event = Object.assign(new Event(back), { persisted: true });
  (back === "resume" ? page : scope).dispatchEvent(event);
  await until("what was missed", () => titles(watched).includes(`during ${away}`));
  expect(watched.sockets.length).toBe(2);
});

it("asks whether a connection is alive when the page is seen again or the network is back, and never closes one that is", async () => {
  const proxy = await chaosProxy(server.base);
  const watched = watch(ana, { url: proxy.base, probeTimeout: 300 });
  await connected(watched);
  for (const [target, type] of [
    [page, "visibilitychange"],
    [scope, "online"],
    [scope, "offline"],
  ] as const) {
    target.dispatchEvent(new Event(type));
    await new Promise((later) => setTimeout(later, 500));
    expect(watched.sockets.length).toBe(1);
    expect(watched.client.state.status).toBe("connected");
  }
  proxy.stall();
  page.dispatchEvent(new Event("visibilitychange"));
  const asked = Date.now();
  await until("let go", () => watched.client.state.status !== "connected");
  expect(Date.now() - asked).toBeGreaterThanOrEqual(290);
  expect(Date.now() - asked).toBeLessThan(2_000);
  proxy.reset();
  proxy.resume();
  await connected(watched);
  await proxy.close();
});

it("tries again at once when the network is back", async () => {
  const proxy = await chaosProxy(server.base);
  const watched = watch(ana, {
    url: proxy.base,
    minReconnectDelay: 60_000,
    maxReconnectDelay: 60_000,
  });
  await connected(watched);
  proxy.reset();
  await until("waiting", () => watched.client.state.status === "waiting");
  scope.dispatchEvent(new Event("online"));
  await connected(watched);
  await proxy.close();
});

it("allows a hidden page more silence than a page that is seen", async () => {
  const proxy = await chaosProxy(server.base);
  page.visibilityState = "hidden";
  const watched = watch(ana, { url: proxy.base, probeTimeout: 200, missedHeartbeats: 0.2 });
  await connected(watched);
  proxy.stall();
  await new Promise((later) => setTimeout(later, 4_000));
  expect(watched.client.state.status).toBe("connected");
  page.visibilityState = "visible";
  page.dispatchEvent(new Event("visibilitychange"));
  await until("let go", () => watched.client.state.status !== "connected");
  await proxy.close();
});

it("asks after a leap of the clock, as after the sleep of a machine, before it takes silence for the end", async () => {
  const proxy = await chaosProxy(server.base);
  let leap = 0;
  const watched = watch(ana, {
    url: proxy.base,
    probeTimeout: 300,
    missedHeartbeats: 0.1,
    now: () => Date.now() + leap,
  });
  await connected(watched);
  leap = 3_600_000;
  await new Promise((later) => setTimeout(later, 1_500));
  expect(watched.client.state.status).toBe("connected");
  expect(watched.sockets.length).toBe(1);
  leap += 3_600_000;
  proxy.stall();
  await until("let go", () => watched.client.state.status !== "connected");
  await proxy.close();
});

it("ends at a socket that the page's own policy blocks, which fires no close", async () => {
  // What a browser does with such a socket, measured: readyState 3 from the start, one `error`, no `close`.
  class Blocked extends EventTarget {
    readyState = 3;
    constructor(url: string) {
      super();
      setTimeout(() => {
        this.dispatchEvent(new Event("error"));
        const violation = {
          disposition: "enforce",
          effectiveDirective: "connect-src",
          blockedURI: url,
        };
        page.dispatchEvent(Object.assign(new Event("securitypolicyviolation"), violation));
      });
    }
    close(): void {}
    send(): void {}
  }
  const watched = watch(ana, {
    url: server.base,
    WebSocket: Blocked as never,
    minReconnectDelay: 60_000,
    maxReconnectDelay: 60_000,
  });
  await until(
    "the end, long before the handshake would be given up",
    () => watched.client.state.status === "waiting" && watched.client.state.diagnosis !== null,
    3_000,
  );
  expect(watched.client.state).toMatchObject({
    close: null,
    diagnosis: { id: "br.csp", confidence: "certain" },
  });
});

it("listens to the page only while it is not closed", async () => {
  const watched = watch(ana, { url: server.base });
  await connected(watched);
  watched.client.close();
  for (const type of ["pagehide", "online", "pageshow"])
    scope.dispatchEvent(Object.assign(new Event(type), { persisted: true }));
  for (const type of ["freeze", "resume", "visibilitychange"]) page.dispatchEvent(new Event(type));
  expect(watched.client.state).toMatchObject({ status: "closed", reason: "stopped" });
  expect(watched.sockets.length).toBe(1);
});
