//! An event log in memory: what a test appends, with the retention rules of a real one.

use std::collections::HashMap;
use std::sync::Arc;

use protocol::{ChannelName, Epoch, EventId, EventName, Timestamp};

use crate::{Event, Heads, LogPage, PageLimits};

/// A log that a test fills. Not shared between threads; wrap it if it must be.
#[derive(Clone, Debug)]
pub struct MemoryLog {
    /// The lifetime of this log.
    pub epoch: Epoch,
    /// How many events of a channel are kept.
    pub keep_events: u64,
    channels: HashMap<ChannelName, Vec<Event>>,
}

impl MemoryLog {
    /// An empty log.
    #[must_use]
    pub fn new(epoch: Epoch, keep_events: u64) -> Self {
        Self {
            epoch,
            keep_events,
            channels: HashMap::new(),
        }
    }

    /// Appends an event; its offset is the next of its channel.
    pub fn append(
        &mut self,
        id: EventId,
        channel: ChannelName,
        name: EventName,
        at: Timestamp,
        data: Arc<str>,
    ) -> Event {
        let events = self.channels.entry(channel.clone()).or_default();
        let offset = events.len() as u64 + 1;
        let event = Event {
            id,
            channel,
            offset,
            name,
            at,
            data,
        };
        events.push(event.clone());
        event
    }

    /// The newest offset of a channel; 0 for an empty one.
    #[must_use]
    pub fn head(&self, channel: &ChannelName) -> u64 {
        self.channels
            .get(channel)
            .map_or(0, |events| events.len() as u64)
    }

    /// Everything a channel ever had, kept or not.
    #[must_use]
    pub fn all(&self, channel: &ChannelName) -> &[Event] {
        self.channels.get(channel).map_or(&[], Vec::as_slice)
    }

    /// As [`crate::EventLog::page`].
    #[must_use]
    pub fn page(&self, channel: &ChannelName, after: u64, limits: PageLimits) -> LogPage {
        let all = self.all(channel);
        let head = all.len() as u64;
        let oldest = head.saturating_sub(self.keep_events) + 1;
        let kept = |event: &&Event| event.offset >= oldest;
        let mut bytes = 0;
        LogPage {
            epoch: self.epoch,
            head,
            oldest,
            id_at_position: all
                .iter()
                .filter(kept)
                .find(|event| event.offset == after)
                .map(|event| event.id),
            events: all
                .iter()
                .filter(kept)
                .filter(|event| event.offset > after)
                .take(limits.events)
                .take_while(|event| {
                    let room = bytes == 0 || bytes < limits.bytes;
                    bytes += event.data.len();
                    room
                })
                .cloned()
                .collect(),
        }
    }

    /// As [`crate::EventLog::heads`].
    #[must_use]
    pub fn heads(&self, channels: &[ChannelName]) -> Heads {
        Heads {
            epoch: self.epoch,
            heads: channels.iter().map(|channel| self.head(channel)).collect(),
        }
    }
}
