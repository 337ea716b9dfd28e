// Choosing what to book, and when.

import type { Booking } from "@frontdesk/client";
import type { PlaceBooking } from "@frontdesk/react";
import { Button, Group, NumberInput, Stack, Text, Textarea } from "@mantine/core";
import { type FormEvent, type ReactElement, useState } from "react";
import { type Trouble, troubleOf } from "../../../session/trouble.ts";
import { Choice } from "../../../ui/choice.tsx";
import { Empty, Loading, TroubleNotice } from "../../../ui/states.tsx";
import { useNow } from "../../../ui/use-now.ts";
import { type Resource, useResources } from "../queries.ts";
import classes from "./bookings.module.css";
import { Calendar } from "./calendar.tsx";
import { dateOf, dayAfter, type Stretch, slotsOf, timeOf } from "./slots.ts";

const lengths = [
  { value: "30", label: "30 min" },
  { value: "60", label: "1 hour" },
  { value: "90", label: "1½ hours" },
  { value: "120", label: "2 hours" },
  { value: "180", label: "3 hours" },
] as const;

export interface NewBookingProps {
  /** The customer's bookings that still hold. */
  own: readonly Booking[];
  place: (booking: PlaceBooking) => Promise<Booking>;
  onDone: () => void;
}

export function NewBooking({ own, place, onDone }: NewBookingProps): ReactElement {
  const { data: resources = [], isPending, error, refetch } = useResources();
  if (isPending) return <Loading what="what can be booked" />;
  if (error) return <TroubleNotice {...troubleOf(error)} onRetry={() => void refetch()} />;
  const [first] = resources;
  if (first === undefined) {
    return (
      <Empty title="There is nothing to book yet">The desk has not put anything on the list.</Empty>
    );
  }
  return (
    <BookingForm resources={resources} first={first} own={own} place={place} onDone={onDone} />
  );
}

type Refusal = Stretch & { resource: string };

function BookingForm({
  resources,
  first,
  own,
  place,
  onDone,
}: NewBookingProps & { resources: Resource[]; first: Resource }): ReactElement {
  const now = useNow(60_000);
  const today = dayAfter(new Date(now), 0);
  const [resourceId, setResourceId] = useState(first.id);
  const [day, setDay] = useState(() => dayAfter(new Date(), 1));
  const [minutes, setMinutes] = useState<(typeof lengths)[number]["value"]>("60");
  const [from, setFrom] = useState<number | null>(null);
  const [party, setParty] = useState(2);
  const [note, setNote] = useState("");
  const [refused, setRefused] = useState<readonly Refusal[]>([]);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | null>(null);

  const resource = resources.find(({ id }) => id === resourceId) ?? first;
  const dayParts = slotsOf({
    day,
    minutes: Number(minutes),
    now,
    own: own
      .filter((booking) => booking.resource.id === resource.id)
      .map(({ starts_at, ends_at }) => ({ from: Date.parse(starts_at), to: Date.parse(ends_at) })),
    refused: refused.filter((one) => one.resource === resource.id),
  });
  const chosen = dayParts
    .flatMap(({ slots }) => slots)
    .find((slot) => slot.from === from && slot.blocked === undefined);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (chosen === undefined) return;
    setBusy(true);
    setTrouble(null);
    try {
      await place({
        resource_id: resource.id,
        starts_at: new Date(chosen.from).toISOString(),
        ends_at: new Date(chosen.to).toISOString(),
        party_size: party,
        note: note.trim(),
      });
      onDone();
    } catch (thrown) {
      const told = troubleOf(thrown);
      setTrouble(told.code === "booking_conflict" ? conflict(resource, chosen) : told);
      if (told.code === "booking_conflict") {
        setRefused([...refused, { from: chosen.from, to: chosen.to, resource: resource.id }]);
        setFrom(null);
      }
      setBusy(false);
    }
  };

  return (
    <form
      className={classes["new"]}
      onSubmit={(event) => void submit(event)}
      aria-label="New booking"
    >
      <Stack gap="lg">
        <Choice
          legend="What"
          tile={150}
          value={resource.id}
          onChange={(id) => {
            setResourceId(id);
            setTrouble(null);
          }}
          options={resources.map(({ id, name, capacity }) => ({
            value: id,
            label: (
              <>
                {name}
                <small>up to {capacity} people</small>
              </>
            ),
          }))}
        />
        <div className={classes["when"]}>
          <div>
            <Text size="sm" fw={550} mb={6}>
              Day
            </Text>
            <Calendar value={day} first={today} onChange={setDay} />
          </div>
          <Stack gap="md">
            <Choice
              legend="How long"
              tile={84}
              value={minutes}
              onChange={setMinutes}
              options={lengths}
            />
            {dayParts.map(({ title, slots }) => (
              <Choice
                key={title}
                legend={title}
                tile={84}
                value={from === null ? null : String(from)}
                onChange={(value) => setFrom(Number(value))}
                options={slots.map((slot) => ({
                  value: String(slot.from),
                  label: timeOf(slot.from),
                  blocked: slot.blocked,
                }))}
              />
            ))}
          </Stack>
        </div>
        <Group gap="md" align="flex-start" grow preventGrowOverflow={false}>
          <NumberInput
            label="How many people"
            min={1}
            max={resource.capacity}
            allowDecimal={false}
            value={party}
            error={
              party > resource.capacity
                ? `${resource.name} takes up to ${resource.capacity} people.`
                : trouble?.fields["party_size"]
            }
            onChange={(value) => setParty(Number(value) || 1)}
          />
          <Textarea
            label="Note to the desk"
            autosize
            minRows={1}
            maxRows={4}
            maxLength={2_000}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
        </Group>
        {trouble && <TroubleNotice {...trouble} />}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onDone}>
            Not now
          </Button>
          <Button
            type="submit"
            disabled={chosen === undefined || party > resource.capacity}
            loading={busy}
          >
            {chosen === undefined
              ? "Choose a time first"
              : `Ask for ${dateOf(chosen.from)}, ${timeOf(chosen.from)}–${timeOf(chosen.to)}`}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** The server says it in UTC; people here have a clock of their own. */
function conflict(resource: Resource, { from, to }: Stretch): Trouble {
  return {
    code: "booking_conflict",
    sentence: `${resource.name} is already booked for some of ${dateOf(from)}, ${timeOf(from)}–${timeOf(to)}.`,
    fix: "Choose another time, a shorter one, or something else to book.",
    fields: {},
  };
}
