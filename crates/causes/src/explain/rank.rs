//! Which of several signals is the cause, and which are its symptoms.

use super::{Confidence, Explanation, Finding, Verdict};
use crate::Cause;

/// One thing that a line tells.
#[derive(Clone, Debug)]
pub(super) struct Signal {
    pub(super) cause: &'static Cause,
    pub(super) confidence: Confidence,
    pub(super) sentence: Option<String>,
    pub(super) fix: Option<String>,
    /// Other causes that would leave the same line.
    pub(super) others: &'static [&'static str],
    /// What would tell, where this line does not.
    pub(super) probe: Option<&'static str>,
    /// A status or a code, which another line may have the reason for.
    pub(super) is_outcome: bool,
    /// From 1.
    pub(super) line: usize,
    /// The line, as it is shown.
    pub(super) shown: String,
}

/// Most lines that are shown for one finding.
const EVIDENCE_MAX: usize = 3;

/// Most findings that are told.
const FINDINGS_MAX: usize = 4;

/// The explanation that follows from all signals; none without a cause among them.
pub(super) fn explanation(mut signals: Vec<Signal>) -> Option<Explanation> {
    signals.sort_by_key(|signal| {
        let is_unsure = signal.confidence == Confidence::Unsure;
        (
            is_unsure,
            place(signal.cause.id),
            signal.confidence,
            signal.line,
        )
    });
    let first = signals.first()?.clone();
    let mut findings: Vec<Finding> = Vec::new();
    for signal in &signals {
        if let Some(known) = findings
            .iter_mut()
            .find(|known| known.id == signal.cause.id)
        {
            let evidence = signal.evidence();
            if known.evidence.len() < EVIDENCE_MAX && !known.evidence.contains(&evidence) {
                known.evidence.push(evidence);
            }
        } else if findings.is_empty() || !is_explained_by(signal, &first) {
            findings.push(signal.finding());
        }
    }
    findings.truncate(FINDINGS_MAX);
    let told: Vec<&str> = findings.iter().map(|finding| finding.id).collect();
    let mut alternatives: Vec<&'static str> = Vec::new();
    if first.confidence != Confidence::Certain {
        let also = if first.others.is_empty() {
            first.cause.looks_like
        } else {
            first.others
        };
        alternatives.extend(also.iter().filter(|id| !told.contains(id)));
    }
    let verdict = match first.confidence {
        Confidence::Certain | Confidence::Likely => Verdict::Explained,
        Confidence::Unsure => Verdict::CannotTell {
            why: format!(
                "line {} fits several causes, and {} is only one of them",
                first.line, first.cause.id
            ),
            next: first.probe.unwrap_or(first.cause.probe).to_owned(),
        },
    };
    Some(Explanation {
        verdict,
        findings,
        alternatives,
    })
}

impl Signal {
    fn evidence(&self) -> String {
        format!("line {}: {}", self.line, self.shown)
    }

    fn finding(&self) -> Finding {
        let cause = self.cause;
        Finding {
            id: cause.id,
            confidence: self.confidence,
            severity: cause.severity,
            sentence: self
                .sentence
                .clone()
                .unwrap_or_else(|| cause.sentence.to_owned()),
            fix: self.fix.clone().unwrap_or_else(|| cause.fix.to_owned()),
            evidence: vec![self.evidence()],
            page: cause.page(),
        }
    }
}

/// Whether a signal follows from the first one, so that telling it would mislead.
fn is_explained_by(signal: &Signal, first: &Signal) -> bool {
    let id = signal.cause.id;
    let named = EXPLAINS
        .iter()
        .filter(|(cause, _)| first.cause.id.starts_with(cause))
        .any(|(_, symptoms)| symptoms.iter().any(|symptom| id.starts_with(symptom)));
    let is_sure = first.confidence != Confidence::Unsure;
    named || is_sure && (signal.confidence == Confidence::Unsure || signal.is_outcome)
}

/// The order in which a connection can fail: what fails earlier hides what would fail later.
fn place(id: &str) -> usize {
    let place = ORDER
        .iter()
        .position(|group| group.iter().any(|begin| id.starts_with(begin)));
    place.unwrap_or(ORDER.len())
}

/// Beginnings of ids, the earliest first.
const ORDER: &[&[&str]] = &[
    // The address and the page's own rules: nothing was sent.
    &[
        "url.undefined",
        "url.invalid",
        "br.mixed",
        "br.csp",
        "cl.node",
        "cl.close_code",
        "cl.send_early",
    ],
    // A proxy that tells what it could not reach.
    &["dev.vite_target_down", "dev.vite_tls", "proxy.bad_gateway"],
    // Nobody there, or the way to them.
    &[
        "net.refused",
        "net.wrong_port",
        "net.other_program",
        "net.bind_loopback",
        "net.ipv6_localhost",
        "net.dns",
        "net.proxy_explicit",
        "net.tunnel_auth",
        "tls.",
        "br.",
    ],
    // What the server's own log names.
    &[
        "srv.no_ws_library",
        "srv.static_mount",
        "cap.fd",
        "cap.memory",
        "cap.db_pool",
        "cap.sqlite",
        "cap.conntrack",
        "cap.ephemeral",
        "ev.bus_down",
        "llm.",
    ],
    // What also comes of a server that hangs.
    &["net."],
    // The token could not be fetched.
    &["cors.", "cookie.", "token."],
    // The handshake was answered, and not with 101.
    &[
        "proxy.http10",
        "proxy.",
        "dev.",
        "url.",
        "http.",
        "host.",
        "ws.version",
        "ws.accept",
        "ws.subprotocol",
    ],
    // Who it is, and what they may.
    &["origin.", "auth.", "authz."],
    // It was open.
    &[
        "cap.", "idle.", "life.", "ws.", "srv.", "bg.", "ev.", "sse.",
    ],
    &["cl."],
];

/// What follows from what, both by the beginnings of ids.
const EXPLAINS: &[(&str, &[&str])] = &[
    ("url.undefined", &["net.", "url.", "tls.", "auth.", "dev."]),
    ("br.csp", &["net.", "cors."]),
    ("br.offline", &["net.", "cors."]),
    (
        "dev.vite_target_down",
        &["net.", "proxy.", "srv.crash", "srv.deploy"],
    ),
    ("dev.vite_tls", &["tls.", "net.", "srv.crash"]),
    (
        "proxy.bad_gateway",
        &["net.", "srv.", "cap.", "dev.", "auth.hidden"],
    ),
    (
        "net.refused",
        &[
            "net.",
            "cors.",
            "proxy.",
            "dev.",
            "cl.",
            "srv.wrong_socket",
            "auth.malformed",
        ],
    ),
    ("net.dns", &["net.", "cors.", "cl."]),
    ("net.", &["cors.", "cl.strictmode"]),
    ("tls.", &["tls.", "net.", "cors."]),
    ("srv.no_ws_library", &["url.path", "proxy."]),
    ("srv.static_mount", &["srv.", "proxy."]),
    (
        "cap.",
        &[
            "srv.",
            "proxy.",
            "idle.",
            "net.timeout",
            "net.change",
            "auth.hidden",
        ],
    ),
    ("net.other_program", &["srv."]),
    ("auth.placeholder", &["auth.", "srv.closed"]),
    ("origin.denied", &["auth.hidden", "dev.vite_origin"]),
    ("auth.", &["auth.hidden", "srv.closed", "auth.claim"]),
    ("idle.", &["srv.", "net."]),
    ("srv.deploy", &["net.", "srv.", "proxy."]),
    ("ws.", &["ws.", "srv.", "proxy.", "cl."]),
    ("cors.", &["token.", "net.", "cors."]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_beginning_is_that_of_a_cause() {
        let exists = |begin: &str| crate::all().any(|cause| cause.id.starts_with(begin));
        let explains = EXPLAINS
            .iter()
            .flat_map(|(cause, symptoms)| symptoms.iter().chain([cause]));
        for begin in ORDER.iter().copied().flatten().chain(explains) {
            assert!(exists(begin), "{begin}");
        }
        for cause in crate::all() {
            assert!(place(cause.id) < ORDER.len(), "{} has no place", cause.id);
        }
    }
}
