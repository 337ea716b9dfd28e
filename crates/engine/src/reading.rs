//! What peers send: bytes become messages, messages become commands, commands take effect.
//! Start at [`Shard::serve_ready`].

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::ops::ControlFlow;
use std::task::{Context, Poll};

use bytes::Bytes;
use protocol::{ChannelName, ClientFrame, FrameError, Position, Tongue};
use websocket::{Incoming, Opcode};

use crate::client::{Client, Effect, Phase};
use crate::{ConnectionRef, Outside, Request, Shard, Token, Transport};

/// Reads of one socket before the others have their turn.
const READS_PER_TURN: usize = 4;

/// One thing that a peer sent.
pub(crate) enum Input {
    Command(Result<ClientFrame, FrameError>),
    Echo(Opcode, Bytes),
    Ping(Bytes),
    Close(Option<u16>),
}

impl<T: Transport, O: Outside> Shard<T, O> {
    pub(crate) fn serve_ready(&mut self) {
        let mut ready = std::mem::take(&mut self.lent.ready);
        self.seat.inbox.signal().take_ready(&mut ready);
        ready.sort_unstable();
        ready.dedup();
        for slot in ready.iter().copied() {
            self.drain_outbox(slot);
            self.read(slot);
            self.bury();
        }
        self.lent.ready = ready;
    }

    fn read(&mut self, slot: u32) {
        let mut buffer = std::mem::take(&mut self.read_buffer);
        for round in 1..=READS_PER_TURN {
            let Some((connection, waker)) = self.connections.with_waker(slot) else {
                break;
            };
            let mut context = Context::from_waker(waker);
            match connection.transport.poll_read(&mut context, &mut buffer) {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) => {
                    self.gone(slot, "the peer went without a close frame");
                    break;
                }
                Poll::Ready(Ok(count)) => {
                    let generation = self.connections.generation(slot);
                    self.digest(slot, &mut buffer[..count]);
                    if !self.connections.is_current(slot, generation) {
                        break;
                    }
                    if round == READS_PER_TURN {
                        self.seat.inbox.signal().ready(slot);
                    }
                }
                Poll::Ready(Err(error)) => {
                    self.gone(slot, &format!("the socket is broken: {}", error.kind()));
                    break;
                }
            }
        }
        self.read_buffer = buffer;
    }

    pub(crate) fn digest(&mut self, slot: u32, bytes: &mut [u8]) {
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        connection.client.unheard = false;
        let echo = matches!(connection.client.phase, Phase::Echo);
        let closing = matches!(connection.client.phase, Phase::Closing);
        let tongue = connection.client.tongue();
        let limits = websocket::Limits {
            message_max_bytes: self.limits.frame_max_bytes,
            fragments_max: self.limits.fragments_max,
        };
        let mut ponged = false;
        let mut inputs = std::mem::take(&mut self.lent.inputs);
        let read = connection.reader.feed(&limits, bytes, |incoming| {
            inputs.push(match incoming {
                Incoming::Close(frame) => Input::Close(frame.map(|frame| frame.code)),
                // Only the goodbye matters now. To parse the rest of a flood would cost the others.
                _ if closing => return ControlFlow::Continue(()),
                Incoming::Text(text) if echo => {
                    Input::Echo(Opcode::Text, Bytes::copy_from_slice(text.as_bytes()))
                }
                Incoming::Binary(data) if echo => {
                    Input::Echo(Opcode::Binary, Bytes::copy_from_slice(data))
                }
                Incoming::Text(text) => Input::Command(match tongue {
                    Tongue::Events => ClientFrame::parse(text),
                    Tongue::Chat => ClientFrame::parse_in_chat(text),
                }),
                Incoming::Binary(data) => Input::Command(Err(FrameError {
                    id: None,
                    detail: format!(
                        "a binary frame of {} bytes; frames are JSON texts",
                        data.len()
                    ),
                })),
                Incoming::Ping(data) => Input::Ping(Bytes::copy_from_slice(data)),
                Incoming::Pong(_) => {
                    ponged = true;
                    return ControlFlow::Continue(());
                }
            });
            ControlFlow::Continue(())
        });
        if ponged {
            connection.client.pong_ms = NonZeroU64::new(self.now.monotonic_ms);
        }
        let generation = self.connections.generation(slot);
        for input in inputs.drain(..) {
            if self.connections.is_current(slot, generation) {
                self.input(slot, input);
            }
        }
        self.lent.inputs = inputs;
        if let Err(error) = read
            && self.connections.is_current(slot, generation)
        {
            self.close_with(slot, error.close_code(), &error.to_string(), None);
            self.gone_if_flushed(slot);
        }
    }

    fn input(&mut self, slot: u32, input: Input) {
        let (now, limits) = (self.now, self.limits);
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        let client = &mut connection.client;
        let closing = matches!(client.phase, Phase::Closing);
        match input {
            Input::Command(frame) => {
                if let Some(effect) = client.receive(frame, now, &limits) {
                    self.perform(slot, effect);
                }
            }
            Input::Echo(opcode, data) if !closing => self.write_frame(slot, opcode, &data),
            Input::Ping(data) if !closing => {
                if client.may_pong(now, &limits) {
                    self.write_frame(slot, Opcode::Pong, &data);
                }
            }
            Input::Echo(..) | Input::Ping(_) => {}
            Input::Close(code) => {
                client.peer_closed = true;
                if closing {
                    self.gone_if_flushed(slot);
                } else {
                    client.ends(code.unwrap_or(1005), "the peer closed the connection");
                    self.close_with(slot, code.unwrap_or(1000), "", None);
                    self.gone_if_flushed(slot);
                }
            }
        }
    }

    pub(crate) fn perform(&mut self, slot: u32, effect: Effect) {
        let from = self.reference(slot);
        match effect {
            Effect::Send(frame) => self.send(slot, &frame),
            Effect::Authenticate { token, resume } => {
                self.schedule(slot);
                let Some(connection) = self.connections.get(slot) else {
                    return;
                };
                let connect = connect(from, &connection.client, token, resume);
                self.outside.ask(connect);
            }
            Effect::Refresh { token } => {
                if let Some((user, session)) = self.account(slot) {
                    self.outside.ask(Request::Refresh {
                        from,
                        user,
                        session,
                        token,
                    });
                }
            }
            Effect::Authorize { channel } => {
                if let Some((user, _)) = self.account(slot) {
                    self.outside.ask(Request::Authorize {
                        from,
                        user,
                        channel,
                    });
                }
            }
            Effect::Outside { command } => {
                if let Some((user, session)) = self.account(slot) {
                    self.outside.ask(Request::Command {
                        from,
                        user,
                        session,
                        command,
                    });
                }
            }
            Effect::Leave { id, channel } => self.unsubscribe(slot, id, &channel),
            Effect::Close(goodbye) => self.close(slot, goodbye),
        }
    }

    /// Runs the commands that waited, until one is under way.
    pub(crate) fn next_commands(&mut self, slot: u32) {
        let now = self.now;
        while let Some(connection) = self.connections.get(slot)
            && let Some(effect) = connection.client.next(now)
        {
            self.perform(slot, effect);
        }
    }
}

/// The question who a client is.
pub(crate) fn connect(
    from: ConnectionRef,
    client: &Client,
    token: Token,
    resume: BTreeMap<ChannelName, Position>,
) -> Request {
    Request::Connect {
        from,
        connection: client.connection,
        address: client.address,
        token,
        resume,
        chat: client.chat.as_ref().map(|side| side.asked.clone()),
    }
}
