//! A channel as one shard serves it: who listens, the last offset framed, the newest events, and
//! the bytes waiting to be written. No socket is touched here.
//!
//! Three offsets tell where a channel is. Up to `sealed` every event has been handed to a fan-out
//! and may be in `recent`; from there to `framed` the events are in `pending`; from there to
//! `known_head` they are in the log only and must be read.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, LazyLock};

use bytes::{Bytes, BytesMut};
use protocol::{ChannelName, Epoch, Tongue};
use websocket::Opcode;

use crate::growing::{Growing, Growth};
use crate::{Event, Limits, Passing};

/// Most bytes of passing frames that wait in one channel, and of growing texts.
const PASSING_MAX_BYTES: usize = 64 * 1024;

/// Most bytes of batches that join in one fan-out. Small, because every socket that would block
/// keeps them.
const JOINED_MAX_BYTES: usize = 64 * 1024;

/// Memory that a channel keeps for its next batch: some events. What a larger batch had is given back.
const BATCH_KEPT_BYTES: usize = 4 * 1024;

/// Where the frames of a batch of one begin, which is most batches.
static ONE: LazyLock<Arc<[u32]>> = LazyLock::new(|| [0].into());

/// A place in a shard's list of channels.
pub(crate) type ChannelIndex = u32;

/// One connection's place in the fan-out of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subscriber {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
    /// The last offset it was given, or that it joined at.
    pub(crate) sent: u64,
}

/// Where a channel is in its life on this shard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Its head has been asked for.
    Opening,
    /// Events are framed as they come.
    Live,
}

pub(crate) struct Channel {
    pub(crate) name: ChannelName,
    /// How those who listen are spoken to: who speaks otherwise listens to a channel of its own.
    pub(crate) tongue: Tongue,
    pub(crate) state: State,
    /// The lifetime of the log that the offsets belong to; set when the channel is live.
    pub(crate) epoch: Option<Epoch>,
    /// The last offset framed.
    pub(crate) framed: u64,
    /// The highest offset that the log is known to have.
    pub(crate) known_head: u64,
    /// A page of the log is being read for the channel itself.
    pub(crate) reading: bool,
    /// Whom live events go to.
    pub(crate) subscribers: Vec<Subscriber>,
    /// Who waits for the opening, joins or catches up: slot and generation.
    pub(crate) behind: BTreeSet<(u32, u32)>,
    /// Whether the shard's list of channels with bytes to write has it.
    pub(crate) dirty: bool,
    /// Kept even if nobody listens: the internal channel.
    pub(crate) pinned: bool,
    pending: Batch,
    /// Frames without an offset, for whoever is live.
    passing: BytesMut,
    /// Pieces of growing texts, for whoever is live and keeps up.
    growth: BytesMut,
    fan_out: Option<FanOut>,
    /// What joined the fan-out under way, for those who had been served before.
    later: Option<Sealed>,
    recent: Recent,
    /// Frames up to this offset are not kept in `recent`: their text may have been erased.
    forgotten: u64,
    /// The page that is being read was asked for before the log was rewritten.
    page_is_older: bool,
}

/// Frames of consecutive events.
#[derive(Default)]
struct Batch {
    bytes: BytesMut,
    /// Where each frame begins.
    starts: Vec<u32>,
}

/// A batch that is whole.
#[derive(Clone)]
struct Sealed {
    /// Offset of the first frame.
    first: u64,
    bytes: Bytes,
    /// Where each frame begins; empty for frames without offsets.
    starts: Arc<[u32]>,
}

impl Sealed {
    /// This batch and the one that follows it.
    fn with(&self, next: &Self) -> Self {
        let mut bytes = BytesMut::with_capacity(self.bytes.len() + next.bytes.len());
        bytes.extend_from_slice(&self.bytes);
        bytes.extend_from_slice(&next.bytes);
        let shift = u32::try_from(self.bytes.len()).expect("batches that join are small");
        let moved = next.starts.iter().map(|start| start + shift);
        Self {
            first: self.first,
            bytes: bytes.freeze(),
            starts: self.starts.iter().copied().chain(moved).collect(),
        }
    }
}

/// A batch on its way to the subscribers.
#[derive(Clone)]
pub(crate) struct FanOut {
    batch: Sealed,
    kind: Kind,
    /// The subscribers before this place have been served.
    pub(crate) cursor: usize,
}

/// What a fan-out carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Events with offsets: each subscriber gets those it has not got.
    Events,
    /// Frames without: everyone who is live gets them.
    Passing,
    /// Pieces of growing texts: whoever does not keep up gets the whole text later instead.
    Growth,
}

impl FanOut {
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The frames of a batch without offsets.
    pub(crate) fn bytes(&self) -> &Bytes {
        &self.batch.bytes
    }

    /// The last offset of the batch.
    pub(crate) fn last(&self) -> u64 {
        self.batch.first + self.batch.starts.len() as u64 - 1
    }

    /// The frames after `sent`, and how many they are. None when all were sent.
    ///
    /// Invariant: `sent + 1 >= first`; a subscriber further behind is not live.
    pub(crate) fn after(&self, sent: u64) -> Option<(Bytes, u64)> {
        let batch = &self.batch;
        debug_assert!(
            sent + 1 >= batch.first,
            "a live subscriber has everything before the batch"
        );
        let skip = (sent + 1).saturating_sub(batch.first);
        let start = *batch.starts.get(usize::try_from(skip).ok()?)?;
        let frames = batch.starts.len() as u64 - skip;
        Some((batch.bytes.slice(start as usize..), frames))
    }

    /// The whole batch, if that is what follows `sent`; spares the common case a reference count.
    pub(crate) fn whole_after(&self, sent: u64) -> Option<(&Bytes, u64)> {
        let batch = &self.batch;
        (sent + 1 == batch.first).then_some((&batch.bytes, batch.starts.len() as u64))
    }
}

/// The newest frames, for those who were away for a moment.
#[derive(Default)]
struct Recent {
    frames: VecDeque<Bytes>,
    bytes: usize,
}

impl Channel {
    pub(crate) fn new(name: ChannelName, tongue: Tongue) -> Self {
        Self {
            name,
            tongue,
            state: State::Opening,
            epoch: None,
            framed: 0,
            known_head: 0,
            reading: false,
            subscribers: Vec::new(),
            behind: BTreeSet::new(),
            dirty: false,
            pinned: false,
            pending: Batch::default(),
            passing: BytesMut::new(),
            growth: BytesMut::new(),
            fan_out: None,
            later: None,
            recent: Recent::default(),
            forgotten: 0,
            page_is_older: false,
        }
    }

    /// Nobody listens and nothing is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.subscribers.is_empty() && self.behind.is_empty() && !self.pinned
    }

    /// Whether frames wait for a fan-out.
    pub(crate) fn has_bytes(&self) -> bool {
        !self.pending.starts.is_empty() || !self.passing.is_empty() || !self.growth.is_empty()
    }

    /// The last offset handed to a fan-out.
    pub(crate) fn sealed(&self) -> u64 {
        self.framed - self.pending.starts.len() as u64
    }

    /// Goes live at the head of the log.
    pub(crate) fn open(&mut self, epoch: Epoch, head: u64) {
        self.state = State::Live;
        self.epoch = Some(epoch);
        self.framed = head;
        self.known_head = self.known_head.max(head);
    }

    /// Whether the event is the next one. An older one was seen already; a later one means that
    /// the log must be read first, and is remembered as such.
    pub(crate) fn accepts(&mut self, offset: u64) -> bool {
        self.known_head = self.known_head.max(offset);
        self.state == State::Live && offset == self.framed + 1
    }

    /// Whether the log has events that were not announced in order.
    pub(crate) fn has_hole(&self) -> bool {
        self.state == State::Live && self.known_head > self.framed
    }

    /// Frames the next event, once for all subscribers. `json` is only lent for its memory.
    pub(crate) fn frame(&mut self, event: &Event, json: &mut String) {
        debug_assert_eq!(event.offset, self.framed + 1, "events are framed in order");
        self.framed = event.offset;
        if self.pinned {
            return; // read by the shard itself, and by nobody else
        }
        json.clear();
        event.frame().write_as(self.tongue, json);
        let start = u32::try_from(self.pending.bytes.len())
            .expect("a batch is bounded by the inbox and by pages, far below 4 GiB");
        self.pending.starts.push(start);
        websocket::write_frame(&mut self.pending.bytes, Opcode::Text, json.as_bytes());
    }

    /// Frames something passing. Dropped when too much of it waits, or nobody listens.
    pub(crate) fn pass(&mut self, passing: &Passing, json: &mut String) {
        if self.subscribers.is_empty() || self.passing.len() > PASSING_MAX_BYTES {
            return;
        }
        json.clear();
        protocol::EventFrame {
            id: None,
            channel: &self.name,
            offset: None,
            name: passing.name,
            at: passing.at,
            data: &passing.data,
        }
        .write_as(self.tongue, json);
        websocket::write_frame(&mut self.passing, Opcode::Text, json.as_bytes());
    }

    /// Frames a piece of a growing text. `growing` has taken it already: when too much waits, the
    /// texts so far take the place of their pieces.
    pub(crate) fn grow(&mut self, growth: &Growth, growing: &Growing, json: &mut String) {
        if self.subscribers.is_empty() {
            return;
        }
        if self.growth.len() + growth.text.len() > PASSING_MAX_BYTES {
            self.growth.clear();
            growing.write_whole(&self.name, self.tongue, &mut self.growth, json);
        } else {
            growth.write(self.tongue, &mut self.growth, json);
        }
    }

    /// Forgets the frames kept for those who were away: the log has been rewritten up to here.
    pub(crate) fn forget(&mut self) {
        self.recent = Recent::default();
        self.forgotten = self.framed;
        self.page_is_older = self.reading;
    }

    /// A page of the log has come. If it may have been read before the log was rewritten, what it
    /// holds is delivered, but not kept.
    pub(crate) fn page_came(&mut self, head: u64) {
        self.reading = false;
        if std::mem::take(&mut self.page_is_older) {
            self.forgotten = self.forgotten.max(head);
        }
    }

    /// Passes over offsets that can no longer be had. Whoever listened has been sent away, so what
    /// waits to be written is dropped.
    pub(crate) fn skip_to(&mut self, offset: u64) {
        self.pending = Batch::default();
        self.fan_out = None;
        self.later = None;
        self.framed = offset;
        self.known_head = self.known_head.max(offset);
        self.recent = Recent::default();
    }

    /// Makes what is pending a fan-out, unless one is under way. True when there is one to write.
    pub(crate) fn seal(&mut self, limits: &Limits) -> bool {
        if self.fan_out.is_some() {
            self.join_fan_out(limits);
            return true;
        }
        if self.pending.starts.is_empty() {
            let (kind, bytes) = if !self.passing.is_empty() {
                (Kind::Passing, self.passing.split().freeze())
            } else if !self.growth.is_empty() {
                (Kind::Growth, self.growth.split().freeze())
            } else {
                return false;
            };
            let batch = Sealed {
                first: self.framed + 1,
                bytes,
                starts: [].into(),
            };
            self.fan_out = Some(FanOut {
                batch,
                kind,
                cursor: 0,
            });
            return true;
        }
        self.fan_out = Some(FanOut {
            batch: self.seal_pending(limits),
            kind: Kind::Events,
            cursor: 0,
        });
        true
    }

    /// What became pending during a fan-out goes with it to those who are still to be served: one
    /// write carries both. The others get it right after.
    fn join_fan_out(&mut self, limits: &Limits) {
        let Some(fan_out) = &self.fan_out else { return };
        let waiting = self.later.as_ref().map_or(0, |later| later.bytes.len());
        let bytes = fan_out.batch.bytes.len() + waiting + self.pending.bytes.len();
        let joins = fan_out.kind == Kind::Events && bytes <= JOINED_MAX_BYTES;
        if !joins || self.pending.starts.is_empty() {
            return;
        }
        let next = self.seal_pending(limits);
        if let Some(fan_out) = &mut self.fan_out {
            fan_out.batch = fan_out.batch.with(&next);
        }
        self.later = Some(match self.later.take() {
            Some(later) => later.with(&next),
            None => next,
        });
    }

    /// How much is worth keeping: it serves those who come back while others stayed, so nothing where
    /// one person listens, and all of it for whoever is catching up now.
    fn recent_max_bytes(&self, limits: &Limits) -> usize {
        match self.behind.is_empty() {
            true => {
                let others = self.subscribers.len().saturating_sub(1);
                limits
                    .recent_max_bytes
                    .min(others * limits.recent_bytes_each)
            }
            false => limits.recent_max_bytes,
        }
    }

    /// Takes what is pending as a batch, and keeps its frames for those who were away.
    fn seal_pending(&mut self, limits: &Limits) -> Sealed {
        let first = self.sealed() + 1;
        let bytes = self.pending.bytes.split().freeze();
        if bytes.len() > BATCH_KEPT_BYTES {
            self.pending.bytes = BytesMut::new();
        }
        let starts: Arc<[u32]> = match self.pending.starts[..] {
            [_] => Arc::clone(&ONE),
            _ => self.pending.starts[..].into(),
        };
        self.pending.starts.clear();
        let recent_max_bytes = self.recent_max_bytes(limits);
        self.recent.shorten(recent_max_bytes, limits);
        for (index, start) in starts.iter().enumerate() {
            if first + index as u64 > self.forgotten {
                let end = starts
                    .get(index + 1)
                    .map_or(bytes.len(), |next| *next as usize);
                let frame = bytes.slice(*start as usize..end);
                self.recent.push(frame, recent_max_bytes, limits);
            }
        }
        Sealed {
            first,
            bytes,
            starts,
        }
    }

    /// The fan-out to write a slice of; [`Channel::advance_fan_out`] follows.
    pub(crate) fn fan_out(&self) -> Option<FanOut> {
        self.fan_out.clone()
    }

    /// Remembers how far the fan-out came; it is over when every subscriber was served.
    pub(crate) fn advance_fan_out(&mut self, cursor: usize) {
        match &mut self.fan_out {
            Some(fan_out) if cursor < self.subscribers.len() => fan_out.cursor = cursor,
            _ => {
                self.fan_out = self.later.take().map(|batch| FanOut {
                    batch,
                    kind: Kind::Events,
                    cursor: 0,
                });
            }
        }
    }

    /// Where the fan-out under way stands among the subscribers.
    pub(crate) fn cursor(&self) -> Option<usize> {
        self.fan_out.as_ref().map(|fan_out| fan_out.cursor)
    }

    /// Removes the subscriber at `at`. Appends to `moved` the subscribers that took another
    /// place, with their new places, so that their connections can be told.
    pub(crate) fn remove(&mut self, at: usize, moved: &mut Vec<(Subscriber, usize)>) {
        // Invariant: those before the cursor were served, those from it on were not. The gap is
        // first closed with a served one, then with the last.
        let mut gap = at;
        if let Some(fan_out) = &mut self.fan_out
            && at < fan_out.cursor
        {
            fan_out.cursor -= 1;
            gap = fan_out.cursor;
            if gap != at {
                self.subscribers[at] = self.subscribers[gap];
                moved.push((self.subscribers[at], at));
            }
        }
        self.subscribers.swap_remove(gap);
        if let Some(subscriber) = self.subscribers.get(gap) {
            moved.push((*subscriber, gap));
        }
    }

    /// Appends to `into` the recent frames after `sent`, at most about `max_bytes`. Returns the
    /// last offset appended, or none when the first one needed is not in memory.
    pub(crate) fn recent_after(
        &self,
        sent: u64,
        max_bytes: usize,
        into: &mut BytesMut,
    ) -> Option<u64> {
        let sealed = self.sealed();
        // The frames kept are the last ones sealed, unless they were forgotten in between.
        let oldest = sealed + 1 - self.recent.frames.len() as u64;
        if sent + 1 < oldest || sent >= sealed {
            return None;
        }
        let mut last = sent;
        let skip = usize::try_from(sent + 1 - oldest).ok()?;
        for frame in self.recent.frames.range(skip..) {
            into.extend_from_slice(frame);
            last += 1;
            if into.len() >= max_bytes {
                break;
            }
        }
        Some(last)
    }
}

impl Recent {
    fn push(&mut self, frame: Bytes, max_bytes: usize, limits: &Limits) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
        self.shorten(max_bytes, limits);
    }

    fn shorten(&mut self, max_bytes: usize, limits: &Limits) {
        while self.bytes > max_bytes || self.frames.len() > limits.recent_max_events {
            let Some(oldest) = self.frames.pop_front() else {
                break;
            };
            self.bytes -= oldest.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{EventId, EventName, Timestamp};

    fn event(offset: u64) -> Event {
        Event {
            id: EventId::new(),
            channel: ChannelName::staff(),
            offset,
            name: EventName::OrderUpdated,
            at: Timestamp(0),
            data: Arc::from("{}"),
        }
    }

    fn live(head: u64, subscribers: u32) -> Channel {
        let mut channel = Channel::new(ChannelName::staff(), Tongue::Events);
        channel.open(Epoch::new(), head);
        channel.subscribers = (0..subscribers)
            .map(|slot| Subscriber {
                slot,
                generation: 0,
                sent: head,
            })
            .collect();
        channel
    }

    fn push(channel: &mut Channel, offset: u64) {
        assert!(channel.accepts(offset));
        channel.frame(&event(offset), &mut String::new());
    }

    #[test]
    fn a_subscriber_that_joined_in_mid_batch_gets_the_rest_of_it() {
        let mut channel = live(4, 1);
        for offset in 5..=8 {
            push(&mut channel, offset);
        }
        assert_eq!(channel.sealed(), 4);
        assert!(channel.seal(&Limits::default()));
        let fan_out = channel.fan_out().unwrap();
        assert_eq!(fan_out.last(), 8);
        let (all, four) = fan_out.after(4).unwrap();
        let (rest, one) = fan_out.after(7).unwrap();
        assert_eq!((four, one), (4, 1));
        assert!(all.ends_with(&rest) && all.len() > rest.len());
        assert!(fan_out.after(8).is_none());
    }

    #[test]
    fn an_older_event_is_dropped_and_a_jump_is_a_hole() {
        let mut channel = live(4, 1);
        assert!(!channel.accepts(4));
        assert!(!channel.has_hole());
        assert!(!channel.accepts(7));
        assert!(channel.has_hole());
        push(&mut channel, 5);
        assert!(channel.has_hole());
    }

    #[test]
    fn leaving_during_a_fan_out_neither_skips_nor_repeats_anybody() {
        for leave in 0..6 {
            let mut channel = live(0, 6);
            push(&mut channel, 1);
            channel.seal(&Limits::default());
            channel.advance_fan_out(3);
            let served: Vec<u32> = channel.subscribers[..3].iter().map(|s| s.slot).collect();
            let mut moved = Vec::new();
            channel.remove(leave, &mut moved);
            for (subscriber, place) in moved {
                assert_eq!(channel.subscribers[place], subscriber);
            }
            let cursor = channel.cursor().unwrap();
            for (place, subscriber) in channel.subscribers.iter().enumerate() {
                assert_eq!(
                    place < cursor,
                    served.contains(&subscriber.slot),
                    "leave {leave}"
                );
                assert_ne!(subscriber.slot, leave as u32);
            }
        }
    }

    #[test]
    fn what_was_erased_is_not_kept_even_if_it_waits_to_be_written() {
        let mut channel = live(0, 2);
        push(&mut channel, 1);
        channel.forget(); // while event 1 is framed and not yet sealed
        push(&mut channel, 2);
        channel.seal(&Limits::default());
        let mut bytes = BytesMut::new();
        assert_eq!(channel.recent_after(0, 1 << 20, &mut bytes), None);
        assert_eq!(channel.recent_after(1, 1 << 20, &mut bytes), Some(2));
    }

    #[test]
    fn a_page_that_was_read_before_an_erasure_is_delivered_and_not_kept() {
        let mut channel = live(0, 2);
        assert!(!channel.accepts(3));
        channel.reading = true;
        channel.forget();
        channel.page_came(3);
        for offset in 1..=4 {
            push(&mut channel, offset); // 4 came later, and is kept
        }
        channel.seal(&Limits::default());
        let mut bytes = BytesMut::new();
        assert_eq!(channel.recent_after(2, 1 << 20, &mut bytes), None);
        assert_eq!(channel.recent_after(3, 1 << 20, &mut bytes), Some(4));
    }

    #[test]
    fn recent_frames_serve_those_who_were_away_for_a_moment() {
        let limits = Limits {
            recent_max_events: 3,
            ..Limits::default()
        };
        let mut channel = live(0, 2);
        for offset in 1..=5 {
            push(&mut channel, offset);
        }
        channel.seal(&limits);
        channel.advance_fan_out(2);
        let mut bytes = BytesMut::new();
        assert_eq!(channel.recent_after(1, 1 << 20, &mut bytes), None);
        assert_eq!(channel.recent_after(2, 1 << 20, &mut bytes), Some(5));
        bytes.clear();
        assert_eq!(channel.recent_after(2, 1, &mut bytes), Some(3));
        assert_eq!(channel.recent_after(5, 1, &mut bytes), None);
    }
    #[test]
    fn nothing_is_kept_where_nobody_can_come_back_to_it() {
        let limits = Limits::default();
        let mut bytes = BytesMut::new();
        let mut channel = live(0, 1);
        push(&mut channel, 1);
        channel.seal(&limits);
        assert_eq!(channel.recent_after(0, 1 << 20, &mut bytes), None);
        channel.advance_fan_out(1);
        channel.behind.insert((7, 0));
        push(&mut channel, 2);
        channel.seal(&limits);
        assert_eq!(channel.recent_after(1, 1 << 20, &mut bytes), Some(2));
        channel.advance_fan_out(1);
        channel.behind.clear();
        push(&mut channel, 3);
        channel.seal(&limits);
        assert_eq!(channel.recent_after(2, 1 << 20, &mut bytes), None);
    }
}
