import { expect, it } from "vitest";
import { delayBefore, retryAfter } from "../src/backoff.ts";
import type { GoodbyeFrame } from "../src/protocol.ts";

const options = { minReconnectDelay: 500, maxReconnectDelay: 20_000, random: Math.random };

it("spreads waits evenly from the shortest to a ceiling that doubles up to the longest", () => {
  for (const [retry, ceiling] of [
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [5, 16_000],
    [6, 20_000],
    [40, 20_000],
    [5_000, 20_000],
  ] as const) {
    const samples = Array.from({ length: 1_000 }, () => delayBefore(retry, options));
    expect(Math.min(...samples)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...samples)).toBeLessThanOrEqual(ceiling);
    // Of 1,000 even samples each tenth holds 100; 50 to 150 is more than five standard deviations.
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const from = 500 + ((ceiling - 500) * tenth) / 10;
      const inside = samples.filter(
        (sample) => sample >= from && sample < from + (ceiling - 500) / 10,
      ).length;
      expect(inside, `retry ${retry}, tenth ${tenth}`).toBeGreaterThan(50);
      expect(inside, `retry ${retry}, tenth ${tenth}`).toBeLessThan(150);
    }
  }
});

it("waits the shortest time when the longest is not longer", () => {
  expect(
    delayBefore(9, { minReconnectDelay: 500, maxReconnectDelay: 100, random: () => 0.9 }),
  ).toBe(500);
});

it("knows codes by their range, also those it has never heard of", () => {
  const ranges = {
    backoff: [1000, 1006, 1011, 1013, 3000, 4000, 4007, 4099, 4200, 4499, 5000, undefined],
    fresh_token: [4100, 4101, 4199],
    never: [4500, 4501, 4999],
  };
  for (const [retry, codes] of Object.entries(ranges))
    for (const code of codes) expect(retryAfter(code, null), String(code)).toBe(retry);
});

it("believes the server before the range, unless it says what nobody understands", () => {
  const goodbye = (retry: unknown) => ({ retry }) as GoodbyeFrame;
  expect(retryAfter(4000, goodbye("never"))).toBe("never");
  expect(retryAfter(4511, goodbye("backoff"))).toBe("backoff");
  expect(retryAfter(4511, goodbye("perhaps"))).toBe("never");
});
