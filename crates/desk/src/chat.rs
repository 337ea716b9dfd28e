//! Chats: what may be written, and for how long it may be changed.

use protocol::{ErrorCode, FieldError, Problem, Timestamp};

use crate::text::{TextRule, check_text};

/// What a message may be.
pub const BODY: TextRule = TextRule {
    min_chars: 1,
    max_chars: 4_000,
    lines: true,
};

/// What a subject may be.
pub const SUBJECT: TextRule = TextRule {
    min_chars: 0,
    max_chars: 200,
    lines: false,
};

/// What a client's id of a message may be.
pub const CLIENT_ID: TextRule = TextRule {
    min_chars: 1,
    max_chars: 64,
    lines: false,
};

/// How long an author may change or delete a message, in milliseconds.
pub const EDITING_MS: i64 = 15 * 60 * 1_000;

/// Checks a message.
pub fn check_body(body: &str, errors: &mut Vec<FieldError>) {
    check_text("/body", body, BODY, errors);
}

/// Checks a client's id.
pub fn check_client_id(client_id: &str, errors: &mut Vec<FieldError>) {
    check_text("/client_id", client_id, CLIENT_ID, errors);
}

/// Checks the name of a choice.
pub fn check_action_id(action_id: &str, errors: &mut Vec<FieldError>) {
    check_text("/action_id", action_id, CLIENT_ID, errors);
}

/// Checks a subject.
pub fn check_subject(subject: &str, errors: &mut Vec<FieldError>) {
    check_text("/subject", subject, SUBJECT, errors);
}

/// Checks that a message may still be changed.
///
/// # Errors
/// `editing_over`, which says how old the message is.
pub fn check_editing(created_at: Timestamp, now: Timestamp) -> Result<(), Problem> {
    let age_ms = now.0.saturating_sub(created_at.0);
    if age_ms <= EDITING_MS {
        return Ok(());
    }
    Err(Problem::new(
        ErrorCode::EditingOver,
        format!(
            "the message is {} minutes old, it could be changed for 15",
            age_ms / 60_000
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_may_be_changed_for_fifteen_minutes() {
        assert!(check_editing(Timestamp(0), Timestamp(EDITING_MS)).is_ok());
        let problem = check_editing(Timestamp(0), Timestamp(EDITING_MS + 60_000)).unwrap_err();
        assert_eq!(problem.code, ErrorCode::EditingOver);
        assert!(problem.detail.contains("16 minutes"));
    }

    #[test]
    fn four_thousand_characters_are_allowed_whatever_their_bytes() {
        let faults = |body: &str| {
            let mut errors = Vec::new();
            check_body(body, &mut errors);
            errors.len()
        };
        assert_eq!(faults(&"👩‍👩‍👧‍👦".repeat(571)), 0); // 7 characters each
        assert_eq!(faults(&"ש".repeat(4_001)), 1);
        assert_eq!(faults("a\0b"), 1);
    }
}
