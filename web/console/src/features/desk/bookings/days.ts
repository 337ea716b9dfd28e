// Bookings by day, as the desk's own clock has the days, and what may be done with them.

import type { Booking, BookingStatus } from "@frontdesk/client";

interface StatusWords {
  label: string;
  verb: string;
  /** Statuses that staff may choose next, the usual one first (docs/policy.md). */
  next: readonly BookingStatus[];
}

export const BOOKING_STATUS: Readonly<Record<BookingStatus, StatusWords>> = {
  requested: { label: "Requested", verb: "Request", next: ["confirmed", "declined", "cancelled"] },
  confirmed: { label: "Confirmed", verb: "Confirm", next: ["arrived", "no_show", "cancelled"] },
  arrived: { label: "Arrived", verb: "Arrived", next: ["completed"] },
  completed: { label: "Completed", verb: "Complete", next: [] },
  declined: { label: "Declined", verb: "Decline", next: [] },
  cancelled: { label: "Cancelled", verb: "Cancel", next: [] },
  no_show: { label: "No-show", verb: "No-show", next: [] },
};

/** Whether a step ends a booking against somebody's wish, so that it is asked for twice. */
export function isUnkind(to: BookingStatus): boolean {
  return to === "declined" || to === "cancelled" || to === "no_show";
}

/** Whether a booking still takes its place. */
export function isAlive({ status }: Booking): boolean {
  return status === "requested" || status === "confirmed" || status === "arrived";
}

/** Midnight at which a day begins here. */
export function startOfDay(date: Date): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate());
}

/** That many days later; the clock may be put forward or back in between. */
export function addDays(day: Date, days: number): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days);
}

/** A day as a key: `2026-11-22`, by the clock here. */
export function dayKey(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export interface Day {
  readonly key: string;
  readonly date: Date;
  /** In the order in which they begin. Those that are cancelled or declined stand last. */
  readonly bookings: readonly Booking[];
  readonly alive: number;
  readonly requested: number;
}

/** The days from `first` on, each with the bookings that touch it. One over midnight stands on both. */
export function daysOf(bookings: Iterable<Booking>, first: Date, count: number): Day[] {
  const days = Array.from({ length: count }, (_, index) => addDays(first, index));
  const found = new Map<string, Booking[]>(days.map((day) => [dayKey(day), []]));
  for (const booking of bookings) {
    const end = new Date(booking.ends_at);
    let day = startOfDay(new Date(booking.starts_at));
    if (day < first) day = startOfDay(first);
    for (let index = 0; day < end && index < count; index += 1, day = addDays(day, 1))
      found.get(dayKey(day))?.push(booking);
  }
  return days.map((date) => {
    const key = dayKey(date);
    const of = (found.get(key) ?? []).sort(byTime);
    return {
      key,
      date,
      bookings: of,
      alive: of.filter(isAlive).length,
      requested: of.filter(({ status }) => status === "requested").length,
    };
  });
}

function byTime(one: Booking, other: Booking): number {
  if (isAlive(one) !== isAlive(other)) return isAlive(one) ? -1 : 1;
  if (one.starts_at !== other.starts_at) return one.starts_at < other.starts_at ? -1 : 1;
  return one.resource.name.localeCompare(other.resource.name);
}
