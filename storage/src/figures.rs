//! What a store measures of itself, for metrics. Knows no engine.

/// Upper bounds of the buckets that commit groups are counted in, in s: from a disk that syncs at once to one that hangs.
pub const COMMIT_BOUNDS_S: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// What the store measures of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// Commit groups made durable since start: how long each took from first write to sync.
    pub commits: CommitTimes,
    /// When the last one became durable, in s since 1970; 0 before the first.
    pub last_commit_at_s: u64,
    /// Changes made durable since start.
    pub changes: u64,
    /// Events made durable since start.
    pub events: u64,
    /// Bytes of changes queued and not yet durable.
    pub queued_bytes: u64,
    /// Bytes of journal pages on disk, before the engine's own overhead.
    pub journal_bytes: u64,
    /// Journal volumes on disk.
    pub volumes: u64,
    /// Bytes of dead letters that came since start.
    pub dead_bytes: u64,
}

/// How long commit groups took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CommitTimes {
    /// How many there were.
    pub count: u64,
    /// Seconds all took together.
    pub sum_s: f64,
    /// Seconds the last one took.
    pub last_s: f64,
    /// How many took no longer than each of [`COMMIT_BOUNDS_S`], and longer than the bound before it.
    pub buckets: [u64; COMMIT_BOUNDS_S.len()],
}

impl CommitTimes {
    /// Counts one group.
    pub fn note(&mut self, seconds: f64) {
        self.count += 1;
        self.sum_s += seconds;
        self.last_s = seconds;
        if let Some(bucket) = COMMIT_BOUNDS_S.iter().position(|bound| seconds <= *bound) {
            self.buckets[bucket] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_is_counted_in_the_first_bucket_that_holds_it() {
        let mut times = CommitTimes::default();
        [0.0004, 0.0005, 0.003, 7.0].into_iter().for_each(|seconds| times.note(seconds));
        assert_eq!((times.count, times.last_s, times.sum_s), (4, 7.0, 7.0039));
        assert_eq!((times.buckets[0], times.buckets[3]), (2, 1));
        assert_eq!(times.buckets.iter().sum::<u64>(), 3, "what took longer than every bound is in the count alone");
    }
}
