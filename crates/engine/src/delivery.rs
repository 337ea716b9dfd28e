//! Writing: to one socket, and the same bytes to many.

use std::io::ErrorKind;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use bytes::Bytes;
use protocol::ServerFrame;
use websocket::Opcode;

use crate::channel::{ChannelIndex, Kind};
use crate::client::{Phase, Place};
use crate::farewell::Breakage;
use crate::growing::Growth;
use crate::{Outside, Shard, Transport};

impl<T: Transport, O: Outside> Shard<T, O> {
    /// Sends a frame to one socket.
    pub(crate) fn send(&mut self, slot: u32, frame: &ServerFrame) {
        let json = frame.to_json();
        self.write_frame(slot, Opcode::Text, json.as_bytes());
    }

    pub(crate) fn write_frame(&mut self, slot: u32, opcode: Opcode, payload: &[u8]) {
        self.scratch.clear();
        websocket::write_frame(&mut self.scratch, opcode, payload);
        self.write_scratch(slot);
    }

    /// Writes the frames in the scratch buffer to one socket.
    pub(crate) fn write_scratch(&mut self, slot: u32) {
        let chunk = self.scratch.split().freeze();
        self.write(slot, &chunk);
        // Gives the memory back to the buffer when no outbox holds on to it.
        if let Ok(chunk) = chunk.try_into_mut() {
            self.scratch = chunk;
        }
    }

    /// Writes whole frames to one socket, or queues what it does not take. A connection that
    /// breaks is noted, not removed: see [`Shard::bury`].
    pub(crate) fn write(&mut self, slot: u32, chunk: &Bytes) {
        let Some((connection, waker)) = self.connections.with_waker(slot) else {
            return;
        };
        let mut written = 0;
        if connection.outbox.is_none() {
            loop {
                match connection.transport.try_write(&chunk[written..]) {
                    Ok(count) => {
                        written += count;
                        if written == chunk.len() {
                            return;
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => {
                        self.broken.push((slot, Breakage::Lost(error.kind())));
                        return;
                    }
                }
            }
            let mut context = Context::from_waker(waker);
            if connection.transport.poll_writable(&mut context).is_ready() {
                self.seat.inbox.signal().ready(slot);
            }
        }
        let outbox = connection.outbox.get_or_insert_default();
        let before = outbox.bytes();
        outbox.push(chunk.clone(), written);
        let after = outbox.bytes();
        self.seat
            .counters
            .outbox_bytes
            .fetch_add(after - before, Ordering::Relaxed);
        let closing = matches!(connection.client.phase, Phase::Closing);
        if after > self.limits.outbox_max_bytes && !closing {
            self.broken.push((slot, Breakage::TooSlow));
        }
    }

    /// Goes on with a socket that would block.
    pub(crate) fn drain_outbox(&mut self, slot: u32) {
        let Some((connection, waker)) = self.connections.with_waker(slot) else {
            return;
        };
        let Some(outbox) = &mut connection.outbox else {
            return;
        };
        let before = outbox.bytes();
        let result = loop {
            match outbox.flush(&mut connection.transport) {
                Ok(false) => {
                    let mut context = Context::from_waker(waker);
                    if let Poll::Ready(()) = connection.transport.poll_writable(&mut context) {
                        continue;
                    }
                    break Ok(false);
                }
                other => break other,
            }
        };
        let flushed = before - outbox.bytes();
        self.seat
            .counters
            .outbox_bytes
            .fetch_sub(flushed, Ordering::Relaxed);
        match result {
            Ok(false) => {}
            Ok(true) => {
                connection.outbox = None;
                if std::mem::take(&mut connection.skipped_growth) {
                    self.send_growing(slot);
                }
                self.catch_up_all(slot);
                self.gone_if_flushed(slot);
            }
            Err(error) => self.broken.push((slot, Breakage::Lost(error.kind()))),
        }
    }

    // --- growing texts --------------------------------------------------------------------------

    /// Takes a piece of a growing text, and passes it on to those who listen.
    pub(crate) fn grow(&mut self, growth: &Growth) {
        if !self.growing.grow(growth) {
            return;
        }
        for index in self.channels.named(&growth.channel) {
            let channel = self.channels.at(index);
            channel.grow(growth, &self.growing, &mut self.json);
            self.mark_dirty(index);
        }
    }

    fn is_blocked(&mut self, slot: u32) -> bool {
        let connection = self.connections.get(slot);
        connection.is_some_and(|connection| connection.outbox.is_some())
    }

    /// One that does not keep up gets the text in one piece later: a growing text never fills an
    /// outbox.
    fn skip_growth(&mut self, slot: u32) {
        if let Some(connection) = self.connections.get(slot) {
            connection.skipped_growth = true;
        }
    }

    /// Sends what there is so far of every text that grows where this connection listens.
    fn send_growing(&mut self, slot: u32) {
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        self.scratch.clear();
        for subscription in &connection.client.subscriptions {
            if let Place::Live { .. } = subscription.place {
                let channel = self.channels.at(subscription.channel);
                let (name, tongue) = (&channel.name, channel.tongue);
                self.growing
                    .write_whole(name, tongue, &mut self.scratch, &mut self.json);
            }
        }
        self.write_what_there_is(slot);
    }

    /// The same for one channel, to one who has just gone live.
    pub(crate) fn send_growing_of(&mut self, slot: u32, index: ChannelIndex) {
        self.scratch.clear();
        let channel = self.channels.at(index);
        let (name, tongue) = (&channel.name, channel.tongue);
        self.growing
            .write_whole(name, tongue, &mut self.scratch, &mut self.json);
        self.write_what_there_is(slot);
    }

    fn write_what_there_is(&mut self, slot: u32) {
        if !self.scratch.is_empty() {
            self.write_scratch(slot);
        }
    }

    // --- to many --------------------------------------------------------------------------------

    pub(crate) fn mark_dirty(&mut self, index: ChannelIndex) {
        let channel = self.channels.at(index);
        if !channel.dirty {
            channel.dirty = true;
            self.dirty.push_back(index);
        }
    }

    /// Writes a slice of each fan-out: a long one does not hold up the short ones.
    pub(crate) fn flush(&mut self) {
        for _ in 0..self.dirty.len() {
            let Some(index) = self.dirty.pop_front() else {
                break;
            };
            if self.fan_out(index) {
                self.dirty.push_back(index);
            } else if let Some(channel) = self.channels.get(index) {
                channel.dirty = false;
            }
        }
    }

    /// Writes one slice of a channel's fan-out. True when there is more to write.
    fn fan_out(&mut self, index: ChannelIndex) -> bool {
        let Some(channel) = self.channels.get(index) else {
            return false;
        };
        if !channel.dirty || !channel.seal(&self.limits) {
            return false;
        }
        let Some(fan_out) = channel.fan_out() else {
            return false;
        };
        let end = channel
            .subscribers
            .len()
            .min(fan_out.cursor + self.limits.fan_out_slice);
        let mut deliveries = 0;
        let mut coalesced_writes = 0;
        if fan_out.kind() != Kind::Events {
            for at in fan_out.cursor..end {
                let slot = self.channels.at(index).subscribers[at].slot;
                if fan_out.kind() == Kind::Growth && self.is_blocked(slot) {
                    self.skip_growth(slot);
                } else {
                    self.write(slot, fan_out.bytes());
                }
            }
        }
        let numbered = match fan_out.kind() {
            Kind::Events => fan_out.cursor,
            Kind::Passing | Kind::Growth => end,
        };
        for at in numbered..end {
            let subscriber = &mut self.channels.at(index).subscribers[at];
            let (slot, sent) = (subscriber.slot, subscriber.sent);
            subscriber.sent = subscriber.sent.max(fan_out.last());
            debug_assert!(self.connections.is_current(slot, subscriber.generation));
            if let Some((chunk, frames)) = fan_out.whole_after(sent) {
                deliveries += frames;
                coalesced_writes += u64::from(frames > 1);
                self.write(slot, chunk);
            } else if let Some((chunk, frames)) = fan_out.after(sent) {
                deliveries += frames;
                coalesced_writes += u64::from(frames > 1);
                self.write(slot, &chunk);
            }
        }
        self.seat.counters.delivered(deliveries, coalesced_writes);
        self.channels.at(index).advance_fan_out(end);
        // Only now may connections go: they take subscribers with them.
        self.bury();
        let Some(channel) = self.channels.get(index) else {
            return false;
        };
        if channel.cursor().is_some() {
            return true;
        }
        channel.has_bytes()
    }
}
