//! Orders, bookings and times in words. Start at [`Clock`].

use jiff::tz::TimeZone;
use protocol::{Booking, BookingStatus, Order, OrderStatus, Timestamp};

/// Most lines of an order that are told.
const LINES_MAX: usize = 3;

/// Shows times as people of one place read them.
#[derive(Clone, Debug)]
pub struct Clock(TimeZone);

impl Clock {
    /// The time of this zone.
    #[must_use]
    pub const fn new(zone: TimeZone) -> Self {
        Self(zone)
    }

    /// Such as `Fri 27 Nov 2026, 18:00 CET`.
    #[must_use]
    pub fn moment(&self, at: Timestamp) -> String {
        self.written(at, "%a %-d %b %Y, %H:%M %Z")
    }

    /// Such as `Fri 27 Nov 2026, 18:00 to 20:00 CET`.
    #[must_use]
    pub fn span(&self, from: Timestamp, to: Timestamp) -> String {
        let day = "%a %-d %b %Y";
        match self.written(from, day) == self.written(to, day) {
            true => format!(
                "{} to {}",
                self.written(from, "%a %-d %b %Y, %H:%M"),
                self.written(to, "%H:%M %Z")
            ),
            false => format!("{} to {}", self.moment(from), self.moment(to)),
        }
    }

    pub(crate) const fn zone(&self) -> &TimeZone {
        &self.0
    }

    fn written(&self, at: Timestamp, format: &str) -> String {
        match jiff::Timestamp::from_millisecond(at.0) {
            Ok(moment) => moment.to_zoned(self.0.clone()).strftime(format).to_string(),
            Err(_) => at.to_string(),
        }
    }
}

/// Such as `Table 1 on Fri 27 Nov 2026, 18:00 to 20:00 CET`.
pub(crate) fn booking(booking: &Booking, clock: &Clock) -> String {
    let when = clock.span(booking.starts_at, booking.ends_at);
    format!("{} on {when}", one_line(&booking.resource.name))
}

/// Such as `2 × Apple cake, Tea`.
pub(crate) fn lines(order: &Order) -> String {
    let mut told: Vec<String> = order
        .lines
        .iter()
        .take(LINES_MAX)
        .map(|line| match line.quantity {
            1 => one_line(&line.name),
            quantity => format!("{quantity} × {}", one_line(&line.name)),
        })
        .collect();
    if order.lines.len() > LINES_MAX {
        told.push(format!("{} more", order.lines.len() - LINES_MAX));
    }
    told.join(", ")
}

pub(crate) const fn order_status(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Placed => "is placed; the desk has not answered yet",
        OrderStatus::Accepted => "is accepted and will be made soon",
        OrderStatus::Preparing => "is being made",
        OrderStatus::Ready => "is ready for you",
        OrderStatus::Completed => "was handed over",
        OrderStatus::Rejected => "was not accepted by the desk",
        OrderStatus::Cancelled => "was cancelled",
    }
}

pub(crate) const fn booking_status(status: BookingStatus) -> &'static str {
    match status {
        BookingStatus::Requested => "asked for, not confirmed yet",
        BookingStatus::Confirmed => "confirmed",
        BookingStatus::Arrived => "you are here",
        BookingStatus::Completed => "over",
        BookingStatus::Declined => "declined by the desk",
        BookingStatus::Cancelled => "cancelled",
        BookingStatus::NoShow => "nobody came",
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
