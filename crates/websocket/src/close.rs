//! The body of a close frame: a code and a reason, or nothing (RFC 6455, 5.5.1 and 7.4).

use crate::error::ProtocolError;
use crate::frame::CONTROL_PAYLOAD_MAX_BYTES;

/// Longest reason a close frame can carry, in bytes of UTF-8.
/// A control frame holds 125 bytes and the code takes two (RFC 6455, 5.5 and 5.5.1).
pub const CLOSE_REASON_MAX_BYTES: usize = CONTROL_PAYLOAD_MAX_BYTES - 2;

/// Why a peer closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseFrame<'a> {
    /// One of the codes that may be sent, from 1000 to 4999.
    pub code: u16,
    /// A sentence for people; often empty.
    pub reason: &'a str,
}

/// `None` for an empty body: the peer gave no code.
pub(crate) fn decode(body: &[u8]) -> Result<Option<CloseFrame<'_>>, ProtocolError> {
    let (code, reason) = match body {
        [] => return Ok(None),
        [_] => return Err(ProtocolError::CloseBodyTooShort),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
    };
    if !may_be_sent(code) {
        return Err(ProtocolError::InvalidCloseCode { code });
    }
    match str::from_utf8(reason) {
        Ok(reason) => Ok(Some(CloseFrame { code, reason })),
        Err(error) => Err(ProtocolError::CloseReasonNotUtf8 {
            valid_bytes: error.valid_up_to(),
        }),
    }
}

/// The body that says `code` and as much of `reason` as fits: the first `n` of the returned bytes.
pub(crate) fn encode(code: u16, reason: &str) -> ([u8; CONTROL_PAYLOAD_MAX_BYTES], usize) {
    debug_assert!(may_be_sent(code), "{code} must not be sent");
    let reason = &reason[..reason.floor_char_boundary(CLOSE_REASON_MAX_BYTES)];
    let len = 2 + reason.len();
    let mut body = [0; CONTROL_PAYLOAD_MAX_BYTES];
    body[..2].copy_from_slice(&code.to_be_bytes());
    body[2..len].copy_from_slice(reason.as_bytes());
    (body, len)
}

/// Whether `code` may appear on the wire. 1004, 1005, 1006 and 1015 are for APIs only; 1016 to 2999
/// belong to the protocol and have no meaning yet; 1012 to 1014 are registered with IANA.
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_must_not_be_sent_is_refused() {
        for code in [
            0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65_535,
        ] {
            let refused = decode(&u16::to_be_bytes(code)).map(|_| ());
            assert_eq!(refused, Err(ProtocolError::InvalidCloseCode { code }));
        }
    }

    #[test]
    fn a_code_with_a_meaning_or_of_an_application_is_read() {
        for code in (1000..=1003)
            .chain(1007..=1014)
            .chain([3000, 3999, 4000, 4999])
        {
            let frame = CloseFrame { code, reason: "" };
            assert_eq!(decode(&u16::to_be_bytes(code)), Ok(Some(frame)));
        }
    }

    #[test]
    fn half_a_code_is_refused_and_no_code_is_fine() {
        assert_eq!(decode(&[3]), Err(ProtocolError::CloseBodyTooShort));
        assert_eq!(decode(&[]), Ok(None));
    }

    #[test]
    fn a_reason_that_is_not_utf8_is_refused_with_1007() {
        let refused = decode(b"\x03\xe8ok\xff").unwrap_err();
        assert_eq!(
            refused,
            ProtocolError::CloseReasonNotUtf8 { valid_bytes: 2 }
        );
        assert_eq!(refused.close_code(), 1007);
    }

    #[test]
    fn a_long_reason_is_cut_between_two_characters() {
        let reason = "ä".repeat(100);
        let (body, len) = encode(4000, &reason);
        let frame = decode(&body[..len]).unwrap().unwrap();
        assert_eq!(frame.code, 4000);
        assert_eq!(frame.reason, "ä".repeat(61));
    }

    #[test]
    fn a_reason_of_123_bytes_fits() {
        let reason = "x".repeat(CLOSE_REASON_MAX_BYTES);
        let (body, len) = encode(1000, &reason);
        assert_eq!(len, CONTROL_PAYLOAD_MAX_BYTES);
        assert_eq!(decode(&body[..len]).unwrap().unwrap().reason, reason);
    }
}
