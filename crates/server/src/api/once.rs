//! `Idempotency-Key`: a request that creates can be repeated without creating twice. What is kept
//! under a key, and for how long, is the store's. Start at [`Once`].

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use protocol::UserId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use store::{OnceKey, Write};

use crate::app::App;
use crate::limits::IDEMPOTENCY_KEY_MAX_CHARS;
use crate::problem::{Answer, Refusal};

const HEADER: &str = "idempotency-key";

/// The key of a request, if it has one.
#[derive(Debug)]
pub(crate) struct Once {
    key: Option<String>,
    method: String,
    path: String,
}

impl FromRequestParts<App> for Once {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Answer<Self> {
        let mut values = parts.headers.get_all(HEADER).iter();
        let key = values
            .next()
            .map(|value| read(value.as_bytes()))
            .transpose()?;
        if values.next().is_some() {
            return Err(Refusal::invalid_request(
                "Idempotency-Key is there more than once",
            ));
        }
        Ok(Self {
            key,
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
        })
    }
}

impl Once {
    /// Makes the change, at most once if there is a key.
    ///
    /// # Errors
    /// What the store says, `idempotency_conflict` among it.
    pub(crate) async fn write<W: Write>(
        self,
        app: &App,
        user: UserId,
        body: &[u8],
        write: W,
    ) -> Answer<W::Output>
    where
        W::Output: Serialize + DeserializeOwned,
    {
        let Some(key) = self.key else {
            return Ok(app.store.write(write).await?);
        };
        let secret = app.keys.derive("idempotency");
        let fingerprint = fingerprint(
            &secret,
            [self.method.as_bytes(), self.path.as_bytes(), body],
        );
        let key = OnceKey {
            user,
            path: self.path,
            key,
            fingerprint,
        };
        let (output, replayed) = app.store.write_once(key, write).await?;
        if replayed {
            tracing::debug!("a repeated request got its first answer again");
        }
        Ok(output)
    }
}

fn read(value: &[u8]) -> Answer<String> {
    let text = std::str::from_utf8(value).unwrap_or_default();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refusal::invalid_request(
            "Idempotency-Key holds something other than visible ASCII characters, or nothing",
        ));
    }
    if text.len() > IDEMPOTENCY_KEY_MAX_CHARS {
        return Err(Refusal::invalid_request(format!(
            "Idempotency-Key has {} characters; the limit is {IDEMPOTENCY_KEY_MAX_CHARS}",
            text.len()
        )));
    }
    Ok(text.to_owned())
}

/// What tells two requests apart. Keyed, because a body may hold a password and the store must not
/// help to guess it.
fn fingerprint(secret: &[u8; 32], parts: [&[u8]; 3]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(secret);
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_1_to_255_visible_characters() {
        assert_eq!(read(b"order-7").unwrap(), "order-7");
        assert!(read("x".repeat(255).as_bytes()).is_ok());
        for bad in [
            &b""[..],
            b"a b",
            b"\xff",
            "ä".as_bytes(),
            "x".repeat(256).as_bytes(),
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn every_part_and_the_secret_are_in_the_fingerprint() {
        let print = |secret: u8, parts| fingerprint(&[secret; 32], parts);
        let first = print(1, [b"POST", b"/a", b"b"]);
        assert_eq!(first, print(1, [b"POST", b"/a", b"b"]));
        assert_ne!(first, print(2, [b"POST", b"/a", b"b"]));
        assert_ne!(first, print(1, [b"POST", b"/ab", b""]));
        assert_ne!(first, print(1, [b"PATCH", b"/a", b"b"]));
    }
}
