//! How often a caller may do something: so many at once, then one more in each interval. In memory
//! and bounded; time is handed in. Start at [`RateLimit::take`].

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One limit for many callers.
#[derive(Debug)]
pub(crate) struct RateLimit<K> {
    /// How far a caller may run ahead of the interval.
    ahead: Duration,
    interval: Duration,
    keys_max: usize,
    /// When the caller's credit is whole again. In the past means nothing is owed.
    owed_until: Mutex<HashMap<K, Instant>>,
}

impl<K: Eq + Hash + Clone> RateLimit<K> {
    /// A limit of `burst` at once and one more in each `interval`.
    pub(crate) fn new((burst, interval): (u32, Duration), keys_max: usize) -> Self {
        Self {
            ahead: interval * burst,
            interval,
            keys_max,
            owed_until: Mutex::default(),
        }
    }

    /// Takes one.
    ///
    /// # Errors
    /// How many seconds to wait, at least 1. What is refused costs nothing.
    pub(crate) fn take(&self, key: &K, now: Instant) -> Result<(), u64> {
        let mut owed = self
            .owed_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let from = owed.get(key).map_or(now, |until| now.max(*until));
        let until = from + self.interval;
        let wait = until.duration_since(now).saturating_sub(self.ahead);
        if !wait.is_zero() {
            return Err(u64::try_from(wait.as_millis().div_ceil(1000))
                .unwrap_or(u64::MAX)
                .max(1));
        }
        if owed.len() >= self.keys_max && !owed.contains_key(key) {
            make_room(&mut owed, self.keys_max, now);
        }
        owed.insert(key.clone(), until);
        Ok(())
    }
}

/// Forgets callers that owe nothing, and if that is not enough, the half that owes least.
fn make_room<K: Eq + Hash>(owed: &mut HashMap<K, Instant>, keys_max: usize, now: Instant) {
    owed.retain(|_, until| *until > now);
    if owed.len() >= keys_max {
        let mut all: Vec<Instant> = owed.values().copied().collect();
        let middle = all.len() / 2;
        let (_, median, _) = all.select_nth_unstable(middle);
        let median = *median;
        owed.retain(|_, until| *until > median);
    }
}

/// The address as limits count it: IPv6 by its /64, which is what one subscriber gets.
pub(crate) fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(
            address.to_bits() & !u128::from(u64::MAX),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_is_let_through_and_then_one_in_each_interval() {
        let limit = RateLimit::new((3, SECOND * 2), 10);
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(limit.take(&"ana", start), Ok(()));
        }
        assert_eq!(limit.take(&"ana", start), Err(2));
        assert_eq!(limit.take(&"ben", start), Ok(()));
        assert_eq!(limit.take(&"ana", start + SECOND), Err(1));
        assert_eq!(limit.take(&"ana", start + SECOND * 2), Ok(()));
        assert_eq!(limit.take(&"ana", start + SECOND * 2), Err(2));
    }

    #[test]
    fn the_memory_is_bounded_and_whoever_owes_most_is_remembered() {
        let limit = RateLimit::new((2, SECOND), 100);
        let now = Instant::now();
        limit.take(&0, now).unwrap();
        limit.take(&0, now).unwrap();
        for key in 1..1000 {
            limit.take(&key, now).unwrap();
            assert!(limit.owed_until.lock().unwrap().len() <= 100);
        }
        assert!(
            limit.take(&0, now).is_err(),
            "the busiest caller is not forgotten"
        );
    }

    #[test]
    fn ipv6_counts_by_subscriber() {
        let key = |text: &str| subscriber(text.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }
}
