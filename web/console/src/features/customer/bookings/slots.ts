// Days and times that can be asked for, in the time zone of this device. The server knows what is
// free: of others' bookings nothing is told, so a time is only ruled out by what the customer has
// booked, and by what the server has refused.

/** A stretch of time, from its beginning up to its end, in milliseconds since 1970. */
export interface Stretch {
  from: number;
  to: number;
}

export interface Slot extends Stretch {
  /** Why it cannot be asked for. */
  blocked?: string;
}

export interface DayParts {
  title: string;
  slots: Slot[];
}

/** The hours that are offered, and how far apart the beginnings are. */
const FIRST_HOUR = 7;
const LAST_HOUR = 23;
const STEP_MINUTES = 30;

const parts = [
  { title: "Morning", until: 12 },
  { title: "Afternoon", until: 17 },
  { title: "Evening", until: LAST_HOUR },
];

/** The midnight that begins the day `days` after that of `date`. Days are 23 or 25 hours long at times. */
export function dayAfter(date: Date, days: number): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days);
}

/** The weeks of a month, each from Monday to Sunday, with the days of its neighbours. */
export function weeksOf(month: Date): Date[][] {
  const first = new Date(month.getFullYear(), month.getMonth(), 1);
  const monday = dayAfter(first, -((first.getDay() + 6) % 7));
  const weeks: Date[][] = [];
  for (
    let day = monday;
    day <= first || day.getMonth() === first.getMonth();
    day = dayAfter(day, 7)
  ) {
    weeks.push([0, 1, 2, 3, 4, 5, 6].map((index) => dayAfter(day, index)));
  }
  return weeks;
}

export interface SlotsQuestion {
  day: Date;
  minutes: number;
  now: number;
  /** The customer's own live bookings of the resource. */
  own: readonly Stretch[];
  /** What the server has refused: somewhere inside, somebody else's booking is. */
  refused: readonly Stretch[];
}

export function slotsOf({ day, minutes, now, own, refused }: SlotsQuestion): DayParts[] {
  const slots: (Slot & { hour: number })[] = [];
  for (let minute = FIRST_HOUR * 60; minute + minutes <= LAST_HOUR * 60; minute += STEP_MINUTES) {
    const from = new Date(day.getFullYear(), day.getMonth(), day.getDate(), 0, minute).getTime();
    const slot: Stretch = { from, to: from + minutes * 60_000 };
    const blocked = whyBlocked(slot, { now, own, refused });
    slots.push({ ...slot, hour: minute / 60, ...(blocked !== null && { blocked }) });
  }
  let begin = 0;
  return parts
    .map(({ title, until }) => {
      const from = begin;
      begin = until;
      return { title, slots: slots.filter(({ hour }) => hour >= from && hour < until) };
    })
    .filter((part) => part.slots.length > 0);
}

function whyBlocked(
  slot: Stretch,
  { now, own, refused }: Pick<SlotsQuestion, "now" | "own" | "refused">,
): string | null {
  if (slot.from < now) return "past";
  if (own.some((other) => overlaps(slot, other))) return "yours";
  // A part of what was refused may be free; all of it is not.
  if (refused.some((other) => slot.from <= other.from && other.to <= slot.to)) return "taken";
  return null;
}

export function overlaps(one: Stretch, other: Stretch): boolean {
  return one.from < other.to && other.from < one.to;
}

export function timeOf(at: number): string {
  return new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

export function dateOf(at: number): string {
  return new Date(at).toLocaleDateString(undefined, {
    weekday: "short",
    day: "numeric",
    month: "short",
  });
}
