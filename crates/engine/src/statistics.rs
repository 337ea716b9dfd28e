//! Counters that others may read while the shards run.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::UserId;

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
    by_user: HashMap<UserId, usize>,
    by_role: BTreeMap<&'static str, usize>,
    closes: BTreeMap<u16, u64>,
    refusals: BTreeMap<u16, u64>,
}

impl Census {
    /// Counts a connection of this user in, unless there are `max` already.
    pub(crate) fn enter(&self, user: UserId, role: &'static str, max: usize) -> bool {
        let mut state = self.lock();
        let count = state.by_user.entry(user).or_default();
        if *count >= max {
            return false;
        }
        *count += 1;
        *state.by_role.entry(role).or_default() += 1;
        true
    }

    pub(crate) fn leave(&self, user: UserId, role: &'static str) {
        let mut state = self.lock();
        if let Some(count) = state.by_user.get_mut(&user) {
            *count -= 1;
            if *count == 0 {
                state.by_user.remove(&user);
            }
        }
        if let Some(count) = state.by_role.get_mut(role) {
            *count -= 1;
        }
    }

    pub(crate) fn closed(&self, code: u16, welcomed: bool) {
        let mut state = self.lock();
        let counts = if welcomed { &mut state.closes } else { &mut state.refusals };
        *counts.entry(code).or_default() += 1;
    }

    pub(crate) fn read<'a>(
        &self,
        shards: impl Iterator<Item = &'a ShardCounters>,
    ) -> Statistics {
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
