//! From a position to now, without a gap and without a repeat.
//!
//! A subscription is first *joining*: its position is looked up and an entry says how it was met.
//! Then it is *behind*: it gets what it missed from the channel's recent frames or from the log,
//! a page at a time, as fast as its socket takes them. When it has everything the channel has
//! sealed, it goes *live*: the fan-out takes over at exactly the next offset.

use std::sync::atomic::Ordering;

use protocol::{
    ChannelName, CloseCode, GapRange, Goodbye, Outcome, Position, PositionEntry, ServerFrame,
};
use websocket::Opcode;

use crate::channel::{ChannelIndex, State, Subscriber};
use crate::client::{Awaited, Phase, Place, Subscription};
use crate::{Heads, JoinChannel, LogError, LogPage, LogReader, Outside, Request, Shard, Transport};

/// Most bytes of recent frames written to a reader at once.
const CATCH_UP_BYTES: usize = 64 * 1024;

/// Most channels whose heads are asked for in one request.
const HEADS_PER_REQUEST: usize = 500;

/// A read of the log to try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    /// The head of a channel that is opening.
    Opening(ChannelName),
    /// A hole in a channel.
    Hole(ChannelName),
    /// The page a connection waits for: slot and generation.
    Reader(u32, u32, ChannelName),
}

impl<T: Transport, O: Outside> Shard<T, O> {
    // --- joining --------------------------------------------------------------------------------

    /// Begins a subscription, or rewinds one.
    pub(crate) fn join(&mut self, slot: u32, join: JoinChannel) {
        let index = match self.channels.find(&join.channel) {
            Some(index) => index,
            None => {
                self.opening.push(join.channel.clone());
                self.channels.insert(join.channel)
            }
        };
        let place = Place::Joining {
            position: join.position,
            asked: false,
        };
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        match connection.client.subscription(index) {
            Some(subscription) => {
                let before = std::mem::replace(&mut subscription.place, place);
                if let Place::Live { at } = before {
                    self.remove_subscriber(index, at);
                }
            }
            None => connection.client.subscriptions.push(Subscription {
                channel: index,
                automatic: join.automatic,
                place,
            }),
        }
        let behind = (slot, self.connections.generation(slot));
        let channel = self.channels.at(index);
        if !channel.behind.contains(&behind) {
            channel.behind.push(behind);
        }
        self.look_up(slot, index);
    }

    /// Goes on with a subscription that is joining.
    fn look_up(&mut self, slot: u32, index: ChannelIndex) {
        let from = self.reference(slot);
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        let Some(subscription) = connection.client.subscription(index) else {
            return;
        };
        let Place::Joining { position, asked } = &mut subscription.place else {
            return;
        };
        let position = *position;
        let channel = self.channels.at(index);
        if channel.state == State::Opening || *asked {
            return;
        }
        match position {
            None => self.resolve(slot, index, Outcome::Live, None, None),
            Some(position) if Some(position.epoch) != channel.epoch => {
                self.resolve(slot, index, Outcome::Reset, None, None);
            }
            Some(position) => {
                *asked = true;
                self.outside.ask(Request::Page {
                    reader: LogReader::Connection(from),
                    channel: channel.name.clone(),
                    after: position.offset,
                    limits: self.limits.page,
                });
            }
        }
    }

    /// Judges a position by what the log has there.
    fn judge(&mut self, slot: u32, index: ChannelIndex, position: Position, page: LogPage) {
        let channel = self.channels.at(index);
        channel.known_head = channel.known_head.max(page.head);
        let other_event = match (position.id, page.id_at_position) {
            (Some(seen), Some(stored)) => seen != stored,
            _ => false,
        };
        let channel_epoch = channel.epoch;
        self.fill_hole(index);
        if Some(page.epoch) != channel_epoch || position.offset > page.head || other_event {
            self.resolve(slot, index, Outcome::Reset, None, None);
        } else if page.oldest > position.offset + 1 {
            let gap = GapRange {
                from: position.offset + 1,
                to: page.oldest - 1,
                why: "expired".to_owned(),
            };
            self.resolve(slot, index, Outcome::Gap, Some(page), Some(gap));
        } else {
            self.resolve(slot, index, Outcome::Recovered, Some(page), None);
        }
    }

    /// The entry is known: it is told, and the subscription is behind from then on.
    fn resolve(
        &mut self,
        slot: u32,
        index: ChannelIndex,
        outcome: Outcome,
        page: Option<LogPage>,
        gap: Option<GapRange>,
    ) {
        let channel = self.channels.at(index);
        let Some(epoch) = channel.epoch else { return };
        let (name, framed) = (channel.name.clone(), channel.framed);
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        let client = &mut connection.client;
        let Some(subscription) = client.subscription(index) else {
            return;
        };
        let Place::Joining { position, .. } = &subscription.place else {
            return;
        };
        let asked = position.map_or(0, |position| position.offset);
        let offset = match (outcome, &gap) {
            (Outcome::Live | Outcome::Reset, _) => framed,
            (Outcome::Recovered, _) | (Outcome::Gap, None) => asked,
            (Outcome::Gap, Some(gap)) => gap.to,
        };
        let head = page.as_ref().map_or(framed, |page| page.head.max(framed));
        subscription.place = Place::Behind {
            sent: offset,
            reading: false,
            page,
        };
        let entry = PositionEntry {
            channel: name,
            epoch,
            offset,
            head,
            outcome,
            gap,
        };
        if let Phase::Joining(welcoming) = &mut client.phase {
            welcoming.entries.push(entry);
            welcoming.missing -= 1;
            if welcoming.missing == 0 {
                self.welcome(slot);
            }
        } else {
            self.answer_entry(slot, &entry);
            self.catch_up(slot, index);
        }
    }

    /// Answers the `subscribe` that waits for this channel's entry.
    pub(crate) fn answer_entry(&mut self, slot: u32, entry: &PositionEntry) {
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        let client = &mut connection.client;
        let waited = client.under_way.take_if(|under_way| {
            matches!(&under_way.what, Awaited::Entry { channel } if *channel == entry.channel)
        });
        if let Some(under_way) = waited {
            let data = serde_json::to_value(entry).expect("an entry is plain data");
            self.send(
                slot,
                &ServerFrame::Reply {
                    id: under_way.id,
                    data,
                },
            );
            self.next_commands(slot);
        }
    }

    /// Where a subscription stands, unless it is still joining.
    pub(crate) fn standing(&mut self, slot: u32, index: ChannelIndex) -> Option<PositionEntry> {
        let channel = self.channels.get(index)?;
        let subscription = self.connections.get(slot)?.client.subscription(index)?;
        let offset = match &subscription.place {
            Place::Joining { .. } => return None,
            Place::Behind { sent, .. } => *sent,
            Place::Live { at } => channel.subscribers[*at as usize].sent,
        };
        Some(PositionEntry {
            channel: channel.name.clone(),
            epoch: channel.epoch?,
            offset,
            head: channel.framed.max(offset),
            outcome: Outcome::Live,
            gap: None,
        })
    }

    // --- catching up ----------------------------------------------------------------------------

    /// Goes on with every subscription of a connection.
    pub(crate) fn catch_up_all(&mut self, slot: u32) {
        let mut at = 0;
        while let Some(connection) = self.connections.get(slot)
            && let Some(subscription) = connection.client.subscriptions.get(at)
        {
            let index = subscription.channel;
            self.catch_up(slot, index);
            at += 1;
        }
    }

    /// Goes on with a subscription that is joining or behind, as far as the socket takes it.
    pub(crate) fn catch_up(&mut self, slot: u32, index: ChannelIndex) {
        let from = self.reference(slot);
        loop {
            let Some(connection) = self.connections.get(slot) else {
                return;
            };
            let open = matches!(connection.client.phase, Phase::Open);
            let blocked = connection.outbox.is_some();
            let Some(subscription) = connection.client.subscription(index) else {
                return;
            };
            let (sent, reading, page) = match &mut subscription.place {
                Place::Joining { .. } => return self.look_up(slot, index),
                Place::Live { .. } => return,
                Place::Behind {
                    sent,
                    reading,
                    page,
                } => (sent, reading, page),
            };
            if !open || blocked {
                return;
            }
            let sent_before = *sent;
            if let Some(page) = page.take() {
                let last = self.write_page(slot, sent_of(sent_before, &page), &page);
                self.moved(slot, index, last);
                continue;
            }
            let channel = self.channels.at(index);
            if *sent > channel.framed {
                // Its last server knew more than this shard does yet: what it has is left out.
                channel.known_head = channel.known_head.max(*sent);
                self.fill_hole(index);
                return self.go_live(slot, index);
            }
            if *sent >= channel.sealed() {
                return self.go_live(slot, index);
            }
            self.scratch.clear();
            let sent = *sent;
            if let Some(last) = channel.recent_after(sent, CATCH_UP_BYTES, &mut self.scratch) {
                self.seat
                    .counters
                    .deliveries
                    .fetch_add(last - sent, Ordering::Relaxed);
                self.write_scratch(slot);
                self.moved(slot, index, last);
                continue;
            }
            if !*reading {
                *reading = true;
                self.outside.ask(Request::Page {
                    reader: LogReader::Connection(from),
                    channel: channel.name.clone(),
                    after: sent,
                    limits: self.limits.page,
                });
            }
            return;
        }
    }

    /// Writes the events of a page after `sent`; returns the last offset written.
    fn write_page(&mut self, slot: u32, sent: u64, page: &LogPage) -> u64 {
        let mut last = sent;
        let mut json = std::mem::take(&mut self.json);
        self.scratch.clear();
        for event in page.events.iter().filter(|event| event.offset > sent) {
            json.clear();
            event.frame().write_to(&mut json);
            websocket::write_frame(&mut self.scratch, Opcode::Text, json.as_bytes());
            last = event.offset;
        }
        self.json = json;
        if last > sent {
            self.seat
                .counters
                .deliveries
                .fetch_add(last - sent, Ordering::Relaxed);
            self.write_scratch(slot);
        }
        last
    }

    fn moved(&mut self, slot: u32, index: ChannelIndex, last: u64) {
        if let Some(connection) = self.connections.get(slot)
            && let Some(subscription) = connection.client.subscription(index)
            && let Place::Behind { sent, .. } = &mut subscription.place
        {
            *sent = last;
        }
    }

    fn go_live(&mut self, slot: u32, index: ChannelIndex) {
        let generation = self.connections.generation(slot);
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        let Some(subscription) = connection.client.subscription(index) else {
            return;
        };
        let Place::Behind { sent, .. } = subscription.place else {
            return;
        };
        let channel = self.channels.at(index);
        let at = u32::try_from(channel.subscribers.len())
            .expect("a channel has no more subscribers than the shard has slots");
        channel.subscribers.push(Subscriber {
            slot,
            generation,
            sent,
        });
        subscription.place = Place::Live { at };
        channel
            .behind
            .retain(|behind| *behind != (slot, generation));
    }

    // --- leaving --------------------------------------------------------------------------------

    /// Ends a subscription. A channel that nobody listens to is forgotten.
    pub(crate) fn leave(&mut self, slot: u32, index: ChannelIndex) {
        let generation = self.connections.generation(slot);
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        let subscriptions = &mut connection.client.subscriptions;
        let Some(place) = subscriptions
            .iter()
            .position(|known| known.channel == index)
        else {
            return;
        };
        if let Place::Live { at } = subscriptions.swap_remove(place).place {
            self.remove_subscriber(index, at);
        }
        let channel = self.channels.at(index);
        channel
            .behind
            .retain(|behind| *behind != (slot, generation));
        if channel.is_idle() {
            self.channels.remove(index);
        }
    }

    fn remove_subscriber(&mut self, index: ChannelIndex, at: u32) {
        let mut moved = Vec::new();
        self.channels.at(index).remove(at as usize, &mut moved);
        for (subscriber, at) in moved {
            if let Some(connection) = self.connections.get(subscriber.slot)
                && let Some(subscription) = connection.client.subscription(index)
            {
                let at = u32::try_from(at).expect("a place among fewer than 2^32 subscribers");
                subscription.place = Place::Live { at };
            }
        }
    }

    // --- the log --------------------------------------------------------------------------------

    /// The log has an event that this shard has not framed: remember and read.
    pub(crate) fn learn_head(&mut self, channel: &ChannelName, head: u64) {
        if let Some(index) = self.channels.find(channel) {
            let channel = self.channels.at(index);
            channel.known_head = channel.known_head.max(head);
            self.fill_hole(index);
        }
    }

    /// Reads what the log has and this shard has not framed.
    pub(crate) fn fill_hole(&mut self, index: ChannelIndex) {
        let channel = self.channels.at(index);
        if channel.has_hole() && !channel.reading {
            channel.reading = true;
            self.outside.ask(Request::Page {
                reader: LogReader::Channel(self.id),
                channel: channel.name.clone(),
                after: channel.framed,
                limits: self.limits.page,
            });
        }
    }

    /// Asks for the heads of the channels that began in this turn.
    pub(crate) fn ask_heads(&mut self) {
        let mut opening = std::mem::take(&mut self.opening);
        opening.retain(|name| self.channels.find(name).is_some());
        for names in opening.chunks(HEADS_PER_REQUEST) {
            let channels = names.iter().map(|name| (name.clone(), 0)).collect();
            self.outside.ask(Request::Heads {
                shard: self.id,
                channels,
            });
        }
    }

    /// Asks for the heads of every channel, to compare.
    pub(crate) fn reconcile(&mut self) {
        let live = self
            .channels
            .iter()
            .filter(|channel| channel.state == State::Live);
        let channels: Vec<_> = live
            .map(|channel| (channel.name.clone(), channel.framed))
            .collect();
        for channels in channels.chunks(HEADS_PER_REQUEST) {
            self.outside.ask(Request::Heads {
                shard: self.id,
                channels: channels.to_vec(),
            });
        }
    }

    pub(crate) fn take_heads(
        &mut self,
        asked: Vec<(ChannelName, u64)>,
        result: Result<Heads, LogError>,
    ) {
        let heads = match result {
            Ok(heads) => heads,
            Err(_) => {
                let due_ms = self.now.monotonic_ms + self.limits.log_retry_ms;
                let retry = asked
                    .into_iter()
                    .map(|(name, _)| (due_ms, Retry::Opening(name)));
                return self.retries.extend(retry);
            }
        };
        for ((name, framed), head) in asked.into_iter().zip(heads.heads) {
            let Some(index) = self.channels.find(&name) else {
                continue;
            };
            let channel = self.channels.at(index);
            let known_epoch = channel.epoch;
            match channel.state {
                State::Opening => {
                    channel.open(heads.epoch, head);
                    for (slot, generation) in channel.behind.clone() {
                        if self.connections.is_current(slot, generation) {
                            self.catch_up(slot, index);
                        }
                    }
                }
                // What was framed when the question was asked must be in the log still.
                State::Live if known_epoch != Some(heads.epoch) || head < framed => {
                    return self.log_replaced(heads.epoch);
                }
                State::Live => channel.known_head = channel.known_head.max(head),
            }
            if self.channels.get(index).is_some() {
                self.fill_hole(index);
            }
        }
    }

    pub(crate) fn take_page(
        &mut self,
        reader: LogReader,
        name: &ChannelName,
        after: u64,
        result: Result<LogPage, LogError>,
    ) {
        let Some(index) = self.channels.find(name) else {
            return;
        };
        match reader {
            LogReader::Channel(_) => self.take_channel_page(index, result),
            LogReader::Connection(to) => {
                if self.connections.is_current(to.slot, to.generation) {
                    self.take_reader_page(to.slot, index, after, result);
                }
            }
        }
    }

    fn take_channel_page(&mut self, index: ChannelIndex, result: Result<LogPage, LogError>) {
        let channel = self.channels.at(index);
        if channel.state == State::Opening || !channel.reading {
            return;
        }
        channel.page_came(result.as_ref().map_or(0, |page| page.head));
        let (name, epoch, framed) = (channel.name.clone(), channel.epoch, channel.framed);
        let page = match result {
            Ok(page) => page,
            Err(_) => return self.retry(Retry::Hole(name)),
        };
        if epoch != Some(page.epoch) {
            return self.log_replaced(page.epoch);
        }
        if page.oldest > framed + 1 {
            return self.lose(index, page.oldest - 1);
        }
        for event in page.events.iter().filter(|event| event.offset > framed) {
            self.take_event(event);
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
            self.retry(Retry::Hole(name));
        }
    }

    fn take_reader_page(
        &mut self,
        slot: u32,
        index: ChannelIndex,
        after: u64,
        result: Result<LogPage, LogError>,
    ) {
        let generation = self.connections.generation(slot);
        let channel = self.channels.at(index);
        let (name, epoch) = (channel.name.clone(), channel.epoch);
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        let Some(subscription) = connection.client.subscription(index) else {
            return;
        };
        match (&mut subscription.place, result) {
            (
                Place::Joining {
                    position: Some(position),
                    asked,
                },
                result,
            ) if *asked && position.offset == after => {
                let position = *position;
                match result {
                    Ok(page) => self.judge(slot, index, position, page),
                    Err(_) => {
                        *asked = false;
                        self.retry(Retry::Reader(slot, generation, name));
                    }
                }
            }
            (
                Place::Behind {
                    sent,
                    reading,
                    page: kept,
                },
                result,
            ) if *reading && *sent == after => {
                *reading = false;
                match result {
                    Ok(page) if epoch != Some(page.epoch) => self.log_replaced(page.epoch),
                    Ok(page) if page.oldest > *sent + 1 => {
                        let detail = format!("events of {name} expired before they were read");
                        self.close(slot, Goodbye::new(CloseCode::TooSlow, detail));
                    }
                    Ok(page) if page.events.is_empty() => {
                        self.retry(Retry::Reader(slot, generation, name));
                    }
                    Ok(page) => {
                        *kept = Some(page);
                        self.catch_up(slot, index);
                    }
                    Err(_) => self.retry(Retry::Reader(slot, generation, name)),
                }
            }
            _ => {} // the answer to a question that is no longer asked
        }
    }

    fn retry(&mut self, retry: Retry) {
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
                Retry::Opening(name) => {
                    if let Some(index) = self.channels.find(&name)
                        && self.channels.at(index).state == State::Opening
                    {
                        self.opening.push(name);
                    }
                }
                Retry::Hole(name) => {
                    if let Some(index) = self.channels.find(&name) {
                        self.fill_hole(index);
                    }
                }
                Retry::Reader(slot, generation, name) => {
                    if let Some(index) = self.channels.find(&name)
                        && self.connections.is_current(slot, generation)
                    {
                        self.catch_up(slot, index);
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
        channel.seal(&self.limits);
        channel.advance_fan_out(usize::MAX);
        channel.skip_to(last_missing);
        self.fill_hole(index);
    }

    /// The log is not the one that was served: its database was replaced beneath us.
    fn log_replaced(&mut self, epoch: protocol::Epoch) {
        tracing::error!(%epoch, "the event log was replaced; every connection is closed");
        for slot in self.connections.occupied() {
            let detail = "the server's database was replaced";
            self.close(slot, Goodbye::new(CloseCode::InternalError, detail));
        }
        let revocations = ChannelName::revocations();
        if let Some(index) = self.channels.find(&revocations) {
            self.channels.remove(index);
        }
        let index = self.channels.insert(revocations.clone());
        self.channels.at(index).pinned = true;
        self.opening.push(revocations);
    }
}

/// Where a page that was read with a position begins: a gap may have moved it on.
fn sent_of(sent: u64, page: &LogPage) -> u64 {
    sent.max(page.oldest - 1)
}
