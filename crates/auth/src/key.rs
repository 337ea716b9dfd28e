//! The keys that sign socket tokens: HMAC with SHA-256 (HS256, RFC 7518 3.2), 256 bits or more.
//! The text form is what a key file or a secret store holds; where it lies is not known here.
//! Start at [`SigningKeys`].

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use sha2::{Digest as _, Sha256};

use crate::session::Secret;

#[cfg(test)]
mod tests;

/// Smallest signing key, in bits: the size of the hash (RFC 7518 3.2).
pub const SIGNING_KEY_MIN_BITS: usize = 256;

/// Largest signing key, in bits: one block of SHA-256. HMAC would only hash a longer one.
pub const SIGNING_KEY_MAX_BITS: usize = 512;

/// Most keys of one set. Two are enough for a rotation.
pub const KEYS_MAX: usize = 16;

/// Fewest different bytes in a key. 256 random bits have about 30; fewer than 16 do not happen.
const DIFFERENT_BYTES_MIN: usize = 16;

/// Words of keys that somebody meant to replace. All have six letters or more, so that a random
/// key holds one of them by chance less than once in a million.
const PLACEHOLDER_WORDS: [&str; 8] = [
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "example",
    "secret",
    "insert",
    "password",
];

const TEXT_HEADER: &str = "\
# Signing keys of Frontdesk's socket tokens, one per line, base64url of 32 random bytes.
# The first key signs, all of them verify. To rotate: add a new key as the second line on every
# node and restart, make it the first and restart, and remove the old one ten minutes later.
";

/// One or more keys: the first signs, all verify, so a new key can be added before the old one
/// goes. Immutable and cheap to clone for a few keys.
///
/// Invariant: never empty; no two keys are equal; `Debug` shows key ids only.
#[derive(Clone)]
pub struct SigningKeys {
    keys: Vec<SigningKey>,
}

/// One key, its id, and the forms that the signing library wants.
#[derive(Clone)]
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
    bytes: Vec<u8>,
}

/// Why a text is not a set of signing keys. Never holds any part of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No line with a key.
    #[error("no signing key found, expected one base64url key of 256 bits per line")]
    Empty,
    /// More than [`KEYS_MAX`] keys.
    #[error("{found} signing keys found, the limit is {limit}; remove the oldest lines")]
    TooMany {
        /// Keys found.
        found: usize,
        /// [`KEYS_MAX`].
        limit: usize,
    },
    /// Fewer than [`SIGNING_KEY_MIN_BITS`] bits.
    #[error(
        "line {line}: the signing key has {found_bits} bits, at least {needed_bits} are needed"
    )]
    TooShort {
        /// Line of the text, from 1.
        line: usize,
        /// Bits of the key.
        found_bits: usize,
        /// [`SIGNING_KEY_MIN_BITS`].
        needed_bits: usize,
    },
    /// More than [`SIGNING_KEY_MAX_BITS`] bits.
    #[error("line {line}: the signing key has {found_bits} bits, the limit is {limit_bits}")]
    TooLong {
        /// Line of the text, from 1.
        line: usize,
        /// Bits of the key.
        found_bits: usize,
        /// [`SIGNING_KEY_MAX_BITS`].
        limit_bits: usize,
    },
    /// Not base64url without padding.
    #[error(
        "line {line}: the signing key is not base64url (letters, digits, - and _, no padding); \
         make one with: openssl rand -base64 32 | tr '+/' '-_' | tr -d '='"
    )]
    NotBase64Url {
        /// Line of the text, from 1.
        line: usize,
    },
    /// An example or placeholder, or bytes that no random source gives.
    #[error(
        "line {line}: the signing key is not random ({reason}); \
         make one with: openssl rand -base64 32 | tr '+/' '-_' | tr -d '='"
    )]
    NotRandom {
        /// Line of the text, from 1.
        line: usize,
        /// What gave it away.
        reason: &'static str,
    },
    /// The same key on two lines.
    #[error("line {line}: the signing key is the one of line {first_line}; remove one of them")]
    Repeated {
        /// Line of the text, from 1.
        line: usize,
        /// Line that has the key already.
        first_line: usize,
    },
}

impl SigningKeys {
    /// One new key of 256 bits from the operating system's random source.
    ///
    /// # Panics
    /// When that source fails.
    pub fn generate() -> Self {
        // Less than once in a million a random key looks like a placeholder; parse would refuse it later.
        loop {
            if let Ok(keys) = Self::parse(&Secret::generate().reveal()) {
                return keys;
            }
        }
    }

    /// Reads the text form: one base64url key per line; empty lines and lines that start with
    /// `#` are skipped. Line ends may be those of any system.
    ///
    /// # Errors
    /// The first line that is wrong, and why.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut found: Vec<(usize, SigningKey)> = Vec::new();
        for (index, content) in text.lines().enumerate() {
            let (line, content) = (index + 1, content.trim());
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let key = SigningKey::new(read_key(line, content)?);
            if let Some((first_line, _)) = found.iter().find(|(_, other)| other.bytes == key.bytes)
            {
                return Err(KeyError::Repeated {
                    line,
                    first_line: *first_line,
                });
            }
            found.push((line, key));
        }
        match found.len() {
            0 => Err(KeyError::Empty),
            1..=KEYS_MAX => Ok(Self {
                keys: found.into_iter().map(|(_, key)| key).collect(),
            }),
            found => Err(KeyError::TooMany {
                found,
                limit: KEYS_MAX,
            }),
        }
    }

    /// The text form, with comments on rotation. It is secret.
    pub fn to_text(&self) -> String {
        let lines = self
            .keys
            .iter()
            .map(|key| URL_SAFE_NO_PAD.encode(&key.bytes) + "\n");
        TEXT_HEADER.to_owned() + &lines.collect::<String>()
    }

    /// The ids of the keys, the signing one first. A key id is not secret.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.kid.as_str())
    }

    /// A key for another keyed hash, made from the signing key and a label such as
    /// `idempotency`. Equal for equal labels, different from the signing key, and from it nobody
    /// can find the signing key. It changes when another key becomes the first.
    pub fn derive(&self, label: &str) -> [u8; 32] {
        // What is signed for a token has no zero byte, so no token's signature is ever a key.
        let message = format!("frontdesk derived key\0{label}");
        let mac = crypto::sign(
            message.as_bytes(),
            &self.signing().encoding,
            Algorithm::HS256,
        )
        .expect("HS256 takes any message and any HMAC key");
        let bytes = URL_SAFE_NO_PAD
            .decode(mac)
            .expect("the library writes base64url");
        bytes.try_into().expect("HMAC with SHA-256 gives 32 bytes")
    }

    /// The key that signs.
    pub(crate) fn signing(&self) -> &SigningKey {
        self.keys
            .first()
            .expect("a set of signing keys is never empty")
    }

    /// The key with this id, of this fixed set.
    pub(crate) fn find(&self, kid: &str) -> Option<&SigningKey> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    /// How many keys verify.
    pub(crate) fn count(&self) -> usize {
        self.keys.len()
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kids: Vec<&str> = self.kids().collect();
        formatter
            .debug_struct("SigningKeys")
            .field("kids", &kids)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    fn new(bytes: Vec<u8>) -> Self {
        let digest = Sha256::digest(&bytes);
        Self {
            kid: digest[..8]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            encoding: EncodingKey::from_secret(&bytes),
            decoding: DecodingKey::from_secret(&bytes),
            bytes,
        }
    }
}

fn read_key(line: usize, content: &str) -> Result<Vec<u8>, KeyError> {
    let lower = content.to_lowercase();
    if PLACEHOLDER_WORDS.iter().any(|word| lower.contains(word)) {
        return Err(KeyError::NotRandom {
            line,
            reason: "it holds a word of an example",
        });
    }
    let bytes = URL_SAFE_NO_PAD
        .decode(content)
        .map_err(|_| KeyError::NotBase64Url { line })?;
    let found_bits = bytes.len() * 8;
    if found_bits < SIGNING_KEY_MIN_BITS {
        let needed_bits = SIGNING_KEY_MIN_BITS;
        return Err(KeyError::TooShort {
            line,
            found_bits,
            needed_bits,
        });
    }
    if found_bits > SIGNING_KEY_MAX_BITS {
        return Err(KeyError::TooLong {
            line,
            found_bits,
            limit_bits: SIGNING_KEY_MAX_BITS,
        });
    }
    match not_random(content, &bytes) {
        Some(reason) => Err(KeyError::NotRandom { line, reason }),
        None => Ok(bytes),
    }
}

fn not_random(content: &str, bytes: &[u8]) -> Option<&'static str> {
    let step = bytes[1].wrapping_sub(bytes[0]);
    if bytes
        .windows(2)
        .all(|pair| pair[1].wrapping_sub(pair[0]) == step)
    {
        return Some(if step == 0 {
            "all its bytes are equal"
        } else {
            "its bytes count up"
        });
    }
    let mut different = bytes.to_vec();
    different.sort_unstable();
    different.dedup();
    if different.len() < DIFFERENT_BYTES_MIN {
        return Some("its bytes repeat");
    }
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    if bytes.iter().all(is_text) || !content.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some("it is written text");
    }
    None
}
