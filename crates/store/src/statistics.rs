//! What the writer counts. Plain atomics, added to once for each group and each change, so that
//! whoever shows them costs the writer nothing.

use std::time::Duration;

use engine::{DURATION_BOUNDS_US, Histogram};

/// Upper bounds for the number of changes in a group.
const GROUP_SIZE_BOUNDS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// Counts of the store since it was opened.
#[derive(Debug)]
pub struct Statistics {
    /// Changes that shared one commit.
    pub group_sizes: Histogram,
    /// From a change's hand-over to its commit, in microseconds, for each change.
    pub appends_us: Histogram,
    /// The commit alone, which waits for the disk, in microseconds, for each group.
    pub commits_us: Histogram,
}

impl Statistics {
    pub(crate) fn new() -> Self {
        Self {
            group_sizes: Histogram::new(GROUP_SIZE_BOUNDS),
            appends_us: Histogram::new(DURATION_BOUNDS_US),
            commits_us: Histogram::new(DURATION_BOUNDS_US),
        }
    }

    /// Counts a group whose commit took `commit`, with the wait of each of its changes.
    pub(crate) fn committed(&self, commit: Duration, waits: impl Iterator<Item = Duration>) {
        let mut size = 0;
        for wait in waits {
            self.appends_us.record_duration(wait);
            size += 1;
        }
        self.group_sizes.record(size);
        self.commits_us.record_duration(commit);
    }
}
