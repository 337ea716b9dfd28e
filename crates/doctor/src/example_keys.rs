//! Keys out of examples and tutorials that people forget to replace. Whether one of them signed a
//! token can be told without asking anybody. Pure. Start at [`example_key`].

use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::Value;

use crate::token::{Token, read};

/// As they stand in the documentation of libraries and frameworks, in tutorials and templates.
const KEYS: &[&str] = &[
    "your-256-bit-secret",
    "your-384-bit-secret",
    "your-512-bit-secret",
    "a-string-secret-at-least-256-bits-long",
    "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    "secret",
    "secret-key",
    "secret_key",
    "secretkey",
    "SECRET_KEY",
    "my-secret",
    "my-secret-key",
    "mysecret",
    "mysecretkey",
    "super-secret",
    "super-secret-key",
    "supersecret",
    "supersecretkey",
    "your-secret-key",
    "your_secret_key",
    "your-secret",
    "your-jwt-secret",
    "your-secret-key-here",
    "your-super-secret-key",
    "your-secret-key-change-in-production",
    "change-me",
    "change-me-in-production",
    "changeme",
    "changethis",
    "jwt-secret",
    "jwt_secret",
    "shhhhh",
    "keyboard cat",
    "password",
    "dev-secret",
    "dev",
    "test",
];

/// The example whose key signed this token, if one did.
pub(crate) fn example_key(token: &str) -> Option<&'static str> {
    let Token::Jwt { header, .. } = read(token) else {
        return None;
    };
    let algorithm = match header.get("alg").and_then(Value::as_str)? {
        "HS256" => Algorithm::HS256,
        "HS384" => Algorithm::HS384,
        "HS512" => Algorithm::HS512,
        _ => return None,
    };
    let (message, signature) = token.rsplit_once('.')?;
    let fits = |key: &&&str| {
        let key = DecodingKey::from_secret(key.as_bytes());
        crypto::verify(signature, message.as_bytes(), &key, algorithm).unwrap_or(false)
    };
    KEYS.iter().find(fits).copied()
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};

    use super::*;

    fn signed(algorithm: Algorithm, key: &str) -> String {
        let claims = serde_json::json!({"sub": "42"});
        let key = EncodingKey::from_secret(key.as_bytes());
        encode(&Header::new(algorithm), &claims, &key).unwrap()
    }

    #[test]
    fn a_key_out_of_examples_is_known_by_its_signature() {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            for key in KEYS {
                assert_eq!(example_key(&signed(algorithm, key)), Some(*key));
            }
            let own = signed(algorithm, "kJ8-vq2Lr0Tz5nXw7yBd3mHs9cGf4aEu");
            assert_eq!(example_key(&own), None);
        }
    }

    #[test]
    fn what_nobody_signed_so_is_no_example() {
        // jwt.io's own, with one character of its signature changed.
        let changed = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6Ikpv\
            aG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.XflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
        let own = changed.replace(".Xfl", ".Sfl");
        assert_eq!(example_key(changed), None);
        assert_eq!(example_key(&own), Some("your-256-bit-secret"));
        assert_eq!(example_key("test"), None);
    }
}
