import { expect, it } from "vitest";
import { copyAs } from "../src/features/lab/copy-as.ts";
import { addressFault, addressOf, type Dial } from "../src/features/lab/dial.ts";
import { endInWords, Tracker } from "../src/features/lab/tracker.ts";
import type { WireEnd } from "../src/features/lab/wire.ts";

const EPOCH = "0190a000-0000-7000-8000-000000000001";
const END: WireEnd = {
  url: "ws://a/api/v1/ws",
  code: 1006,
  reason: "",
  wasClean: false,
  opened: true,
  error: false,
  livedMs: 12_000,
  cut: false,
};

function welcome(channels: object[]): object {
  return {
    type: "welcome",
    connection_id: "c1",
    server: "frontdesk/0.1.0",
    server_time: "2026-11-22T10:00:00.000Z",
    expires_at: "2026-11-22T10:05:00.000Z",
    heartbeat_seconds: 25,
    user: { id: "u1", name: "Ana", role: "staff" },
    channels,
  };
}

function event(offset: number): object {
  return { type: "event", channel: "staff", offset, id: `e${offset}`, event: "order.updated" };
}

it("tells what was missed, and when all of it has come", () => {
  const tracker = new Tracker();
  const live = { channel: "staff", epoch: EPOCH, offset: 4, head: 4, outcome: "live" };
  expect(tracker.hear(welcome([live]), 0)[0]).toContain("Welcome, Ana (staff)");
  tracker.hear(event(5), 10);
  expect(tracker.resume()).toEqual({ staff: { epoch: EPOCH, offset: 5, id: "e5" } });

  const told = tracker.ended({ ...END, cut: true }, 1_000, []);
  expect(told[0]).toContain("without a goodbye");
  expect(told[1]).toBe("Remembered: staff at 5.");

  const back = tracker.hear(
    welcome([{ channel: "staff", epoch: EPOCH, offset: 5, head: 7, outcome: "recovered" }]),
    6_000,
  );
  expect(back[0]).toBe("Back after 5.0 s.");
  expect(back[1]).toContain("2 events missed, 6 to 7");
  expect(tracker.hear(event(6), 6_010)).toEqual([]);
  expect(tracker.hear(event(7), 6_020)[0]).toContain("all 2 events that were missed have come");
});

it("says so when events cannot be had any more, or the log is another one", () => {
  const tracker = new Tracker();
  tracker.hear(
    welcome([{ channel: "staff", epoch: EPOCH, offset: 4, head: 4, outcome: "live" }]),
    0,
  );
  tracker.ended(END, 1_000, []);
  const gap = { from: 5, to: 8, why: "expired" };
  const back = tracker.hear(
    welcome([{ channel: "staff", epoch: EPOCH, offset: 8, head: 9, outcome: "gap", gap }]),
    2_000,
  );
  expect(back[1]).toContain("events 5 to 8 are gone (expired)");
  expect(back[2]).toContain("1 event missed, 9 to 9");
  tracker.ended(END, 3_000, []);
  const reset = tracker.hear(
    welcome([{ channel: "staff", epoch: EPOCH, offset: 2, head: 2, outcome: "reset" }]),
    4_000,
  );
  expect(reset[1]).toContain("of another log");
});

it("notices a hole", () => {
  const tracker = new Tracker();
  tracker.hear(
    welcome([{ channel: "staff", epoch: EPOCH, offset: 4, head: 4, outcome: "live" }]),
    0,
  );
  expect(tracker.hear(event(7), 10)[0]).toContain("a hole");
});

it("measures round trips, counts heartbeats and follows the token's end by the server's clock", () => {
  const tracker = new Tracker();
  const at = Date.parse("2026-11-22T09:00:00.000Z");
  tracker.hear(welcome([]), at);
  expect(tracker.story.expiresAt).toBe(at + 300_000);
  const { id } = JSON.parse(tracker.ping(1, at)) as { id: string };
  tracker.hear({ type: "reply", id, data: { server_time: "2026-11-22T10:00:01.000Z" } }, at + 42);
  tracker.hear({ type: "heartbeat", server_time: "2026-11-22T10:00:01.000Z" }, at + 50);
  expect(tracker.story).toMatchObject({ roundTripMs: 42, heartbeats: 1, lastHeartbeatAt: at + 50 });
  const told = tracker.hear(
    { type: "reply", id: "r", data: { expires_at: "2026-11-22T10:09:00.000Z" } },
    at,
  );
  expect(told[0]).toContain("renewed");
  expect(tracker.story.expiresAt).toBe(at + 540_000);
});

it("knows a channel by the answer to its subscribe, and forgets it when it is taken away", () => {
  const tracker = new Tracker();
  tracker.hear(welcome([]), 0);
  tracker.sent({ type: "subscribe", id: "7", channel: "chat:x" });
  const entry = { channel: "chat:x", epoch: EPOCH, offset: 3, head: 3, outcome: "live" };
  expect(tracker.hear({ type: "reply", id: "7", data: entry }, 1)[0]).toBe(
    "Subscribed to chat:x, live from 3 on.",
  );
  expect([...tracker.story.asked]).toEqual(["chat:x"]);
  tracker.hear(
    { type: "unsubscribed", channel: "chat:x", code: "chat_lost", detail: "it is gone" },
    2,
  );
  expect(tracker.story.places.size).toBe(0);
});

it.each([
  [{ opened: false, error: true }, "did not open"],
  [{ error: true }, "was not WebSocket"],
  [{}, "without a goodbye"],
  [{ cut: true }, "Cut here"],
  [{ code: 4999, reason: "x: y", wasClean: true }, "Closed with 4999"],
])("tells the end %o in words", (how, words) => {
  expect(endInWords({ ...END, ...how }, false, [])).toContain(words);
});

it("explains a code that came without a goodbye by the server's own table", () => {
  const codes = [{ code: 4002, slug: "too_slow", meaning: "It read too slowly.", fix: "Resume." }];
  expect(endInWords({ ...END, code: 4002 }, false, codes)).toBe(
    "Closed with 4002 too_slow after 12 s: It read too slowly. Resume.",
  );
});

const DIAL: Dial = {
  mode: "raw",
  url: "ws://localhost:8000/api/v1/ws",
  carry: "first-frame",
  own: "s3cr3t-of-mine",
};

it("copies the connection without its token", () => {
  for (const form of ["curl", "wscat", "typescript"] as const) {
    for (const carry of ["first-frame", "query", "none", "own-first-frame", "own-query"] as const) {
      const url = `${DIAL.url}?token=eyJleHAi.secret&x='1'`;
      const text = copyAs(form, { ...DIAL, url, carry }, "http://localhost:5174");
      expect(text).not.toMatch(/secret|s3cr3t/);
      expect(text.includes("TOKEN") || text.includes("token")).toBe(carry !== "none");
    }
  }
});

it("copies wscat as a shell reads it", () => {
  const text = copyAs("wscat", DIAL, "http://localhost:5174");
  expect(text).toContain("wscat -o http://localhost:5174 -c ws://localhost:8000/api/v1/ws \\\n");
  expect(text).toContain(`-x '{"type":"connect","token":"'"$TOKEN"'"}'`);
});

it("names what is wrong with an address", () => {
  expect(addressFault("localhost:8000")).toContain("localhost:");
  expect(addressFault("/ws")).toContain("no whole address");
  expect(addressFault("ws://a/#x")).toContain("fragment");
  expect(addressFault("ws://my host/ws")).toContain("space");
  expect(addressFault("wss://a/ws")).toBeNull();
  expect(addressOf("ws://a/ws?x=1", "id", "t t")).toBe("ws://a/ws?x=1&attempt=id&token=t+t");
});
