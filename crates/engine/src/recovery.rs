//! From a position to now, without a gap and without a repeat.
//!
//! A subscription is first *joining*: its position is looked up and an entry says how it was met.
//! Then it is *behind*: it gets what it missed from the channel's recent frames or from the log,
//! a page at a time, as fast as its socket takes them. When it has everything the channel has
//! sealed, it goes *live*: the fan-out takes over at exactly the next offset. Those who need about
//! the same pages share them (`pages.rs`), so a thousand who come back at once read the log once.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use protocol::{CloseCode, GapRange, Goodbye, Outcome, Position, PositionEntry, ServerFrame};

use crate::channel::{ChannelIndex, State, Subscriber};
use crate::client::{Awaited, Joining, Phase, Place, Subscription};
use crate::hole::Retry;
use crate::pages::Page;
use crate::{Begin, JoinChannel, LogError, LogPage, Outside, Request, Shard, Transport};

/// Most bytes of recent frames written to a reader at once.
const CATCH_UP_BYTES: usize = 64 * 1024;

impl<T: Transport, O: Outside> Shard<T, O> {
    // --- joining --------------------------------------------------------------------------------

    /// Begins a subscription, or rewinds one.
    pub(crate) fn join(&mut self, slot: u32, join: JoinChannel) {
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        let tongue = connection.client.tongue();
        let index = match self.channels.find(&join.channel, tongue) {
            Some(index) => index,
            None => {
                let known = self.seat.heads.find(&join.channel);
                let index = self.channels.insert(join.channel, tongue);
                match known {
                    Some((epoch, head)) => self.channels.at(index).open(epoch, head),
                    None => self.opening.push(self.channels.reference(index)),
                }
                index
            }
        };
        let place = Place::Joining(Box::new(Joining {
            begin: join.begin,
            asked: false,
        }));
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
        self.channels.at(index).behind.insert(behind);
        self.look_up(slot, index);
    }

    /// Goes on with a subscription that is joining.
    fn look_up(&mut self, slot: u32, index: ChannelIndex) {
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        let Some(subscription) = connection.client.subscription(index) else {
            return;
        };
        let Place::Joining(joining) = &mut subscription.place else {
            return;
        };
        let begin = joining.begin;
        let channel = self.channels.at(index);
        if channel.state == State::Opening || joining.asked {
            return;
        }
        match begin {
            Begin::Position(Position { epoch, .. }) | Begin::Snapshot { epoch, .. }
                if Some(epoch) != channel.epoch =>
            {
                self.resolve(slot, index, Outcome::Reset, None, None);
            }
            Begin::Now | Begin::Snapshot { .. } => {
                self.resolve(slot, index, Outcome::Live, None, None);
            }
            Begin::Position(position) => {
                joining.asked = true;
                let offset = position.offset;
                match self.pages.find(index, |page| page.knows(offset)) {
                    Some(page) => {
                        self.count_shared_page();
                        self.judge(slot, index, position, page);
                    }
                    None => self.read_after(slot, index, offset, Alone(false)),
                }
            }
        }
    }

    /// Judges a position by what the log has there.
    fn judge(&mut self, slot: u32, index: ChannelIndex, position: Position, page: Arc<Page>) {
        let channel = self.channels.at(index);
        channel.known_head = channel.known_head.max(page.head);
        let other_event = match (position.id, page.id_at(position.offset)) {
            (Some(seen), Some(stored)) => seen != stored,
            _ => false,
        };
        self.fill_hole(index);
        if position.offset > page.head || other_event {
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
        page: Option<Arc<Page>>,
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
        let Place::Joining(joining) = &subscription.place else {
            return;
        };
        let offset = match (outcome, &gap, joining.begin) {
            (Outcome::Gap, Some(gap), _) => gap.to,
            (Outcome::Live, _, Begin::Snapshot { offset, .. }) => offset,
            (Outcome::Recovered | Outcome::Gap, _, Begin::Position(position)) => position.offset,
            (Outcome::Live | Outcome::Reset | Outcome::Recovered | Outcome::Gap, _, _) => framed,
        };
        let known = page.as_ref().map_or(offset, |page| page.head);
        let head = known.max(framed).max(offset);
        subscription.place = Place::Behind {
            sent: offset,
            reading: false,
            page: page.filter(|page| page.goes_on_after(offset)),
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
            Place::Joining(_) => return None,
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
                Place::Joining(_) => return self.look_up(slot, index),
                Place::Live { .. } => return,
                Place::Behind {
                    sent,
                    reading,
                    page,
                } => (*sent, reading, page),
            };
            if !open || blocked {
                return;
            }
            if let Some(page) = page.take() {
                let Some((frames, last)) = page.after(sent) else {
                    continue;
                };
                self.count_deliveries(last - sent);
                self.write(slot, &frames);
                self.moved(slot, index, last);
                continue;
            }
            let channel = self.channels.at(index);
            if sent > channel.framed {
                // Its last server knew more than this shard does yet: what it has is left out.
                channel.known_head = channel.known_head.max(sent);
                self.fill_hole(index);
                return self.go_live(slot, index);
            }
            if sent >= channel.sealed() {
                return self.go_live(slot, index);
            }
            self.scratch.clear();
            if let Some(last) = channel.recent_after(sent, CATCH_UP_BYTES, &mut self.scratch) {
                self.count_deliveries(last - sent);
                self.write_scratch(slot);
                self.moved(slot, index, last);
                continue;
            }
            if *reading {
                return;
            }
            let kept = self.pages.find(index, |page| page.goes_on_after(sent));
            if let Some(kept) = kept.filter(|kept| kept.oldest <= sent + 1) {
                *page = Some(kept);
                self.count_shared_page();
                continue;
            }
            *reading = true;
            return self.read_after(slot, index, sent, Alone(false));
        }
    }

    /// Reads what follows `after`, with others who need about the same unless it must be `alone`.
    fn read_after(&mut self, slot: u32, index: ChannelIndex, after: u64, alone: Alone) {
        let reader = (slot, self.connections.generation(slot));
        let limits = self.limits.page;
        let counters = &self.seat.counters;
        if !alone.0 && self.pages.wait(index, after, limits.events, reader) {
            counters.pages_shared.fetch_add(1, Ordering::Relaxed);
            return;
        }
        counters.pages_read.fetch_add(1, Ordering::Relaxed);
        let number = self.pages.begin(index, after, reader);
        let read = self.read_ref(index, Some(number));
        let channel = self.channels.at(index).name.clone();
        self.outside.ask(Request::Page {
            read,
            channel,
            after,
            limits,
        });
    }

    /// Gives a page to everyone who waited for it.
    pub(crate) fn take_shared_page(
        &mut self,
        index: ChannelIndex,
        number: u64,
        result: Result<LogPage, LogError>,
    ) {
        let Some(reading) = self.pages.end(index, number) else {
            return;
        };
        let channel = self.channels.at(index);
        let (tongue, epoch) = (channel.tongue, channel.epoch);
        let page = match result {
            Ok(page) if epoch != Some(page.epoch) => return self.log_replaced(page.epoch),
            Ok(page) if !reading.outdated => {
                let now_ms = self.now.monotonic_ms;
                let json = &mut self.json;
                self.pages
                    .keep((index, tongue), reading.after, page, now_ms, json)
            }
            failed => {
                for (slot, generation) in reading.waiting {
                    if !self.connections.is_current(slot, generation) {
                        continue;
                    }
                    self.ask_again(slot, index);
                    match failed {
                        Ok(_) => self.catch_up(slot, index),
                        Err(_) => {
                            let to = self.reference(slot);
                            self.retry(Retry::Reader(to, self.channels.reference(index)));
                        }
                    }
                }
                return;
            }
        };
        for (nth, (slot, generation)) in reading.waiting.into_iter().enumerate() {
            if self.connections.is_current(slot, generation) {
                let asked_after = (nth == 0).then_some(reading.after);
                self.take_page_for(slot, index, &page, asked_after);
            }
        }
    }

    /// Gives a page to one who waited. `asked_after` is where it was to begin if it was read for
    /// this one: then it is an answer even if it says that there is nothing.
    fn take_page_for(
        &mut self,
        slot: u32,
        index: ChannelIndex,
        page: &Arc<Page>,
        asked_after: Option<u64>,
    ) {
        let retry = Retry::Reader(self.reference(slot), self.channels.reference(index));
        let Some(connection) = self.connections.get(slot) else {
            return;
        };
        let Some(subscription) = connection.client.subscription(index) else {
            return;
        };
        match &mut subscription.place {
            Place::Joining(joining) if joining.asked => {
                let Begin::Position(position) = joining.begin else {
                    return;
                };
                if page.knows(position.offset) || asked_after == Some(position.offset) {
                    self.judge(slot, index, position, Arc::clone(page));
                } else {
                    self.read_after(slot, index, position.offset, Alone(true));
                }
            }
            Place::Behind {
                sent,
                reading,
                page: next,
            } if *reading => {
                let sent = *sent;
                let name = &self.channels.at(index).name;
                if page.oldest > sent + 1 {
                    let detail = format!("events of {name} expired before they were read");
                    self.close(slot, Goodbye::new(CloseCode::TooSlow, detail));
                } else if page.goes_on_after(sent) {
                    *reading = false;
                    *next = Some(Arc::clone(page));
                    self.catch_up(slot, index);
                } else if asked_after == Some(sent) {
                    // The log promised more than it gave.
                    *reading = false;
                    self.retry(retry);
                } else {
                    self.read_after(slot, index, sent, Alone(true));
                }
            }
            _ => {} // the answer to a question that is no longer asked
        }
    }

    /// What was asked of the log has no answer: it is to be asked again.
    fn ask_again(&mut self, slot: u32, index: ChannelIndex) {
        if let Some(connection) = self.connections.get(slot)
            && let Some(subscription) = connection.client.subscription(index)
        {
            match &mut subscription.place {
                Place::Joining(joining) => joining.asked = false,
                Place::Behind { reading, .. } => *reading = false,
                Place::Live { .. } => {}
            }
        }
    }

    fn count_shared_page(&self) {
        let pages_shared = &self.seat.counters.pages_shared;
        pages_shared.fetch_add(1, Ordering::Relaxed);
    }

    fn count_deliveries(&self, count: u64) {
        let coalesced = u64::from(count > 1);
        self.seat.counters.delivered(count, coalesced);
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
        channel.behind.remove(&(slot, generation));
        self.send_growing_of(slot, index);
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
        channel.behind.remove(&(slot, generation));
        if channel.is_idle() {
            self.channels.remove(index);
            self.pages.forget(index);
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
}

/// Whether a read is not to be shared: one that was shared did not have what was needed.
struct Alone(bool);
