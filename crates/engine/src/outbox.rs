//! The bounded queue of a socket that would block. Chunks are shared with every other socket
//! that waits for the same bytes, and always begin and end between frames.

use std::collections::VecDeque;
use std::io;

use bytes::Bytes;

use crate::Transport;

/// Bytes that a socket has not taken yet.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    chunks: VecDeque<Bytes>,
    /// How much of the first chunk has gone out.
    written: usize,
    /// Bytes that have not gone out.
    bytes: usize,
}

impl Outbox {
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Queues a chunk of whole frames, of which `written` bytes have gone out already.
    /// Invariant: `written` is 0 unless the queue was empty.
    pub(crate) fn push(&mut self, chunk: Bytes, written: usize) {
        debug_assert!(
            written == 0 || self.chunks.is_empty(),
            "only the first chunk is half out"
        );
        if self.chunks.is_empty() {
            self.written = written;
        }
        self.bytes += chunk.len() - written;
        self.chunks.push_back(chunk);
    }

    /// Writes what the socket takes. `Ok(true)` when nothing is left.
    pub(crate) fn flush<T: Transport>(&mut self, transport: &mut T) -> io::Result<bool> {
        while let Some(chunk) = self.chunks.front() {
            match transport.try_write(&chunk[self.written..]) {
                Ok(count) => {
                    self.written += count;
                    self.bytes -= count;
                    if self.written < chunk.len() {
                        continue;
                    }
                    self.chunks.pop_front();
                    self.written = 0;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Drops everything but the rest of a frame that is half out, so that a close frame can
    /// follow at a frame boundary.
    pub(crate) fn cut(&mut self) {
        let half = self
            .chunks
            .pop_front()
            .filter(|_| self.written > 0)
            .map(|chunk| {
                let end = websocket::frame_boundary(&chunk, self.written);
                chunk.slice(..end)
            });
        self.chunks = VecDeque::new();
        self.bytes = 0;
        let written = std::mem::take(&mut self.written);
        if let Some(half) = half.filter(|half| half.len() > written) {
            self.push(half, written);
        }
    }
}
