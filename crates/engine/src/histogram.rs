//! How often values of which size came, counted without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds for durations, in microseconds: from 100 µs to 5 s.
pub const DURATION_BOUNDS_US: &[u64] = &[
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000,
];

/// Counts values by size. To record one costs two relaxed additions, so a hot path may.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One for each bound, and one for what is larger than all.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// What a [`Histogram`] held at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// Rising; a value belongs to the first bound that is not below it.
    pub bounds: &'static [u64],
    /// Values for each bound, and last those above all bounds. Not cumulative.
    pub counts: Vec<u64>,
    /// All values added up.
    pub sum: u64,
}

impl Histogram {
    /// An empty one. `bounds` must rise.
    #[must_use]
    pub fn new(bounds: &'static [u64]) -> Self {
        debug_assert!(
            bounds.is_sorted_by(|low, high| low < high),
            "{bounds:?} does not rise"
        );
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Counts a value.
    pub fn record(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Counts a duration, in microseconds.
    pub fn record_duration(&self, duration: Duration) {
        self.record(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    /// What was counted. A value that comes meanwhile may be in the counts and not in the sum.
    #[must_use]
    pub fn read(&self) -> Distribution {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Distribution {
            bounds: self.bounds,
            counts: self.counts.iter().map(load).collect(),
            sum: load(&self.sum),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_counted_under_the_first_bound_that_holds_it() {
        let histogram = Histogram::new(&[1, 10]);
        for value in [0, 1, 2, 10, 11, 1_000] {
            histogram.record(value);
        }
        let read = histogram.read();
        assert_eq!((read.counts, read.sum), (vec![2, 2, 2], 1_024));
    }

    #[test]
    fn a_duration_is_counted_in_microseconds() {
        let histogram = Histogram::new(DURATION_BOUNDS_US);
        histogram.record_duration(Duration::from_millis(3));
        let read = histogram.read();
        assert_eq!((read.counts[5], read.sum), (1, 3_000)); // at most 5 ms
    }
}
