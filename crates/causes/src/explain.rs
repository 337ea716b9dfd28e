//! What a close code, the name of a cause, a token or a pasted log tells of a connection that fails.
//! Pure functions; the time is an argument. A wrong answer is worse than none, so what fits several
//! causes is told as "cannot tell", with the probe that would.
//! Start at [`explain`].

mod closes;
mod dialects;
mod jwt;
mod line;
mod log;
mod mask;
mod pattern;
mod placeholder;
mod rank;
mod statuses;
mod word;

pub use placeholder::is_placeholder;

use serde::Serialize;

use crate::Severity;

/// What is to be explained.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// A close code, the name of a cause or problem, a JWT, or lines of consoles and logs.
    pub text: &'a str,
    /// Now, in unix seconds; what a token's times are compared with.
    pub now_seconds: i64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// Whether it is clear what to mend.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What was found; the first is the cause, or the first candidate.
    pub findings: Vec<Finding>,
    /// Causes that would look the same.
    pub alternatives: Vec<&'static str>,
}

/// Whether it is clear what to mend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The first finding is the cause.
    Explained,
    /// Several causes fit, or none.
    CannotTell {
        /// Why not.
        why: String,
        /// What would tell.
        next: String,
    },
}

/// One cause that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The name of the cause.
    pub id: &'static str,
    /// How sure it is.
    pub confidence: Confidence,
    /// How much it matters.
    pub severity: Severity,
    /// What happened.
    pub sentence: String,
    /// The next step.
    pub fix: String,
    /// What it rests on: lines of the text, without secrets.
    pub evidence: Vec<String>,
    /// Its page, below the root of the project.
    pub page: String,
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Nothing else looks so.
    Certain,
    /// Others are possible and rare.
    Likely,
    /// Others are as possible.
    Unsure,
}

/// Explains a text of any of the kinds of [`Input::text`].
#[must_use]
pub fn explain(input: &Input) -> Explanation {
    let text = input.text.trim();
    if let Some(token) = jwt::find(text) {
        return jwt::explain(token, input.now_seconds);
    }
    word::explain(text).unwrap_or_else(|| log::explain(text))
}

impl Explanation {
    fn explained(finding: Finding, alternatives: Vec<&'static str>) -> Self {
        Self {
            verdict: Verdict::Explained,
            findings: vec![finding],
            alternatives,
        }
    }

    fn cannot_tell(why: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::CannotTell {
                why: why.into(),
                next: next.into(),
            },
            findings: Vec::new(),
            alternatives: Vec::new(),
        }
    }
}
