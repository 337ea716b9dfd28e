//! Counters that others may read while the shards run.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::{Presence, Timestamp, UserId, WelcomeUser};

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
}

/// What one shard counts.
#[derive(Debug, Default)]
pub(crate) struct ShardCounters {
    pub(crate) channels: AtomicUsize,
    pub(crate) outbox_bytes: AtomicUsize,
    pub(crate) deliveries: AtomicU64,
}

/// Who is connected, over all shards. Locked when a connection comes or goes, never per delivery.
#[derive(Debug, Default)]
pub(crate) struct Census {
    state: Mutex<CensusState>,
}

#[derive(Debug, Default)]
struct CensusState {
    online: HashMap<UserId, Presence>,
    by_role: BTreeMap<&'static str, usize>,
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
    /// Counts a connection of this user in, unless there are `max` already.
    pub(crate) fn enter(&self, user: &WelcomeUser, now: Timestamp, max: usize) -> Entered {
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
        *state.by_role.entry(user.role.as_str()).or_default() += 1;
        entered
    }

    /// Counts a connection out. Gives the user's presence if it was the last one.
    pub(crate) fn leave(&self, user: &WelcomeUser) -> Option<Presence> {
        let mut state = self.lock();
        if let Some(count) = state.by_role.get_mut(user.role.as_str()) {
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

    pub(crate) fn read<'a>(&self, shards: impl Iterator<Item = &'a ShardCounters>) -> Statistics {
        let state = self.lock();
        let mut statistics = Statistics {
            connections: state.by_role.values().sum(),
            by_role: state.by_role.clone(),
            closes: state.closes.clone(),
            refusals: state.refusals.clone(),
            ..Statistics::default()
        };
        for shard in shards {
            statistics.channels += shard.channels.load(Ordering::Relaxed);
            statistics.outbox_bytes += shard.outbox_bytes.load(Ordering::Relaxed);
            statistics.deliveries += shard.deliveries.load(Ordering::Relaxed);
        }
        statistics
    }

    fn lock(&self) -> MutexGuard<'_, CensusState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
