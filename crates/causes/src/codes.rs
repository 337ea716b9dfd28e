//! Which cause stands behind a code: of a close frame, of a problem, of an HTTP answer to a
//! handshake. Start at [`cause_of`].

use protocol::{CloseCode, ErrorCode};

use crate::Cause;
use crate::registry::known;

/// The cause behind one of our close codes. The reason may tell more: see [`cause_of_close`].
#[must_use]
pub fn cause_of(code: CloseCode) -> &'static Cause {
    known(match code {
        CloseCode::InternalError => "srv.crash",
        CloseCode::ServerRestarting => "srv.deploy",
        CloseCode::TooSlow => "srv.slow_consumer",
        CloseCode::NoPong => "idle.nopong",
        CloseCode::RateLimited => "cap.rate_limit",
        CloseCode::Overloaded => "cap.max_conn",
        CloseCode::RoleChanged => "srv.revoke",
        CloseCode::TooManyConnections => "cap.per_user",
        CloseCode::TokenExpired => "auth.expired",
        CloseCode::TokenNotYetValid => "auth.not_yet_valid",
        CloseCode::TokenMissing => "auth.missing",
        CloseCode::TokenMalformed => "auth.malformed",
        CloseCode::TokenInvalid => "auth.claim",
        CloseCode::SessionEnded | CloseCode::AccountDisabled => "auth.revoked",
        CloseCode::Forbidden => "authz.role",
        CloseCode::ChatNotFound => "authz.chat",
        CloseCode::BadFrame => "ws.protocol_error",
        CloseCode::UnknownPath => "url.path",
        CloseCode::UnsupportedVersion => "ws.version_skew",
    })
}

/// The cause behind the end of a connection, by its code and its reason: the reason tells a
/// placeholder from a cut token, and a wrong audience from a wrong signature.
///
/// None for 1000, 1005 and 1006, which name no cause, and for a number that is no code of ours.
#[must_use]
pub fn cause_of_close(code: u16, reason: &str) -> Option<&'static Cause> {
    let Some(ours) = CloseCode::from_code(code) else {
        return standard(code, reason);
    };
    Some(match ours {
        CloseCode::TokenMalformed if reason.contains('`') => known("auth.placeholder"),
        CloseCode::TokenInvalid => known(part_of_token(reason)),
        CloseCode::ServerRestarting if reason.contains("an admin closed") => known("srv.kick"),
        CloseCode::Overloaded if reason.contains("the database") => known("ev.bus_down"),
        CloseCode::InternalError
        | CloseCode::ServerRestarting
        | CloseCode::TooSlow
        | CloseCode::NoPong
        | CloseCode::RateLimited
        | CloseCode::Overloaded
        | CloseCode::RoleChanged
        | CloseCode::TooManyConnections
        | CloseCode::TokenExpired
        | CloseCode::TokenNotYetValid
        | CloseCode::TokenMissing
        | CloseCode::TokenMalformed
        | CloseCode::SessionEnded
        | CloseCode::AccountDisabled
        | CloseCode::Forbidden
        | CloseCode::ChatNotFound
        | CloseCode::BadFrame
        | CloseCode::UnknownPath
        | CloseCode::UnsupportedVersion => cause_of(ours),
    })
}

/// Which part of the token was not ours, by the words of the reason.
fn part_of_token(reason: &str) -> &'static str {
    if reason.contains("signature") {
        return "auth.signature";
    }
    let part = reason.split_once("token's ").map_or("", |(_, rest)| rest);
    match part.split(' ').next().unwrap_or_default() {
        "alg" => "auth.alg",
        "iss" => "auth.iss",
        "aud" => "auth.aud",
        "typ" => "auth.wrong_kind",
        "kid" => "auth.signature",
        _ => "auth.claim",
    }
}

/// Close codes that everybody shares (RFC 6455, 7.4.1, and the register of IANA).
fn standard(code: u16, reason: &str) -> Option<&'static Cause> {
    let id = match code {
        1001 | 1012 => "srv.deploy",
        1002 => "ws.protocol_error",
        1003 => "ws.binary",
        1007 => "ws.bad_utf8",
        1009 => "ws.too_big",
        1010 => "ws.extension",
        1011 if reason.contains("ping timeout") => "idle.nopong",
        1011 => "srv.crash",
        1013 => "cap.max_conn",
        1014 => "proxy.bad_gateway",
        _ => return None,
    };
    Some(known(id))
}

/// The cause behind a problem, where it concerns a connection. The others are explained in
/// docs/problems.md alone.
#[must_use]
pub fn cause_of_problem(code: ErrorCode) -> Option<&'static Cause> {
    let id = match code {
        ErrorCode::BadFrame => "ws.protocol_error",
        ErrorCode::Unauthenticated => "token.endpoint_unauth",
        ErrorCode::TokenMissing => "auth.missing",
        ErrorCode::TokenMalformed => "auth.malformed",
        ErrorCode::TokenInvalid => "auth.claim",
        ErrorCode::TokenExpired => "auth.expired",
        ErrorCode::TokenNotYetValid => "auth.not_yet_valid",
        ErrorCode::SessionEnded | ErrorCode::AccountDisabled => "auth.revoked",
        ErrorCode::Forbidden => "authz.role",
        ErrorCode::OriginDenied => "origin.denied",
        ErrorCode::UnknownPath => "url.path",
        ErrorCode::NotSubscribed => "ev.not_subscribed",
        ErrorCode::UriTooLong | ErrorCode::HeadTooLarge => "http.header_size",
        ErrorCode::UpgradeRequired => "proxy.no_upgrade",
        ErrorCode::RateLimited | ErrorCode::TooManyCommands => "cap.rate_limit",
        ErrorCode::InternalError => "srv.crash",
        ErrorCode::Unavailable => "srv.deploy",
        ErrorCode::Overloaded => "cap.max_conn",
        ErrorCode::InvalidRequest
        | ErrorCode::InvalidCredentials
        | ErrorCode::RegistrationClosed
        | ErrorCode::NotFound
        | ErrorCode::MethodNotAllowed
        | ErrorCode::StaleVersion
        | ErrorCode::InvalidTransition
        | ErrorCode::EmailTaken
        | ErrorCode::ItemUnavailable
        | ErrorCode::BookingConflict
        | ErrorCode::ChatOpen
        | ErrorCode::ChatClosed
        | ErrorCode::ClientIdConflict
        | ErrorCode::EditingOver
        | ErrorCode::IdempotencyConflict
        | ErrorCode::LastAdmin
        | ErrorCode::SubscriptionLimit
        | ErrorCode::SetupClosed
        | ErrorCode::PayloadTooLarge
        | ErrorCode::UnsupportedMediaType
        | ErrorCode::ValidationFailed
        | ErrorCode::FaqUnwritable
        | ErrorCode::BotFailed
        | ErrorCode::StorageFull => return None,
    };
    Some(known(id))
}

/// The cause behind a handshake that our server answered with a problem; its detail tells what
/// was compared.
#[must_use]
pub fn cause_of_refusal(code: ErrorCode, detail: &str) -> Option<&'static Cause> {
    let id = match code {
        ErrorCode::UpgradeRequired if detail.contains("Sec-WebSocket-Version") => "ws.version",
        ErrorCode::UpgradeRequired if detail.contains("HTTP/1.0, websocket") => "proxy.http10",
        ErrorCode::InvalidRequest if detail.contains("subprotocol") => "ws.subprotocol",
        _ => return cause_of_problem(code),
    };
    Some(known(id))
}

/// The cause behind an attempt that our server saw fail: by the close code or the HTTP status, and
/// the reason, which begins with their word. None where the server knows only that it ended.
#[must_use]
pub fn cause_of_attempt(code: u16, reason: &str) -> Option<&'static Cause> {
    let (word, detail) = reason.split_once(": ").unwrap_or((reason, ""));
    match code {
        400..=599 => {
            let problem = ErrorCode::ALL.iter().find(|code| code.slug() == word)?;
            cause_of_refusal(*problem, detail)
        }
        // Here it is the page that goes.
        1001 => Some(known("bg.navigate")),
        1002 | 1003 | 1007 | 1009 => standard(code, reason),
        // A peer may close with any number, so ours count with our own word alone.
        _ => CloseCode::from_code(code)
            .filter(|ours| ours.slug() == word)
            .and_then(|_| cause_of_close(code, reason)),
    }
}

/// The same of a connection that had its welcome.
#[must_use]
pub fn cause_of_end(code: u16, reason: &str) -> Option<&'static Cause> {
    match CloseCode::from_code(code) {
        Some(CloseCode::TokenExpired) => Some(known("srv.token_expired_live")),
        _ => cause_of_attempt(code, reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_cause_that_exists_or_none() {
        for code in 0..5_000 {
            assert!(cause_of_close(code, "").is_none_or(|found| crate::cause(found.id).is_some()));
        }
    }

    #[test]
    fn a_reason_tells_more_than_its_code() {
        for (code, reason, id) in [
            (
                4502,
                "token_malformed: the token is `test`: a word to try things out",
                "auth.placeholder",
            ),
            (
                4502,
                "token_malformed: the token has 2 parts",
                "auth.malformed",
            ),
            (
                4503,
                "token_invalid: the signature is wrong",
                "auth.signature",
            ),
            (
                4503,
                "token_invalid: the token's aud is api, expected ws",
                "auth.aud",
            ),
            (
                4503,
                "token_invalid: the token's sub is missing, expected a UUID",
                "auth.claim",
            ),
            (4100, "", "auth.expired"),
            (
                4001,
                "server_restarting: an admin closed this connection; it may come back",
                "srv.kick",
            ),
            (
                4005,
                "overloaded: the database does not answer",
                "ev.bus_down",
            ),
            (4005, "overloaded: no answer within 15 s", "cap.max_conn"),
            (
                4001,
                "server_restarting: the server is being restarted",
                "srv.deploy",
            ),
            (1011, "keepalive ping timeout", "idle.nopong"),
            (1011, "", "srv.crash"),
        ] {
            assert_eq!(
                cause_of_close(code, reason).unwrap().id,
                id,
                "{code} {reason}"
            );
        }
        for code in [0, 1000, 1005, 1006, 1008, 3000, 4401, 4999] {
            assert!(cause_of_close(code, "").is_none(), "{code}");
        }
    }

    #[test]
    fn an_attempt_is_judged_by_our_own_words_alone() {
        for (code, reason, id) in [
            (
                403,
                "origin_denied: the page is of https://a.b",
                Some("origin.denied"),
            ),
            (
                426,
                "upgrade_required: HTTP/1.0, websocket and upgrade were found",
                Some("proxy.http10"),
            ),
            (
                426,
                "upgrade_required: HTTP/1.1, nothing and close were found",
                Some("proxy.no_upgrade"),
            ),
            (
                4502,
                "token_malformed: the token is `test`",
                Some("auth.placeholder"),
            ),
            (4501, "the peer closed the connection", None),
            (1001, "", Some("bg.navigate")),
            (1006, "the socket is broken", None),
        ] {
            let found = cause_of_attempt(code, reason).map(|found| found.id);
            assert_eq!(found, id, "{code} {reason}");
        }
        assert_eq!(
            cause_of_end(4100, "token_expired: x").unwrap().id,
            "srv.token_expired_live"
        );
    }
}
