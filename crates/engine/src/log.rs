//! The event log as the engine needs it. The log orders; everything else only carries.

use std::future::Future;
use std::sync::Arc;

use protocol::{ChannelName, Epoch, EventFrame, EventId, EventName, Timestamp};

/// One thing that happened in one channel: committed, numbered, never changed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The same on every channel that tells of it.
    pub id: EventId,
    /// The channel that this copy belongs to.
    pub channel: ChannelName,
    /// Place in the channel: from 1, by 1, at most [`protocol::OFFSET_MAX`].
    pub offset: u64,
    /// What happened.
    pub name: EventName,
    /// When it was committed, by the clock of the store.
    pub at: Timestamp,
    /// The encoded JSON object it carries.
    pub data: Arc<str>,
}

impl Event {
    /// The event as it is written on a socket.
    #[must_use]
    pub fn frame(&self) -> EventFrame<'_> {
        EventFrame {
            id: Some(self.id),
            channel: &self.channel,
            offset: Some(self.offset),
            name: self.name,
            at: self.at,
            data: &self.data,
        }
    }
}

/// How much one page may hold; whichever bound is met first ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimits {
    /// Most events.
    pub events: usize,
    /// Most bytes of data, passed by one event at most.
    pub bytes: usize,
}

/// A part of a channel's log, read at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPage {
    /// The lifetime of the log.
    pub epoch: Epoch,
    /// The newest offset; 0 when nothing ever happened.
    pub head: u64,
    /// The oldest offset that is still kept; `head + 1` when nothing is.
    pub oldest: u64,
    /// The event at the offset that was asked to begin after, if it is still kept.
    pub id_at_position: Option<EventId>,
    /// Dense and rising, from `max(after + 1, oldest)`.
    pub events: Vec<Event>,
}

/// The newest offsets of some channels, read at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heads {
    /// The lifetime of the log.
    pub epoch: Epoch,
    /// Head of each channel asked for, in the order asked; 0 for an empty one.
    pub heads: Vec<u64>,
}

/// The log cannot be read now.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the event log cannot be read: {0}")]
pub struct LogError(pub String);

/// What keeps committed events.
pub trait EventLog: Send + Sync + 'static {
    /// Reads what follows `after`. Retention is exact: an event older or further back than is kept
    /// is not in the page even while its row still exists.
    fn page(
        &self,
        channel: &ChannelName,
        after: u64,
        limits: PageLimits,
    ) -> impl Future<Output = Result<LogPage, LogError>> + Send;

    /// Reads the newest offsets.
    fn heads(
        &self,
        channels: &[ChannelName],
    ) -> impl Future<Output = Result<Heads, LogError>> + Send;
}

/// Who is told of committed events, by the store, in the order of commits.
pub trait Announce: Send + Sync + 'static {
    /// Takes the events of one or more transactions. Must not block.
    fn announce(&self, events: Arc<[Event]>);
}
