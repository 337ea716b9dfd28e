//! The socket token: a JWT (RFC 7519) signed with HS256 that opens sockets for 300 seconds.
//! It is useless elsewhere: its `typ` and `aud` name sockets, and nothing else takes it.
//! The strictness of RFC 8725 is ours; the signature is the library's. Whether the session is
//! still live is asked of the store afterwards. Start at [`SocketTokens::verify`].

mod explain;
mod placeholder;
mod problem;
mod read;
#[cfg(test)]
mod tests;

pub use explain::ClaimReport;
pub use placeholder::{Placeholder, PlaceholderCause};
pub use problem::{Mismatch, TokenProblem};

use jsonwebtoken::{Algorithm, Header, encode};
use serde::Serialize;
use uuid::Uuid;

use crate::key::SigningKeys;
use read::{Payload, Token};

/// Longest token that is looked at, in bytes. Ours have about 400.
pub const TOKEN_MAX_BYTES: usize = 4096;

/// Longest life of a token, `exp` minus `iat`, in seconds.
pub const TOKEN_LIFETIME_MAX_SECONDS: i64 = 300;

/// How far two clocks may differ, in seconds, before a token counts as expired or not yet valid.
pub const TOKEN_LEEWAY_SECONDS: i64 = 5;

/// The `iss` of our tokens unless another is given.
pub const TOKEN_ISSUER: &str = "frontdesk";

/// The `aud` of our tokens.
pub const TOKEN_AUDIENCE: &str = "ws";

/// The `typ` of our tokens (RFC 8725 3.11), so that no other kind of JWT is taken for one.
pub const TOKEN_TYP: &str = "ws+jwt";

/// The one algorithm. Pinned here and never taken from a token (RFC 8725 3.1).
const ALGORITHM: Algorithm = Algorithm::HS256;
/// How headers spell [`ALGORITHM`].
const ALGORITHM_NAME: &str = "HS256";

/// What a token says. Roles are not in it: they are read from the store when they are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// Whose token it is (`sub`).
    pub user_id: Uuid,
    /// The session it was made in (`sid`). It must still be live when a socket opens.
    pub session_id: Uuid,
    /// The token's own id (`jti`), safe to log.
    pub token_id: Uuid,
    /// Unix seconds (`iat`).
    pub issued_at_seconds: i64,
    /// Unix seconds (`exp`).
    pub expires_at_seconds: i64,
}

impl Claims {
    /// Claims from now on for `lifetime_seconds`, brought into 1 to
    /// [`TOKEN_LIFETIME_MAX_SECONDS`], with a new random token id.
    pub fn new(user_id: Uuid, session_id: Uuid, now_seconds: i64, lifetime_seconds: i64) -> Self {
        let lifetime_seconds = lifetime_seconds.clamp(1, TOKEN_LIFETIME_MAX_SECONDS);
        Self {
            user_id,
            session_id,
            token_id: Uuid::new_v4(),
            issued_at_seconds: now_seconds,
            expires_at_seconds: now_seconds.saturating_add(lifetime_seconds),
        }
    }
}

/// Makes and checks socket tokens with one set of keys, for one issuer.
#[derive(Debug, Clone)]
pub struct SocketTokens {
    keys: SigningKeys,
    issuer: String,
}

/// The claims as they are written.
#[derive(Serialize)]
struct WrittenClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: Uuid,
    sid: Uuid,
    jti: Uuid,
    iat: i64,
    exp: i64,
}

impl SocketTokens {
    /// Tokens of [`TOKEN_ISSUER`].
    pub fn new(keys: SigningKeys) -> Self {
        Self::with_issuer(keys, TOKEN_ISSUER)
    }

    /// Tokens of another issuer, for two installations that share a key.
    pub fn with_issuer(keys: SigningKeys, issuer: impl Into<String>) -> Self {
        Self {
            keys,
            issuer: issuer.into(),
        }
    }

    /// Writes and signs a token with the first key.
    pub fn mint(&self, claims: &Claims) -> String {
        let key = self.keys.signing();
        let mut header = Header::new(ALGORITHM);
        header.typ = Some(TOKEN_TYP.to_owned());
        header.kid = Some(key.kid.clone());
        let written = WrittenClaims {
            iss: &self.issuer,
            aud: TOKEN_AUDIENCE,
            sub: claims.user_id,
            sid: claims.session_id,
            jti: claims.token_id,
            iat: claims.issued_at_seconds,
            exp: claims.expires_at_seconds,
        };
        encode(&header, &written, &key.encoding)
            .expect("plain claims serialise and HS256 takes any HMAC key")
    }

    /// Reads a token and says whether it opens a socket at `now_seconds` (unix time).
    /// The caller still asks the store whether the session is live.
    ///
    /// Invariant: no claim is read before the signature is checked.
    ///
    /// # Errors
    /// The first problem found, which is one close code. It holds no part of the token.
    pub fn verify(&self, token: &str, now_seconds: i64) -> Result<Claims, TokenProblem> {
        let token = Token::read(token)?;
        let header = token.header()?;
        header.check_algorithm()?;
        header.check_typ()?;
        header.check_others()?;
        let key = header.find_key(&self.keys)?;
        token.check_signature(key)?;
        let payload = token.payload()?;
        payload.check_issuer(&self.issuer)?;
        payload.check_audience()?;
        let claims = payload.claims()?;
        check_times(&claims, &payload, now_seconds)?;
        Ok(claims)
    }
}

/// Not before its beginning, not after its end, give or take [`TOKEN_LEEWAY_SECONDS`].
fn check_times(claims: &Claims, payload: &Payload, now_seconds: i64) -> Result<(), TokenProblem> {
    for begins_at_seconds in [Some(claims.issued_at_seconds), payload.not_before()?] {
        begins_at_seconds.map_or(Ok(()), |begins| check_begun(begins, now_seconds))?;
    }
    check_not_expired(claims.expires_at_seconds, now_seconds)
}

fn check_begun(begins_at_seconds: i64, now_seconds: i64) -> Result<(), TokenProblem> {
    let in_seconds = begins_at_seconds.saturating_sub(now_seconds);
    if in_seconds > TOKEN_LEEWAY_SECONDS {
        return Err(TokenProblem::NotYetValid { in_seconds });
    }
    Ok(())
}

/// A token is over at `exp` itself (RFC 7519 4.1.4).
fn check_not_expired(expires_at_seconds: i64, now_seconds: i64) -> Result<(), TokenProblem> {
    let ago_seconds = now_seconds.saturating_sub(expires_at_seconds);
    if ago_seconds >= TOKEN_LEEWAY_SECONDS {
        return Err(TokenProblem::Expired { ago_seconds });
    }
    Ok(())
}
