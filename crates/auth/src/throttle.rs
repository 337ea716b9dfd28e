//! How often someone may try to log in: few failures per account and address, more per address,
//! then a growing pause, never a lock for good. In memory only; plain data, time is handed in.
//! Whether a password is right is not decided here. Start at [`Throttle::begin`].

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};

use sha2::{Digest as _, Sha256};

#[cfg(test)]
mod tests;

/// When to slow someone down. All times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottleLimits {
    /// Failures of one account from one address within the window before pauses begin.
    pub failures_per_account_and_address: usize,
    /// Failures from one address, over all accounts, within the window before pauses begin.
    pub failures_per_address: usize,
    /// How long a failure counts. After a pause, this long without a failure forgets everything.
    pub window_ms: i64,
    /// The first pause. Each further failure doubles it.
    pub pause_first_ms: i64,
    /// The longest pause.
    pub pause_max_ms: i64,
    /// Most entries of each of the two tables. A full table forgets its oldest entries; 10,000
    /// need 3 MiB for accounts with addresses, and 11 MiB for addresses in the worst case.
    pub entries_max: usize,
}

impl Default for ThrottleLimits {
    fn default() -> Self {
        Self {
            failures_per_account_and_address: 10,
            failures_per_address: 100,
            window_ms: 15 * 60 * 1000,
            pause_first_ms: 30 * 1000,
            pause_max_ms: 15 * 60 * 1000,
            entries_max: 10_000,
        }
    }
}

/// How long to wait, in whole seconds, at least 1: the value of a `Retry-After` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many failed logins, try again in {0} s")]
pub struct RetryAfterSeconds(pub u64);

/// Counts failed logins. An attempt counts as failed from its beginning, so a hundred attempts at
/// the same time are not a hundred free guesses, and hanging up early changes nothing.
///
/// One account is only ever slowed down for the addresses that fail; its owner, elsewhere, logs
/// in. IPv6 addresses count by their /64, which is what one subscriber gets.
#[derive(Debug)]
pub struct Throttle {
    limits: ThrottleLimits,
    pairs: HashMap<(AccountKey, IpAddr), Failures>,
    addresses: HashMap<IpAddr, Failures>,
}

/// The first half of SHA-256 of an account name, so that names of any length cost 16 bytes and
/// none stays in memory.
type AccountKey = [u8; 16];

impl Throttle {
    /// A throttle that has seen nothing.
    pub fn new(limits: ThrottleLimits) -> Self {
        Self {
            limits,
            pairs: HashMap::new(),
            addresses: HashMap::new(),
        }
    }

    /// Begins an attempt and counts it as failed until [`Throttle::succeeded`] or
    /// [`Throttle::undo`] says otherwise. Upper and lower case of `account` are the same account.
    ///
    /// # Errors
    /// How long to wait. A refused attempt is not counted and must not be carried out.
    pub fn begin(
        &mut self,
        account: &str,
        address: IpAddr,
        now_ms: i64,
    ) -> Result<(), RetryAfterSeconds> {
        let limits = self.limits;
        let (account, address) = (account_key(account), group(address));
        let pair = entry(&mut self.pairs, (account, address), &limits, now_ms);
        let whole = entry(&mut self.addresses, address, &limits, now_ms);
        let wait_ms = pair
            .wait_ms(&limits, now_ms)
            .max(whole.wait_ms(&limits, now_ms));
        if wait_ms > 0 {
            let seconds = u64::try_from(wait_ms).unwrap_or(0).div_ceil(1000);
            return Err(RetryAfterSeconds(seconds.max(1)));
        }
        pair.count(limits.failures_per_account_and_address, now_ms);
        whole.count(limits.failures_per_address, now_ms);
        Ok(())
    }

    /// The password was right: forgets the failures of this account from this address, and takes
    /// this one attempt back from those of the address.
    pub fn succeeded(&mut self, account: &str, address: IpAddr) {
        let (account, address) = (account_key(account), group(address));
        self.pairs.remove(&(account, address));
        if let Some(whole) = self.addresses.get_mut(&address) {
            whole.take_back();
        }
    }

    /// The attempt came to no verdict (the server was overloaded, the store was away): takes it
    /// back as if it had not begun.
    pub fn undo(&mut self, account: &str, address: IpAddr) {
        let (account, address) = (account_key(account), group(address));
        if let Some(pair) = self.pairs.get_mut(&(account, address)) {
            pair.take_back();
        }
        if let Some(whole) = self.addresses.get_mut(&address) {
            whole.take_back();
        }
    }
}

/// What one table knows under one key.
///
/// Invariant: `times_ms` is no longer than the limit it is counted against.
#[derive(Debug, Default)]
struct Failures {
    /// When the failures of the window were, oldest first.
    times_ms: VecDeque<i64>,
    /// Failures since the limit was reached, that one included; 0 means no pauses yet.
    over: u32,
    last_ms: i64,
    /// What `last_ms` was before the latest attempt, to take that back.
    before_ms: i64,
}

impl Failures {
    /// How long nobody may try, 0 if they may. Never longer than the pause itself, also when the
    /// clock was set back.
    fn wait_ms(&self, limits: &ThrottleLimits, now_ms: i64) -> i64 {
        let pause_ms = self.pause_ms(limits);
        self.last_ms
            .saturating_add(pause_ms)
            .saturating_sub(now_ms)
            .clamp(0, pause_ms)
    }

    fn pause_ms(&self, limits: &ThrottleLimits) -> i64 {
        match self.over {
            0 => 0,
            over => {
                let doubled = 1_i64 << (over - 1).min(32);
                limits
                    .pause_first_ms
                    .saturating_mul(doubled)
                    .min(limits.pause_max_ms)
            }
        }
    }

    fn count(&mut self, limit: usize, now_ms: i64) {
        self.before_ms = self.last_ms;
        self.last_ms = now_ms;
        if self.over > 0 || self.times_ms.len() + 1 >= limit {
            self.over = self.over.saturating_add(1);
        }
        if self.times_ms.len() >= limit {
            self.times_ms.pop_front();
        }
        self.times_ms.push_back(now_ms);
    }

    fn take_back(&mut self) {
        self.times_ms.pop_back();
        self.over = self.over.saturating_sub(1);
        self.last_ms = self.before_ms;
    }

    /// Drops what no longer counts.
    fn refresh(&mut self, limits: &ThrottleLimits, now_ms: i64) {
        if self.is_over(limits, now_ms) {
            *self = Self::default();
        } else if self.over == 0 {
            let oldest_ms = now_ms.saturating_sub(limits.window_ms);
            while self
                .times_ms
                .front()
                .is_some_and(|time_ms| *time_ms <= oldest_ms)
            {
                self.times_ms.pop_front();
            }
        }
    }

    fn is_over(&self, limits: &ThrottleLimits, now_ms: i64) -> bool {
        let quiet_ms = now_ms.saturating_sub(self.last_ms);
        quiet_ms >= self.pause_ms(limits).saturating_add(limits.window_ms)
    }
}

/// The entry under a key, brought up to date; a new one may push out the oldest.
fn entry<'a, K: Hash + Eq>(
    table: &'a mut HashMap<K, Failures>,
    key: K,
    limits: &ThrottleLimits,
    now_ms: i64,
) -> &'a mut Failures {
    if table.len() >= limits.entries_max && !table.contains_key(&key) {
        make_room(table, limits, now_ms);
    }
    let failures = table.entry(key).or_default();
    failures.refresh(limits, now_ms);
    failures
}

/// Forgets what is over, and if that is not enough the oldest eighth, so that a full table is
/// searched once for many new entries.
fn make_room<K: Hash + Eq>(table: &mut HashMap<K, Failures>, limits: &ThrottleLimits, now_ms: i64) {
    table.retain(|_, failures| !failures.is_over(limits, now_ms));
    if table.len() < limits.entries_max || table.is_empty() {
        return;
    }
    let mut times_ms: Vec<i64> = table.values().map(|failures| failures.last_ms).collect();
    let mut too_many = (limits.entries_max / 8).max(1).min(times_ms.len());
    let (_, oldest_kept_ms, _) = times_ms.select_nth_unstable(too_many - 1);
    let limit_ms = *oldest_kept_ms;
    table.retain(|_, failures| {
        let goes = too_many > 0 && failures.last_ms <= limit_ms;
        too_many -= usize::from(goes);
        !goes
    });
}

fn account_key(account: &str) -> AccountKey {
    let digest = Sha256::digest(account.trim().to_lowercase());
    let mut key = AccountKey::default();
    key.copy_from_slice(&digest[..16]);
    key
}

/// The address that counts: an IPv4 address also in its IPv6 spelling, an IPv6 address by its /64.
fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}
