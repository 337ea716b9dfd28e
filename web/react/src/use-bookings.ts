// Bookings: one's own, or everyone's for staff.

import type {
  Booking,
  BookingId,
  BookingStatus,
  ResourceId,
  Timestamp,
  UserId,
  components,
} from "@frontdesk/client";
import { useMemo } from "react";
import { type Collection, type CollectionPlan, collectionOf } from "./collection.ts";
import type { Loose, Query } from "./http.ts";
import { useFrontdesk } from "./provider.ts";
import { type LiveItems, useCollection } from "./use-collection.ts";

export type PlaceBooking = components["schemas"]["CreateBookingRequest"];
export type ChangeBooking = Omit<components["schemas"]["ChangeBookingRequest"], "version">;

/** Which bookings. */
export interface BookingsFilter {
  status?: BookingStatus;
  /** Of one customer; for staff. */
  customerId?: UserId;
  resourceId?: ResourceId;
  /** Only those that are not over at this moment. */
  from?: Timestamp;
  /** Only those that have begun before this moment. */
  to?: Timestamp;
  /** How many at first; 50 by default, 200 at most. */
  limit?: number;
}

export interface Bookings extends LiveItems<Booking> {
  place: (booking: PlaceBooking) => Promise<Booking>;
  /** Changes a booking as it is shown here; rejects with `stale_version` if it has changed meanwhile. */
  update: (id: BookingId, change: ChangeBooking) => Promise<Booking>;
  cancel: (id: BookingId) => Promise<Booking>;
}

/** Bookings, live. */
export function useBookings(filter: BookingsFilter = {}): Bookings {
  const client = useFrontdesk();
  const { status, customerId, resourceId, from, to, limit } = filter;
  const bookings = useMemo(
    () =>
      collectionOf(
        client,
        "bookings",
        bookingsQueryOf({ status, customerId, resourceId, from, to, limit }),
        bookingsPlan,
      ),
    [client, status, customerId, resourceId, from, to, limit],
  );
  const actions = useMemo(() => actionsOf(bookings), [bookings]);
  return { ...useCollection(bookings), ...actions };
}

export function bookingsQueryOf({
  status,
  customerId,
  resourceId,
  from,
  to,
  limit,
}: Loose<BookingsFilter>): Query {
  return { status, customer_id: customerId, resource_id: resourceId, from, to, limit };
}

export function bookingsPlan(query: Query): CollectionPlan<Booking> {
  return {
    path: "/api/v1/bookings",
    query,
    rules: {
      id: (booking) => booking.id,
      at: (booking) => booking.created_at,
      replaces: (next, held) => next.version >= held.version,
      shown: (booking) =>
        (query.status === undefined || booking.status === query.status) &&
        (query.customer_id === undefined || booking.customer.id === query.customer_id) &&
        (query.resource_id === undefined || booking.resource.id === query.resource_id) &&
        (query.from === undefined ||
          Date.parse(booking.ends_at) > Date.parse(String(query.from))) &&
        (query.to === undefined || Date.parse(booking.starts_at) < Date.parse(String(query.to))),
    },
    read: ({ topic, data }) => (topic === "bookings" ? { item: data.booking } : null),
  };
}

function actionsOf(bookings: Collection<Booking>): Pick<Bookings, "place" | "update" | "cancel"> {
  const update = (id: BookingId, change: ChangeBooking): Promise<Booking> =>
    bookings.change(id, change);
  return {
    place: (booking) => bookings.create(booking),
    update,
    cancel: (id) => update(id, { status: "cancelled" }),
  };
}
