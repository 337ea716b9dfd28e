//! Orders: which status may follow which, and what an order may hold.

use protocol::{FieldError, OrderLine, OrderStatus, Problem, Role};

use crate::text::{TextRule, check_text};
use crate::transition::check_next;

/// Most lines of one order.
pub const LINES_MAX: usize = 100;

/// Most pieces in one line.
pub const QUANTITY_MAX: i64 = 1_000;

/// What a note may be.
pub const NOTE: TextRule = TextRule {
    min_chars: 0,
    max_chars: 2_000,
    lines: true,
};

/// The statuses that may follow `from` when someone of this role asks.
#[must_use]
pub const fn next_statuses(from: OrderStatus, role: Role) -> &'static [OrderStatus] {
    use OrderStatus::{Accepted, Cancelled, Completed, Placed, Preparing, Ready, Rejected};
    match (role, from) {
        (Role::Customer, Placed | Accepted) => &[Cancelled],
        (Role::Customer, Preparing | Ready) => &[],
        (Role::Staff | Role::Admin, Placed) => &[Accepted, Rejected, Cancelled],
        (Role::Staff | Role::Admin, Accepted) => &[Preparing, Cancelled],
        (Role::Staff | Role::Admin, Preparing) => &[Ready, Cancelled],
        (Role::Staff | Role::Admin, Ready) => &[Completed, Cancelled],
        (_, Completed | Rejected | Cancelled) => &[],
    }
}

/// Checks a change of status.
///
/// # Errors
/// `invalid_transition`, which names the statuses that are allowed.
pub fn check_transition(from: OrderStatus, to: OrderStatus, role: Role) -> Result<(), Problem> {
    check_next(
        from,
        to,
        role,
        next_statuses(from, role),
        OrderStatus::as_str,
    )
}

/// Checks how many lines there are and each quantity; prices of free lines are the item rules'.
pub fn check_lines(quantities: impl ExactSizeIterator<Item = i64>, errors: &mut Vec<FieldError>) {
    let lines = quantities.len();
    if !(1..=LINES_MAX).contains(&lines) {
        errors.push(FieldError::new(
            "/lines",
            format!("has {lines} lines, allowed are 1 to {LINES_MAX}"),
        ));
    }
    for (index, quantity) in quantities.enumerate() {
        if !(1..=QUANTITY_MAX).contains(&quantity) {
            errors.push(FieldError::new(
                format!("/lines/{index}/quantity"),
                format!("is {quantity}, allowed are 1 to {QUANTITY_MAX}"),
            ));
        }
    }
}

/// Checks a note.
pub fn check_note(note: &str, errors: &mut Vec<FieldError>) {
    check_text("/note", note, NOTE, errors);
}

/// Sum of the lines. Within the bounds of [`LINES_MAX`], [`QUANTITY_MAX`] and
/// [`crate::item::UNIT_PRICE_MAX`] it stays below 10^13, so it neither overflows nor leaves the
/// whole numbers that a browser keeps exact.
#[must_use]
pub fn total(lines: &[OrderLine]) -> i64 {
    lines
        .iter()
        .map(|line| line.quantity * line.unit_price)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use OrderStatus::{Accepted, Cancelled, Completed, Placed, Preparing, Ready, Rejected};

    #[test]
    fn staff_walk_an_order_from_placed_to_completed() {
        for pair in [Placed, Accepted, Preparing, Ready, Completed].windows(2) {
            check_transition(pair[0], pair[1], Role::Staff).unwrap();
        }
    }

    #[test]
    fn a_customer_may_only_cancel_and_only_early() {
        for from in OrderStatus::ALL {
            for to in OrderStatus::ALL {
                let may = check_transition(*from, *to, Role::Customer).is_ok();
                assert_eq!(
                    may,
                    *to == Cancelled && matches!(from, Placed | Accepted),
                    "{from} {to}"
                );
            }
        }
    }

    #[test]
    fn final_statuses_are_final_and_a_refusal_names_what_is_allowed() {
        for from in [Completed, Rejected, Cancelled] {
            assert!(next_statuses(from, Role::Admin).is_empty());
        }
        let problem = check_transition(Placed, Ready, Role::Staff).unwrap_err();
        assert_eq!(
            problem.detail,
            "placed may not become ready for the role staff; allowed: accepted, rejected, cancelled"
        );
        assert_eq!(problem.members["allowed"][0], "accepted");
    }

    #[test]
    fn the_largest_order_is_still_an_exact_number_in_a_browser() {
        let largest = LINES_MAX as i64 * QUANTITY_MAX * crate::item::UNIT_PRICE_MAX;
        assert!(largest < 1 << 53);
    }
}
