// How many sockets there are, what they get and how they end, over the last minutes.

import { SimpleGrid } from "@mantine/core";
import { type ReactElement, useEffect, useState } from "react";
import { Panel } from "../../ui/page.tsx";
import { Loading } from "../../ui/states.tsx";
import { Freshness } from "./freshness.tsx";
import { useWsStats } from "./queries.ts";
import { EMPTY, grown, type Series } from "./series.ts";
import { StreamChart } from "./stream-chart.tsx";

export function Charts(): ReactElement {
  const stats = useWsStats();
  const { data, dataUpdatedAt } = stats;
  const [series, setSeries] = useState<Series>(EMPTY);
  useEffect(() => {
    if (data) setSeries((before) => grown(before, data, dataUpdatedAt));
  }, [data, dataUpdatedAt]);

  return (
    <Panel title="Right now">
      <Freshness query={stats} />
      {data === undefined && !stats.isError ? <Loading what="the counts" /> : null}
      {data && <Lines series={series} />}
    </Panel>
  );
}

function Lines({ series }: { series: Series }): ReactElement {
  const { times, connections, deliveriesPerSecond, outboxBytes, closesPerSecond, last } = series;
  const stats = last?.stats;
  const roles = Object.entries(stats?.by_role ?? {}).map(([role, count]) => `${count} ${role}`);
  const closes = Object.values(stats?.closes ?? {}).reduce((sum, count) => sum + count, 0);
  const rate = deliveriesPerSecond.at(-1);
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl" verticalSpacing="lg">
      <StreamChart
        title="Connections"
        summary={`${stats?.connections ?? 0}${roles.length > 0 ? ` (${roles.join(", ")})` : ""}`}
        times={times}
        lines={[{ label: "connections", values: connections }]}
        format={whole}
        least={4}
      />
      <StreamChart
        title="Deliveries a second"
        summary={rate === null || rate === undefined ? "not known yet" : whole(rate)}
        times={times}
        lines={[{ label: "deliveries", values: deliveriesPerSecond }]}
        format={whole}
        least={4}
      />
      <StreamChart
        title="Waiting for slow readers"
        summary={bytes(stats?.outbox_bytes ?? 0)}
        times={times}
        lines={[{ label: "bytes", values: outboxBytes }]}
        format={bytes}
        least={1024}
      />
      <StreamChart
        title="Closes a second, by code"
        summary={closes > 0 ? `${closes} since the start` : "none since the start"}
        times={times}
        lines={
          closesPerSecond.size > 0
            ? [...closesPerSecond].map(([label, values]) => ({
                label,
                values,
                note: `(${stats?.closes[label] ?? 0} in all)`,
              }))
            : [{ label: "none", values: times.map(() => 0) }]
        }
        format={whole}
        least={4}
      />
    </SimpleGrid>
  );
}

function whole(value: number): string {
  return value >= 10_000 ? `${(value / 1000).toFixed(0)} k` : `${Math.round(value * 10) / 10}`;
}

export function bytes(value: number): string {
  if (value < 1024) return `${Math.round(value)} B`;
  if (value < 1024 * 1024) return `${Math.round(value / 1024)} KiB`;
  return `${(value / (1024 * 1024)).toFixed(1)} MiB`;
}
