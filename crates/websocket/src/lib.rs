//! RFC 6455 frames without I/O, both roles. No socket, no handshake over HTTP, no extension: bytes
//! in, messages out, and the other way round.
//!
//! Start at [`Reader::feed`] for what a peer sends and at [`write_frame`] for what it is sent.
//! [`accept_key`] is the one computation an upgrade needs.

mod close;
mod error;
mod frame;
mod handshake;
mod mask;
mod partial;
mod reader;
mod writer;

pub use close::{CLOSE_REASON_MAX_BYTES, CloseFrame};
pub use error::ProtocolError;
pub use frame::{CONTROL_PAYLOAD_MAX_BYTES, Opcode, Role, frame_header};
pub use handshake::{KeyError, accept_key};
pub use reader::{Incoming, Limits, Reader};
pub use writer::{
    frame_boundary, write_close, write_frame, write_masked_close, write_masked_frame,
};
