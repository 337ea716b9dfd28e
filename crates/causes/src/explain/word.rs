//! A single word or number: a close code, an HTTP status, the name of a cause, of a problem, or an
//! errno.

use std::sync::LazyLock;

use protocol::{CloseCode, ErrorCode};
use regex::Regex;

use super::closes::by_close;
use super::mask::regex;
use super::{Confidence, Explanation, Finding, placeholder, statuses};
use crate::registry::known;
use crate::{Cause, cause, cause_of, cause_of_problem};

/// The explanation of a text that is one word; none for anything longer.
pub(super) fn explain(text: &str) -> Option<Explanation> {
    if text.is_empty() {
        return Some(Explanation::cannot_tell(
            "there is nothing to explain",
            "Give a close code (4502), the name of a cause (net.refused), or paste the lines of a console or log.",
        ));
    }
    if let Some(found) = CODE.captures(text) {
        let code = found[1].parse().ok()?;
        return Some(by_number(
            code,
            found.get(2).map_or("", |reason| reason.as_str()),
        ));
    }
    if text.contains(char::is_whitespace) {
        return None;
    }
    let word = text
        .trim_end_matches(".md")
        .rsplit('/')
        .next()
        .unwrap_or(text);
    let named = cause(word).map(|cause| plain(cause, "the name of a cause", None));
    let problem = || {
        let code = ErrorCode::ALL.iter().find(|code| code.slug() == word)?;
        let found = cause_of_problem(*code)?;
        Some(plain(
            found,
            "the code of a problem",
            Some((code.meaning(), code.fix())),
        ))
    };
    let close = || {
        let code = CloseCode::ALL.iter().find(|code| code.slug() == word)?;
        Some(plain(
            cause_of(*code),
            "the word of a close code",
            Some((code.meaning(), code.fix())),
        ))
    };
    let errno = || {
        let (_, id) = ERRORS
            .iter()
            .find(|(error, _)| *error == word.trim_start_matches("net::"))?;
        Some(plain(known(id), "the name of an error", None))
    };
    let token = || {
        // A word alone may be anything; one that is written as a placeholder may not.
        let word = placeholder::word(word).filter(|_| word.starts_with(['<', '[', '{', '$']))?;
        Some(plain(
            known("auth.placeholder"),
            &format!("`{word}`, a placeholder"),
            None,
        ))
    };
    named
        .or_else(close)
        .or_else(problem)
        .or_else(errno)
        .or_else(token)
}

fn by_number(code: u16, reason: &str) -> Explanation {
    let evidence = format!("{code} is");
    match code {
        1006 => Explanation {
            alternatives: [
                "net.refused",
                "net.dns",
                "tls.untrusted",
                "proxy.no_upgrade",
                "auth.hidden_403",
                "idle.proxy",
                "net.change",
            ]
            .to_vec(),
            ..Explanation::cannot_tell(
                "1006 is no code that anybody sent: the browser writes it when a connection ends without a word, for two dozen causes alike",
                "Paste the red line of the browser's console above it (net::ERR_…, or `Unexpected response code: …`), or run: frontdesk doctor <url>",
            )
        },
        1000 | 1005 => Explanation::cannot_tell(
            format!(
                "{code} is an ordinary end: one side closed the connection on purpose and gave no reason"
            ),
            "Look which side called close(), and why; nothing failed on the way.",
        ),
        100..=599 => match statuses::by_status(code, None) {
            Some((id, confidence)) if confidence != Confidence::Unsure => Explanation {
                alternatives: statuses::others(code).to_vec(),
                ..sure(
                    plain(
                        known(id),
                        &format!("{evidence} the status of an answer to a handshake"),
                        None,
                    ),
                    confidence,
                )
            },
            Some((id, _)) => Explanation {
                alternatives: [id].iter().chain(statuses::others(code)).copied().collect(),
                ..Explanation::cannot_tell(
                    format!("the status {code} fits several causes"),
                    statuses::probe(code),
                )
            },
            None => Explanation::cannot_tell(
                format!("{code} is a status that tells nothing of a socket"),
                "Paste the lines around it.",
            ),
        },
        _ => match by_close(code, reason, true) {
            Some(close) if close.confidence != Confidence::Unsure => {
                let ours = CloseCode::from_code(code).filter(|_| close.id != "srv.closed");
                let told = ours.map(|ours| (ours.meaning(), ours.fix()));
                let told = close
                    .sentence
                    .as_deref()
                    .map(|said| (said, close.fix.unwrap_or(known(close.id).fix)))
                    .or(told);
                let what = match ours {
                    Some(ours) => format!(
                        "{evidence} Frontdesk's `{}`; another server may mean something else by it",
                        ours.slug()
                    ),
                    None => format!("{evidence} a close code"),
                };
                sure(plain(known(close.id), &what, told), close.confidence)
            }
            Some(close) => Explanation::cannot_tell(
                close
                    .sentence
                    .unwrap_or_else(|| known(close.id).sentence.to_owned()),
                "Paste the reason of the close, or read the documentation of the program that sent it; Frontdesk's codes are in docs/close-codes.md.",
            ),
            None => Explanation::cannot_tell(
                format!("{code} is not a close code of Frontdesk, nor one of the standard ones"),
                "Frontdesk's codes are in docs/close-codes.md; a private code of another application is explained there.",
            ),
        },
    }
}

fn sure(mut explanation: Explanation, confidence: Confidence) -> Explanation {
    for finding in &mut explanation.findings {
        finding.confidence = confidence;
    }
    explanation
}

/// A cause, with a better sentence and next step if there are any.
fn plain(cause: &'static Cause, evidence: &str, told: Option<(&str, &str)>) -> Explanation {
    let (sentence, fix) = told.unwrap_or((cause.sentence, cause.fix));
    let finding = Finding {
        id: cause.id,
        confidence: Confidence::Certain,
        severity: cause.severity,
        sentence: sentence.to_owned(),
        fix: fix.to_owned(),
        evidence: vec![evidence.to_owned()],
        page: cause.page(),
    };
    Explanation::explained(finding, cause.looks_like.to_vec())
}

/// Names of errors that say it all.
const ERRORS: &[(&str, &str)] = &[
    ("ECONNREFUSED", "net.refused"),
    ("ERR_CONNECTION_REFUSED", "net.refused"),
    ("ENOTFOUND", "net.dns"),
    ("EAI_AGAIN", "net.dns"),
    ("ERR_NAME_NOT_RESOLVED", "net.dns"),
    ("ETIMEDOUT", "net.timeout"),
    ("ERR_CONNECTION_TIMED_OUT", "net.timeout"),
    ("EADDRINUSE", "net.other_program"),
    ("EMFILE", "cap.fd"),
    ("SQLITE_BUSY", "cap.sqlite_busy"),
    ("ERR_UNSAFE_PORT", "url.invalid"),
    ("ERR_CERT_AUTHORITY_INVALID", "tls.untrusted"),
    ("ERR_CERT_DATE_INVALID", "tls.expired"),
    ("ERR_CERT_COMMON_NAME_INVALID", "tls.name"),
    ("ERR_SSL_PROTOCOL_ERROR", "tls.plain_port"),
    ("ERR_BLOCKED_BY_CLIENT", "br.extension"),
    ("ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS", "br.lna"),
    ("ERR_INTERNET_DISCONNECTED", "br.offline"),
    ("ERR_TUNNEL_CONNECTION_FAILED", "net.proxy_explicit"),
];

/// `4502`, `close 1006`, `code: 4502, reason: "…"`, `1006 ''`.
static CODE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"(?i)^(?:http|status|closed?|code|with|event|:|=|\s)*(\d{3,4})(?:[\s,;:]+(?:reason\s*[:=]?\s*)?["']?([^"'\n]*)["']?)?$"#,
    )
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_an_error_leads_to_a_cause() {
        for (error, id) in ERRORS {
            assert!(cause(id).is_some(), "{error}: {id}");
        }
    }
}
