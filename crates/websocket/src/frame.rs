//! The header of one frame: two bytes, a longer length if needed, and the mask if a client sent it
//! (RFC 6455, 5.2). What the payload means is the reader's business.

use std::fmt;

use crate::error::ProtocolError;

/// Longest payload of a close, ping or pong frame, in bytes (RFC 6455, 5.5).
pub const CONTROL_PAYLOAD_MAX_BYTES: usize = 125;

/// Longest header: 2 bytes, 8 of length, 4 of mask.
pub(crate) const HEADER_MAX_BYTES: usize = 14;

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
const LENGTH_IN_2_BYTES: u8 = 126;
const LENGTH_IN_8_BYTES: u8 = 127;

/// Who we are in a connection. A client masks what it sends, a server does not (RFC 6455, 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// We accepted the connection and expect masked frames.
    Server,
    /// We opened the connection and expect frames without a mask.
    Client,
}

/// What a frame is for; the numbers are those of the wire (RFC 6455, 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// The next fragment of a message.
    Continuation = 0x0,
    /// A message of UTF-8, or its first fragment.
    Text = 0x1,
    /// A message of bytes, or its first fragment.
    Binary = 0x2,
    /// The last frame its sender sends.
    Close = 0x8,
    /// Asks for a pong with the same payload.
    Ping = 0x9,
    /// Answers a ping, or says unasked that the sender is alive.
    Pong = 0xa,
}

/// The header of an unmasked, unfragmented frame: the first `n` of the returned bytes, 2 to 10, to
/// be followed by `payload_len` bytes of payload.
///
/// A control frame carries at most [`CONTROL_PAYLOAD_MAX_BYTES`]; the caller keeps that.
pub fn frame_header(opcode: Opcode, payload_len: usize) -> ([u8; 10], usize) {
    debug_assert!(!opcode.is_control() || payload_len <= CONTROL_PAYLOAD_MAX_BYTES);
    let mut bytes = [0; 10];
    bytes[0] = FIN | opcode as u8;
    if let Ok(short @ 0..LENGTH_IN_2_BYTES) = u8::try_from(payload_len) {
        bytes[1] = short;
        (bytes, 2)
    } else if let Ok(medium) = u16::try_from(payload_len) {
        bytes[1] = LENGTH_IN_2_BYTES;
        bytes[2..4].copy_from_slice(&medium.to_be_bytes());
        (bytes, 4)
    } else {
        bytes[1] = LENGTH_IN_8_BYTES;
        bytes[2..].copy_from_slice(&(payload_len as u64).to_be_bytes());
        (bytes, 10)
    }
}

/// As [`frame_header`], for the client's side: with the mask, 6 to 14 bytes.
pub(crate) fn masked_frame_header(
    opcode: Opcode,
    payload_len: usize,
    mask: [u8; 4],
) -> ([u8; HEADER_MAX_BYTES], usize) {
    let (unmasked, unmasked_len) = frame_header(opcode, payload_len);
    let mut bytes = [0; HEADER_MAX_BYTES];
    bytes[..unmasked_len].copy_from_slice(&unmasked[..unmasked_len]);
    bytes[1] |= MASKED;
    bytes[unmasked_len..unmasked_len + 4].copy_from_slice(&mask);
    (bytes, unmasked_len + 4)
}

/// A header that obeys every rule a header can break alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) fin: bool,
    pub(crate) opcode: Opcode,
    pub(crate) mask: Option<[u8; 4]>,
    pub(crate) payload_bytes: u64,
}

/// The header `bytes` begin with and its length in bytes, or `None` while some of it is missing.
/// A broken rule is reported as soon as the byte that breaks it is there.
pub(crate) fn decode_header(
    role: Role,
    bytes: &[u8],
) -> Result<Option<(Header, usize)>, ProtocolError> {
    let Some(&first) = bytes.first() else {
        return Ok(None);
    };
    let fin = first & FIN != 0;
    let reserved_bits = (first >> 4) & 0b111;
    if reserved_bits != 0 {
        return Err(ProtocolError::ReservedBits {
            bits: reserved_bits,
        });
    }
    let opcode = Opcode::from_wire(first & 0x0f)?;
    if opcode.is_control() && !fin {
        return Err(ProtocolError::FragmentedControl { opcode });
    }

    let Some(&second) = bytes.get(1) else {
        return Ok(None);
    };
    let masked = second & MASKED != 0;
    match (role, masked) {
        (Role::Server, false) => return Err(ProtocolError::Unmasked { opcode }),
        (Role::Client, true) => return Err(ProtocolError::Masked { opcode }),
        (Role::Server, true) | (Role::Client, false) => {}
    }
    let short_length = second & !MASKED;
    if opcode.is_control() && usize::from(short_length) > CONTROL_PAYLOAD_MAX_BYTES {
        return Err(ProtocolError::ControlTooLong { opcode });
    }

    let Some((payload_bytes, length_field_bytes)) = decode_length(short_length, &bytes[2..])?
    else {
        return Ok(None);
    };
    let after_length = 2 + length_field_bytes;
    let (mask, header_len) = if masked {
        let Some(&mask) = bytes[after_length..].first_chunk::<4>() else {
            return Ok(None);
        };
        (Some(mask), after_length + 4)
    } else {
        (None, after_length)
    };
    let header = Header {
        fin,
        opcode,
        mask,
        payload_bytes,
    };
    Ok(Some((header, header_len)))
}

/// The payload's length and how many bytes beyond the second were needed to say it.
fn decode_length(short_length: u8, extended: &[u8]) -> Result<Option<(u64, usize)>, ProtocolError> {
    let (payload_bytes, field_bytes, shortest) = match short_length {
        LENGTH_IN_2_BYTES => match extended.first_chunk() {
            Some(&field) => (u64::from(u16::from_be_bytes(field)), 2, 126),
            None => return Ok(None),
        },
        LENGTH_IN_8_BYTES => match extended.first_chunk() {
            Some(&field) => (u64::from_be_bytes(field), 8, 0x1_0000),
            None => return Ok(None),
        },
        short => return Ok(Some((u64::from(short), 0))),
    };
    if payload_bytes < shortest {
        return Err(ProtocolError::NonMinimalLength {
            payload_bytes,
            field_bytes,
        });
    }
    if payload_bytes >> 63 != 0 {
        return Err(ProtocolError::LengthTopBit { payload_bytes });
    }
    Ok(Some((payload_bytes, field_bytes)))
}

impl Opcode {
    fn from_wire(opcode: u8) -> Result<Self, ProtocolError> {
        match opcode {
            0x0 => Ok(Self::Continuation),
            0x1 => Ok(Self::Text),
            0x2 => Ok(Self::Binary),
            0x8 => Ok(Self::Close),
            0x9 => Ok(Self::Ping),
            0xa => Ok(Self::Pong),
            reserved => Err(ProtocolError::ReservedOpcode { opcode: reserved }),
        }
    }

    /// Whether this is close, ping or pong: never fragmented, short, allowed between fragments.
    pub fn is_control(self) -> bool {
        match self {
            Self::Close | Self::Ping | Self::Pong => true,
            Self::Continuation | Self::Text | Self::Binary => false,
        }
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Continuation => "continuation",
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Close => "close",
            Self::Ping => "ping",
            Self::Pong => "pong",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_takes_the_fewest_bytes_its_length_needs() {
        for (payload_len, header_len) in [
            (0, 2),
            (125, 2),
            (126, 4),
            (65_535, 4),
            (65_536, 10),
            (1 << 32, 10),
        ] {
            let (bytes, len) = frame_header(Opcode::Binary, payload_len);
            assert_eq!(len, header_len, "{payload_len}");
            let (header, decoded_len) =
                decode_header(Role::Client, &bytes[..len]).unwrap().unwrap();
            assert_eq!(decoded_len, len);
            assert_eq!(header.payload_bytes, payload_len as u64);
            assert_eq!((header.fin, header.opcode), (true, Opcode::Binary));
            assert_eq!(header.mask, None);
        }
    }

    #[test]
    fn a_header_is_incomplete_until_its_last_byte() {
        for payload_len in [5, 300, 70_000] {
            let (bytes, len) = masked_frame_header(Opcode::Text, payload_len, [1, 2, 3, 4]);
            for known in 0..len {
                assert_eq!(decode_header(Role::Server, &bytes[..known]), Ok(None));
            }
            let (header, decoded_len) = decode_header(Role::Server, &bytes).unwrap().unwrap();
            assert_eq!(decoded_len, len);
            assert_eq!(header.payload_bytes, payload_len as u64);
            assert_eq!(header.mask, Some([1, 2, 3, 4]));
        }
    }

    #[test]
    fn each_reserved_opcode_is_refused() {
        for opcode in (3..8).chain(11..16) {
            let refused = decode_header(Role::Server, &[0x80 | opcode]);
            assert_eq!(refused, Err(ProtocolError::ReservedOpcode { opcode }));
        }
    }

    #[test]
    fn each_reserved_bit_is_refused() {
        for bits in 1..8 {
            let refused = decode_header(Role::Client, &[0x81 | bits << 4]);
            assert_eq!(refused, Err(ProtocolError::ReservedBits { bits }));
        }
    }

    #[test]
    fn a_length_written_longer_than_needed_is_refused() {
        let in_two = decode_header(Role::Client, &[0x82, 126, 0, 125]);
        let refusal = ProtocolError::NonMinimalLength {
            payload_bytes: 125,
            field_bytes: 2,
        };
        assert_eq!(in_two, Err(refusal));

        let in_eight = decode_header(Role::Client, &[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
        let refusal = ProtocolError::NonMinimalLength {
            payload_bytes: 65_535,
            field_bytes: 8,
        };
        assert_eq!(in_eight, Err(refusal));
    }

    #[test]
    fn a_length_with_its_top_bit_set_is_refused() {
        let refused = decode_header(Role::Client, &[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]);
        let refusal = ProtocolError::LengthTopBit {
            payload_bytes: 1 << 63,
        };
        assert_eq!(refused, Err(refusal));
    }
}
