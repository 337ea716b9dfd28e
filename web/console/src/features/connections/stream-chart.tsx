// One chart that grows to the right: lines over the last minutes, drawn on a canvas.

import { useComputedColorScheme } from "@mantine/core";
import { type ReactElement, useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import classes from "./connections.module.css";
import { POINTS_MAX } from "./series.ts";

export interface ChartLine {
  label: string;
  /** Beside the label in the legend. */
  note?: string;
  values: readonly (number | null)[];
}

export interface StreamChartProps {
  title: string;
  /** What the newest values say, for everyone; a canvas says nothing to a screen reader. */
  summary: string;
  /** Seconds since 1970. */
  times: readonly number[];
  lines: readonly ChartLine[];
  /** How a value reads. */
  format: (value: number) => string;
  /** What the scale reaches at least, so that nothing is not drawn as something. */
  least: number;
}

const HEIGHT_PX = 150;

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** Distances between two marks of a scale: sockets and bytes come whole. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500]
  .flatMap((step) => [step, step * 1e3, step * 1e6])
  .sort((a, b) => a - b);

/** Told apart also by those who see few colours; the first is the accent of the scheme. */
const COLOURS = {
  light: ["#0b6576", "#b3541e", "#5f3dc4", "#2b6a1c", "#a61e4d", "#495057", "#846300", "#1864ab"],
  dark: ["#66d9e8", "#ffa94d", "#b197fc", "#8ce99a", "#faa2c1", "#ced4da", "#ffe066", "#74c0fc"],
};

export function StreamChart({
  title,
  summary,
  times,
  lines,
  format,
  least,
}: StreamChartProps): ReactElement {
  const scheme = useComputedColorScheme("light");
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const formatted = useRef(format);
  formatted.current = format;
  const names = lines.map(({ label }) => label).join("\n");

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const style = getComputedStyle(element);
    const ink = style.getPropertyValue("--mantine-color-dimmed").trim() || "#777";
    const grid = { stroke: style.getPropertyValue("--fd-line").trim() || "#ddd", width: 1 };
    const font = `12px ${style.fontFamily}`;
    const axis = { stroke: ink, grid, font, ticks: { show: false } };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT_PX,
        legend: { show: false },
        cursor: { show: false },
        scales: {
          // Always the same stretch of time: a line that grows must not change its slope.
          x: { range: (_, __, newest) => [(newest ?? 0) - POINTS_MAX, newest ?? 0] },
          y: { range: (_, __, highest) => [0, Math.max(least, (highest ?? 0) * 1.1)] },
        },
        axes: [
          {
            ...axis,
            space: 80,
            size: 30,
            values: (_, splits) => splits.map((at) => CLOCK.format(at * 1000)),
          },
          {
            ...axis,
            size: 64,
            space: 36,
            incrs: STEPS,
            values: (_, splits) => splits.map((value) => formatted.current(value)),
          },
        ],
        series: [
          {},
          ...names.split("\n").map((label, index) => ({
            label,
            stroke: colour(scheme, index),
            width: 2,
            spanGaps: false,
            points: { show: false },
          })),
        ],
      },
      [[], ...names.split("\n").map(() => [])],
      element,
    );
    chart.current = made;
    const watch = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: HEIGHT_PX }),
    );
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [names, scheme, least]);

  useEffect(() => {
    // It copies nothing and changes nothing: the columns are handed over as they are.
    chart.current?.setData([times, ...lines.map(({ values }) => values)] as uPlot.AlignedData);
  });

  return (
    <figure className={classes["chart"]}>
      <figcaption>
        <span className={classes["chartTitle"]}>{title}</span>
        <span className={classes["chartNow"]}>{summary}</span>
      </figcaption>
      <div ref={place} role="img" aria-label={`${title}: ${summary}`} />
      {lines.length > 1 && (
        <ul className={classes["legend"]}>
          {lines.map(({ label, note }, index) => (
            <li key={label}>
              <span style={{ background: colour(scheme, index) }} aria-hidden="true" />
              {label} {note}
            </li>
          ))}
        </ul>
      )}
    </figure>
  );
}

function colour(scheme: "light" | "dark", index: number): string {
  const colours = COLOURS[scheme];
  return colours[index % colours.length] ?? "currentColor";
}
