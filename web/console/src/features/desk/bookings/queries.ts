// What the bookings of a week are read from.

import type { Booking, BookingStatus } from "@frontdesk/client";
import type { RestClient } from "@frontdesk/client/rest";
import { found, same } from "../found.ts";
import type { LivePlan } from "../live-table.ts";

/** Pages of 200 that are read for a week; a desk with more has most of its week in sight. */
const PAGES_MAX = 5;

/** The bookings that touch `[from, to)`. */
export function bookingsPlan(rest: RestClient, from: Date, to: Date): LivePlan<Booking> {
  return {
    ...rowsOf(rest, (booking) => touches(booking, from, to)),
    load: (signal) => readAll(rest, { from: from.toISOString(), to: to.toISOString() }, signal),
  };
}

/** Those that wait for an answer, whatever their day. */
export function requestedPlan(rest: RestClient): LivePlan<Booking> {
  return {
    ...rowsOf(rest, () => true),
    load: (signal) =>
      readAll(rest, { status: "requested", from: new Date().toISOString() }, signal),
  };
}

export async function changeBooking(
  rest: RestClient,
  { id, version }: Booking,
  change: { status: BookingStatus },
): Promise<Booking> {
  const { data } = await rest.PATCH("/api/v1/bookings/{id}", {
    params: { path: { id } },
    body: { ...change, version },
  });
  return same<Booking>(found(data));
}

export function touches(booking: Booking, from: Date, to: Date): boolean {
  return new Date(booking.starts_at) < to && new Date(booking.ends_at) > from;
}

function rowsOf(
  rest: RestClient,
  belongs: (booking: Booking) => boolean,
): Omit<LivePlan<Booking>, "load"> {
  return {
    one: async (id) => {
      const { data } = await rest.GET("/api/v1/bookings/{id}", { params: { path: { id } } });
      return same<Booking>(found(data));
    },
    // One that was moved to another week is held on, so that what is held is never older than what is known.
    read: (event, held) =>
      (event.event === "booking.created" || event.event === "booking.updated") &&
      (belongs(event.data.booking) || held(event.data.booking.id) !== undefined)
        ? { row: event.data.booking }
        : null,
    id: ({ id }) => id,
    replaces: (next, held) => next.version >= held.version,
    leastWanted: (one, other) => (one.updated_at < other.updated_at ? -1 : 1),
  };
}

async function readAll(
  rest: RestClient,
  query: { status?: BookingStatus; from?: string; to?: string },
  signal: AbortSignal,
): Promise<Booking[]> {
  const bookings: Booking[] = [];
  let cursor: string | null | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { data } = await rest.GET("/api/v1/bookings", {
      params: { query: { ...query, limit: 200, ...(cursor && { cursor }) } },
      signal,
    });
    const { items, next_cursor } = found(data);
    bookings.push(...items.map<Booking>(same));
    cursor = next_cursor;
    if (!cursor) break;
  }
  return bookings;
}
