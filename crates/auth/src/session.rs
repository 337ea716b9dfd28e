//! Secrets that are looked up by their hash: the session cookie and the one-time setup token.
//! Not a token for sockets: those are signed ([`crate::SocketTokens`]); these mean nothing by
//! themselves. Start at [`Secret`].

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng as _;
use sha2::{Digest as _, Sha256};

/// Length of a secret's text: 256 bits in base64url without padding.
pub const SECRET_CHARS: usize = 43;

/// The value of a session cookie. The store keeps its [`Secret::hash`] only.
pub type SessionSecret = Secret;

/// The one-time token behind the first start's setup link. The store keeps its hash only.
pub type SetupToken = Secret;

/// 256 random bits. Whoever reads the store finds hashes, from which no secret can be made.
///
/// Invariant: neither `Debug` nor any error shows the secret; only [`Secret::reveal`] does.
#[derive(Clone)]
pub struct Secret([u8; 32]);

/// Why a text is not a secret. Never holds any part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretProblem {
    /// Not [`SECRET_CHARS`] characters long.
    #[error("it has {found_chars} characters, expected {SECRET_CHARS}; it was cut or is not ours")]
    Length {
        /// Characters found.
        found_chars: usize,
    },
    /// Of the right length, with characters that base64url does not have.
    #[error("it is not base64url (letters, digits, - and _), so it was changed on the way")]
    Alphabet,
}

impl Secret {
    /// A new secret from the operating system's random source.
    ///
    /// # Panics
    /// When that source fails, as the program cannot do anything safely without it.
    pub fn generate() -> Self {
        let mut bytes = [0; 32];
        rand::rngs::SysRng
            .try_fill_bytes(&mut bytes)
            .expect("the operating system gives random numbers once it has started");
        Self(bytes)
    }

    /// Reads the text form, of exactly [`SECRET_CHARS`] characters and in one spelling only.
    ///
    /// # Errors
    /// When the length or the alphabet is wrong. Whether the secret is known, the store says.
    pub fn parse(text: &str) -> Result<Self, SecretProblem> {
        if text.len() != SECRET_CHARS {
            return Err(SecretProblem::Length {
                found_chars: text.chars().count(),
            });
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| SecretProblem::Alphabet)?;
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| SecretProblem::Alphabet)
    }

    /// The text form, to be handed to its owner once: as a cookie or a link.
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// SHA-256 of the 32 bytes, the key under which the store knows this secret. A plain hash is
    /// enough, because 256 random bits cannot be guessed.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_survives_its_text_form_and_is_new_each_time() {
        let secret = Secret::generate();
        let text = secret.reveal();
        assert_eq!(text.len(), SECRET_CHARS);
        assert_eq!(Secret::parse(&text).unwrap().hash(), secret.hash());
        assert_ne!(Secret::generate().hash(), secret.hash());
        assert_eq!(
            Secret([0; 32]).hash()[..4],
            [0x66, 0x68, 0x7a, 0xad],
            "SHA-256 of 32 zeros"
        );
    }

    #[test]
    fn a_text_of_another_length_or_alphabet_is_no_secret() {
        let text = Secret::generate().reveal();
        assert_eq!(
            Secret::parse("").unwrap_err(),
            SecretProblem::Length { found_chars: 0 }
        );
        assert_eq!(
            Secret::parse(&text[1..]).unwrap_err(),
            SecretProblem::Length { found_chars: 42 }
        );
        assert_eq!(
            Secret::parse(&format!("{text}=")).unwrap_err(),
            SecretProblem::Length { found_chars: 44 }
        );
        for wrong in ["+", "/", " ", "=", "\n"] {
            let text = format!("{wrong}{}", &text[1..]);
            assert_eq!(
                Secret::parse(&text).unwrap_err(),
                SecretProblem::Alphabet,
                "{wrong:?}"
            );
        }
        // The last character carries 4 bits; a spelling with other spare bits is another text.
        assert!(Secret::parse(&"A".repeat(43)).is_ok());
        assert!(Secret::parse(&format!("{}B", "A".repeat(42))).is_err());
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        let secret = Secret::generate();
        assert_eq!(
            format!("{secret:?} {:?}", Some(&secret)),
            "Secret(…) Some(Secret(…))"
        );
    }
}
