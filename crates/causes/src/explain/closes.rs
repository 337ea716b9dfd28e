//! What the end of a connection tells: its code and its reason. The private codes (4000–4999) mean
//! something else in each application, so ours count as ours only when it is clear whose they are.

use protocol::CloseCode;

use super::Confidence::{self, Certain, Likely, Unsure};
use crate::cause_of_close;

/// What an end tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Close {
    pub(super) id: &'static str,
    pub(super) confidence: Confidence,
    /// In place of the cause's own, where the end says it better.
    pub(super) sentence: Option<String>,
    pub(super) fix: Option<&'static str>,
}

/// None for an end that names no cause: 1000, 1005, 1006.
pub(super) fn by_close(code: u16, reason: &str, is_ours: bool) -> Option<Close> {
    let reason = reason.trim().trim_matches(['\'', '"']);
    let plain = |id, confidence| Close {
        id,
        confidence,
        sentence: None,
        fix: None,
    };
    if let Some(ours) = CloseCode::from_code(code) {
        if let Some(detail) = reason.strip_prefix(ours.slug()) {
            let id = cause_of_close(code, reason)?.id;
            let detail = detail.trim_start_matches([':', ' ']);
            let sentence = if detail.is_empty() {
                ours.meaning().to_owned()
            } else {
                sentence(detail)
            };
            return Some(Close {
                sentence: Some(format!("{sentence} (The server closed with {ours}.)")),
                fix: Some(ours.fix()),
                ..plain(id, Certain)
            });
        }
        if reason.is_empty() {
            let id = cause_of_close(code, "")?.id;
            return Some(plain(id, if is_ours { Likely } else { Unsure }));
        }
    }
    match code {
        1000 | 1005 | 1006 => None,
        1001 => Some(plain("srv.deploy", Likely)),
        1008 | 3000..=4999 => Some(foreign(code, reason)),
        1015 => Some(plain("tls.untrusted", Unsure)),
        _ => cause_of_close(code, reason).map(|cause| plain(cause.id, Likely)),
    }
}

/// A code whose meaning only its sender knows.
fn foreign(code: u16, reason: &str) -> Close {
    let habit = match code {
        1008 => " (policy violation; many servers use it for a refused token)",
        4401 => " (many applications use it for a refused token)",
        4403 => " (many applications use it for a missing permission)",
        4404 => " (many applications use it for an unknown room or path)",
        4408 => " (many applications use it for a timeout)",
        4409 => " (many applications use it for a second connection of the same user)",
        4429 => " (many applications use it for too many requests)",
        _ => "",
    };
    let (said, confidence) = match reason {
        "" => (" and gave no reason".to_owned(), Unsure),
        _ => (format!(" and said: {reason}"), Likely),
    };
    Close {
        id: "srv.closed",
        confidence,
        sentence: Some(format!(
            "The server ended the connection with {code}{habit}{said}."
        )),
        fix: None,
    }
}

/// A text of the server as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut chars = text.chars();
    let first = chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().collect());
    let end = if text.ends_with(['.', '?', '!']) {
        ""
    } else {
        "."
    };
    format!("{first}{}{end}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_code_is_ours_only_with_our_reason_or_in_our_own_log() {
        let id = |code, reason, is_ours| {
            by_close(code, reason, is_ours).map(|close| (close.id, close.confidence))
        };
        assert_eq!(
            id(4001, "server_restarting: x", false),
            Some(("srv.deploy", Certain))
        );
        assert_eq!(
            id(4001, "Unauthorized", false),
            Some(("srv.closed", Likely))
        );
        assert_eq!(id(4001, "Unauthorized", true), Some(("srv.closed", Likely)));
        assert_eq!(id(4001, "", true), Some(("srv.deploy", Likely)));
        assert_eq!(id(4001, "", false), Some(("srv.deploy", Unsure)));
        assert_eq!(id(4401, "", false), Some(("srv.closed", Unsure)));
        assert_eq!(id(1009, "", false), Some(("ws.too_big", Likely)));
        for silent in [1000, 1005, 1006] {
            assert_eq!(id(silent, "", true), None);
        }
    }
}
