//! How a connection begins: a socket comes, its token is checked outside, it joins its channels, and
//! once each has its entry it gets its welcome. Start at [`Shard::attach`].

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::{CloseCode, Goodbye, ServerFrame, Timestamp};

use crate::client::{ChatSide, Client, Phase, Welcoming};
use crate::connections::Connection;
use crate::farewell::restarting;
use crate::reading::connect;
use crate::statistics::Entered;
use crate::{
    Admission, Attach, ConnectionRef, Limits, Now, Opening, Outside, Request, Shard, Transport,
};

impl<T: Transport, O: Outside> Shard<T, O> {
    pub(crate) fn attach(&mut self, attach: Attach<T>) {
        let now = self.now;
        let (phase, wait_ms) = match attach.opening {
            Opening::Echo => (Phase::Echo, self.limits.echo_ms),
            Opening::FirstFrame => (Phase::Waiting, self.limits.connect_ms),
            Opening::Token(_) => (Phase::Authenticating, self.limits.admission_ms),
            Opening::Refused(_) => (Phase::Waiting, self.limits.close_ms),
        };
        let deadline_ms = now.monotonic_ms + wait_ms;
        let mut client = Client::new(attach.connection, attach.address, phase, deadline_ms, now);
        client.chat = attach
            .chat
            .map(|asked| Box::new(ChatSide { asked, chat: None }));
        let slot = self
            .connections
            .insert(Connection::new(attach.transport, client));
        self.schedule(slot);
        if self.draining {
            self.close(slot, restarting(0));
        } else {
            match attach.opening {
                Opening::Token(token) => {
                    let from = self.reference(slot);
                    if let Some(client) = self.client(from) {
                        let connect = connect(from, client, token, BTreeMap::new());
                        self.outside.ask(connect);
                    }
                }
                Opening::Refused(goodbye) => self.close(slot, goodbye),
                Opening::FirstFrame | Opening::Echo => {}
            }
        }
        let mut leftover = attach.leftover;
        if !leftover.is_empty() {
            self.digest(slot, &mut leftover);
        }
        // The first look also leaves the waker with the socket.
        self.seat.inbox.signal().ready(slot);
    }

    pub(crate) fn admit(&mut self, to: ConnectionRef, admission: Admission) {
        let now = self.now;
        let limits = self.limits;
        let census = Arc::clone(&self.seat.census);
        let Some(client) = self.client(to) else {
            return;
        };
        if !matches!(client.phase, Phase::Authenticating) {
            return;
        }
        let Some(account) = client.account.as_mut() else {
            return;
        };
        let first = match census.enter(to.shard, &admission.user, now.wall, limits.per_user_max) {
            Entered::TooMany => {
                let most = limits.per_user_max;
                let detail = format!("this account has {most} sockets open already");
                return self.close(to.slot, Goodbye::new(CloseCode::TooManyConnections, detail));
            }
            Entered::First(presence) => Some(presence),
            Entered::Another => None,
        };
        account.welcome = Some(admission.user);
        if let (Some(side), Some(opening)) = (&mut client.chat, &admission.chat) {
            side.chat = Some(opening.chat.id);
        }
        client.phase = Phase::Joining(Box::new(Welcoming {
            expires_at: admission.expires_at,
            expires_ms: expiry_ms(admission.expires_at, now, &limits),
            entries: Vec::with_capacity(admission.channels.len()),
            missing: admission.channels.len(),
            denied: admission.denied,
            chat: admission.chat,
            shows_presence: admission.shows_presence,
        }));
        if let Some(presence) = first {
            self.outside.ask(Request::Presence {
                presence,
                online: true,
            });
        }
        if admission.channels.is_empty() {
            return self.welcome(to.slot);
        }
        for join in admission.channels {
            self.join(to.slot, join);
        }
    }

    /// Sends the welcome once every channel has its entry; then what was missed follows.
    pub(crate) fn welcome(&mut self, slot: u32) {
        let now = self.now;
        let limits = self.limits;
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        let client = &mut connection.client;
        let Some(user) = client
            .account
            .as_ref()
            .and_then(|account| account.welcome.clone())
        else {
            return;
        };
        let welcoming = match std::mem::replace(&mut client.phase, Phase::Open) {
            Phase::Joining(welcoming) => welcoming,
            other => {
                client.phase = other;
                return;
            }
        };
        client.welcomed = true;
        client.deadline_ms = welcoming.expires_ms;
        // Spread over the interval, so that a storm of connects is not a storm of pings for ever.
        let share = (u64::from(slot).wrapping_mul(0x9E37_79B9) % 1_000) + 1;
        client.ping_ms = now.monotonic_ms + (limits.heartbeat_ms * share / 1_000).max(1);
        let (chat, messages) = match welcoming.chat {
            None => (None, None),
            Some(opening) => (Some(opening.chat), Some(opening.messages)),
        };
        let frame = ServerFrame::Welcome(Box::new(protocol::Welcome {
            connection_id: client.connection,
            server: self.name.server.clone(),
            boot_id: self.name.boot_id.clone(),
            server_time: now.wall,
            user,
            expires_at: welcoming.expires_at,
            heartbeat_seconds: limits.heartbeat_ms / 1_000,
            limits: protocol::Limits {
                frame_max_bytes: limits.frame_max_bytes,
                messages_per_second: limits.messages_per_second,
                message_burst: limits.message_burst,
                subscriptions_max: limits.subscriptions_max,
            },
            channels: welcoming.entries,
            chat,
            messages,
            presence: welcoming.shows_presence.then(|| self.seat.census.online()),
        }));
        let connection = client.connection;
        self.outside.ask(Request::Welcomed(connection));
        self.send(slot, &frame);
        for denied in welcoming.denied {
            let (channel, code, detail) = (denied.channel, denied.code, denied.detail);
            self.send(
                slot,
                &ServerFrame::Unsubscribed {
                    channel,
                    code,
                    detail,
                },
            );
        }
        self.schedule(slot);
        self.catch_up_all(slot);
        self.next_commands(slot);
    }
}

/// When a connection must go unless it is refreshed, on the monotonic clock: a calendar that jumps
/// later changes nothing.
pub(crate) fn expiry_ms(expires_at: Timestamp, now: Now, limits: &Limits) -> u64 {
    let left_ms = u64::try_from(expires_at.0.saturating_sub(now.wall.0)).unwrap_or(0);
    now.monotonic_ms + left_ms + limits.expiry_grace_ms
}
