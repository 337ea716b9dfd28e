import { expect, it } from "vitest";
import { ENTRIES_MAX, FrameLog, SHOW_ALL } from "../src/features/lab/frame-log.ts";
import { Ring } from "../src/features/lab/ring.ts";
import { maskTokens, TOKEN, TokenMask } from "../src/session/token-mask.ts";

/** A log whose page is drawn when the test says so. */
function log(): { log: FrameLog; draw: () => void; drawn: () => number } {
  let work: (() => void) | null = null;
  let drawn = 0;
  const made = new FrameLog((next) => {
    work = next;
  });
  made.subscribe(() => {
    drawn += 1;
  });
  const draw = (): void => {
    const due = work;
    work = null;
    due?.();
  };
  return { log: made, draw, drawn: () => drawn };
}

function frame(text: string, kind = "event", direction: "in" | "out" = "in") {
  return { at: 0, direction, text, bytes: text.length, kind };
}

it("keeps the newest 5,000 entries and forgets the oldest", () => {
  const { log: made } = log();
  for (let number = 1; number <= ENTRIES_MAX + 3; number += 1) made.add(frame(`"${number}"`));
  expect(made.length).toBe(ENTRIES_MAX);
  expect(made.shown(0)?.text).toBe('"4"');
  expect(made.shown(ENTRIES_MAX - 1)?.text).toBe(`"${ENTRIES_MAX + 3}"`);
  expect(made.shown(ENTRIES_MAX)).toBeUndefined();
});

it("keeps less when the frames are long", () => {
  const { log: made } = log();
  const long = "x".repeat(64 * 1024);
  for (let number = 0; number < 1_000; number += 1) made.add(frame(long));
  expect(made.length * long.length).toBeLessThan(32_000_000);
  expect(made.length).toBeGreaterThan(100);
});

it("tells the page once of many frames", () => {
  const { log: made, draw, drawn } = log();
  for (let number = 0; number < 200; number += 1) made.add(frame("{}"));
  expect(drawn()).toBe(0);
  draw();
  expect(drawn()).toBe(1);
});

it("filters by text, kind and direction, also what comes later", () => {
  const { log: made } = log();
  made.add(frame('{"a":1}', "order.updated"));
  made.add(frame('{"b":2}', "ping", "out"));
  made.setFilter({ ...SHOW_ALL, text: "ORDER" });
  expect(made.shownLength).toBe(1);
  made.add(frame('{"c":3}', "order.created"));
  made.add(frame('{"d":4}', "heartbeat"));
  expect(made.shownLength).toBe(2);
  expect(made.shown(1)?.kind).toBe("order.created");
  made.setFilter({ text: "", directions: ["out"] });
  expect(made.shownLength).toBe(1);
  expect(made.length).toBe(4);
});

it("stands still while it is paused, and loses nothing", () => {
  const { log: made } = log();
  made.add(frame("1"));
  made.setPaused(true);
  made.add(frame("2"));
  made.add(frame("3"));
  expect([made.shownLength, made.hidden, made.length]).toEqual([1, 2, 3]);
  made.setPaused(false);
  expect([made.shownLength, made.hidden]).toEqual([3, 0]);
});

it("exports lines of JSON, frames as JSON and notes as words", () => {
  const { log: made } = log();
  made.add({ at: 1_000, direction: "out", text: '{"type":"ping"}', bytes: 15, kind: "ping" });
  made.note(2_000, "The network is back.");
  made.add(frame('{"type":', "not a frame", "out"));
  const lines = made
    .toJsonLines()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toEqual([
    {
      at: "1970-01-01T00:00:01.000Z",
      direction: "out",
      kind: "ping",
      bytes: 15,
      frame: { type: "ping" },
    },
    { at: "1970-01-01T00:00:02.000Z", direction: "note", text: "The network is back." },
    {
      at: "1970-01-01T00:00:00.000Z",
      direction: "out",
      kind: "not a frame",
      bytes: 8,
      frame: '{"type":',
    },
  ]);
});

it("a ring gives its values in order after it went round", () => {
  const ring = new Ring<number>(3);
  expect([1, 2, 3, 4, 5].map((value) => ring.push(value))).toEqual([
    undefined,
    undefined,
    undefined,
    1,
    2,
  ]);
  expect([...ring]).toEqual([3, 4, 5]);
  ring.clear();
  expect(ring.length).toBe(0);
});

it.each([
  [
    '{"type":"connect","token":"se\\"cret","resume":{}}',
    `{"type":"connect","token":"${TOKEN}","resume":{}}`,
  ],
  ["ws://a/api/v1/ws?attempt=1&token=abc.def-_ x", `ws://a/api/v1/ws?attempt=1&token=${TOKEN} x`],
  ["Authorization: Bearer abcdefgh.ijk", `Authorization: Bearer ${TOKEN}`],
  ["got eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln!", `got ${TOKEN}!`],
  ['{"event":"order.updated"}', '{"event":"order.updated"}'],
])("masks the token in %s", (text, masked) => {
  expect(maskTokens(text)).toBe(masked);
});

it("masks a remembered token wherever it stands, and no word that is shorter", () => {
  const mask = new TokenMask();
  mask.remember("0123456789abcdef");
  mask.remember("test");
  expect(mask.mask("test: 0123456789abcdef is echoed")).toBe(`test: ${TOKEN} is echoed`);
});
