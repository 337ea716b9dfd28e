//! What is told of a change of status that is not allowed.

use std::fmt::Display;

use protocol::{ErrorCode, Problem, Role};

/// Checks that `to` is among the statuses that may follow.
///
/// # Errors
/// `invalid_transition`, which names the statuses that are allowed.
pub(crate) fn check_next<S: Copy + PartialEq + Display>(
    from: S,
    to: S,
    role: Role,
    allowed: &[S],
    word: fn(S) -> &'static str,
) -> Result<(), Problem> {
    if allowed.contains(&to) {
        return Ok(());
    }
    let words: Vec<&str> = allowed.iter().map(|status| word(*status)).collect();
    let choice = if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    };
    Err(Problem::new(
        ErrorCode::InvalidTransition,
        format!("{from} may not become {to} for the role {role}; allowed: {choice}"),
    )
    .with("from", word(from))
    .with("to", word(to))
    .with("allowed", words))
}
