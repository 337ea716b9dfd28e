//! Bookings and resources: which status may follow which, and what they may hold. That two live
//! bookings of one resource never overlap is for the database to keep.

use protocol::{BookingStatus, FieldError, Problem, Role, Timestamp};

use crate::text::{TextRule, check_text};
use crate::transition::check_next;

/// What a resource's name may be.
pub const NAME: TextRule = TextRule {
    min_chars: 1,
    max_chars: 200,
    lines: false,
};

/// What a resource's kind may be.
pub const KIND: TextRule = TextRule {
    min_chars: 1,
    max_chars: 50,
    lines: false,
};

/// What a note may be.
pub const NOTE: TextRule = TextRule {
    min_chars: 0,
    max_chars: 2_000,
    lines: true,
};

/// Most people a resource takes.
pub const CAPACITY_MAX: i64 = 10_000;

/// Longest booking, in milliseconds: 31 days.
pub const LENGTH_MAX_MS: i64 = 31 * 24 * 3_600_000;

/// A booking ends before this moment: 9999-01-01T00:00:00Z, in milliseconds since 1970. It begins
/// in 1970 or later.
pub const ENDS_BEFORE_MS: i64 = 253_370_764_800_000;

/// The statuses of a booking that takes up its resource. Invariant: the migrations of the store
/// name the same ones.
pub const LIVE: &[BookingStatus] = &[
    BookingStatus::Requested,
    BookingStatus::Confirmed,
    BookingStatus::Arrived,
];

/// The statuses that may follow `from` when someone of this role asks.
#[must_use]
pub const fn next_statuses(from: BookingStatus, role: Role) -> &'static [BookingStatus] {
    use BookingStatus::{Arrived, Cancelled, Completed, Confirmed, Declined, NoShow, Requested};
    match (role, from) {
        (Role::Customer, Requested | Confirmed) => &[Cancelled],
        (Role::Customer, Arrived) => &[],
        (Role::Staff | Role::Admin, Requested) => &[Confirmed, Declined, Cancelled],
        (Role::Staff | Role::Admin, Confirmed) => &[Arrived, NoShow, Cancelled],
        (Role::Staff | Role::Admin, Arrived) => &[Completed],
        (_, Completed | Declined | Cancelled | NoShow) => &[],
    }
}

/// Checks a change of status.
///
/// # Errors
/// `invalid_transition`, which names the statuses that are allowed.
pub fn check_transition(from: BookingStatus, to: BookingStatus, role: Role) -> Result<(), Problem> {
    check_next(
        from,
        to,
        role,
        next_statuses(from, role),
        BookingStatus::as_str,
    )
}

/// Checks when a booking is and for how many.
pub fn check_slot(
    starts_at: Timestamp,
    ends_at: Timestamp,
    party_size: i64,
    capacity: i64,
    errors: &mut Vec<FieldError>,
) {
    if starts_at.0 < 0 {
        errors.push(FieldError::new(
            "/starts_at",
            format!("is {starts_at}, which is before 1970"),
        ));
    }
    let length_ms = ends_at.0.saturating_sub(starts_at.0);
    if ends_at.0 >= ENDS_BEFORE_MS {
        let message = format!("is {ends_at}, which is after the year 9998");
        errors.push(FieldError::new("/ends_at", message));
    } else if length_ms <= 0 {
        let message = format!("is {ends_at}, which is not after starts_at, {starts_at}");
        errors.push(FieldError::new("/ends_at", message));
    } else if length_ms > LENGTH_MAX_MS {
        let message =
            format!("is {ends_at}, which is more than 31 days after starts_at, {starts_at}");
        errors.push(FieldError::new("/ends_at", message));
    }
    if !(1..=capacity).contains(&party_size) {
        let message = format!("is {party_size}, the resource takes 1 to {capacity}");
        errors.push(FieldError::new("/party_size", message));
    }
}

/// Checks a resource.
pub fn check_resource(name: &str, kind: &str, capacity: i64, errors: &mut Vec<FieldError>) {
    check_text("/name", name, NAME, errors);
    check_text("/kind", kind, KIND, errors);
    if !(1..=CAPACITY_MAX).contains(&capacity) {
        let message = format!("is {capacity}, allowed are 1 to {CAPACITY_MAX}");
        errors.push(FieldError::new("/capacity", message));
    }
}

/// Checks a note.
pub fn check_note(note: &str, errors: &mut Vec<FieldError>) {
    check_text("/note", note, NOTE, errors);
}

#[cfg(test)]
mod tests {
    use super::*;
    use BookingStatus::{Arrived, Cancelled, Completed, Confirmed, Requested};

    #[test]
    fn staff_walk_a_booking_from_requested_to_completed() {
        for pair in [Requested, Confirmed, Arrived, Completed].windows(2) {
            check_transition(pair[0], pair[1], Role::Staff).unwrap();
        }
    }

    #[test]
    fn a_customer_may_only_cancel_and_only_before_arriving() {
        for from in BookingStatus::ALL {
            for to in BookingStatus::ALL {
                let may = check_transition(*from, *to, Role::Customer).is_ok();
                let early = matches!(from, Requested | Confirmed);
                assert_eq!(may, *to == Cancelled && early, "{from} {to}");
            }
        }
    }

    #[test]
    fn a_final_status_is_not_live() {
        for status in BookingStatus::ALL {
            let final_ = next_statuses(*status, Role::Admin).is_empty();
            assert_eq!(final_, !LIVE.contains(status), "{status}");
        }
    }

    #[test]
    fn a_booking_ends_after_it_starts() {
        let faults = |starts: i64, ends: i64, party: i64| {
            let mut errors = Vec::new();
            check_slot(Timestamp(starts), Timestamp(ends), party, 4, &mut errors);
            errors
                .into_iter()
                .map(|error| error.pointer)
                .collect::<Vec<_>>()
        };
        assert!(faults(0, 1, 4).is_empty());
        assert_eq!(faults(5, 5, 1), ["/ends_at"]);
        assert_eq!(faults(6, 5, 5), ["/ends_at", "/party_size"]);
        assert_eq!(faults(0, LENGTH_MAX_MS + 1, 0), ["/ends_at", "/party_size"]);
        assert!(faults(0, LENGTH_MAX_MS, 1).is_empty());
        assert!(faults(ENDS_BEFORE_MS - 2, ENDS_BEFORE_MS - 1, 1).is_empty());
        assert_eq!(faults(ENDS_BEFORE_MS - 1, ENDS_BEFORE_MS, 1), ["/ends_at"]);
        assert_eq!(faults(-1, 1, 1), ["/starts_at"]);
        assert_eq!(faults(i64::MIN, i64::MAX, 1), ["/starts_at", "/ends_at"]);
    }
}
