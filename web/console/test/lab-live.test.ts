// The lab against the real server: what it says of a connection that is cut, of a bad frame, and of a
// token that is none.
//
// @vitest-environment jsdom

import { type Server, type Session, startServer, until } from "@frontdesk/testing";
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import WebSocket from "ws";
import type { Dial } from "../src/features/lab/dial.ts";
import { FrameLog, type LogEntry } from "../src/features/lab/frame-log.ts";
import { LabSession } from "../src/features/lab/lab-session.ts";

// Longer than what is waited for, so that a failure says what it was.
vi.setConfig({ testTimeout: 30_000 });

let server: Server;
let ana: Session;
let ben: Session;

beforeAll(async () => {
  server = await startServer();
  [ana, ben] = await Promise.all([server.customer("Ana"), server.staff("Ben")]);
}, 60_000);

afterAll(() => server?.stop());

let lab: LabSession;

beforeEach(() => {
  // A program has no Origin and may connect; jsdom's own socket would send one.
  vi.stubGlobal("WebSocket", WebSocket);
  vi.stubGlobal("requestAnimationFrame", (work: () => void) => setTimeout(work, 0));
  lab = new LabSession(new FrameLog((work) => setTimeout(work, 0)), ana.fetch);
  onTestFinished(() => {
    lab.dispose();
    vi.unstubAllGlobals();
  });
});

function dial(how: Partial<Dial> = {}): Dial {
  const url = `${server.base.replace("http", "ws")}/api/v1/ws`;
  return { mode: "raw", url, carry: "first-frame", own: "", ...how };
}

function entries(): LogEntry[] {
  const found = Array.from({ length: lab.log.shownLength }, (_, index) => lab.log.shown(index));
  return found.filter((entry) => entry !== undefined);
}

const says = (words: string): boolean => entries().some(({ text }) => text.includes(words));
const isWelcomed = (): boolean => lab.state().status === "welcomed";

it.each(["raw", "client"] as const)("tells what was missed during a cut (%s)", async (mode) => {
  lab.connect(dial({ mode }));
  await until("the welcome", isWelcomed);
  lab.cut(1_500);
  await until("the end is told", () => says("without a goodbye"));
  await ben.notify(ana.user.id, "missed");
  await ben.notify(ana.user.id, "missed too");
  await until("the missed events are told", () => says("all 2 events that were missed have come"));
  expect(says("The network is back.")).toBe(true);
  expect(isWelcomed()).toBe(true);
});

it("carries the token in the address too, and rewinds each channel after a cut", async () => {
  lab.connect(dial({ carry: "query" }));
  await until("the welcome", isWelcomed);
  lab.cut(500);
  await until("the end is told", () => says("without a goodbye"));
  await ben.notify(ana.user.id, "missed");
  await until("the missed event is told", () => says("all 1 event that were missed have come"));
});

it("no token is ever in the log, the export or the state", async () => {
  const tokens: string[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const answer = await ana.fetch(input, init);
    const body = (await answer.clone().json()) as { token?: string };
    if (body.token) tokens.push(body.token);
    return answer;
  };
  lab = new LabSession(new FrameLog((work) => setTimeout(work, 0)), fetch);
  for (const carry of ["first-frame", "query"] as const) {
    lab.connect(dial({ carry }));
    await until("the welcome", isWelcomed);
    await lab.send('{"type":"refresh","id":"r","token":"$TOKEN"}');
    await until("the renewal", () => says('"id":"r"'));
  }
  lab.connect(dial({ carry: "own-query", own: "a-token-of-mine-that-is-none" }));
  await until("the refusal", () => lab.state().status === "closed" && says("token_malformed"));
  expect(tokens.length).toBeGreaterThanOrEqual(4);
  const kept = lab.log.toJsonLines() + JSON.stringify(lab.state().story);
  for (const token of [...tokens, "a-token-of-mine-that-is-none"])
    expect(kept).not.toContain(token);
  expect(kept).toContain("$TOKEN");
});

it("says what a bad frame is answered, and that the connection stays", async () => {
  lab.connect(dial());
  await until("the welcome", isWelcomed);
  lab.sendBadFrame();
  await until("the answer", () => says("this was number 1"));
  expect(isWelcomed()).toBe(true);
});

it("hands on the server's own words for a placeholder", async () => {
  lab.connect(dial({ carry: "own-first-frame", own: "test" }));
  await until("the end", () => says("Closed with 4502"));
  expect(says("says goodbye with 4502 token_malformed: The token is `test`")).toBe(true);
});

it("asks what the server saw of a handshake that failed", async () => {
  const dead = "ws://127.0.0.1:1/api/v1/ws";
  lab.connect(dial({ url: dead, carry: "none" }));
  await until("the end is told", () => says("The server could not be asked why either"));
  expect(says("The socket did not open")).toBe(true);
});

it("keeps a socket alive by renewals, and shows what holding them back does", async () => {
  const short = await startServer({ config: { "auth.ws_token_seconds": 5 } });
  onTestFinished(() => short.stop());
  const cleo = await short.customer("Cleo");
  lab = new LabSession(new FrameLog((work) => setTimeout(work, 0)), cleo.fetch);
  lab.connect(dial({ url: `${short.base.replace("http", "ws")}/api/v1/ws` }));
  await until("the renewal", () => says("renewed on the living socket"));
  lab.letExpire();
  // The server waits 20 s after the end of the token.
  await until("the end", () => says("says goodbye with 4100"), 45_000);
  await until("the return", () => says("Back after") && isWelcomed());
  expect(lab.state().holding).toBe(false);
}, 80_000);
