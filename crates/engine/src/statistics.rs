//! Counters that others may read while the shards run.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::{Presence, Timestamp, UserId, WelcomeUser};

use crate::{DURATION_BOUNDS_US, Distribution, Histogram, Shard};

/// A look at all shards of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Admitted connections.
    pub connections: usize,
    /// Admitted connections by the role of their account.
    pub by_role: BTreeMap<&'static str, usize>,
    /// Channels that somebody listens to; a channel on two shards counts twice.
    pub channels: usize,
    /// Bytes that wait for sockets that would block.
    pub outbox_bytes: usize,
    /// Events handed to a socket, live or by recovery.
    pub deliveries: u64,
    /// Ended connections by close code; 1006 for those that went without one.
    pub closes: BTreeMap<u16, u64>,
    /// The same for those that ended before their welcome.
    pub refusals: BTreeMap<u16, u64>,
    /// What each shard counts, in the order of their numbers.
    pub shards: Vec<ShardStatistics>,
}

/// A look at one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardStatistics {
    /// Admitted connections by the role of their account.
    pub by_role: BTreeMap<&'static str, usize>,
    /// Channels that somebody listens to.
    pub channels: usize,
    /// Bytes that wait for sockets that would block.
    pub outbox_bytes: usize,
    /// Events handed to a socket, live or by recovery.
    pub deliveries: u64,
    /// Writes to a socket that carried more than one event.
    pub coalesced_writes: u64,
    /// Connections closed because they read too slowly.
    pub slow_closes: u64,
    /// Pages asked of the log.
    pub pages_read: u64,
    /// Pages that a reader got without asking the log, because another had asked for the same.
    pub pages_shared: u64,
    /// How long the turns took, in microseconds.
    pub turns_us: Distribution,
}

/// What one shard counts.
#[derive(Debug)]
pub(crate) struct ShardCounters {
    pub(crate) channels: AtomicUsize,
    pub(crate) outbox_bytes: AtomicUsize,
    pub(crate) deliveries: AtomicU64,
    pub(crate) coalesced_writes: AtomicU64,
    pub(crate) slow_closes: AtomicU64,
    pub(crate) pages_read: AtomicU64,
    pub(crate) pages_shared: AtomicU64,
    turns_us: Histogram,
}

impl Default for ShardCounters {
    fn default() -> Self {
        Self {
            channels: AtomicUsize::new(0),
            outbox_bytes: AtomicUsize::new(0),
            deliveries: AtomicU64::new(0),
            coalesced_writes: AtomicU64::new(0),
            slow_closes: AtomicU64::new(0),
            pages_read: AtomicU64::new(0),
            pages_shared: AtomicU64::new(0),
            turns_us: Histogram::new(DURATION_BOUNDS_US),
        }
    }
}

impl ShardCounters {
    pub(crate) fn delivered(&self, events: u64, coalesced_writes: u64) {
        self.deliveries.fetch_add(events, Ordering::Relaxed);
        self.coalesced_writes
            .fetch_add(coalesced_writes, Ordering::Relaxed);
    }

    fn read(&self, by_role: BTreeMap<&'static str, usize>) -> ShardStatistics {
        ShardStatistics {
            by_role,
            channels: self.channels.load(Ordering::Relaxed),
            outbox_bytes: self.outbox_bytes.load(Ordering::Relaxed),
            deliveries: self.deliveries.load(Ordering::Relaxed),
            coalesced_writes: self.coalesced_writes.load(Ordering::Relaxed),
            slow_closes: self.slow_closes.load(Ordering::Relaxed),
            pages_read: self.pages_read.load(Ordering::Relaxed),
            pages_shared: self.pages_shared.load(Ordering::Relaxed),
            turns_us: self.turns_us.read(),
        }
    }
}

impl<T, O> Shard<T, O> {
    /// Counts how long a turn took. Whoever drives the shard has the clock.
    pub fn turn_took(&self, duration: Duration) {
        self.seat.counters.turns_us.record_duration(duration);
    }
}

/// Who is connected, over all shards. Locked when a connection comes or goes, never per delivery.
#[derive(Debug, Default)]
pub(crate) struct Census {
    state: Mutex<CensusState>,
}

#[derive(Debug, Default)]
struct CensusState {
    online: HashMap<UserId, Presence>,
    /// By the number of the shard.
    by_role: BTreeMap<u16, BTreeMap<&'static str, usize>>,
    closes: BTreeMap<u16, u64>,
    refusals: BTreeMap<u16, u64>,
}

/// How a connection was counted in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    /// It is the first of its user.
    First(Presence),
    /// Its user has others.
    Another,
    /// Its user has as many as are allowed; it was not counted.
    TooMany,
}

impl Census {
    /// Counts a connection of this user in on a shard, unless there are `max` already on all.
    pub(crate) fn enter(
        &self,
        shard: u16,
        user: &WelcomeUser,
        now: Timestamp,
        max: usize,
    ) -> Entered {
        let mut state = self.lock();
        let presence = state.online.entry(user.id).or_insert_with(|| Presence {
            user: user.clone(),
            since: now,
            sockets: 0,
        });
        if presence.sockets >= max {
            return Entered::TooMany;
        }
        presence.sockets += 1;
        presence.user.clone_from(user); // name and role as of today
        let entered = match presence.sockets {
            1 => Entered::First(presence.clone()),
            _ => Entered::Another,
        };
        let by_role = state.by_role.entry(shard).or_default();
        *by_role.entry(user.role.as_str()).or_default() += 1;
        entered
    }

    /// Counts a connection out. Gives the user's presence if it was the last one.
    pub(crate) fn leave(&self, shard: u16, user: &WelcomeUser) -> Option<Presence> {
        let mut state = self.lock();
        let by_role = state.by_role.get_mut(&shard);
        if let Some(count) = by_role.and_then(|by_role| by_role.get_mut(user.role.as_str())) {
            *count -= 1;
        }
        let presence = state.online.get_mut(&user.id)?;
        presence.sockets -= 1;
        if presence.sockets > 0 {
            return None;
        }
        state.online.remove(&user.id)
    }

    /// Who is online, the longest first.
    pub(crate) fn online(&self) -> Vec<Presence> {
        let mut online: Vec<Presence> = self.lock().online.values().cloned().collect();
        online.sort_by_key(|presence| (presence.since, presence.user.id));
        online
    }

    /// Whether the user has a socket open.
    pub(crate) fn is_online(&self, user: UserId) -> bool {
        self.lock().online.contains_key(&user)
    }

    pub(crate) fn closed(&self, code: u16, welcomed: bool) {
        let mut state = self.lock();
        let counts = if welcomed {
            &mut state.closes
        } else {
            &mut state.refusals
        };
        *counts.entry(code).or_default() += 1;
    }

    /// `shards` in the order of their numbers.
    pub(crate) fn read<'a>(&self, shards: impl Iterator<Item = &'a ShardCounters>) -> Statistics {
        let state = self.lock();
        let by_role = |shard| state.by_role.get(&shard).cloned().unwrap_or_default();
        let mut statistics = Statistics {
            closes: state.closes.clone(),
            refusals: state.refusals.clone(),
            shards: (0..)
                .zip(shards)
                .map(|(id, counters)| counters.read(by_role(id)))
                .collect(),
            ..Statistics::default()
        };
        for shard in &statistics.shards {
            for (role, count) in &shard.by_role {
                *statistics.by_role.entry(role).or_default() += count;
                statistics.connections += count;
            }
            statistics.channels += shard.channels;
            statistics.outbox_bytes += shard.outbox_bytes;
            statistics.deliveries += shard.deliveries;
        }
        statistics
    }

    fn lock(&self) -> MutexGuard<'_, CensusState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
