// How a page reads live rows.

import { useFrontdesk } from "@frontdesk/react";
import { useMemo, useSyncExternalStore } from "react";
import { type LivePlan, type LiveRows, LiveTable } from "./live-table.ts";

export interface Live<Row> extends LiveRows<Row> {
  readonly table: LiveTable<Row>;
}

/** The rows of a plan, live while the component is mounted. Another plan is another table. */
export function useLiveTable<Row>(plan: LivePlan<Row>): Live<Row> {
  const client = useFrontdesk();
  const table = useMemo(() => new LiveTable(client, plan), [client, plan]);
  const live = useSyncExternalStore(table.subscribe, table.snapshot, table.snapshot);
  return { ...live, table };
}
