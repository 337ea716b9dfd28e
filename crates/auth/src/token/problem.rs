//! Why a token does not open a socket. Each variant of [`TokenProblem`] is one close code, which
//! this crate does not know; its text is the sentence in the close reason.

use std::fmt;

use super::placeholder::{Placeholder, PlaceholderCause};
use super::{TOKEN_LEEWAY_SECONDS, TOKEN_LIFETIME_MAX_SECONDS};

/// Longest text of an issuer in a sentence, in bytes; the rest is cut.
const SHOWN_MAX_BYTES: usize = 32;

/// Why a token does not open a socket.
///
/// Invariant: `Display` is one sentence of at most 100 bytes, so that it fits a close reason of
/// 123 behind its slug, and neither it nor `Debug` holds any part of the token, which may be a
/// real one with a small mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenProblem {
    /// There is no token: nothing, or white space only.
    Missing,
    /// It is not a JWT at all.
    Malformed {
        /// The word that stands in its place, if it is a known one.
        looks_like: Option<Placeholder>,
        /// What is wrong with it, with the numbers compared. Our words only.
        detail: String,
    },
    /// It is a JWT, and not one of ours or not one for sockets. It will never be valid.
    Invalid {
        /// Which part.
        what: Mismatch,
        /// What belongs there.
        expected: String,
        /// What is there, described in our words.
        found: String,
    },
    /// It was valid. A fresh one will be.
    Expired {
        /// Seconds since its `exp`.
        ago_seconds: i64,
    },
    /// It will be valid: the clock of its maker is ahead of ours.
    NotYetValid {
        /// Seconds until its `iat` or `nbf`.
        in_seconds: i64,
    },
}

/// Which part of a token is not as it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// The signature does not belong to this text and the key it names.
    Signature,
    /// `alg`.
    Algorithm,
    /// `iss`.
    Issuer,
    /// `aud`.
    Audience,
    /// `typ`: another kind of JWT.
    Kind,
    /// The named claim is absent, of the wrong type, or has an impossible value.
    Claim(&'static str),
    /// The named field of the header must not be there.
    Header(&'static str),
    /// `kid` names no key of ours.
    UnknownKey,
}

impl TokenProblem {
    /// What to do next, as a sentence for the person who sent the token.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Missing => {
                "fetch a token from GET /api/v1/auth/ws-token and send it as ?token= or in the \
                 first frame {\"type\":\"connect\",\"token\":…}"
            }
            Self::Malformed {
                looks_like: Some(placeholder),
                ..
            } => match placeholder.cause {
                PlaceholderCause::Word | PlaceholderCause::Template => {
                    "put a real token in its place: log in and fetch one from \
                     GET /api/v1/auth/ws-token"
                }
                PlaceholderCause::NoValue => {
                    "wait for the answer of GET /api/v1/auth/ws-token before connecting, and check \
                     the name of the field: token"
                }
                PlaceholderCause::Object => {
                    "send the text in the answer's field token, not the object; await the promise"
                }
                PlaceholderCause::Scheme => {
                    "send only what follows Bearer; the word belongs to the Authorization header"
                }
                PlaceholderCause::Quotes => "send the token without quotes: do not JSON-encode it",
            },
            Self::Malformed {
                looks_like: None, ..
            } => "send the whole token as GET /api/v1/auth/ws-token gave it, unchanged",
            Self::Invalid {
                what: Mismatch::Signature | Mismatch::UnknownKey,
                ..
            } => {
                "fetch a fresh token from GET /api/v1/auth/ws-token of this same server; nodes of \
                 one installation need the same signing keys"
            }
            Self::Invalid { .. } => {
                "use a token from GET /api/v1/auth/ws-token; no other kind of token opens a socket"
            }
            Self::Expired { .. } => {
                "fetch a fresh token from GET /api/v1/auth/ws-token before each connect"
            }
            Self::NotYetValid { .. } => {
                "set the clocks of the machines that make and check tokens (NTP), then fetch a \
                 fresh token from GET /api/v1/auth/ws-token"
            }
        }
    }

    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::Malformed {
            looks_like: None,
            detail: detail.into(),
        }
    }

    pub(super) fn placeholder(placeholder: Placeholder) -> Self {
        let detail = match placeholder.cause {
            PlaceholderCause::Word => "a word to try things out",
            PlaceholderCause::NoValue => "a variable without a value",
            PlaceholderCause::Object => "an object, not the text inside it",
            PlaceholderCause::Scheme => "the scheme was sent along with the token",
            PlaceholderCause::Template => "a placeholder nobody filled in",
            PlaceholderCause::Quotes => "quotes around the token",
        };
        Self::Malformed {
            looks_like: Some(placeholder),
            detail: detail.to_owned(),
        }
    }

    pub(super) fn invalid(
        what: Mismatch,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self::Invalid {
            what,
            expected: expected.into(),
            found: found.into(),
        }
    }
}

impl std::error::Error for TokenProblem {}

impl fmt::Display for TokenProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => formatter.write_str("no token was sent, expected one of three parts"),
            Self::Malformed {
                looks_like: Some(Placeholder { word, .. }),
                detail,
            } => {
                write!(formatter, "the token is `{word}`: {detail}")
            }
            Self::Malformed {
                looks_like: None,
                detail,
            } => write!(formatter, "the token {detail}"),
            Self::Invalid {
                what: Mismatch::Signature,
                ..
            } => formatter
                .write_str("the signature is wrong: the token was changed or made elsewhere"),
            Self::Invalid {
                what,
                expected,
                found,
            } => {
                let expected = cut(expected);
                write!(
                    formatter,
                    "the token's {what} is {found}, expected {expected}"
                )
            }
            Self::Expired { ago_seconds } => write!(
                formatter,
                "the token expired {ago_seconds} s ago; it lives {TOKEN_LIFETIME_MAX_SECONDS} s at \
                 most"
            ),
            Self::NotYetValid { in_seconds } => write!(
                formatter,
                "the token is valid in {in_seconds} s; clocks may differ by {TOKEN_LEEWAY_SECONDS} s"
            ),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature => formatter.write_str("signature"),
            Self::Algorithm => formatter.write_str("alg"),
            Self::Issuer => formatter.write_str("iss"),
            Self::Audience => formatter.write_str("aud"),
            Self::Kind => formatter.write_str("typ"),
            Self::Claim(name) => formatter.write_str(name),
            Self::Header(name) => write!(formatter, "header field {name}"),
            Self::UnknownKey => formatter.write_str("kid"),
        }
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN_MAX_BYTES)]
}
