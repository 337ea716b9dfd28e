import { expect, it } from "vitest";
import { slotsOf, weeksOf } from "../src/features/customer/bookings/slots.ts";

const day = new Date(2026, 10, 23);
const at = (hour: number, minute = 0): number => new Date(2026, 10, 23, hour, minute).getTime();
const ask = (more: Partial<Parameters<typeof slotsOf>[0]> = {}): Map<number, string | undefined> =>
  new Map(
    slotsOf({ day, minutes: 60, now: at(6), own: [], refused: [], ...more })
      .flatMap(({ slots }) => slots)
      .map(({ from, blocked }) => [from, blocked]),
  );

it("offers every half hour from 7 on, as long as it ends by 23", () => {
  const slots = [...ask().keys()];
  expect(slots[0]).toBe(at(7));
  expect(slots[1]).toBe(at(7, 30));
  expect(slots.at(-1)).toBe(at(22));
});

it("offers nothing that has begun", () => {
  const slots = ask({ now: at(9, 10) });
  expect(slots.get(at(9))).toBe("past");
  expect(slots.get(at(9, 30))).toBeUndefined();
});

it("marks what overlaps one's own booking, and not what only touches it", () => {
  const slots = ask({ own: [{ from: at(12), to: at(13) }] });
  expect(slots.get(at(11))).toBeUndefined();
  expect(slots.get(at(11, 30))).toBe("yours");
  expect(slots.get(at(12, 30))).toBe("yours");
  expect(slots.get(at(13))).toBeUndefined();
});

it("marks a time as taken only if all that was refused lies in it", () => {
  const refused = [{ from: at(18), to: at(19) }];
  expect(ask({ refused }).get(at(18))).toBe("taken");
  expect(ask({ refused }).get(at(18, 30))).toBeUndefined();
  expect(ask({ refused, minutes: 30 }).get(at(18))).toBeUndefined();
  expect(ask({ refused, minutes: 120 }).get(at(17, 30))).toBe("taken");
});

it("shows whole weeks of a month, from Monday on", () => {
  const weeks = weeksOf(new Date(2026, 10, 1));
  expect(weeks[0]?.[0]).toEqual(new Date(2026, 9, 26));
  expect(weeks.at(-1)?.at(-1)).toEqual(new Date(2026, 11, 6));
  expect(weeks.every((week) => week.length === 7)).toBe(true);
});

it("shows a February that fills four weeks", () => {
  expect(weeksOf(new Date(2027, 1, 1))).toHaveLength(4);
});
