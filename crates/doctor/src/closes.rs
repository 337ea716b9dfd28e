//! What the end of a socket means: a close frame, broken bytes, or silence after which it is gone.
//! Pure. Start at [`of_close`].

use protocol::CloseCode;
use websocket::ProtocolError;

use crate::report::Finding;

/// Why the other end closed, by its code and reason. None where it names no fault.
pub(crate) fn of_close(code: u16, reason: &str) -> Option<Finding> {
    let told = if reason.is_empty() {
        "without a reason".to_owned()
    } else {
        format!("with the reason \"{reason}\"")
    };
    let sentence = format!("the server closed with {code} {told}");
    if matches!(code, 1000 | 1005) {
        return None;
    }
    // A stranger may close with any number, so ours count with our own word alone.
    let is_foreign =
        CloseCode::from_code(code).is_some_and(|ours| !reason.starts_with(ours.slug()));
    let cause = causes::cause_of_close(code, reason).filter(|_| !is_foreign);
    if let Some(cause) = cause {
        let sentence = match CloseCode::from_code(code) {
            // The reason is `slug: sentence`, the sentence with the values compared.
            Some(ours) => match reason.split_once(": ") {
                Some((slug, said)) if slug == ours.slug() => {
                    format!("{said} (close {code} {slug})")
                }
                _ => sentence,
            },
            None => sentence,
        };
        return Some(Finding::new(cause.id, sentence).seen("close", format!("{code} {reason}")));
    }
    let lower = reason.to_ascii_lowercase();
    let speaks_of = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let id = match code {
        _ if speaks_of(&["expired"]) => "auth.expired",
        _ if speaks_of(&["origin"]) => "origin.denied",
        _ if speaks_of(&["signature"]) => "auth.signature",
        4404 => "url.path",
        4403 | 4003 => "authz.role",
        4429 => "cap.rate_limit",
        _ if speaks_of(&["forbidden", "permission", "not allowed"]) => "authz.role",
        _ if speaks_of(&["missing token", "no token", "token required"]) => "auth.missing",
        _ if speaks_of(&[
            "another tab",
            "replaced",
            "duplicate",
            "other connection",
            "another connection",
        ]) =>
        {
            "srv.replaced"
        }
        1008 | 3000 | 4401 | 4001 => "auth.hidden_403",
        _ if speaks_of(&["token", "auth", "jwt", "credential", "login"]) => "auth.hidden_403",
        _ => "srv.closed",
    };
    let finding = Finding::new(id, sentence).seen("close", format!("{code} {reason}"));
    Some(if id == "auth.hidden_403" {
        finding.or("auth.signature").or("auth.missing")
    } else {
        finding
    })
}

/// Bytes on an open socket that a browser would not take.
pub(crate) fn of_broken(error: &ProtocolError, bytes: &str) -> Finding {
    let told = format!(
        "what the server sent is no frame that a browser takes: {error}; it began with {bytes}"
    );
    if bytes.starts_with("`HTTP/") || bytes.starts_with("`<") {
        let sentence = format!(
            "HTTP text came on the open socket ({bytes}): two handlers answer the same upgrade"
        );
        return Finding::new("dev.two_handlers", sentence)
            .not("ws.extension", "the bytes are text, not a frame");
    }
    match error {
        ProtocolError::ReservedBits { .. } => Finding::new("ws.extension", told),
        ProtocolError::TextNotUtf8 { .. } | ProtocolError::CloseReasonNotUtf8 { .. } => {
            Finding::new("ws.bad_utf8", told)
        }
        ProtocolError::TooLarge { .. } | ProtocolError::TooManyFragments { .. } => {
            Finding::new("ws.too_big", told)
        }
        ProtocolError::ReservedOpcode { .. }
        | ProtocolError::Unmasked { .. }
        | ProtocolError::Masked { .. }
        | ProtocolError::FragmentedControl { .. }
        | ProtocolError::ControlTooLong { .. }
        | ProtocolError::NonMinimalLength { .. }
        | ProtocolError::LengthTopBit { .. }
        | ProtocolError::UnexpectedContinuation
        | ProtocolError::UnfinishedMessage { .. }
        | ProtocolError::CloseBodyTooShort
        | ProtocolError::InvalidCloseCode { .. } => Finding::new("ws.protocol_error", told),
    }
}

/// Who usually cuts a connection that was silent for so long.
pub(crate) fn fingerprint(seconds: f64) -> Option<&'static str> {
    const TABLE: [(f64, &str); 10] = [
        (
            30.0,
            "a Google load balancer's backend timeout, or a tunnel",
        ),
        (50.0, "HAProxy's client and server timeouts"),
        (55.0, "Heroku"),
        (
            60.0,
            "nginx's proxy_read_timeout, an AWS load balancer or Apache's ProxyTimeout",
        ),
        (100.0, "Cloudflare"),
        (240.0, "Azure"),
        (300.0, "ngrok, Envoy's stream idle timeout or Cloud Run"),
        (350.0, "an AWS network load balancer"),
        (600.0, "CloudFront or the AWS API Gateway"),
        (3600.0, "the longest life that Cloud Run allows"),
    ];
    TABLE
        .iter()
        .find(|(known, _)| (seconds - known).abs() <= (known * 0.03).max(1.5))
        .map(|(_, who)| *who)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes_are_named_by_code_and_reason() {
        for (code, reason, id) in [
            (
                4502,
                "token_malformed: the token is `test`, a placeholder",
                "auth.placeholder",
            ),
            (4100, "token_expired: 3 s ago", "auth.expired"),
            (
                4511,
                "unknown_path: no socket at /x; did you mean /api/v1/ws?",
                "url.path",
            ),
            (1011, "keepalive ping timeout", "idle.nopong"),
            (1009, "", "ws.too_big"),
            (4401, "token expired", "auth.expired"),
            (4401, "unauthorized", "auth.hidden_403"),
            (
                4001,
                "server_restarting: an admin closed this connection; it may come back",
                "srv.kick",
            ),
            (4000, "replaced by another tab", "srv.replaced"),
            (4001, "unauthorized", "auth.hidden_403"),
            (4003, "", "authz.role"),
            (4900, "replaced by another tab", "srv.replaced"),
            (4999, "bye", "srv.closed"),
        ] {
            assert_eq!(
                of_close(code, reason).map(|finding| finding.id),
                Some(id),
                "{code} {reason}"
            );
        }
        assert!(of_close(1000, "").is_none());
    }

    #[test]
    fn the_age_of_a_silent_connection_points_at_who_cut_it() {
        for (seconds, who) in [
            (60.2, "nginx"),
            (99.0, "Cloudflare"),
            (54.8, "Heroku"),
            (349.0, "AWS network"),
        ] {
            assert!(
                fingerprint(seconds).is_some_and(|found| found.contains(who)),
                "{seconds}"
            );
        }
        assert_eq!(fingerprint(17.0), None);
    }
}
