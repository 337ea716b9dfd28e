//! How connections end: with a goodbye and a close frame where the peer may still read them, and
//! never twice. Start at [`Shard::close`].

use std::sync::atomic::Ordering;

use protocol::{CloseCode, Goodbye, ServerFrame};
use websocket::Opcode;

use crate::client::Phase;
use crate::{Closed, Outside, Request, Shard, Transport};

/// Why a connection cannot go on being written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breakage {
    /// Its outbox is full.
    TooSlow,
    /// The socket is broken.
    Lost(std::io::ErrorKind),
}

impl<T: Transport, O: Outside> Shard<T, O> {
    /// Says goodbye and closes. What waits in the outbox is dropped: the log has it.
    pub(crate) fn close(&mut self, slot: u32, goodbye: Goodbye) {
        let reason = goodbye.code.reason(&goodbye.detail);
        self.close_with(slot, goodbye.code.code(), &reason, Some(goodbye));
    }

    pub(crate) fn close_with(
        &mut self,
        slot: u32,
        code: u16,
        reason: &str,
        goodbye: Option<Goodbye>,
    ) {
        let (now, limits) = (self.now, self.limits);
        match self.connections.get(slot) {
            Some(connection) if !matches!(connection.client.phase, Phase::Closing) => {}
            _ => return,
        }
        self.retire(slot);
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        connection.client.ends(code, reason);
        connection.client.closing(now, &limits);
        let before = connection.outbox_bytes();
        if let Some(outbox) = &mut connection.outbox {
            outbox.cut();
        }
        let after = connection.outbox_bytes();
        self.seat
            .counters
            .outbox_bytes
            .fetch_sub(before - after, Ordering::Relaxed);
        self.scratch.clear();
        if let Some(goodbye) = goodbye {
            let json = ServerFrame::Goodbye(goodbye).to_json();
            websocket::write_frame(&mut self.scratch, Opcode::Text, json.as_bytes());
        }
        websocket::write_close(&mut self.scratch, code, reason);
        self.write_scratch(slot);
        self.schedule(slot);
    }

    /// Takes a connection out of every channel and count; it will get nothing any more.
    pub(crate) fn retire(&mut self, slot: u32) {
        while let Some(connection) = self.connections.get(slot)
            && let Some(subscription) = connection.client.subscriptions.last()
        {
            let index = subscription.channel;
            self.leave(slot, index);
        }
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        let Some(account) = &mut connection.client.account else {
            return;
        };
        if let Some(slots) = self.users.get_mut(&account.user) {
            slots.retain(|other| *other != slot);
            if slots.is_empty() {
                self.users.remove(&account.user);
            }
        }
        if let Some(welcome) = account.welcome.take()
            && let Some(presence) = self.seat.census.leave(self.id, &welcome)
        {
            self.outside.ask(Request::Presence {
                presence,
                online: false,
            });
        }
    }

    /// Closes the connections that broke while they were written to.
    pub(crate) fn bury(&mut self) {
        while let Some((slot, breakage)) = self.broken.pop() {
            match breakage {
                Breakage::TooSlow => {
                    let slow_closes = &self.seat.counters.slow_closes;
                    slow_closes.fetch_add(1, Ordering::Relaxed);
                    let limit = self.limits.outbox_max_bytes;
                    let detail = format!("more than {limit} bytes waited to be read");
                    self.close(slot, Goodbye::new(CloseCode::TooSlow, detail));
                }
                Breakage::Lost(kind) => self.gone(slot, &format!("the socket is broken: {kind}")),
            }
        }
    }

    /// Lets a connection go once its close frame is out and the peer has said goodbye too. The
    /// goodbye of a peer that broke the protocol cannot be read: it is told that nothing follows,
    /// and what it still sends is passed over until it closes, so that no reset overtakes our
    /// close frame.
    pub(crate) fn gone_if_flushed(&mut self, slot: u32) {
        if let Some(connection) = self.connections.get(slot)
            && connection.outbox.is_none()
        {
            if connection.client.peer_closed {
                self.gone(slot, "closed by both sides");
            } else if connection.reader.has_ended() {
                connection.transport.finish();
            }
        }
    }

    /// Forgets a connection.
    pub(crate) fn gone(&mut self, slot: u32, detail: &str) {
        self.retire(slot);
        self.broken.retain(|(other, _)| *other != slot);
        let Some(mut connection) = self.connections.remove(slot) else {
            return;
        };
        let waiting = connection.outbox_bytes();
        self.seat
            .counters
            .outbox_bytes
            .fetch_sub(waiting, Ordering::Relaxed);
        connection.client.ends(1006, detail);
        let client = connection.client;
        let Some(farewell) = client.farewell else {
            return;
        };
        let (code, detail) = *farewell;
        self.seat.census.closed(code, client.welcomed);
        self.outside.ask(Request::Closed(Closed {
            connection: client.connection,
            user: client.account.map(|account| account.user),
            address: client.address,
            welcomed: client.welcomed,
            code,
            detail: detail.as_ref().to_owned(),
            lived_ms: self.now.monotonic_ms.saturating_sub(client.attached_ms),
        }));
    }

    /// Closes every connection for a restart, each told another time to come back.
    pub(crate) fn drain(&mut self, window_ms: u64) {
        self.draining = true;
        let slots = self.connections.occupied();
        let count = slots.len() as u64;
        for (place, slot) in slots.into_iter().enumerate() {
            self.close(slot, restarting(window_ms * place as u64 / count));
        }
    }
}

/// The close of a restart.
pub(crate) fn restarting(retry_after_ms: u64) -> Goodbye {
    Goodbye {
        code: CloseCode::ServerRestarting,
        detail: "the server is being restarted".to_owned(),
        retry_after_ms: Some(retry_after_ms),
    }
}
