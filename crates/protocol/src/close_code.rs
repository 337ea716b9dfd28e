//! Why a connection ended. The range of a code tells a client what to do (RFC 6455, 7.4.2 leaves
//! 4000–4999 to us), so a client that does not know a code still acts well.

use std::fmt;

/// Longest reason a close frame can carry, in bytes of UTF-8.
/// A control frame holds 125 bytes and the code takes two (RFC 6455, 5.5 and 5.5.1).
pub const CLOSE_REASON_MAX_BYTES: usize = 123;

/// What a client does after a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// 4000–4099: connect again after a pause.
    Backoff,
    /// 4100–4199: connect again with a fresh token.
    FreshToken,
    /// 4500–4999: stop, someone must change something.
    Never,
}

impl Retry {
    /// The word as it stands in a `goodbye` frame.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backoff => "backoff",
            Self::FreshToken => "fresh_token",
            Self::Never => "never",
        }
    }
}

macro_rules! close_codes {
    ($($variant:ident = $code:literal $slug:literal, $meaning:literal, $fix:literal;)+) => {
        /// A close code of ours.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CloseCode {
            $(#[doc = $meaning] $variant,)+
        }

        impl CloseCode {
            /// Every code, in rising order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The number in the close frame.
            #[must_use]
            pub const fn code(self) -> u16 {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The stable word that begins the reason.
            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)+ }
            }

            /// One sentence: what happened.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }

            /// One sentence: the next step for a person.
            #[must_use]
            pub const fn fix(self) -> &'static str {
                match self { $(Self::$variant => $fix,)+ }
            }
        }
    };
}

close_codes! {
    InternalError = 4000 "internal_error",
        "The server met an error of its own and gave this connection up.",
        "Connect again; if it repeats, the server's log has the cause under the connection id.";
    ServerRestarting = 4001 "server_restarting",
        "The server is being restarted.",
        "Connect again after retry_after_ms; missed events follow by themselves.";
    TooSlow = 4002 "too_slow",
        "The client read too slowly and its outbox was full.",
        "Connect again and resume; nothing is lost. Read faster or subscribe to less.";
    NoPong = 4003 "no_pong",
        "The peer did not answer a ping in time, so it counts as gone.",
        "Connect again; if it repeats, something on the way drops traffic.";
    RateLimited = 4004 "rate_limited",
        "The client kept sending although it was told to slow down.",
        "Connect again after a pause and send at most limits.messages_per_second.";
    Overloaded = 4005 "overloaded",
        "The server cannot take another connection now.",
        "Connect again after retry_after_ms.";
    RoleChanged = 4006 "role_changed",
        "The account's role changed, so its permissions did too.",
        "Connect again; the welcome shows the new role.";
    TooManyConnections = 4007 "too_many_connections",
        "This account already has as many sockets open as are allowed.",
        "Close other tabs or devices, then connect again.";
    TokenExpired = 4100 "token_expired",
        "The socket token has expired.",
        "Fetch a fresh token from GET /api/v1/auth/ws-token, or send refresh before expires_at.";
    TokenNotYetValid = 4101 "token_not_yet_valid",
        "The socket token is dated in the future: two clocks differ.",
        "Set both clocks by NTP and fetch a fresh token.";
    TokenMissing = 4501 "token_missing",
        "No socket token was sent.",
        "Send one as ?token=, as Authorization: Bearer, or in a connect frame within 5 s.";
    TokenMalformed = 4502 "token_malformed",
        "What was sent as a token is not one.",
        "Pass the token from GET /api/v1/auth/ws-token unchanged.";
    TokenInvalid = 4503 "token_invalid",
        "The token is well formed but not one of ours for this purpose.",
        "Fetch a token from this server's own GET /api/v1/auth/ws-token.";
    SessionEnded = 4505 "session_ended",
        "The session behind the socket ended: logged out, revoked, or the password changed.",
        "Log in again.";
    AccountDisabled = 4506 "account_disabled",
        "The account is disabled.",
        "Ask an admin to enable the account.";
    Forbidden = 4507 "forbidden",
        "This account may not open this socket.",
        "Use an account with the role that is needed.";
    ChatNotFound = 4508 "chat_not_found",
        "There is no such chat for this account.",
        "Use a chat id from GET /api/v1/chats, or `me`.";
    BadFrame = 4510 "bad_frame",
        "Too many frames could not be understood.",
        "Compare what is sent with docs/protocol.md; each error frame names one fault.";
    UnknownPath = 4511 "unknown_path",
        "No socket lives at this path.",
        "Connect to the path that the reason names.";
    UnsupportedVersion = 4512 "unsupported_version",
        "The client speaks a version of the protocol that this server does not.",
        "Update the client, then reload the page.";
}

impl CloseCode {
    /// What a client does after this code; follows from its range.
    #[must_use]
    pub const fn retry(self) -> Retry {
        match self.code() {
            4000..=4099 => Retry::Backoff,
            4100..=4199 => Retry::FreshToken,
            _ => Retry::Never,
        }
    }

    /// The code with this number, if it is one of ours.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.code() == code)
    }

    /// The reason of the close frame: `slug: sentence`, cut to [`CLOSE_REASON_MAX_BYTES`].
    #[must_use]
    pub fn reason(self, sentence: &str) -> String {
        let mut reason = format!("{}: {sentence}", self.slug());
        reason.truncate(reason.floor_char_boundary(CLOSE_REASON_MAX_BYTES));
        reason
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code(), self.slug())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_rise_and_their_range_says_what_to_do() {
        assert!(CloseCode::ALL.is_sorted_by_key(|code| code.code()));
        assert_eq!(CloseCode::TooSlow.retry(), Retry::Backoff);
        assert_eq!(CloseCode::TokenExpired.retry(), Retry::FreshToken);
        assert_eq!(CloseCode::SessionEnded.retry(), Retry::Never);
    }

    #[test]
    fn a_reason_fits_a_close_frame_and_is_cut_between_characters() {
        let reason = CloseCode::TokenMalformed.reason(&"ü".repeat(100));
        assert!(reason.len() <= CLOSE_REASON_MAX_BYTES);
        assert!(reason.starts_with("token_malformed: ü"));
    }
}
