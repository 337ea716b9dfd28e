//! What the doctor says: findings, the first being the cause, and what each check saw. Plain data;
//! how it looks is in `render.rs` and `junit.rs`. Start at [`Report`].

use std::collections::BTreeMap;

use causes::Severity;
use serde::Serialize;

/// The outcome of one examination.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was examined, without its secrets.
    pub target: String,
    /// All in one word.
    pub verdict: Verdict,
    /// What is wrong, the cause first.
    pub findings: Vec<Finding>,
    /// Each check, in the order in which they were made.
    pub checks: Vec<CheckResult>,
    /// How long each step to the server took.
    pub timings: Vec<Timing>,
    /// Why the examination could not be made at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Requests and answers, for `--verbose`. Secrets are masked.
    #[serde(skip)]
    pub transcript: Vec<String>,
}

/// All in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was found.
    Clean,
    /// It works, and something will hurt.
    Warnings,
    /// It does not work.
    Failed,
    /// The examination could not be made.
    CouldNotRun,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The cause in the registry.
    pub id: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What happened, with the values compared.
    pub sentence: String,
    /// The next step.
    pub fix: String,
    /// What it rests on.
    pub evidence: Evidence,
}

/// What a finding rests on.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Evidence {
    /// What was seen, by name.
    #[serde(flatten)]
    pub seen: BTreeMap<String, String>,
    /// Causes that look the same, each with the probe that would tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative>,
    /// Causes that look the same and were ruled out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ruled_out: Vec<RuledOut>,
}

/// A cause that cannot be told from the one that was named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alternative {
    /// The cause in the registry.
    pub id: &'static str,
    /// What would tell the two apart.
    pub probe: String,
}

/// A cause that looks the same and is not it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuledOut {
    /// The cause in the registry.
    pub id: &'static str,
    /// How it is known.
    pub because: String,
}

/// What became of one check.
#[derive(Clone, Debug, Serialize)]
pub struct CheckResult {
    /// The name for `--only` and `--skip`.
    pub name: &'static str,
    /// The section it stands in.
    pub group: &'static str,
    /// What became of it.
    pub state: State,
    /// How long it took.
    pub ms: u64,
    /// What it saw, or why it was skipped.
    pub note: String,
}

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It was not made.
    Skipped,
    /// All is well.
    Ok,
    /// It was made, and nothing can be said.
    Unknown,
    /// It works, and something will hurt.
    Warn,
    /// It does not work.
    Failed,
}

/// How long one step took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timing {
    /// Such as `dns` or `tcp 127.0.0.1:8000`.
    pub phase: String,
    /// Milliseconds, to a hundredth.
    pub ms: f64,
}

impl Report {
    /// The cause: the finding to look at first.
    #[must_use]
    pub fn first(&self) -> Option<&Finding> {
        self.findings.first()
    }

    /// Whether something does not work.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.verdict == Verdict::Failed
    }

    /// The report for programs.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("a report is plain data with texts as keys")
    }

    /// What the program exits with: 0 clean, 1 warnings if they count, 2 failures, 3 could not run.
    #[must_use]
    pub fn exit_code(&self, strict: bool) -> u8 {
        match self.verdict {
            Verdict::Clean => 0,
            Verdict::Warnings => u8::from(strict),
            Verdict::Failed => 2,
            Verdict::CouldNotRun => 3,
        }
    }
}

impl Finding {
    /// A finding of the registry, with its usual next step.
    pub(crate) fn new(id: &'static str, sentence: impl Into<String>) -> Self {
        let cause = causes::cause(id).expect("a test compares our ids with the registry");
        let alternatives = cause.looks_like.iter().map(|id| alternative(id));
        Self {
            id,
            severity: cause.severity,
            sentence: sentence.into(),
            fix: cause.fix.to_owned(),
            evidence: Evidence {
                alternatives: alternatives.collect(),
                ..Evidence::default()
            },
        }
    }

    /// The same with a better next step.
    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }

    /// The same, mattering less or more than usual.
    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same, resting on one more thing that was seen.
    pub(crate) fn seen(mut self, name: &str, value: impl Into<String>) -> Self {
        self.evidence.seen.insert(name.to_owned(), value.into());
        self
    }

    /// The same, with another cause that it may be.
    pub(crate) fn or(mut self, id: &'static str) -> Self {
        if id != self.id && !self.names(id) {
            self.evidence.alternatives.push(alternative(id));
        }
        self
    }

    /// The same, with a cause that looks alike and is not it.
    pub(crate) fn not(mut self, id: &'static str, because: impl Into<String>) -> Self {
        self.evidence.alternatives.retain(|other| other.id != id);
        self.evidence.ruled_out.push(RuledOut {
            id,
            because: because.into(),
        });
        self
    }

    /// Whether the finding speaks of a cause that looks like it.
    #[must_use]
    pub fn names(&self, id: &str) -> bool {
        let Evidence {
            alternatives,
            ruled_out,
            ..
        } = &self.evidence;
        alternatives.iter().any(|other| other.id == id)
            || ruled_out.iter().any(|other| other.id == id)
    }
}

fn alternative(id: &'static str) -> Alternative {
    let probe = causes::cause(id).map_or("", |cause| cause.probe);
    Alternative {
        id,
        probe: probe.to_owned(),
    }
}
