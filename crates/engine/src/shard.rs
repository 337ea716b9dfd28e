//! A shard owns its sockets. One loop: inbox, ready sockets, timers, channels with bytes to write.
//! It never waits: whatever needs the store, the policy or the log leaves as a [`crate::Request`] and
//! comes back through the inbox. Start at [`Shard::turn`].
//!
//! This file is the loop, and what comes back from outside. A connection begins in `arrival.rs` and
//! ends in `farewell.rs`; `reading.rs` is what peers send, `delivery.rs` what they are sent;
//! `recovery.rs` brings readers from a position to now, and `hole.rs` the channels.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;

use bytes::BytesMut;
use protocol::{
    ChannelName, CloseCode, CommandId, Erasure, ErrorCode, EventName, Goodbye, Problem, Revocation,
    ServerFrame, Timestamp, Tongue, UserId,
};
use websocket::Opcode;

use crate::announce::Seat;
use crate::arrival::expiry_ms;
use crate::channel::ChannelIndex;
use crate::channels::Channels;
use crate::client::{Account, Awaited, Client, Phase, refusal};
use crate::connections::Connections;
use crate::farewell::Breakage;
use crate::growing::Growing;
use crate::hole::Retry;
use crate::pages::Pages;
use crate::reading::Input;
use crate::wheel::{Timer, Wheel};
use crate::{
    Begin, ChannelRef, ConnectionRef, Event, Limits, Message, Now, Outside, ShardSeat, Transport,
};

/// Size of the one read buffer of a shard, in bytes.
const READ_BUFFER_BYTES: usize = 64 * 1024;

/// How the server names itself in a welcome.
#[derive(Clone, Debug)]
pub struct ServerName {
    /// Name and version, such as `frontdesk/0.1.0`.
    pub server: String,
    /// Changes when the process does.
    pub boot_id: String,
}

/// What a turn left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// There is more to do at once.
    pub busy: bool,
    /// A fan-out is under way that goes on with the next turn.
    pub fanning_out: bool,
    /// When there is something to do even if nothing arrives, on the monotonic clock.
    pub wake_ms: Option<u64>,
    /// Connections of this shard, those that are being closed included.
    pub connections: usize,
}

/// The part of a node that owns a share of the sockets.
pub struct Shard<T, O> {
    pub(crate) id: u16,
    pub(crate) limits: Limits,
    pub(crate) seat: Seat<T>,
    pub(crate) outside: O,
    pub(crate) now: Now,
    pub(crate) connections: Connections<T>,
    pub(crate) channels: Channels,
    /// Channels with bytes to write.
    pub(crate) dirty: VecDeque<ChannelIndex>,
    /// Channels whose head is to be asked for, at the end of the turn in one request.
    pub(crate) opening: Vec<ChannelRef>,
    /// What is read of the log for those who catch up.
    pub(crate) pages: Pages,
    /// Texts that are being written.
    pub(crate) growing: Growing,
    /// Reads of the log that failed, and when to try again.
    pub(crate) retries: Vec<(u64, Retry)>,
    /// Connections that broke while they were written to; buried at the next safe point.
    pub(crate) broken: Vec<(u32, Breakage)>,
    /// Memory that is lent.
    pub(crate) scratch: BytesMut,
    pub(crate) json: String,
    pub(crate) name: ServerName,
    pub(crate) users: HashMap<UserId, Vec<u32>>,
    wheel: Wheel,
    pub(crate) read_buffer: Vec<u8>,
    pub(crate) draining: bool,
    pub(crate) lent: Lent,
}

/// Lists that are used again each turn.
#[derive(Default)]
pub(crate) struct Lent {
    pub(crate) ready: Vec<u32>,
    fired: Vec<Timer>,
    pub(crate) inputs: Vec<Input>,
}

impl<T: Transport, O: Outside> Shard<T, O> {
    /// A shard in its seat. `revocations` is the head of the internal channel, read from the log
    /// before any connection of this shard: every later revocation will be seen.
    pub fn new(
        seat: ShardSeat<T>,
        name: ServerName,
        revocations: (protocol::Epoch, u64),
        outside: O,
        now: Now,
    ) -> Self {
        let seat = seat.0;
        let mut channels = Channels::default();
        let index = channels.insert(ChannelName::revocations(), Tongue::Events);
        let internal = channels.at(index);
        internal.pinned = true;
        internal.open(revocations.0, revocations.1);
        Self {
            id: seat.id,
            limits: seat.limits,
            connections: Connections::new(Arc::clone(seat.inbox.signal())),
            seat,
            outside,
            now,
            channels,
            dirty: VecDeque::new(),
            opening: Vec::new(),
            pages: Pages::default(),
            growing: Growing::default(),
            retries: Vec::new(),
            broken: Vec::new(),
            scratch: BytesMut::new(),
            json: String::new(),
            name,
            users: HashMap::new(),
            wheel: Wheel::new(now.monotonic_ms),
            read_buffer: vec![0; READ_BUFFER_BYTES],
            draining: false,
            lent: Lent::default(),
        }
    }

    /// Remembers whom to wake when there is something to do.
    pub fn register(&self, driver: &Waker) {
        self.seat.inbox.signal().register(driver);
    }

    /// Does what there is to do now. Never blocks.
    pub fn turn(&mut self, now: Now) -> Turn {
        self.now = now;
        self.pages.expire(now.monotonic_ms);
        let waiting = self.seat.inbox.take();
        for message in waiting.messages {
            self.handle(message);
        }
        for (channel, head) in waiting.heads {
            self.learn_head(&channel, head);
        }
        self.serve_ready();
        self.fire_timers();
        self.retry_reads();
        self.flush();
        self.ask_heads();
        self.seat
            .counters
            .channels
            .store(self.channels.len() - 1, Ordering::Relaxed);
        let inbox = &self.seat.inbox;
        let retry_ms = self.retries.iter().map(|(due_ms, _)| *due_ms).min();
        Turn {
            busy: !self.dirty.is_empty() || !inbox.is_empty() || inbox.signal().has_ready(),
            fanning_out: !self.dirty.is_empty(),
            wake_ms: [self.wheel.next_ms(), retry_ms, self.pages.next_ms()]
                .into_iter()
                .flatten()
                .min(),
            connections: self.connections.len(),
        }
    }

    fn handle(&mut self, message: Message<T>) {
        match message {
            Message::Attach(attach) => self.attach(*attach),
            Message::Events(events) => {
                for event in events.iter() {
                    self.take_event(event);
                }
            }
            Message::Registered { to, user, session } => {
                if let Some(client) = self.client(to)
                    && matches!(client.phase, Phase::Authenticating)
                    && client.account.is_none()
                {
                    client.account = Some(Box::new(Account {
                        user,
                        session,
                        welcome: None,
                    }));
                    self.users.entry(user).or_default().push(to.slot);
                }
            }
            Message::Admit { to, admission } => self.admit(to, *admission),
            Message::Refuse { to, goodbye } => {
                if self.client(to).is_some() {
                    self.close(to.slot, goodbye);
                }
            }
            Message::Drop { to, code } => {
                if let Some(client) = self.client(to) {
                    client.ends(code.code(), "dropped without a frame: refused too often");
                    self.gone(to.slot, "");
                }
            }
            Message::Extend { to, expires_at } => self.extend(to, expires_at),
            Message::Grant { to } => self.granted(to),
            Message::Done { to, data } => {
                if let Some(client) = self.client(to)
                    && let Some(under_way) = client.under_way.take()
                {
                    if let Some(data) = data {
                        self.send(
                            to.slot,
                            &ServerFrame::Reply {
                                id: under_way.id,
                                data,
                            },
                        );
                    }
                    self.next_commands(to.slot);
                }
            }
            Message::Passing(passing) => {
                for index in self.channels.named(&passing.channel) {
                    let mut json = std::mem::take(&mut self.json);
                    self.channels.at(index).pass(&passing, &mut json);
                    self.json = json;
                    self.mark_dirty(index);
                }
            }
            Message::Growth(growth) => self.grow(&growth),
            Message::Grown { channel, message } => self.growing.end(&channel, message),
            Message::Deny { to, problem } => {
                if let Some(client) = self.client(to)
                    && let Some(under_way) = client.under_way.take()
                {
                    self.perform(to.slot, refusal(under_way.id, *problem));
                    self.next_commands(to.slot);
                }
            }
            Message::Page { read, result } => self.take_page(read, result),
            Message::Heads { asked, result } => self.take_heads(asked, result),
            Message::Reconcile => self.reconcile(),
            Message::Live { asked, tell } => tell.tell(self.live(asked)),
            Message::Close {
                connection,
                goodbye,
                tell,
            } => tell.tell(self.close_by_id(connection, goodbye)),
            Message::Drain { window_ms } => self.drain(window_ms),
        }
        self.bury();
    }

    // --- answers from outside -------------------------------------------------------------------

    fn granted(&mut self, to: ConnectionRef) {
        let limit = self.limits.subscriptions_max;
        let Some(client) = self.client(to) else {
            return;
        };
        let Some(under_way) = client.under_way.as_mut() else {
            return;
        };
        let Awaited::Subscribe { channel, position } = &under_way.what else {
            return;
        };
        let (channel, position) = (channel.clone(), *position);
        under_way.what = Awaited::Entry {
            channel: channel.clone(),
        };
        let id = under_way.id.clone();
        let subscriptions = client.subscriptions.len();
        let tongue = client.tongue();
        let known = self.channels.find(&channel, tongue);
        if let Some(index) = known
            && let Some(entry) = self.standing(to.slot, index)
        {
            if position.is_none() {
                return self.answer_entry(to.slot, &entry);
            }
        } else if subscriptions >= limit {
            let detail = format!("the socket has {subscriptions} subscriptions, at most {limit}");
            if let Some(client) = self.client(to) {
                client.under_way = None;
            }
            self.perform(
                to.slot,
                refusal(id, Problem::new(ErrorCode::SubscriptionLimit, detail)),
            );
            return self.next_commands(to.slot);
        }
        self.join(
            to.slot,
            crate::JoinChannel {
                channel,
                begin: position.map_or(Begin::Now, Begin::Position),
                automatic: false,
            },
        );
    }

    fn extend(&mut self, to: ConnectionRef, expires_at: Timestamp) {
        let (now, limits) = (self.now, self.limits);
        let Some(client) = self.client(to) else {
            return;
        };
        let Some(under_way) = client.under_way.take() else {
            return;
        };
        client.deadline_ms = expiry_ms(expires_at, now, &limits);
        let data = serde_json::json!({ "expires_at": expires_at });
        self.send(
            to.slot,
            &ServerFrame::Reply {
                id: under_way.id,
                data,
            },
        );
        self.schedule(to.slot);
        self.next_commands(to.slot);
    }

    pub(crate) fn unsubscribe(&mut self, slot: u32, id: Option<CommandId>, channel: &ChannelName) {
        let tongue = self.connections.get(slot).map(|it| it.client.tongue());
        let index = tongue.and_then(|tongue| self.channels.find(channel, tongue));
        let found = index.and_then(|index| {
            let client = &mut self.connections.get(slot)?.client;
            client
                .subscription(index)
                .map(|subscription| (index, subscription.automatic))
        });
        let refuse = |detail| refusal(id.clone(), Problem::new(ErrorCode::NotSubscribed, detail));
        match found {
            Some((index, false)) => {
                self.leave(slot, index);
                self.send(
                    slot,
                    &ServerFrame::Reply {
                        id,
                        data: serde_json::json!({}),
                    },
                );
            }
            Some((_, true)) => {
                let effect = refuse(format!("{channel} is automatic and cannot be left"));
                self.perform(slot, effect);
            }
            None => {
                let effect = refuse(format!("there is no subscription to {channel}"));
                self.perform(slot, effect);
            }
        }
    }

    /// Frames an event that was announced or read, or remembers that the log has it.
    pub(crate) fn take_event(&mut self, event: &Event) {
        for index in self.channels.named(&event.channel) {
            self.take_event_in(index, event);
        }
    }

    /// The same for one channel.
    pub(crate) fn take_event_in(&mut self, index: ChannelIndex, event: &Event) {
        let channel = self.channels.at(index);
        if !channel.accepts(event.offset) {
            return self.fill_hole(index);
        }
        let mut json = std::mem::take(&mut self.json);
        channel.frame(event, &mut json);
        self.json = json;
        if channel.pinned {
            self.obey(event);
        } else {
            self.mark_dirty(index);
        }
    }

    /// Does what an event of the internal channel asks.
    fn obey(&mut self, event: &Event) {
        let read = match event.name {
            EventName::SessionRevoked => {
                serde_json::from_str(&event.data).map(|revocation| self.revoke(&revocation))
            }
            EventName::TextErased => {
                serde_json::from_str(&event.data).map(|erasure| self.forget(&erasure))
            }
            _ => return, // of a newer node
        };
        if let Err(error) = read {
            tracing::error!(%error, offset = event.offset, "unreadable internal event");
        }
    }

    /// Texts were erased from the log: the frames that hold them are forgotten too.
    fn forget(&mut self, erasure: &Erasure) {
        for name in &erasure.channels {
            for index in self.channels.named(name) {
                self.channels.at(index).forget();
                self.pages.rewritten(index);
            }
        }
    }

    fn revoke(&mut self, revocation: &Revocation) {
        let code = CloseCode::from_code(revocation.code).unwrap_or(CloseCode::SessionEnded);
        let slots = self
            .users
            .get(&revocation.user)
            .cloned()
            .unwrap_or_default();
        for slot in slots {
            let ended = self
                .account(slot)
                .is_some_and(|(_, session)| revocation.sessions.contains(session));
            if ended {
                self.close(slot, Goodbye::new(code, revocation.detail.clone()));
            }
        }
    }

    // --- time -----------------------------------------------------------------------------------

    /// Makes sure that the wheel looks at a connection when it is due.
    pub(crate) fn schedule(&mut self, slot: u32) {
        let generation = self.connections.generation(slot);
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        let due_ms = connection.client.due_ms();
        if due_ms < connection.timer_ms {
            connection.timer_ms = due_ms;
            self.wheel.insert(Timer {
                due_ms,
                slot,
                generation,
            });
        }
    }

    fn fire_timers(&mut self) {
        let mut fired = std::mem::take(&mut self.lent.fired);
        self.wheel.advance(self.now.monotonic_ms, &mut fired);
        for timer in fired.drain(..) {
            if !self.connections.is_current(timer.slot, timer.generation) {
                continue;
            }
            let Some(connection) = self.connections.get(timer.slot) else {
                continue;
            };
            if connection.timer_ms != timer.due_ms {
                continue; // an earlier one took its place
            }
            connection.timer_ms = u64::MAX;
            if connection.client.due_ms() <= self.now.monotonic_ms {
                self.due(timer.slot);
            }
            self.schedule(timer.slot);
            self.bury();
        }
        self.lent.fired = fired;
    }

    fn due(&mut self, slot: u32) {
        let (now, limits) = (self.now, self.limits);
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        let client = &mut connection.client;
        let late_ms = now.monotonic_ms.saturating_sub(client.deadline_ms);
        match client.phase {
            Phase::Waiting => {
                let detail = format!("no token came within {} s", limits.connect_ms / 1_000);
                self.close(slot, Goodbye::new(CloseCode::TokenMissing, detail));
            }
            Phase::Authenticating | Phase::Joining(_) => {
                let detail = format!("no answer within {} s", limits.admission_ms / 1_000);
                let goodbye = Goodbye::new(CloseCode::Overloaded, detail);
                self.close(
                    slot,
                    Goodbye {
                        retry_after_ms: Some(5_000),
                        ..goodbye
                    },
                );
            }
            Phase::Echo => self.close_with(slot, 1000, "an echo socket lives 60 s", None),
            Phase::Closing => {
                connection.transport.abort();
                self.gone(slot, "the peer did not answer the close frame");
            }
            Phase::Open if now.monotonic_ms >= client.deadline_ms => {
                let ago = (late_ms + limits.expiry_grace_ms) / 1_000;
                let detail = format!("the token expired {ago} s ago and was not refreshed");
                self.close(slot, Goodbye::new(CloseCode::TokenExpired, detail));
            }
            Phase::Open if client.unheard => {
                let detail = format!("nothing was heard for {} s", limits.heartbeat_ms / 1_000);
                self.close(slot, Goodbye::new(CloseCode::NoPong, detail));
            }
            Phase::Open => {
                client.unheard = true;
                client.ping_ms = now.monotonic_ms + limits.heartbeat_ms;
                let heartbeat = ServerFrame::Heartbeat {
                    server_time: now.wall,
                }
                .to_json();
                self.scratch.clear();
                websocket::write_frame(&mut self.scratch, Opcode::Ping, b"");
                websocket::write_frame(&mut self.scratch, Opcode::Text, heartbeat.as_bytes());
                self.write_scratch(slot);
            }
        }
    }

    // --- small things ---------------------------------------------------------------------------

    /// The client that a reference names, unless it is gone.
    pub(crate) fn client(&mut self, to: ConnectionRef) -> Option<&mut Client> {
        if !self.connections.is_current(to.slot, to.generation) {
            return None;
        }
        self.connections
            .get(to.slot)
            .map(|connection| &mut connection.client)
    }

    pub(crate) fn reference(&self, slot: u32) -> ConnectionRef {
        ConnectionRef {
            shard: self.id,
            slot,
            generation: self.connections.generation(slot),
        }
    }

    pub(crate) fn account(&mut self, slot: u32) -> Option<(UserId, protocol::SessionId)> {
        let account = self.connections.get(slot)?.client.account.as_ref()?;
        Some((account.user, account.session))
    }
}
