//! What a reader remembers between two reads: half a header, half a payload, the fragments before.
//! Start at [`Partial`].

use crate::error::ProtocolError;
use crate::frame::{HEADER_MAX_BYTES, Header, Opcode, Role, decode_header};
use crate::mask;

/// What must be remembered until more bytes come.
#[derive(Debug, Default)]
pub(crate) struct Partial {
    pub(crate) arriving: Arriving,
    /// The fragments of a message before the frame that is arriving, unless that frame continues
    /// it: then they are in its body.
    pub(crate) unfinished: Option<Message>,
}

impl Partial {
    /// Memory held, in bytes, this record included.
    pub(crate) fn buffered_bytes(&self) -> usize {
        let arriving = match &self.arriving {
            Arriving::Header(_) => 0,
            Arriving::Payload(frame) => match &frame.body {
                Body::Control { bytes, .. } => bytes.capacity(),
                Body::Data(message) => message.bytes.capacity(),
            },
        };
        let unfinished = match &self.unfinished {
            Some(message) => message.bytes.capacity(),
            None => 0,
        };
        size_of::<Self>() + arriving + unfinished
    }
}

#[derive(Debug)]
pub(crate) enum Arriving {
    /// A header of which some bytes are missing, perhaps all.
    Header(HeaderBytes),
    Payload(Frame),
}

impl Default for Arriving {
    fn default() -> Self {
        Self::Header(HeaderBytes::default())
    }
}

#[derive(Debug, Default)]
pub(crate) struct HeaderBytes {
    bytes: [u8; HEADER_MAX_BYTES],
    known: usize,
}

impl HeaderBytes {
    /// The header and how many bytes of `input` it took; `None` if it took all and needs more.
    pub(crate) fn complete(
        &mut self,
        role: Role,
        input: &[u8],
    ) -> Result<Option<(Header, usize)>, ProtocolError> {
        // Nearly always the whole header is here, and need not be copied first.
        if self.known == 0
            && let Some(decoded) = decode_header(role, input)?
        {
            return Ok(Some(decoded));
        }
        let before = self.known;
        let added = input.len().min(HEADER_MAX_BYTES - before);
        self.bytes[before..before + added].copy_from_slice(&input[..added]);
        self.known += added;
        let decoded = decode_header(role, &self.bytes[..self.known])?;
        Ok(decoded.map(|(header, header_len)| (header, header_len - before)))
    }
}

/// A frame whose header is known.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) fin: bool,
    /// Turned so that it fits the next byte.
    pub(crate) mask: Option<[u8; 4]>,
    pub(crate) missing_bytes: usize,
    pub(crate) body: Body,
}

#[derive(Debug)]
pub(crate) enum Body {
    Control { opcode: Opcode, bytes: Vec<u8> },
    Data(Message),
}

impl Frame {
    pub(crate) fn append(&mut self, payload: &mut [u8]) -> Result<(), ProtocolError> {
        if let Some(mask) = &mut self.mask {
            mask::apply(payload, *mask);
            *mask = mask::after(*mask, payload.len());
        }
        // Nobody has declared how many bytes follow a frame that is not the last.
        let to_come_bytes = if self.fin {
            self.missing_bytes
        } else {
            usize::MAX
        };
        self.missing_bytes -= payload.len();
        match &mut self.body {
            Body::Control { bytes, .. } => {
                grow(bytes, payload.len(), to_come_bytes);
                bytes.extend_from_slice(payload);
                Ok(())
            }
            Body::Data(message) => {
                grow(&mut message.bytes, payload.len(), to_come_bytes);
                message.bytes.extend_from_slice(payload);
                message.check_text(self.fin && self.missing_bytes == 0)
            }
        }
    }
}

/// A message of which a fragment, or a part of one, is known.
#[derive(Debug)]
pub(crate) struct Message {
    /// Text or binary.
    pub(crate) opcode: Opcode,
    pub(crate) bytes: Vec<u8>,
    /// How many of `bytes` are known to be whole characters.
    valid_bytes: usize,
    /// Frames begun, the one that is arriving included.
    pub(crate) fragments: usize,
}

impl Message {
    pub(crate) fn new(opcode: Opcode) -> Self {
        Self {
            opcode,
            bytes: Vec::new(),
            valid_bytes: 0,
            fragments: 0,
        }
    }

    /// Refuses text at the first byte that no further byte can mend. A character may be cut in two
    /// by a fragment's end, not by the message's.
    fn check_text(&mut self, is_complete: bool) -> Result<(), ProtocolError> {
        if self.opcode != Opcode::Text {
            return Ok(());
        }
        match str::from_utf8(&self.bytes[self.valid_bytes..]) {
            Ok(_) => {
                self.valid_bytes = self.bytes.len();
                Ok(())
            }
            Err(error) => {
                self.valid_bytes += error.valid_up_to();
                if error.error_len().is_none() && !is_complete {
                    return Ok(());
                }
                Err(ProtocolError::TextNotUtf8 {
                    valid_bytes: self.valid_bytes,
                })
            }
        }
    }
}

/// Makes room for `arrived` bytes: at least doubling, so that a slow sender costs no more copies
/// than a fast one, but never beyond the bytes that can still come.
fn grow(bytes: &mut Vec<u8>, arrived: usize, to_come_bytes: usize) {
    if bytes.capacity() - bytes.len() < arrived {
        bytes.reserve_exact(arrived.max(bytes.capacity()).min(to_come_bytes));
    }
}
