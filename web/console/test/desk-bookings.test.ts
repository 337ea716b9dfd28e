// Bookings by day, on a clock that is put back in between.

import type { Booking, BookingStatus } from "@frontdesk/client";
import { beforeAll, expect, it } from "vitest";
import { addDays, dayKey, daysOf, startOfDay } from "../src/features/desk/bookings/days.ts";
import { touches } from "../src/features/desk/bookings/queries.ts";

beforeAll(() => {
  process.env["TZ"] = "Europe/Berlin";
});

const booking = (from: string, to: string, status: BookingStatus = "confirmed"): Booking => ({
  id: from,
  customer: { id: "c", name: "Ana" },
  resource: { id: "r", name: "Round table" },
  starts_at: new Date(from).toISOString(),
  ends_at: new Date(to).toISOString(),
  party_size: 2,
  status,
  note: "",
  version: 1,
  created_at: "2026-10-01T00:00:00.000Z",
  updated_at: "2026-10-01T00:00:00.000Z",
});

it("counts seven different days over the night that has an hour more", () => {
  const first = startOfDay(new Date("2026-10-24T12:00:00+02:00"));
  const days = daysOf([], first, 4).map(({ key }) => key);
  expect(days).toEqual(["2026-10-24", "2026-10-25", "2026-10-26", "2026-10-27"]);
  expect(dayKey(addDays(first, 7))).toBe("2026-10-31");
});

it("puts a booking on the day that it has at the desk, not in UTC", () => {
  const late = booking("2026-11-23T23:30:00+01:00", "2026-11-23T23:45:00+01:00");
  const [day] = daysOf([late], startOfDay(new Date("2026-11-23T12:00:00+01:00")), 1);
  expect(day?.bookings).toEqual([late]);
});

it("shows one over midnight on both days, and one that ends at midnight on the first alone", () => {
  const over = booking("2026-11-23T23:00:00+01:00", "2026-11-24T01:00:00+01:00");
  const until = booking("2026-11-23T22:00:00+01:00", "2026-11-24T00:00:00+01:00");
  const days = daysOf([over, until], startOfDay(new Date("2026-11-23T12:00:00+01:00")), 2);
  expect(days.map(({ bookings }) => bookings.length)).toEqual([2, 1]);
});

it("shows one that began before the first day", () => {
  const long = booking("2026-11-20T10:00:00+01:00", "2026-11-24T10:00:00+01:00");
  const days = daysOf([long], startOfDay(new Date("2026-11-23T12:00:00+01:00")), 3);
  expect(days.map(({ bookings }) => bookings.length)).toEqual([1, 1, 0]);
});

it("counts those that hold their place and those that wait, and puts the others last", () => {
  const rows = [
    booking("2026-11-23T09:00:00+01:00", "2026-11-23T10:00:00+01:00", "cancelled"),
    booking("2026-11-23T12:00:00+01:00", "2026-11-23T13:00:00+01:00", "requested"),
    booking("2026-11-23T11:00:00+01:00", "2026-11-23T12:00:00+01:00", "arrived"),
  ];
  const [day] = daysOf(rows, startOfDay(new Date("2026-11-23T12:00:00+01:00")), 1);
  expect([day?.alive, day?.requested]).toEqual([2, 1]);
  expect(day?.bookings.map(({ status }) => status)).toEqual(["arrived", "requested", "cancelled"]);
});

it("takes the end of a booking as free again", () => {
  const one = booking("2026-11-23T11:00:00+01:00", "2026-11-23T12:00:00+01:00");
  expect(touches(one, new Date(one.ends_at), new Date("2026-12-01"))).toBe(false);
  expect(touches(one, new Date("2026-11-01"), new Date(one.starts_at))).toBe(false);
  expect(touches(one, new Date("2026-11-01"), new Date(one.ends_at))).toBe(true);
});
