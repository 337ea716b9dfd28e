//! One timer wheel per shard: a ring of buckets, each holding the timers of one tick. A timer that
//! lies beyond the ring waits in its last bucket and is put in again.

/// Length of a tick, in milliseconds. Timers are late by at most this much.
pub(crate) const TICK_MS: u64 = 50;
const BUCKETS: u64 = 1024;
const WORDS: usize = 16;

/// A timer: fires at `due_ms` for this use of this slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timer {
    pub(crate) due_ms: u64,
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

pub(crate) struct Wheel {
    buckets: Vec<Vec<Timer>>,
    /// A bit for each bucket that holds a timer, so that the next one is found without a walk.
    occupied: [u64; WORDS],
    /// The tick up to which everything has fired.
    tick: u64,
    len: usize,
}

impl Wheel {
    pub(crate) fn new(now_ms: u64) -> Self {
        Self {
            buckets: (0..BUCKETS).map(|_| Vec::new()).collect(),
            occupied: [0; WORDS],
            tick: now_ms / TICK_MS,
            len: 0,
        }
    }

    pub(crate) fn insert(&mut self, timer: Timer) {
        // Rounded up, so that a timer never fires early; never into the tick that has passed.
        let due = timer.due_ms.div_ceil(TICK_MS).max(self.tick + 1);
        let bucket = due.min(self.tick + BUCKETS - 1) % BUCKETS;
        self.buckets[index(bucket)].push(timer);
        self.occupied[index(bucket) / 64] |= 1 << (bucket % 64);
        self.len += 1;
    }

    /// Moves the wheel on and appends the timers that are due to `fired`.
    pub(crate) fn advance(&mut self, now_ms: u64, fired: &mut Vec<Timer>) {
        let target = now_ms / TICK_MS;
        if self.len == 0 {
            self.tick = self.tick.max(target);
            return;
        }
        // After a long sleep one round visits every bucket.
        let rounds = target.saturating_sub(self.tick).min(BUCKETS);
        let first = target.saturating_sub(rounds);
        for step in 1..=rounds {
            self.tick = first + step;
            let bucket = index(self.tick % BUCKETS);
            let mut timers = std::mem::take(&mut self.buckets[bucket]);
            self.occupied[bucket / 64] &= !(1 << (bucket % 64));
            self.len -= timers.len();
            for timer in timers.drain(..) {
                if timer.due_ms <= now_ms {
                    fired.push(timer);
                } else {
                    self.insert(timer);
                }
            }
            let bucket = &mut self.buckets[bucket];
            if bucket.is_empty() {
                *bucket = timers; // keeps the allocation
            }
        }
    }

    /// When to look again, if any timer waits.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        if self.len == 0 {
            return None;
        }
        // From the next bucket to the end of its word, then word by word around the ring.
        let mut at = (self.tick + 1) % BUCKETS;
        let mut ahead = 1;
        while ahead < BUCKETS {
            let rest = self.occupied[index(at) / 64] >> (at % 64);
            if rest != 0 {
                return Some((self.tick + ahead + u64::from(rest.trailing_zeros())) * TICK_MS);
            }
            let step = 64 - at % 64;
            ahead += step;
            at = (at + step) % BUCKETS;
        }
        Some((self.tick + BUCKETS - 1) * TICK_MS)
    }
}

fn index(bucket: u64) -> usize {
    usize::try_from(bucket).expect("a bucket's number is below 1024")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(due_ms: u64) -> Timer {
        Timer {
            due_ms,
            slot: 0,
            generation: 0,
        }
    }

    fn run(wheel: &mut Wheel, now_ms: u64) -> Vec<u64> {
        let mut fired = Vec::new();
        wheel.advance(now_ms, &mut fired);
        fired.iter().map(|timer| timer.due_ms).collect()
    }

    #[test]
    fn timers_fire_once_not_early_and_at_most_a_tick_late() {
        let mut wheel = Wheel::new(1_000);
        for due in [1_001, 1_049, 1_050, 5_000, 25_000, 200_000] {
            wheel.insert(timer(due));
        }
        assert_eq!(wheel.next_ms(), Some(1_050));
        let mut fired = Vec::new();
        let mut now = 1_000;
        while let Some(next) = wheel.next_ms() {
            assert!(next > now);
            now = next;
            for due in run(&mut wheel, now) {
                assert!(due <= now && now <= due + TICK_MS, "{due} fired at {now}");
                fired.push(due);
            }
        }
        assert_eq!(fired, [1_001, 1_049, 1_050, 5_000, 25_000, 200_000]);
    }

    #[test]
    fn a_jump_of_the_clock_fires_everything_that_is_due() {
        let mut wheel = Wheel::new(0);
        for due in (0..100_000).step_by(777) {
            wheel.insert(timer(due));
        }
        wheel.insert(timer(10_000_000));
        assert_eq!(run(&mut wheel, 3_600_000).len(), 129);
        assert!(run(&mut wheel, 9_999_999).is_empty());
        assert_eq!(run(&mut wheel, 10_000_050), [10_000_000]);
    }
}
