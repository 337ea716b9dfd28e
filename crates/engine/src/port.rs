//! The ports of a shard: what it needs from the world, so that a test can be the world.

use std::io;
use std::task::{Context, Poll};

use protocol::Timestamp;

use crate::Request;

/// A socket, or something that behaves like one. Dropping it closes it in good order.
pub trait Transport {
    /// Reads what has arrived. `Ok(0)` is the end of the stream. When nothing has arrived, the
    /// waker is called once something has.
    ///
    /// # Errors
    /// The connection is broken.
    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>>;

    /// Writes as much as the socket takes now.
    ///
    /// # Errors
    /// `WouldBlock` when it takes nothing; anything else means the connection is broken.
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Whether the socket may take more. When not, the waker is called once it may.
    fn poll_writable(&mut self, context: &mut Context<'_>) -> Poll<()>;

    /// Says that nothing more will be written, and goes on reading.
    fn finish(&mut self);

    /// Makes the coming drop tear the connection down at once, without waiting for the peer to
    /// read what is left (TCP reset).
    fn abort(&mut self);
}

/// The world outside a shard: whoever checks tokens, asks the policy and reads the log. Answers
/// come back through the shard's inbox, each for the [`crate::ConnectionRef`] that asked.
pub trait Outside {
    /// Takes a request. Must not block.
    fn ask(&mut self, request: Request);
}

impl<F: FnMut(Request)> Outside for F {
    fn ask(&mut self, request: Request) {
        self(request);
    }
}

/// The moment at which a shard takes its turn. Both clocks are given, neither is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds on a clock that never goes back.
    pub monotonic_ms: u64,
    /// The calendar's time; only for showing and for comparing with a token's.
    pub wall: Timestamp,
}
