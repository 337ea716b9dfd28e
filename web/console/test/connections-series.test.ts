import { expect, it } from "vitest";
import type { WsStats } from "../src/features/connections/queries.ts";
import { EMPTY, grown, POINTS_MAX } from "../src/features/connections/series.ts";

function stats(deliveries: number, closes: Record<string, number> = {}, boot_id = "b1"): WsStats {
  const counts = {
    connections: 3,
    by_role: {},
    channels: 1,
    outbox_bytes: 10,
    deliveries,
    closes,
    refusals: {},
  };
  return { ...counts, nodes: [{ ...counts, boot_id }] };
}

it("makes rates of counts", () => {
  let series = grown(EMPTY, stats(100), 1_000);
  expect(series.deliveriesPerSecond).toEqual([null]);
  series = grown(series, stats(150, { 1001: 2 }), 3_000);
  expect(series.deliveriesPerSecond).toEqual([null, 25]);
  expect(series.closesPerSecond.get("1001")).toEqual([null, 1]);
  expect(series.connections).toEqual([3, 3]);
});

it("knows no rate across a restart or a pause", () => {
  let series = grown(EMPTY, stats(100), 1_000);
  series = grown(series, stats(5, {}, "b2"), 2_000);
  expect(series.deliveriesPerSecond.at(-1)).toBeNull();
  series = grown(series, stats(500, {}, "b2"), 60_000);
  expect(series.deliveriesPerSecond.at(-1)).toBeNull();
});

it("keeps five minutes, every column as long as the others", () => {
  let series = EMPTY;
  for (let second = 1; second <= POINTS_MAX + 20; second += 1) {
    const closes: Record<string, number> = second > 100 ? { 4002: second } : {};
    series = grown(series, stats(second, closes), second * 1_000);
  }
  const columns = [
    series.times,
    series.connections,
    series.outboxBytes,
    series.deliveriesPerSecond,
  ];
  expect([...columns, ...series.closesPerSecond.values()].map(({ length }) => length)).toEqual(
    Array(5).fill(POINTS_MAX),
  );
  expect(series.times[0]).toBe(21);
});

it("takes the same answer once", () => {
  const series = grown(EMPTY, stats(1), 1_000);
  expect(grown(series, stats(1), 1_000)).toBe(series);
});
