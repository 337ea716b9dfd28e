// A moment as people say it: "3 min ago". The exact time is in the tooltip and for machines.

import type { ReactElement } from "react";
import { useNow } from "./use-now.ts";

export function RelativeTime({ at }: { at: string }): ReactElement {
  const now = useNow(30_000);
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {/* A moment that is newer than the last tick is not in the future. */}
      {relativeTime(Date.parse(at), Math.max(now, Date.now()))}
    </time>
  );
}

const units: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];
const format = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

export function relativeTime(at: number, now: number): string {
  const difference = at - now;
  for (const [unit, length] of units) {
    if (Math.abs(difference) >= length) return format.format(Math.trunc(difference / length), unit);
  }
  return difference > 0 ? "in a moment" : "just now";
}
