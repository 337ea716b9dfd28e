//! Why a peer's bytes were refused. The connection is over after any of these; the variant says what
//! the operator reads, [`ProtocolError::close_code`] what the peer is told.

use crate::frame::{CONTROL_PAYLOAD_MAX_BYTES, Opcode};

/// What a peer sent that RFC 6455 or our limits do not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// A reserved bit is set although no extension was agreed on (5.2).
    #[error("reserved bits {bits:#05b} are set, but no extension was agreed on")]
    ReservedBits {
        /// RSV1 to RSV3 as the three low bits.
        bits: u8,
    },
    /// An opcode without a meaning: 3 to 7 or 11 to 15 (5.2).
    #[error("opcode {opcode:#x} is reserved")]
    ReservedOpcode {
        /// The four bits that were sent.
        opcode: u8,
    },
    /// A client sent a frame without a mask (5.1). Only a server says this.
    #[error("{opcode} frame from a client is not masked")]
    Unmasked {
        /// The frame's opcode.
        opcode: Opcode,
    },
    /// A server sent a frame with a mask (5.1). Only a client says this.
    #[error("{opcode} frame from a server is masked")]
    Masked {
        /// The frame's opcode.
        opcode: Opcode,
    },
    /// A control frame without the FIN bit (5.5).
    #[error("{opcode} frame is fragmented; a control frame must be whole")]
    FragmentedControl {
        /// The frame's opcode.
        opcode: Opcode,
    },
    /// A control frame of more than [`CONTROL_PAYLOAD_MAX_BYTES`] (5.5).
    #[error("{opcode} frame declares more than {CONTROL_PAYLOAD_MAX_BYTES} bytes")]
    ControlTooLong {
        /// The frame's opcode.
        opcode: Opcode,
    },
    /// A length written in more bytes than it needs (5.2).
    #[error("length {payload_bytes} is written in {field_bytes} bytes where fewer would do")]
    NonMinimalLength {
        /// The length the frame declares.
        payload_bytes: u64,
        /// Size of the extended length field: 2 or 8.
        field_bytes: usize,
    },
    /// A 64-bit length with its top bit set (5.2).
    #[error("length {payload_bytes:#018x} has its top bit set")]
    LengthTopBit {
        /// The length the frame declares.
        payload_bytes: u64,
    },
    /// A continuation without a message to continue (5.4).
    #[error("continuation frame without a message to continue")]
    UnexpectedContinuation,
    /// A new message before the fragmented one ended (5.4).
    #[error("{opcode} frame begins a message before the fragmented one ended")]
    UnfinishedMessage {
        /// The opcode of the frame that came too early.
        opcode: Opcode,
    },
    /// Text that is not UTF-8 (8.1).
    #[error("text is not valid UTF-8 from byte {valid_bytes}")]
    TextNotUtf8 {
        /// Bytes of the message, over all its fragments, that are valid.
        valid_bytes: usize,
    },
    /// A close reason that is not UTF-8 (5.5.1).
    #[error("close reason is not valid UTF-8 from byte {valid_bytes}")]
    CloseReasonNotUtf8 {
        /// Bytes of the reason that are valid.
        valid_bytes: usize,
    },
    /// A close frame with half a code (5.5.1).
    #[error("close frame has a body of 1 byte, a code takes 2")]
    CloseBodyTooShort,
    /// A close code that must not appear on the wire (7.4).
    #[error("close code {code} must not be sent")]
    InvalidCloseCode {
        /// The code that was sent.
        code: u16,
    },
    /// A message larger than [`Limits::message_max_bytes`](crate::Limits). Found on the declared
    /// length, so the bytes themselves need not have arrived.
    #[error("message declares {message_bytes} bytes, the limit is {limit_bytes}")]
    TooLarge {
        /// The fragments so far and what this frame declares.
        message_bytes: u64,
        /// The limit it breaks.
        limit_bytes: usize,
    },
    /// A message in more frames than [`Limits::fragments_max`](crate::Limits).
    #[error("message has more than {fragments_max} fragments")]
    TooManyFragments {
        /// The limit it breaks.
        fragments_max: usize,
    },
}

impl ProtocolError {
    /// The code to close with: 1002 for a broken rule, 1007 for bytes that are not UTF-8, 1009 for
    /// a message too large or in too many pieces (RFC 6455, 7.4.1).
    pub fn close_code(&self) -> u16 {
        match self {
            Self::ReservedBits { .. }
            | Self::ReservedOpcode { .. }
            | Self::Unmasked { .. }
            | Self::Masked { .. }
            | Self::FragmentedControl { .. }
            | Self::ControlTooLong { .. }
            | Self::NonMinimalLength { .. }
            | Self::LengthTopBit { .. }
            | Self::UnexpectedContinuation
            | Self::UnfinishedMessage { .. }
            | Self::CloseBodyTooShort
            | Self::InvalidCloseCode { .. } => 1002,
            Self::TextNotUtf8 { .. } | Self::CloseReasonNotUtf8 { .. } => 1007,
            Self::TooLarge { .. } | Self::TooManyFragments { .. } => 1009,
        }
    }
}
