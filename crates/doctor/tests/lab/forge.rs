//! Tokens that are wrong in one respect only: a real one is taken apart, changed and signed again
//! with the server's own key. Start at [`Forge::of`].

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::Value;

use crate::frontdesk::{CUSTOMER, Frontdesk};

/// A real token, open for changes.
#[derive(Clone)]
pub(crate) struct Forge {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    key: EncodingKey,
    algorithm: Algorithm,
}

impl Forge {
    /// A token of a customer of this server.
    pub(crate) fn of(server: &Frontdesk) -> Self {
        let token = server.token(CUSTOMER);
        let mut parts = token.split('.').map(|part| {
            let bytes = URL_SAFE_NO_PAD.decode(part).expect("a token is base64url");
            serde_json::from_slice(&bytes).unwrap_or(Value::Null)
        });
        let key = URL_SAFE_NO_PAD
            .decode(server.signing_key())
            .expect("a key is base64url");
        Self {
            header: parts.next().expect("a token has a header"),
            claims: parts.next().expect("a token has claims"),
            key: EncodingKey::from_secret(&key),
            algorithm: Algorithm::HS256,
        }
    }

    pub(crate) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims[name] = value.into();
        self
    }

    pub(crate) fn without_claim(mut self, name: &str) -> Self {
        self.claims
            .as_object_mut()
            .expect("claims are an object")
            .remove(name);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header[name] = value.into();
        self
    }

    /// Signed by another algorithm with the same key.
    pub(crate) fn algorithm(self, algorithm: Algorithm, name: &str) -> Self {
        let mut forge = self.header("alg", name);
        forge.algorithm = algorithm;
        forge
    }

    /// Both times moved, as a clock that is wrong would.
    pub(crate) fn moved(self, seconds: i64) -> Self {
        let moved = |name: &str| self.claims[name].as_i64().expect("times are numbers") + seconds;
        let (issued, expires) = (moved("iat"), moved("exp"));
        self.claim("iat", issued).claim("exp", expires)
    }

    pub(crate) fn sign(&self) -> String {
        let [header, claims] =
            [&self.header, &self.claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let message = format!("{header}.{claims}");
        let signature = crypto::sign(message.as_bytes(), &self.key, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }
}
