//! How a dialect says what it knows: an expression, and what it tells.

use super::Confidence;

/// One wording, and what it tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pattern {
    /// Names in it: `host`, `status`, `code`, `reason`, `origin`, `name`, `word`, `id`.
    pub(super) expression: &'static str,
    pub(super) tells: Tells,
    /// Lines that it looks at together.
    pub(super) lines: usize,
    /// What happened, with `{names}` of the expression; the cause's own sentence if empty.
    pub(super) sentence: &'static str,
    /// The next step; the cause's own if empty.
    pub(super) fix: &'static str,
}

/// What a wording tells.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tells {
    /// A cause.
    Cause(&'static str, Confidence),
    /// The status of an answer to a handshake, in `status`.
    Status(u16),
    /// The end of a connection, in `code` and `reason`.
    Close,
    /// A failed attempt or an ended connection in our server's own log, in `code` and `reason`.
    Attempt,
    /// The code of a problem of ours, in `word`, with its detail in `reason`.
    Problem,
    /// A cause by its name, in `id`.
    Id,
    /// That something went wrong, and nothing more.
    Symptom,
    /// That a connection works now.
    Works,
}

/// Nothing else says so.
pub(super) const fn certain(expression: &'static str, id: &'static str) -> Pattern {
    tells(expression, Tells::Cause(id, Confidence::Certain))
}

/// Seldom it is something else.
pub(super) const fn likely(expression: &'static str, id: &'static str) -> Pattern {
    tells(expression, Tells::Cause(id, Confidence::Likely))
}

/// One candidate of several.
pub(super) const fn unsure(expression: &'static str, id: &'static str) -> Pattern {
    tells(expression, Tells::Cause(id, Confidence::Unsure))
}

/// Something went wrong.
pub(super) const fn symptom(expression: &'static str) -> Pattern {
    tells(expression, Tells::Symptom)
}

/// A status in the group `status`.
pub(super) const fn status(expression: &'static str) -> Pattern {
    tells(expression, Tells::Status(0))
}

pub(super) const fn tells(expression: &'static str, tells: Tells) -> Pattern {
    Pattern {
        expression,
        tells,
        lines: 1,
        sentence: "",
        fix: "",
    }
}

impl Pattern {
    /// With a sentence of its own.
    pub(super) const fn says(mut self, sentence: &'static str) -> Self {
        self.sentence = sentence;
        self
    }

    /// With a next step of its own.
    pub(super) const fn fix(mut self, fix: &'static str) -> Self {
        self.fix = fix;
        self
    }

    /// Over so many lines at once.
    pub(super) const fn over(mut self, lines: usize) -> Self {
        self.lines = lines;
        self
    }
}
