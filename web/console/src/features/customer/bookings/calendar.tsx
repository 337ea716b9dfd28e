// A month to choose a day from. One day is in the tab order; the arrow keys move between them.

import { UnstyledButton } from "@mantine/core";
import { type KeyboardEvent, type ReactElement, useEffect, useRef, useState } from "react";
import { Icon } from "../../../ui/icons.tsx";
import classes from "./bookings.module.css";
import { dayAfter, weeksOf } from "./slots.ts";

export interface CalendarProps {
  /** A midnight. */
  value: Date;
  /** The first day that can be chosen. */
  first: Date;
  onChange: (day: Date) => void;
}

const moves: Record<string, number> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  ArrowUp: -7,
  ArrowDown: 7,
};

export function Calendar({ value, first, onChange }: CalendarProps): ReactElement {
  const [month, setMonth] = useState(() => new Date(value.getFullYear(), value.getMonth(), 1));
  const chosen = useRef<HTMLButtonElement>(null);
  const moved = useRef(false);
  useEffect(() => {
    setMonth(new Date(value.getFullYear(), value.getMonth(), 1));
  }, [value]);
  // After the month has turned, too: so at every drawing that follows a key.
  useEffect(() => {
    if (!moved.current || chosen.current === null) return;
    moved.current = false;
    chosen.current.focus();
  });
  const move = (event: KeyboardEvent): void => {
    const days = moves[event.key];
    if (days === undefined) return;
    event.preventDefault();
    const next = dayAfter(value, days);
    if (next < first) return;
    moved.current = true;
    onChange(next);
  };
  const turn = (months: number): void =>
    setMonth(new Date(month.getFullYear(), month.getMonth() + months, 1));
  const title = month.toLocaleDateString(undefined, { month: "long", year: "numeric" });
  const hasChosen =
    value.getMonth() === month.getMonth() && value.getFullYear() === month.getFullYear();
  const weeks = weeksOf(month);
  const firstHere = weeks.flat().find((day) => day >= first && day.getMonth() === month.getMonth());

  return (
    <div className={classes["calendar"]}>
      <div className={classes["month"]}>
        <UnstyledButton
          aria-label="Month before"
          className={classes["turn"]}
          disabled={month <= first}
          onClick={() => turn(-1)}
        >
          <Icon name="left" />
        </UnstyledButton>
        <span aria-live="polite">{title}</span>
        <UnstyledButton
          aria-label="Month after"
          className={classes["turn"]}
          onClick={() => turn(1)}
        >
          <Icon name="right" />
        </UnstyledButton>
      </div>
      <table aria-label={title} onKeyDown={move}>
        <thead>
          <tr>
            {weeks[0]?.map((day) => (
              <th
                key={day.getDay()}
                scope="col"
                abbr={day.toLocaleDateString(undefined, { weekday: "long" })}
              >
                {day.toLocaleDateString(undefined, { weekday: "narrow" })}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map((week) => (
            <tr key={week[0]?.getTime()}>
              {week.map((day) => {
                const isChosen = day.getTime() === value.getTime();
                const inTabOrder = hasChosen ? isChosen : day.getTime() === firstHere?.getTime();
                return (
                  <td key={day.getTime()}>
                    <button
                      type="button"
                      ref={isChosen ? chosen : null}
                      className={classes["day"]}
                      data-other={day.getMonth() !== month.getMonth()}
                      aria-pressed={isChosen}
                      aria-label={day.toLocaleDateString(undefined, {
                        weekday: "long",
                        day: "numeric",
                        month: "long",
                      })}
                      tabIndex={inTabOrder ? 0 : -1}
                      disabled={day < first}
                      onClick={() => onChange(day)}
                    >
                      {day.getDate()}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
