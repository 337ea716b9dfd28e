//! What a shard reads of the log for its channels: where they begin, what was not announced, and
//! what to do when that cannot be had. Those who catch up from a position of their own are in
//! `recovery.rs`.

use std::sync::atomic::Ordering;

use protocol::{ChannelName, CloseCode, Goodbye, Tongue};

use crate::channel::{ChannelIndex, State};
use crate::{
    ChannelRef, ConnectionRef, HeadAsked, Heads, LogError, LogPage, Outside, ReadRef, Request,
    Shard, Transport,
};

/// Most channels whose heads are asked for in one request.
const HEADS_PER_REQUEST: usize = 500;

/// A read of the log to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// The head of a channel that is opening.
    Opening(ChannelRef),
    /// A hole in a channel.
    Hole(ChannelRef),
    /// The page a connection waits for.
    Reader(ConnectionRef, ChannelRef),
}

impl<T: Transport, O: Outside> Shard<T, O> {
    /// The log has an event that this shard has not framed: remember and read.
    pub(crate) fn learn_head(&mut self, channel: &ChannelName, head: u64) {
        for index in self.channels.named(channel) {
            let channel = self.channels.at(index);
            channel.known_head = channel.known_head.max(head);
            self.fill_hole(index);
        }
    }

    /// Reads what the log has and this shard has not framed.
    pub(crate) fn fill_hole(&mut self, index: ChannelIndex) {
        let read = self.read_ref(index, None);
        let channel = self.channels.at(index);
        if channel.has_hole() && !channel.reading {
            channel.reading = true;
            let pages_read = &self.seat.counters.pages_read;
            pages_read.fetch_add(1, Ordering::Relaxed);
            self.outside.ask(Request::Page {
                read,
                channel: channel.name.clone(),
                after: channel.framed,
                limits: self.limits.page,
            });
        }
    }

    pub(crate) fn read_ref(&self, index: ChannelIndex, number: Option<u64>) -> ReadRef {
        ReadRef {
            shard: self.id,
            channel: self.channels.reference(index),
            number,
        }
    }

    /// Asks for the heads of the channels that began in this turn.
    pub(crate) fn ask_heads(&mut self) {
        if self.opening.is_empty() {
            return;
        }
        let mut asked = Vec::with_capacity(self.opening.len());
        for place in self.opening.drain(..) {
            if let Some(index) = self.channels.current(place) {
                let channel = self.channels.at(index).name.clone();
                asked.push(HeadAsked {
                    channel,
                    framed: 0,
                    place,
                });
            }
        }
        self.ask_for(asked);
    }

    /// Asks for the heads of every channel, to compare.
    pub(crate) fn reconcile(&mut self) {
        let live = self
            .channels
            .iter()
            .filter(|(_, channel)| channel.state == State::Live);
        let asked = live
            .map(|(place, channel)| HeadAsked {
                channel: channel.name.clone(),
                framed: channel.framed,
                place,
            })
            .collect();
        self.ask_for(asked);
    }

    fn ask_for(&mut self, mut asked: Vec<HeadAsked>) {
        let shard = self.id;
        while !asked.is_empty() {
            let rest = asked.split_off(asked.len().min(HEADS_PER_REQUEST));
            let channels = std::mem::replace(&mut asked, rest);
            self.outside.ask(Request::Heads { shard, channels });
        }
    }

    pub(crate) fn take_heads(&mut self, asked: Vec<HeadAsked>, result: Result<Heads, LogError>) {
        let heads = match result {
            Ok(heads) => heads,
            Err(_) => {
                let due_ms = self.now.monotonic_ms + self.limits.log_retry_ms;
                let retry = asked
                    .into_iter()
                    .map(|asked| (due_ms, Retry::Opening(asked.place)));
                return self.retries.extend(retry);
            }
        };
        for (asked, head) in asked.into_iter().zip(heads.heads) {
            let Some(index) = self.channels.current(asked.place) else {
                continue;
            };
            let channel = self.channels.at(index);
            let known_epoch = channel.epoch;
            match channel.state {
                State::Opening => {
                    channel.open(heads.epoch, head);
                    self.seat.heads.learn(heads.epoch, &channel.name, head);
                    for (slot, generation) in channel.behind.clone() {
                        if self.connections.is_current(slot, generation) {
                            self.catch_up(slot, index);
                        }
                    }
                }
                // What was framed when the question was asked must be in the log still.
                State::Live if known_epoch != Some(heads.epoch) || head < asked.framed => {
                    return self.log_replaced(heads.epoch);
                }
                State::Live => channel.known_head = channel.known_head.max(head),
            }
            if self.channels.get(index).is_some() {
                self.fill_hole(index);
            }
        }
    }

    pub(crate) fn take_page(&mut self, read: ReadRef, result: Result<LogPage, LogError>) {
        let Some(index) = self.channels.current(read.channel) else {
            return;
        };
        match read.number {
            None => self.take_channel_page(index, result),
            Some(number) => self.take_shared_page(index, number, result),
        }
    }

    fn take_channel_page(&mut self, index: ChannelIndex, result: Result<LogPage, LogError>) {
        let channel = self.channels.at(index);
        if channel.state == State::Opening || !channel.reading {
            return;
        }
        channel.page_came(result.as_ref().map_or(0, |page| page.head));
        let (epoch, framed) = (channel.epoch, channel.framed);
        let place = self.channels.reference(index);
        let page = match result {
            Ok(page) => page,
            Err(_) => return self.retry(Retry::Hole(place)),
        };
        if epoch != Some(page.epoch) {
            return self.log_replaced(page.epoch);
        }
        if page.oldest > framed + 1 {
            return self.lose(index, page.oldest - 1);
        }
        for event in page.events.iter().filter(|event| event.offset > framed) {
            if self.channels.get(index).is_some() {
                self.take_event_in(index, event);
            }
        }
        // A revocation may have taken the last listener along.
        let Some(channel) = self.channels.get(index) else {
            return;
        };
        if !channel.has_hole() {
            return;
        }
        if channel.framed > framed {
            self.fill_hole(index);
        } else {
            // The log promised more than it gave: ask again, but not in a circle.
            self.retry(Retry::Hole(place));
        }
    }

    pub(crate) fn retry(&mut self, retry: Retry) {
        self.retries
            .push((self.now.monotonic_ms + self.limits.log_retry_ms, retry));
    }

    pub(crate) fn retry_reads(&mut self) {
        if self.retries.is_empty() {
            return;
        }
        let now_ms = self.now.monotonic_ms;
        let due = self
            .retries
            .extract_if(.., |(due_ms, _)| *due_ms <= now_ms)
            .collect::<Vec<_>>();
        for (_, retry) in due {
            match retry {
                Retry::Opening(place) => {
                    if let Some(index) = self.channels.current(place)
                        && self.channels.at(index).state == State::Opening
                    {
                        self.opening.push(place);
                    }
                }
                Retry::Hole(place) => {
                    if let Some(index) = self.channels.current(place) {
                        self.fill_hole(index);
                    }
                }
                Retry::Reader(to, place) => {
                    if let Some(index) = self.channels.current(place)
                        && self.connections.is_current(to.slot, to.generation)
                    {
                        self.catch_up(to.slot, index);
                    }
                }
            }
        }
    }

    // --- what cannot be healed ------------------------------------------------------------------

    /// Events expired before this shard could read them. Its listeners are told by a close: when
    /// they resume, their entry names the gap.
    fn lose(&mut self, index: ChannelIndex, last_missing: u64) {
        let channel = self.channels.at(index);
        let name = channel.name.clone();
        let slots: Vec<u32> = if channel.pinned {
            self.connections.occupied()
        } else {
            channel
                .subscribers
                .iter()
                .map(|subscriber| subscriber.slot)
                .collect()
        };
        for slot in slots {
            let detail = format!("events of {name} expired before this server could read them");
            self.close(slot, Goodbye::new(CloseCode::InternalError, detail));
        }
        let Some(channel) = self.channels.get(index) else {
            return;
        };
        channel.skip_to(last_missing);
        self.fill_hole(index);
    }

    /// The log is not the one that was served: its database was replaced beneath us.
    pub(crate) fn log_replaced(&mut self, epoch: protocol::Epoch) {
        tracing::error!(%epoch, "the event log was replaced; every connection is closed");
        for slot in self.connections.occupied() {
            let detail = "the server's database was replaced";
            self.close(slot, Goodbye::new(CloseCode::InternalError, detail));
        }
        self.seat.heads.forget();
        let revocations = ChannelName::revocations();
        if let Some(index) = self.channels.find(&revocations, Tongue::Events) {
            self.channels.remove(index);
            self.pages.forget(index);
        }
        let index = self.channels.insert(revocations, Tongue::Events);
        self.channels.at(index).pinned = true;
        self.opening.push(self.channels.reference(index));
    }
}
