// Runs a handler once for each event.

import type { EventFrame, EventName, Topic } from "@frontdesk/client";
import { useEffect, useInsertionEffect, useRef } from "react";
import { useFrontdesk } from "./provider.ts";

/** What to listen to: a topic such as `orders`, or an event such as `order.created`. */
export type EventFilter = Topic | EventName;

/** The events that a filter lets through. */
export type EventOf<Filter extends EventFilter> = Extract<
  EventFrame,
  { topic: Filter } | { event: Filter }
>;

/**
 * Calls the newest `handler` for each event of a topic or of a kind, once, also after reconnects.
 * The handler need not be stable: a new one is used from the next event on.
 */
export function useEvents<Filter extends EventFilter>(
  filter: Filter | readonly Filter[],
  handler: (event: EventOf<Filter>) => void,
): void {
  const client = useFrontdesk();
  const latest = useRef(handler);
  // Before any other effect can run, and without a warning on a server, where layout effects have one.
  useInsertionEffect(() => {
    latest.current = handler;
  });
  const filters = [filter].flat().join(" ");
  useEffect(() => {
    const wanted = new Set(filters.split(" "));
    return client.on("event", (event) => {
      if (wanted.has(event.topic) || wanted.has(event.event))
        latest.current(event as EventOf<Filter>);
    });
  }, [client, filters]);
}
