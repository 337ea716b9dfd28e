//! A token taken apart, one check per function, so that [`super::SocketTokens::verify`] and the
//! explanation ask the same questions. Nothing here is trusted until
//! [`Token::check_signature`] has passed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::placeholder::Placeholder;
use super::problem::{Mismatch, TokenProblem};
use super::{
    ALGORITHM, ALGORITHM_NAME, Claims, TOKEN_AUDIENCE, TOKEN_LIFETIME_MAX_SECONDS, TOKEN_MAX_BYTES,
    TOKEN_TYP,
};
use crate::key::{SigningKey, SigningKeys};

/// Characters of an HS256 signature: 256 bits in base64url.
const SIGNATURE_CHARS: usize = 43;

/// Algorithms whose names may be repeated to the sender.
const KNOWN_ALGORITHMS: [&str; 15] = [
    "none", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
    "ES256K", "ES384", "ES512", "EdDSA", "Ed25519",
];
/// Kinds of tokens whose names may be repeated to the sender.
const KNOWN_TYPS: [&str; 6] = ["JWT", "at+jwt", "dpop+jwt", "logout+jwt", "JOSE", "JWS"];
/// Header fields that let a token choose its key or its rules.
const DANGEROUS_FIELDS: [&str; 8] = ["crit", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "b64"];

/// A text of three base64url parts.
pub(super) struct Token<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
}

/// The first part. Read before the signature, to find the key; it decides nothing else.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) alg: Option<Value>,
    pub(super) typ: Option<Value>,
    pub(super) kid: Option<Value>,
    #[serde(flatten)]
    pub(super) others: Map<String, Value>,
}

/// The second part. Claims that we do not know are ignored (RFC 7519 4).
#[derive(Deserialize)]
pub(super) struct Payload {
    pub(super) iss: Option<Value>,
    pub(super) aud: Option<Value>,
    pub(super) sub: Option<Value>,
    pub(super) sid: Option<Value>,
    pub(super) jti: Option<Value>,
    pub(super) iat: Option<Value>,
    /// The one optional claim, so its `null` must not pass for its absence.
    #[serde(default, deserialize_with = "even_null")]
    pub(super) nbf: Option<Value>,
    pub(super) exp: Option<Value>,
}

impl<'a> Token<'a> {
    /// Says what a text is that is no token, from the plainest mistake to the finest.
    pub(super) fn read(text: &'a str) -> Result<Self, TokenProblem> {
        if text.len() > TOKEN_MAX_BYTES {
            let size = text.len();
            let detail = format!("has {size} bytes, the limit is {TOKEN_MAX_BYTES}");
            return Err(TokenProblem::malformed(detail));
        }
        if text.trim().is_empty() {
            return Err(TokenProblem::Missing);
        }
        if let Some(placeholder) = Placeholder::find(text) {
            return Err(TokenProblem::placeholder(placeholder));
        }
        if text.trim().len() != text.len() {
            return Err(TokenProblem::malformed(
                "has white space or a line break around it",
            ));
        }
        let parts: Vec<&str> = text.split('.').collect();
        let &[header, payload, signature] = parts.as_slice() else {
            return Err(TokenProblem::malformed(wrong_count(text, parts.len())));
        };
        for (number, part) in [header, payload, signature].into_iter().enumerate() {
            let number = number + 1;
            let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            if !part.bytes().all(is_base64url) {
                let detail = format!("is not base64url in part {number} of 3 (A-Z a-z 0-9 - _)");
                return Err(TokenProblem::malformed(detail));
            }
            if part.is_empty() && number < 3 {
                let detail = format!("is empty in part {number} of 3");
                return Err(TokenProblem::malformed(detail));
            }
        }
        Ok(Self {
            header,
            payload,
            signature,
        })
    }

    pub(super) fn header(&self) -> Result<Header, TokenProblem> {
        read_json(self.header, 1)
    }

    /// The one place where a token becomes trusted. The algorithm is ours, never the header's.
    pub(super) fn check_signature(&self, key: &SigningKey) -> Result<(), TokenProblem> {
        let found = self.signature.len();
        if found != SIGNATURE_CHARS {
            let cause = if found < SIGNATURE_CHARS {
                "; it was cut"
            } else {
                ""
            };
            let detail =
                format!("has a signature of {found} characters, expected {SIGNATURE_CHARS}{cause}");
            return Err(TokenProblem::malformed(detail));
        }
        let message = format!("{}.{}", self.header, self.payload);
        let verified = crypto::verify(self.signature, message.as_bytes(), &key.decoding, ALGORITHM);
        match verified {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(TokenProblem::invalid(
                Mismatch::Signature,
                "made over this text by the key it names",
                "another",
            )),
        }
    }

    /// The claims' part. Call it after [`Token::check_signature`], or mark what it says.
    pub(super) fn payload(&self) -> Result<Payload, TokenProblem> {
        read_json(self.payload, 2)
    }
}

impl Header {
    pub(super) fn check_algorithm(&self) -> Result<(), TokenProblem> {
        if self.alg.as_ref().and_then(Value::as_str) == Some(ALGORITHM_NAME) {
            return Ok(());
        }
        let found = name_of(self.alg.as_ref(), &KNOWN_ALGORITHMS);
        Err(TokenProblem::invalid(
            Mismatch::Algorithm,
            ALGORITHM_NAME,
            found,
        ))
    }

    pub(super) fn check_typ(&self) -> Result<(), TokenProblem> {
        if self.typ.as_ref().and_then(Value::as_str) == Some(TOKEN_TYP) {
            return Ok(());
        }
        let found = name_of(self.typ.as_ref(), &KNOWN_TYPS);
        Err(TokenProblem::invalid(Mismatch::Kind, TOKEN_TYP, found))
    }

    /// We write `alg`, `typ` and `kid`; whoever writes more wants something.
    pub(super) fn check_others(&self) -> Result<(), TokenProblem> {
        if self.others.is_empty() {
            return Ok(());
        }
        let dangerous = DANGEROUS_FIELDS
            .into_iter()
            .find(|name| self.others.contains_key(*name));
        let name = dangerous.unwrap_or("other than alg, typ, kid");
        Err(TokenProblem::invalid(
            Mismatch::Header(name),
            "absent",
            "present",
        ))
    }

    pub(super) fn find_key<'k>(
        &self,
        keys: &'k SigningKeys,
    ) -> Result<&'k SigningKey, TokenProblem> {
        let kid = self.kid.as_ref().and_then(Value::as_str);
        kid.and_then(|kid| keys.find(kid)).ok_or_else(|| {
            let expected = format!("one of this server's {}", keys.count());
            let found = match kid {
                Some(_) => "unknown".to_owned(),
                None => kind_of(self.kid.as_ref()),
            };
            TokenProblem::invalid(Mismatch::UnknownKey, expected, found)
        })
    }
}

impl Payload {
    pub(super) fn check_issuer(&self, issuer: &str) -> Result<(), TokenProblem> {
        if self.iss.as_ref().and_then(Value::as_str) == Some(issuer) {
            return Ok(());
        }
        Err(TokenProblem::invalid(
            Mismatch::Issuer,
            issuer,
            another(self.iss.as_ref()),
        ))
    }

    /// A text, not a list: a token for sockets and something else is not made by us.
    pub(super) fn check_audience(&self) -> Result<(), TokenProblem> {
        if self.aud.as_ref().and_then(Value::as_str) == Some(TOKEN_AUDIENCE) {
            return Ok(());
        }
        let found = another(self.aud.as_ref());
        Err(TokenProblem::invalid(
            Mismatch::Audience,
            TOKEN_AUDIENCE,
            found,
        ))
    }

    pub(super) fn claims(&self) -> Result<Claims, TokenProblem> {
        let (issued_at_seconds, expires_at_seconds) = self.life()?;
        Ok(Claims {
            user_id: uuid("sub", self.sub.as_ref())?,
            session_id: uuid("sid", self.sid.as_ref())?,
            token_id: uuid("jti", self.jti.as_ref())?,
            issued_at_seconds,
            expires_at_seconds,
        })
    }

    /// `iat` and `exp`, both whole seconds, at most [`TOKEN_LIFETIME_MAX_SECONDS`] apart.
    pub(super) fn life(&self) -> Result<(i64, i64), TokenProblem> {
        let issued_at = seconds("iat", self.iat.as_ref())?;
        let expires_at = seconds("exp", self.exp.as_ref())?;
        let life = expires_at - issued_at; // Both are from 0, so this cannot overflow.
        if (1..=TOKEN_LIFETIME_MAX_SECONDS).contains(&life) {
            return Ok((issued_at, expires_at));
        }
        let expected = format!("1 to {TOKEN_LIFETIME_MAX_SECONDS} s after it");
        let found = format!("{life} s after iat");
        Err(TokenProblem::invalid(
            Mismatch::Claim("exp"),
            expected,
            found,
        ))
    }

    /// `nbf`, which we do not write: optional, and as strict as the others where it is present.
    pub(super) fn not_before(&self) -> Result<Option<i64>, TokenProblem> {
        self.nbf
            .as_ref()
            .map(|nbf| seconds("nbf", Some(nbf)))
            .transpose()
    }
}

/// A UUID with hyphens, 36 characters; other spellings are not ours.
pub(super) fn uuid(name: &'static str, value: Option<&Value>) -> Result<Uuid, TokenProblem> {
    let text = value
        .and_then(Value::as_str)
        .filter(|text| text.len() == 36);
    text.and_then(|text| Uuid::try_parse(text).ok())
        .ok_or_else(|| TokenProblem::invalid(Mismatch::Claim(name), "a UUID", kind_of(value)))
}

/// Whole unix seconds, not negative: no text, no fraction, no exponent.
pub(super) fn seconds(name: &'static str, value: Option<&Value>) -> Result<i64, TokenProblem> {
    value
        .and_then(Value::as_i64)
        .filter(|seconds| *seconds >= 0)
        .ok_or_else(|| {
            TokenProblem::invalid(Mismatch::Claim(name), "whole seconds", kind_of(value))
        })
}

fn read_json<T: for<'de> Deserialize<'de>>(part: &str, number: usize) -> Result<T, TokenProblem> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| {
        TokenProblem::malformed(format!(
            "is not base64url in part {number} of 3; it was cut"
        ))
    })?;
    let is_object = bytes.first() == Some(&b'{');
    serde_json::from_slice(&bytes)
        .ok()
        .filter(|_| is_object)
        .ok_or_else(|| {
            TokenProblem::malformed(format!("is not a JSON object in part {number} of 3"))
        })
}

fn even_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A session cookie is a single part of 43 characters; it opens no socket by itself.
fn wrong_count(text: &str, parts: usize) -> String {
    if parts == 1 && crate::Secret::parse(text).is_ok() {
        return "is 43 characters in 1 part, as a session cookie is; expected 3 parts".to_owned();
    }
    let noun = if parts == 1 { "part" } else { "parts" };
    format!("has {parts} {noun} between dots, expected 3")
}

/// The value if it is a well-known name, otherwise what kind of value it is.
fn name_of(value: Option<&Value>, known: &[&'static str]) -> String {
    let name = value
        .and_then(Value::as_str)
        .and_then(|text| known.iter().find(|known| known.eq_ignore_ascii_case(text)));
    match name {
        Some(name) => (*name).to_owned(),
        None => another(value),
    }
}

/// For a value of the right kind that is not the right one.
fn another(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => format!("another ({} characters)", text.chars().count()),
        other => kind_of(other),
    }
}

/// What kind of value it is, and nothing of what it says.
fn kind_of(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "absent".to_owned(),
        Some(Value::Bool(_)) => "a boolean".to_owned(),
        Some(Value::Number(number)) if number.as_i64().is_some_and(|number| number < 0) => {
            "a negative number".to_owned()
        }
        Some(Value::Number(number)) if number.is_f64() => "a fraction".to_owned(),
        Some(Value::Number(_)) => "a number".to_owned(),
        Some(Value::String(text)) => format!("a text of {} characters", text.chars().count()),
        Some(Value::Array(_)) => "a list".to_owned(),
        Some(Value::Object(_)) => "an object".to_owned(),
    }
}
