//! The proof that a server understood the upgrade (RFC 6455, 4.2.2). The rest of the handshake is
//! HTTP and lives with those who speak it.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD;
use sha1::{Digest, Sha1};

/// Appended to every key, so that only a WebSocket server can know the answer (RFC 6455, 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The length of 16 bytes in base64.
const KEY_CHARACTERS: usize = 24;

/// Forgives bits set after the sixteenth byte: some clients write any 22 characters and `==`.
const KEY_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The value of `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`: 28 characters of base64.
/// A server sends it, a client compares it.
pub fn accept_key(sec_websocket_key: &str) -> Result<String, KeyError> {
    check(sec_websocket_key)?;
    let digest = Sha1::new()
        .chain_update(sec_websocket_key)
        .chain_update(GUID)
        .finalize();
    Ok(BASE64_STANDARD.encode(digest))
}

/// Why a `Sec-WebSocket-Key` was refused. The key itself is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A valid key is 16 bytes in base64, which is always 24 characters.
    #[error("sec-websocket-key has {found} bytes, {KEY_CHARACTERS} are needed")]
    Length {
        /// How many bytes the header's value has.
        found: usize,
    },
    /// The right length, but not 16 bytes in base64.
    #[error("sec-websocket-key is not 16 bytes in base64")]
    NotBase64,
}

fn check(key: &str) -> Result<(), KeyError> {
    if key.len() != KEY_CHARACTERS {
        return Err(KeyError::Length { found: key.len() });
    }
    let mut nonce = [0; KEY_CHARACTERS / 4 * 3];
    match KEY_BASE64.decode_slice(key, &mut nonce) {
        Ok(16) => Ok(()),
        Ok(_) | Err(_) => Err(KeyError::NotBase64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_rfc_is_answered_as_in_the_rfc() {
        assert_eq!(
            accept_key("dGhlIHNhbXBsZSBub25jZQ==").as_deref(),
            Ok("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        );
    }

    #[test]
    fn a_key_with_stray_bits_after_the_sixteenth_byte_is_answered() {
        assert!(accept_key("abcdefghijklmnopqrstuv==").is_ok());
    }

    #[test]
    fn a_key_of_another_size_is_refused() {
        for key in ["", "SGVsbG8sIHdvcmxkIQ==", &"A".repeat(1000)] {
            assert_eq!(accept_key(key), Err(KeyError::Length { found: key.len() }));
        }
        // 24 characters, but 18 and 17 bytes.
        for key in ["AAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA="] {
            assert_eq!(accept_key(key), Err(KeyError::NotBase64));
        }
    }

    #[test]
    fn a_key_of_other_characters_is_refused() {
        for key in [
            "dGhlIHNhbXBsZSBub25jZ-==",
            "dGhlIHNhbXBsZSBub25jZQ=a",
            " dGhlIHNhbXBsZSBub25jZQ=",
        ] {
            assert_eq!(accept_key(key), Err(KeyError::NotBase64));
        }
    }
}
