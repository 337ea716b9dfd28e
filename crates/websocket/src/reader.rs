//! Frames on their way in: bytes as they arrived become whole messages. Start at [`Reader::feed`].
//!
//! A message that lies in one frame within one read is handed out where it lies. Only what is
//! incomplete when the bytes run out is copied, and the copy is freed with the message.

use std::mem;
use std::ops::ControlFlow;

use crate::close::{self, CloseFrame};
use crate::error::ProtocolError;
use crate::frame::{Header, Opcode, Role};
use crate::mask;
use crate::partial::{Arriving, Body, Frame, Message, Partial};

/// Reads what one peer sends. While nothing is incomplete it owns no memory beyond itself.
#[derive(Debug)]
pub struct Reader {
    role: Role,
    /// A close frame or an error was the last thing read; whatever follows is ignored.
    ended: bool,
    /// Invariant: `None` while there is nothing to remember, so an idle reader is 16 bytes.
    partial: Option<Box<Partial>>,
}

/// How much of a peer's message we are willing to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest message in bytes of payload, all its fragments together.
    pub message_max_bytes: usize,
    /// Most frames one message may come in. A message in one frame is always allowed.
    pub fragments_max: usize,
}

/// One whole thing the peer said, with its fragments joined and its mask removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A message of text.
    Text(&'a str),
    /// A message of bytes.
    Binary(&'a [u8]),
    /// To be answered by a pong with the same payload.
    Ping(&'a [u8]),
    /// Answers a ping, or came unasked.
    Pong(&'a [u8]),
    /// The last thing a peer says; without a frame if it gave no code.
    Close(Option<CloseFrame<'a>>),
}

impl Reader {
    /// A reader for a connection in which we are `role`.
    pub fn new(role: Role) -> Self {
        Self {
            role,
            ended: false,
            partial: None,
        }
    }

    /// Reads `input`, the bytes that follow those read before, and hands each complete item to
    /// `handle`, in order. Returns how many bytes were consumed: all of them, unless `handle`
    /// asked to break, in which case the rest is untouched and is to be fed again.
    ///
    /// Payloads are unmasked in place, so consumed bytes are not what they were.
    ///
    /// After a close frame or an error everything is ignored: it counts as consumed and nothing is
    /// handed out.
    pub fn feed(
        &mut self,
        limits: &Limits,
        input: &mut [u8],
        mut handle: impl FnMut(Incoming<'_>) -> ControlFlow<()>,
    ) -> Result<usize, ProtocolError> {
        let mut consumed = 0;
        while consumed < input.len() {
            if self.ended {
                return Ok(input.len());
            }
            match self.step(limits, &mut input[consumed..], &mut handle) {
                Ok((bytes, ControlFlow::Continue(()))) => consumed += bytes,
                Ok((bytes, ControlFlow::Break(()))) => return Ok(consumed + bytes),
                Err(error) => {
                    self.end();
                    return Err(error);
                }
            }
        }
        Ok(consumed)
    }

    /// Whether a close frame or an error was read, so that whatever follows is ignored.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Memory held for what is incomplete, in bytes; 0 exactly when nothing is.
    pub fn buffered_bytes(&self) -> usize {
        match &self.partial {
            Some(partial) => partial.buffered_bytes(),
            None => 0,
        }
    }

    /// Goes on to the end of a frame or of `input`, whichever comes first.
    fn step(
        &mut self,
        limits: &Limits,
        input: &mut [u8],
        handle: &mut impl FnMut(Incoming<'_>) -> ControlFlow<()>,
    ) -> Result<(usize, ControlFlow<()>), ProtocolError> {
        let mut header_bytes = match self.take_arriving() {
            Arriving::Payload(frame) => return self.receive(frame, input, handle),
            Arriving::Header(header_bytes) => header_bytes,
        };
        let Some((header, header_len)) = header_bytes.complete(self.role, input)? else {
            self.remember().arriving = Arriving::Header(header_bytes);
            return Ok((input.len(), ControlFlow::Continue(())));
        };
        let payload_bytes = self.admit(limits, &header)?;
        let rest = &mut input[header_len..];

        let is_whole = header.fin && header.opcode != Opcode::Continuation;
        if is_whole && let Some(payload) = rest.get_mut(..payload_bytes) {
            if let Some(mask) = header.mask {
                mask::apply(payload, mask);
            }
            self.forget_if_idle();
            let flow = self.deliver(header.opcode, payload, handle)?;
            return Ok((header_len + payload_bytes, flow));
        }
        let frame = self.begin(&header, payload_bytes);
        let (received, flow) = self.receive(frame, rest, handle)?;
        Ok((header_len + received, flow))
    }

    /// Whether this frame may come now and this large; its length if so. Nothing has been
    /// allocated for it yet.
    fn admit(&self, limits: &Limits, header: &Header) -> Result<usize, ProtocolError> {
        let unfinished = match &self.partial {
            Some(partial) => partial.unfinished.as_ref(),
            None => None,
        };
        let (known_bytes, fragments) = match (header.opcode, unfinished) {
            // Their bound is part of the header's syntax.
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => {
                return Ok(to_usize(header.payload_bytes));
            }
            (Opcode::Continuation, Some(message)) => (message.bytes.len(), message.fragments),
            (Opcode::Continuation, None) => return Err(ProtocolError::UnexpectedContinuation),
            (opcode @ (Opcode::Text | Opcode::Binary), Some(_)) => {
                return Err(ProtocolError::UnfinishedMessage { opcode });
            }
            (Opcode::Text | Opcode::Binary, None) => (0, 0),
        };
        if fragments > 0 && fragments >= limits.fragments_max {
            return Err(ProtocolError::TooManyFragments {
                fragments_max: limits.fragments_max,
            });
        }
        let room_bytes = limits.message_max_bytes.saturating_sub(known_bytes);
        if header.payload_bytes > room_bytes as u64 {
            return Err(ProtocolError::TooLarge {
                message_bytes: header.payload_bytes.saturating_add(known_bytes as u64),
                limit_bytes: limits.message_max_bytes,
            });
        }
        Ok(to_usize(header.payload_bytes))
    }

    fn begin(&mut self, header: &Header, payload_bytes: usize) -> Frame {
        let body = match header.opcode {
            opcode @ (Opcode::Close | Opcode::Ping | Opcode::Pong) => Body::Control {
                opcode,
                bytes: Vec::new(),
            },
            opcode @ (Opcode::Text | Opcode::Binary | Opcode::Continuation) => {
                let unfinished = match &mut self.partial {
                    Some(partial) => partial.unfinished.take(),
                    None => None,
                };
                let mut message = unfinished.unwrap_or_else(|| Message::new(opcode));
                message.fragments += 1;
                Body::Data(message)
            }
        };
        Frame {
            fin: header.fin,
            mask: header.mask,
            missing_bytes: payload_bytes,
            body,
        }
    }

    /// Takes from `input` what belongs to the frame that is arriving.
    fn receive(
        &mut self,
        mut frame: Frame,
        input: &mut [u8],
        handle: &mut impl FnMut(Incoming<'_>) -> ControlFlow<()>,
    ) -> Result<(usize, ControlFlow<()>), ProtocolError> {
        let received = input.len().min(frame.missing_bytes);
        frame.append(&mut input[..received])?;
        if frame.missing_bytes > 0 {
            self.remember().arriving = Arriving::Payload(frame);
            return Ok((received, ControlFlow::Continue(())));
        }
        let flow = match frame.body {
            Body::Control { opcode, bytes } => {
                self.forget_if_idle();
                self.deliver(opcode, &bytes, handle)?
            }
            Body::Data(message) if frame.fin => {
                self.forget_if_idle();
                self.deliver(message.opcode, &message.bytes, handle)?
            }
            Body::Data(message) => {
                self.remember().unfinished = Some(message);
                ControlFlow::Continue(())
            }
        };
        Ok((received, flow))
    }

    fn deliver(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        handle: &mut impl FnMut(Incoming<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ProtocolError> {
        let incoming = match opcode {
            Opcode::Text => match str::from_utf8(payload) {
                Ok(text) => Incoming::Text(text),
                Err(error) => {
                    return Err(ProtocolError::TextNotUtf8 {
                        valid_bytes: error.valid_up_to(),
                    });
                }
            },
            Opcode::Binary => Incoming::Binary(payload),
            Opcode::Ping => Incoming::Ping(payload),
            Opcode::Pong => Incoming::Pong(payload),
            Opcode::Close => {
                let frame = close::decode(payload)?;
                self.end();
                Incoming::Close(frame)
            }
            Opcode::Continuation => unreachable!("a message has the opcode of its first frame"),
        };
        Ok(handle(incoming))
    }

    fn take_arriving(&mut self) -> Arriving {
        match &mut self.partial {
            Some(partial) => mem::take(&mut partial.arriving),
            None => Arriving::default(),
        }
    }

    fn remember(&mut self) -> &mut Partial {
        self.partial.get_or_insert_default()
    }

    /// Frees the record once its frame is complete, unless it holds earlier fragments.
    fn forget_if_idle(&mut self) {
        self.partial.take_if(|partial| partial.unfinished.is_none());
    }

    fn end(&mut self) {
        self.ended = true;
        self.partial = None;
    }
}

/// For lengths that have been compared with a bound.
fn to_usize(payload_bytes: u64) -> usize {
    usize::try_from(payload_bytes).expect("a bound of type usize has been checked")
}

#[cfg(test)]
mod tests;
