//! How many sockets an address may have, and how often it may be refused. In memory and bounded.
//! Start at [`Admissions::enter`].

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::limits::RATE_LIMIT_KEYS_MAX;
use crate::rate_limit::{RateLimit, subscriber};

/// The sockets and refusals of every address.
#[derive(Clone, Debug)]
pub(crate) struct Admissions {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    per_address_max: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
    told: RateLimit<IpAddr>,
    /// Handshakes refused by HTTP, by status.
    refusals: Mutex<BTreeMap<u16, u64>>,
}

/// One socket's place among those of its address; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    shared: Arc<Shared>,
    address: IpAddr,
}

impl Admissions {
    /// At most so many sockets of one address, and so many refusals a minute that are told.
    pub(crate) fn new(per_address_max: usize, refusals_per_minute: u32) -> Self {
        let interval = Duration::from_secs(60) / refusals_per_minute.max(1);
        let told = RateLimit::new((refusals_per_minute, interval), RATE_LIMIT_KEYS_MAX);
        let shared = Shared {
            per_address_max,
            open: Mutex::default(),
            told,
            refusals: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Takes a place for a socket. None when the address has as many as it may.
    pub(crate) fn enter(&self, address: IpAddr) -> Option<Permit> {
        let address = subscriber(address);
        let mut open = self
            .shared
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= self.shared.per_address_max {
            return None;
        }
        *count += 1;
        Some(Permit {
            shared: Arc::clone(&self.shared),
            address,
        })
    }

    /// Whether the address may be told once more why it is refused.
    pub(crate) fn may_tell(&self, address: IpAddr) -> bool {
        self.shared
            .told
            .take(&subscriber(address), Instant::now())
            .is_ok()
    }

    /// Counts a handshake that was refused by HTTP.
    pub(crate) fn count_refusal(&self, status: u16) {
        let mut refusals = self
            .shared
            .refusals
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *refusals.entry(status).or_default() += 1;
    }

    /// Handshakes that were refused by HTTP, by status.
    pub(crate) fn refusals(&self) -> BTreeMap<u16, u64> {
        self.shared
            .refusals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self
            .shared
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_given_back_and_other_addresses_have_their_own() {
        let admissions = Admissions::new(2, 60);
        let [ana, ben]: [IpAddr; 2] = ["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()];
        let first = admissions.enter(ana).unwrap();
        let _second = admissions.enter(ana).unwrap();
        assert!(admissions.enter(ana).is_none());
        assert!(admissions.enter(ben).is_some());
        drop(first);
        assert!(admissions.enter(ana).is_some());
    }

    #[test]
    fn an_address_is_told_so_often_and_then_no_more() {
        let admissions = Admissions::new(2, 3);
        let ana = "192.0.2.1".parse().unwrap();
        let told = (0..10).filter(|_| admissions.may_tell(ana)).count();
        assert_eq!(told, 3);
    }
}
