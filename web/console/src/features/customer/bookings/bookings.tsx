// The customer's bookings, and asking for one.

import type { Booking, BookingStatus } from "@frontdesk/client";
import { useBookings } from "@frontdesk/react";
import { Button } from "@mantine/core";
import { type ReactElement, useState } from "react";
import { troubleOf } from "../../../session/trouble.ts";
import { Icon } from "../../../ui/icons.tsx";
import { Panel } from "../../../ui/page.tsx";
import { Empty, Loading, TroubleNotice } from "../../../ui/states.tsx";
import { useArrivals } from "../../../ui/use-arrivals.ts";
import { useNow } from "../../../ui/use-now.ts";
import { BookingCard } from "./booking-card.tsx";
import { NewBooking } from "./new-booking.tsx";

/** Those that hold a place. */
const live: readonly BookingStatus[] = ["requested", "confirmed", "arrived"];

export function Bookings(): ReactElement {
  const bookings = useBookings();
  const { items, loading, error, hasMore } = bookings;
  const now = useNow(60_000);
  const [choosing, setChoosing] = useState(false);
  const [earlier, setEarlier] = useState(false);
  const arrival = useArrivals(
    items.map(({ id }) => id),
    loading,
  );
  const isComing = ({ status, ends_at }: Booking): boolean =>
    live.includes(status) && Date.parse(ends_at) > now;
  const coming = items
    .filter(isComing)
    .sort((one, other) => one.starts_at.localeCompare(other.starts_at));
  const over = items.filter((booking) => !isComing(booking));
  const card = (booking: Booking): ReactElement => (
    <BookingCard
      key={booking.id}
      booking={booking}
      className={arrival(booking.id)}
      onCancel={() => bookings.cancel(booking.id)}
    />
  );

  return (
    <Panel
      title="Bookings"
      actions={
        !choosing && (
          <Button
            size="sm"
            variant="default"
            leftSection={<Icon name="plus" size={16} />}
            onClick={() => setChoosing(true)}
          >
            New booking
          </Button>
        )
      }
    >
      {choosing && (
        <NewBooking own={coming} place={bookings.place} onDone={() => setChoosing(false)} />
      )}
      {error && items.length === 0 ? (
        <TroubleNotice {...troubleOf(error)} onRetry={() => void bookings.reload()} />
      ) : loading && items.length === 0 ? (
        <Loading what="your bookings" />
      ) : (
        coming.map(card)
      )}
      {!loading && !error && coming.length === 0 && !choosing && (
        <Empty title="No coming bookings">Ask for a time; the desk confirms it here.</Empty>
      )}
      {(over.length > 0 || hasMore) && (
        <>
          <Button
            variant="subtle"
            size="compact-sm"
            style={{ alignSelf: "flex-start" }}
            aria-expanded={earlier}
            onClick={() => setEarlier(!earlier)}
          >
            {earlier
              ? "Hide earlier bookings"
              : `Show earlier bookings (${over.length}${hasMore ? "+" : ""})`}
          </Button>
          {earlier && over.map(card)}
          {earlier && hasMore && (
            <Button variant="default" size="sm" onClick={() => void bookings.loadMore()}>
              Load more
            </Button>
          )}
        </>
      )}
    </Panel>
  );
}
