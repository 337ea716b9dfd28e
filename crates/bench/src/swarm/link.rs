//! One connection of a swarm: its stream, what it has still to write, and how far it is.

use std::io::{self, Write as _};

use websocket::{Reader, Role};

#[derive(Debug)]
pub(super) struct Link {
    /// None once it is over.
    pub(super) stream: Option<mio::net::TcpStream>,
    pub(super) phase: Phase,
    pub(super) reader: Reader,
    /// What waits for the stream to be connected, or to have room.
    waiting: Vec<u8>,
    pub(super) paused: bool,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// HTTP, with what has arrived of an answer.
    Plain(Vec<u8>),
    /// Frames.
    Upgraded,
    Gone,
}

impl Link {
    pub(super) fn new(stream: mio::net::TcpStream, request: Vec<u8>) -> Self {
        Self {
            stream: Some(stream),
            phase: Phase::Plain(Vec::new()),
            reader: Reader::new(Role::Client),
            waiting: request,
            paused: false,
        }
    }

    /// A place without a connection.
    pub(super) fn gone() -> Self {
        Self {
            stream: None,
            phase: Phase::Gone,
            reader: Reader::new(Role::Client),
            waiting: Vec::new(),
            paused: false,
        }
    }

    /// Writes now what can be written now, in order.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(bytes);
        self.flush()
    }

    /// Goes on with what waits.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let Some(stream) = &mut self.stream else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let mut written = 0;
        while written < self.waiting.len() {
            match stream.write(&self.waiting[written..]) {
                Ok(count) => written += count,
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected
                    ) =>
                {
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if written == self.waiting.len() {
            // An idle connection holds no memory.
            self.waiting = Vec::new();
        } else {
            self.waiting.drain(..written);
        }
        Ok(())
    }
}
