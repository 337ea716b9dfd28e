// Counts over time for the charts: the last five minutes, one point a second, and no more.

import type { WsStats } from "./queries.ts";

/** Points that are kept. */
export const POINTS_MAX = 300;

/** Codes that get a line of their own. */
const CODES_MAX = 8;

/** Seconds without a point after which a line is broken rather than drawn across. */
const GAP_SECONDS = 5;

type Line = (number | null)[];

/** Columns of the same length. A new object with every point. */
export interface Series {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly connections: Line;
  readonly deliveriesPerSecond: Line;
  readonly outboxBytes: Line;
  /** Closes a second, by code. */
  readonly closesPerSecond: ReadonlyMap<string, Line>;
  /** The counts that the next rates are measured from. */
  readonly last: { at: number; stats: WsStats } | null;
}

export const EMPTY: Series = {
  times: [],
  connections: [],
  deliveriesPerSecond: [],
  outboxBytes: [],
  closesPerSecond: new Map(),
  last: null,
};

/** The series with one more point. */
export function grown(series: Series, stats: WsStats, atMs: number): Series {
  const { last } = series;
  const at = atMs / 1000;
  if (last !== null && at <= last.at) return series;
  const elapsed = last === null ? 0 : at - last.at;
  // Counts begin at 0 again with a new run of the server: no rate is known then.
  const isSameRun = last !== null && boots(last.stats) === boots(stats) && elapsed < GAP_SECONDS;
  const rate = (now: number, before: number): number | null =>
    isSameRun && now >= before ? (now - before) / elapsed : null;
  const codes = [...new Set([...series.closesPerSecond.keys(), ...Object.keys(stats.closes)])]
    .sort()
    .slice(0, CODES_MAX);
  const padding = series.times.map(() => null);
  return {
    times: bounded([...series.times, at]),
    connections: bounded([...series.connections, stats.connections]),
    outboxBytes: bounded([...series.outboxBytes, stats.outbox_bytes]),
    deliveriesPerSecond: bounded([
      ...series.deliveriesPerSecond,
      rate(stats.deliveries, last?.stats.deliveries ?? 0),
    ]),
    closesPerSecond: new Map(
      codes.map((code) => {
        const now = stats.closes[code] ?? 0;
        const before = last?.stats.closes[code] ?? 0;
        return [
          code,
          bounded([...(series.closesPerSecond.get(code) ?? padding), rate(now, before)]),
        ];
      }),
    ),
    last: { at, stats },
  };
}

function bounded<Value>(line: Value[]): Value[] {
  return line.length > POINTS_MAX ? line.slice(line.length - POINTS_MAX) : line;
}

function boots({ nodes }: WsStats): string {
  return nodes.map(({ boot_id }) => boot_id).join(" ");
}
