//! How far channels are, as far as this node has heard: a channel that somebody comes back to opens
//! without asking the log. Shared by all shards; locked when a channel opens and when events are
//! announced, never per delivery. Start at [`KnownHeads::find`].
//!
//! An entry may be behind the log, never ahead of it. A channel that opens behind hears of what it
//! lacks like one that missed an announcement: late by a moment, in order, and without a hole.

use std::collections::HashMap;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::{ChannelName, Epoch};

use crate::Event;

/// Channels of one generation; two are kept, each entry of about 60 bytes.
const GENERATION_MAX: usize = 16_384;

#[derive(Debug, Default)]
pub(crate) struct KnownHeads(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    /// The lifetime of the log that the heads belong to.
    epoch: Option<Epoch>,
    young: HashMap<ChannelName, u64>,
    old: HashMap<ChannelName, u64>,
}

impl KnownHeads {
    /// The head of a channel, if it is known.
    pub(crate) fn find(&self, channel: &ChannelName) -> Option<(Epoch, u64)> {
        let book = self.book();
        let head = book.young.get(channel).or_else(|| book.old.get(channel))?;
        Some((book.epoch?, *head))
    }

    /// Remembers a head that was read from the log.
    pub(crate) fn learn(&self, epoch: Epoch, channel: &ChannelName, head: u64) {
        let mut book = self.book();
        if book.epoch != Some(epoch) {
            *book = Book {
                epoch: Some(epoch),
                ..Book::default()
            };
        }
        let known = book.old.remove(channel).unwrap_or(0).max(head);
        if book.young.len() >= GENERATION_MAX {
            book.old = mem::take(&mut book.young);
        }
        let entry = book.young.entry(channel.clone()).or_insert(known);
        *entry = known.max(*entry);
    }

    /// Events were committed.
    pub(crate) fn announced(&self, events: &[Event]) {
        let mut book = self.book();
        let Book { young, old, .. } = &mut *book;
        for event in events {
            let known = young.get_mut(&event.channel);
            if let Some(head) = known.or_else(|| old.get_mut(&event.channel)) {
                *head = event.offset.max(*head);
            }
        }
    }

    /// Somebody else may have written, or the log is another one.
    pub(crate) fn forget(&self) {
        *self.book() = Book::default();
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // A panic elsewhere leaves at worst an entry that is behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use protocol::{EventId, EventName, Timestamp, UserId};

    #[test]
    fn a_head_follows_what_is_announced_and_never_goes_back() {
        let heads = KnownHeads::default();
        let (epoch, staff) = (Epoch::new(), ChannelName::staff());
        let event = |offset| Event {
            id: EventId::new(),
            channel: ChannelName::staff(),
            offset,
            name: EventName::OrderUpdated,
            at: Timestamp(0),
            data: Arc::from("{}"),
        };
        heads.announced(&[event(7)]);
        assert_eq!(heads.find(&staff), None, "nobody has asked for it");
        heads.learn(epoch, &staff, 7);
        heads.announced(&[event(8), event(9)]);
        heads.learn(epoch, &staff, 8);
        assert_eq!(heads.find(&staff), Some((epoch, 9)));
        let other = Epoch::new();
        heads.learn(other, &staff, 2);
        assert_eq!(heads.find(&staff), Some((other, 2)), "another log");
        heads.forget();
        assert_eq!(heads.find(&staff), None);
    }

    #[test]
    fn what_was_not_used_for_long_goes_and_what_was_stays() {
        let heads = KnownHeads::default();
        let epoch = Epoch::new();
        let used = ChannelName::staff();
        for _ in 0..3 * GENERATION_MAX {
            heads.learn(epoch, &ChannelName::user(UserId::new()), 1);
            heads.learn(epoch, &used, 5);
        }
        assert_eq!(heads.find(&used), Some((epoch, 5)));
        let book = heads.book();
        assert!(book.young.len() + book.old.len() <= 2 * GENERATION_MAX);
    }
}
