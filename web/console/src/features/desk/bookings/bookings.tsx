// The bookings of the desk, a week at a time and one day in sight, and those that wait for an answer.

import type { Booking, BookingStatus } from "@frontdesk/client";
import { ActionIcon, Button, Group, Stack, Text, VisuallyHidden } from "@mantine/core";
import { type ReactElement, useCallback, useMemo, useState } from "react";
import { useSession } from "../../../session/session-provider.tsx";
import { Confirm } from "../../../ui/confirm.tsx";
import { Empty, Loading } from "../../../ui/states.tsx";
import look from "../desk.module.css";
import { Heading } from "../heading.tsx";
import { Notice, ReadTrouble, type Told, toldOf } from "../notice.tsx";
import { type Live, useLiveTable } from "../use-live-table.ts";
import { addDays, BOOKING_STATUS, type Day, dayKey, daysOf, isUnkind, startOfDay } from "./days.ts";
import { bookingsPlan, changeBooking } from "./queries.ts";
import { BookingRow } from "./row.tsx";

const WEEK = 7;

export function Bookings({
  requested,
}: {
  /** Those that wait for an answer, on whatever day. */
  requested: Live<Booking>;
}): ReactElement {
  const { rest } = useSession();
  const [today] = useState(() => startOfDay(new Date()));
  const [first, setFirst] = useState(today);
  const [chosen, setChosen] = useState(() => dayKey(today));
  const { table, rows, touched, loading, error } = useLiveTable(
    useMemo(() => bookingsPlan(rest, first, addDays(first, WEEK)), [rest, first]),
  );
  const days = useMemo(() => daysOf(rows.values(), first, WEEK), [rows, first]);
  const day = days.find(({ key }) => key === chosen) ?? days[0];
  const [told, setTold] = useState<Told | null>(null);
  const [doubtful, setDoubtful] = useState<{ booking: Booking; to: BookingStatus } | null>(null);

  const change = useCallback(
    async (booking: Booking, to: BookingStatus): Promise<void> => {
      setTold(null);
      try {
        await table.change(booking.id, { status: to }, (held) =>
          changeBooking(rest, held, { status: to }),
        );
      } catch (problem) {
        const now = table.get(booking.id);
        const where = now === undefined ? "" : `It is “${BOOKING_STATUS[now.status].label}” now.`;
        setTold(toldOf(`The booking of ${booking.customer.name} was not changed.`, problem, where));
      }
    },
    [rest, table],
  );
  const ask = useCallback(
    (booking: Booking, to: BookingStatus): void => {
      if (isUnkind(to)) setDoubtful({ booking, to });
      else void change(booking, to);
    },
    [change],
  );
  const goTo = (date: Date): void => {
    const start = startOfDay(date);
    if (start < first || start >= addDays(first, WEEK)) setFirst(start);
    setChosen(dayKey(start));
  };

  return (
    <Stack gap="md">
      <Waiting bookings={requested.rows} shown={day} onGo={goTo} />
      <Week days={days} chosen={day?.key ?? ""} today={today} onChoose={setChosen} onMove={goTo} />
      <Notice told={told} onClose={() => setTold(null)} />
      {error !== null && <ReadTrouble error={error} onRetry={table.reload} />}
      {loading ? (
        <Loading what="the bookings" />
      ) : (
        day !== undefined && <DayList day={day} touched={touched} onChange={ask} />
      )}
      <Confirm
        opened={doubtful !== null}
        title={doubtful === null ? "" : `${unkindWords(doubtful.to)}?`}
        action={doubtful === null ? "" : unkindWords(doubtful.to)}
        danger
        onConfirm={() => {
          if (doubtful !== null) void change(doubtful.booking, doubtful.to);
        }}
        onClose={() => setDoubtful(null)}
      >
        The customer, {doubtful?.booking.customer.name}, is told at once. It cannot be undone.
      </Confirm>
    </Stack>
  );
}

/** How many wait for an answer, and the way to the first of them that is not in sight. */
function Waiting({
  bookings,
  shown,
  onGo,
}: {
  bookings: ReadonlyMap<string, Booking>;
  shown: Day | undefined;
  onGo: (date: Date) => void;
}): ReactElement | null {
  const requested = useMemo(
    () =>
      [...bookings.values()]
        .filter(({ status }) => status === "requested")
        .sort((one, other) => (one.starts_at < other.starts_at ? -1 : 1)),
    [bookings],
  );
  const elsewhere = requested.find(({ starts_at }) => dayKey(new Date(starts_at)) !== shown?.key);
  if (requested.length === 0) return null;
  return (
    <Group justify="space-between" className={look["waiting"] ?? ""}>
      <Text fw={500} role="status">
        {requested.length === 1
          ? "1 booking waits for an answer"
          : `${requested.length} bookings wait for an answer`}
      </Text>
      {elsewhere !== undefined && (
        <Button
          variant="light"
          size="compact-sm"
          onClick={() => onGo(new Date(elsewhere.starts_at))}
        >
          Go to {longDay(new Date(elsewhere.starts_at))}
        </Button>
      )}
    </Group>
  );
}

function Week({
  days,
  chosen,
  today,
  onChoose,
  onMove,
}: {
  days: readonly Day[];
  chosen: string;
  today: Date;
  onChoose: (key: string) => void;
  onMove: (date: Date) => void;
}): ReactElement {
  const first = days[0]?.date ?? today;
  return (
    <Group gap="xs" wrap="nowrap" role="group" aria-label="Day">
      <ActionIcon
        variant="default"
        size="lg"
        aria-label="A week earlier"
        onClick={() => onMove(addDays(first, -WEEK))}
      >
        <span aria-hidden="true">‹</span>
      </ActionIcon>
      <div className={look["week"]}>
        {days.map(({ key, date, alive, requested }) => (
          <button
            key={key}
            type="button"
            className={look["day"]}
            aria-pressed={key === chosen}
            onClick={() => onChoose(key)}
          >
            <span>{key === dayKey(today) ? "Today" : WEEKDAY.format(date)} </span>
            <strong>{date.getDate()} </strong>
            <span data-requested={requested > 0 || undefined}>
              {alive === 0 ? <span aria-hidden="true">–</span> : alive}
              <VisuallyHidden>
                {alive === 0 ? "no bookings" : ` bookings, ${requested} to answer`}
              </VisuallyHidden>
            </span>
          </button>
        ))}
      </div>
      <ActionIcon
        variant="default"
        size="lg"
        aria-label="A week later"
        onClick={() => onMove(addDays(first, WEEK))}
      >
        <span aria-hidden="true">›</span>
      </ActionIcon>
    </Group>
  );
}

function DayList({
  day,
  touched,
  onChange,
}: {
  day: Day;
  touched: ReadonlyMap<string, number>;
  onChange: (booking: Booking, to: BookingStatus) => void;
}): ReactElement {
  return (
    <section aria-labelledby="bookings-of-day">
      <Heading id="bookings-of-day" size="h4" mb="sm">
        {longDay(day.date)}
      </Heading>
      {day.bookings.length === 0 ? (
        <Empty title="No bookings on this day">
          A booking stands here as soon as a customer asks for it.
        </Empty>
      ) : (
        <ul className={look["list"]}>
          {day.bookings.map((booking) => (
            <BookingRow
              key={booking.id}
              booking={booking}
              touchedAt={touched.get(booking.id)}
              onChange={onChange}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

function unkindWords(to: BookingStatus): string {
  return to === "no_show" ? "Note that nobody came" : `${BOOKING_STATUS[to].verb} the booking`;
}

const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const LONG_DAY = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
});

function longDay(date: Date): string {
  return LONG_DAY.format(date);
}
