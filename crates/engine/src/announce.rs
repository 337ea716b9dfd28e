//! The engine as others hold it: committed events come in here, and so do new sockets and the
//! answers to what the shards asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use protocol::{ChannelName, ConnectionId, Goodbye, MessageId, Presence, UserId};

use crate::growing::Growth;
use crate::inbox::Inbox;
use crate::known_heads::KnownHeads;
use crate::statistics::{Census, ShardCounters};
use crate::{
    Announce, Attach, Event, Limits, LiveAsked, LiveConnection, Message, Passing, Statistics, Tell,
};

/// The shards of this node. Cheap to clone.
pub struct Engine<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    seats: Vec<Seat<T>>,
    census: Arc<Census>,
    heads: Arc<KnownHeads>,
    next: AtomicUsize,
}

/// What a shard and the engine share.
pub(crate) struct Seat<T> {
    pub(crate) id: u16,
    pub(crate) inbox: Arc<Inbox<T>>,
    pub(crate) census: Arc<Census>,
    pub(crate) counters: Arc<ShardCounters>,
    pub(crate) heads: Arc<KnownHeads>,
    pub(crate) limits: Limits,
}

/// A place for one shard, to be given to [`crate::Shard::new`].
pub struct ShardSeat<T>(pub(crate) Seat<T>);

impl<T> Engine<T> {
    /// An engine of `shards` shards (at least one), and a seat for each of them.
    #[must_use]
    pub fn new(limits: Limits, shards: u16) -> (Self, Vec<ShardSeat<T>>) {
        let census = Arc::new(Census::default());
        let heads = Arc::<KnownHeads>::default();
        let seats: Vec<Seat<T>> = (0..shards.max(1))
            .map(|id| Seat {
                id,
                inbox: Arc::new(Inbox::new(limits.inbox_events_max)),
                census: Arc::clone(&census),
                counters: Arc::default(),
                heads: Arc::clone(&heads),
                limits,
            })
            .collect();
        let places = seats.iter().map(|seat| ShardSeat(seat.clone())).collect();
        let shared = Shared {
            seats,
            census,
            heads,
            next: AtomicUsize::new(0),
        };
        (
            Self {
                shared: Arc::new(shared),
            },
            places,
        )
    }

    /// Hands a socket to the next shard in turn.
    pub fn attach(&self, attach: Attach<T>) {
        let turn = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let seat = &self.shared.seats[turn % self.shared.seats.len()];
        seat.inbox.push(Message::Attach(Box::new(attach)));
    }

    /// Hands an answer to the shard that asked. A shard that does not exist hears nothing.
    pub fn answer(&self, shard: u16, message: Message<T>) {
        if let Some(seat) = self.shared.seats.get(usize::from(shard)) {
            seat.inbox.push(message);
        }
    }

    /// Makes every shard compare its channels with the log.
    pub fn reconcile(&self) {
        self.shared.heads.forget();
        for seat in &self.shared.seats {
            seat.inbox.push(Message::Reconcile);
        }
    }

    /// Makes every shard close its connections for a restart; the waits told to the clients are
    /// spread over `window_ms`.
    pub fn drain(&self, window_ms: u64) {
        for seat in &self.shared.seats {
            seat.inbox.push(Message::Drain { window_ms });
        }
    }

    /// Asks every shard for its live connections; each tells its own page.
    pub fn live(&self, asked: LiveAsked, tell: impl Fn() -> Tell<Vec<LiveConnection>>) {
        for seat in &self.shared.seats {
            let tell = tell();
            seat.inbox.push(Message::Live { asked, tell });
        }
    }

    /// Closes the connection of this id; each shard tells whose it was if it had it.
    pub fn close(
        &self,
        connection: ConnectionId,
        goodbye: &Goodbye,
        tell: impl Fn() -> Tell<Option<UserId>>,
    ) {
        for seat in &self.shared.seats {
            seat.inbox.push(Message::Close {
                connection,
                goodbye: goodbye.clone(),
                tell: tell(),
            });
        }
    }

    /// Tells those who listen now of something passing.
    pub fn tell(&self, passing: Passing) {
        let passing = Arc::new(passing);
        for seat in &self.shared.seats {
            seat.inbox.push(Message::Passing(Arc::clone(&passing)));
        }
    }

    /// Gives a piece of a text that grows to those who listen now, and keeps what there is for
    /// those who come before [`Engine::grown`].
    pub fn grow(&self, growth: Growth) {
        let growth = Arc::new(growth);
        for seat in &self.shared.seats {
            seat.inbox.push(Message::Growth(Arc::clone(&growth)));
        }
    }

    /// A text that grew has ended; the event that tells how was announced before.
    pub fn grown(&self, channel: &ChannelName, message: MessageId) {
        for seat in &self.shared.seats {
            let channel = channel.clone();
            seat.inbox.push(Message::Grown { channel, message });
        }
    }

    /// Who has a socket open, the longest first.
    #[must_use]
    pub fn online(&self) -> Vec<Presence> {
        self.shared.census.online()
    }

    /// Whether this user has a socket open.
    #[must_use]
    pub fn is_online(&self, user: UserId) -> bool {
        self.shared.census.is_online(user)
    }

    /// What the shards count.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.shared
            .census
            .read(self.shared.seats.iter().map(|seat| &*seat.counters))
    }
}

impl<T: Send + 'static> Announce for Engine<T> {
    fn announce(&self, events: Arc<[Event]>) {
        self.shared.heads.announced(&events);
        for seat in &self.shared.seats {
            seat.inbox.announce(&events);
        }
    }
}

impl<T> Clone for Engine<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> Clone for Seat<T> {
    fn clone(&self) -> Self {
        Self {
            id: self.id,
            inbox: Arc::clone(&self.inbox),
            census: Arc::clone(&self.census),
            counters: Arc::clone(&self.counters),
            heads: Arc::clone(&self.heads),
            limits: self.limits,
        }
    }
}
