//! What a slow disk does to the pace: nothing that Meta would notice.

use super::*;
use std::collections::VecDeque;
use std::sync::Arc;

/// A number with more work than it may send, in front of a disk that commits what waits in groups, one after another.
struct Street {
    outbox: Outbox,
    submitted: u64,
    heard: u64,
    /// Started, and waiting for the next commit.
    waiting: Vec<Arc<MessageRecord>>,
    /// Being committed, until when.
    committing: Option<(u64, Vec<Arc<MessageRecord>>)>,
    /// When messages left or came in.
    seen: VecDeque<u64>,
}

impl Street {
    fn new(limit: u32, since: u64) -> Self {
        let mut outbox = Outbox::new("100", PATIENCE, since);
        outbox.set_limits([("9".into(), limit)], NOW);
        let (waiting, committing, seen) = (Vec::new(), None, VecDeque::new());
        Self { outbox, submitted: 0, heard: 0, waiting, committing, seen }
    }

    /// There are always some more to start.
    fn offer(&mut self, step: &mut Step, now: u64) {
        while self.outbox.messages().filter(|record| record.state == MessageState::Queued).count() < 8 {
            self.submitted += 1;
            let record = outbound(&format!("{}", self.submitted), &self.submitted.to_string());
            self.outbox.submit(record, Bytes::new(), step, now);
        }
    }

    /// One millisecond: returns how many messages left.
    fn pass(&mut self, inbound: u64, commit_ms: u64, now: u64) -> u64 {
        let mut step = Step::default();
        let due = (now - NOW) * inbound / 1000;
        if due > self.heard {
            self.outbox.heard("9", (due - self.heard) as u32, now);
            self.seen.extend((self.heard..due).map(|_| now));
            self.heard = due;
        }
        if self.committing.as_ref().is_some_and(|(until, _)| *until <= now) {
            self.outbox.kept(self.committing.take().expect("looked at just now").1);
        }
        let left = self.outbox.leave_due(now);
        self.seen.extend(left.iter().map(|_| now));
        for record in &left {
            self.outbox.tried(&record.id, taken(), 0.5, &mut step, now);
        }
        self.outbox.start_due(&mut step, now);
        self.offer(&mut step, now);
        self.waiting.append(&mut step.next.sends);
        if self.committing.is_none() && !self.waiting.is_empty() {
            self.committing = Some((now + commit_ms, std::mem::take(&mut self.waiting)));
        }
        while self.seen.front().is_some_and(|at| at + 1000 <= now) {
            self.seen.pop_front();
        }
        left.len() as u64
    }
}

/// Lets `seconds` pass, their commits as long as `commits` says, in turn; what left after the first two seconds, and the
/// most that Meta counted in any second.
fn run(limit: u32, since: u64, share: u64, commits: &[u64], seconds: u64) -> (u64, usize) {
    let mut street = Street::new(limit, since);
    let (inbound, mut left, mut most) = (u64::from(limit) * share / 100, 0, 0);
    for ms in 0..seconds * 1000 {
        let gone = street.pass(inbound, commits[(ms * 7 / 3) as usize % commits.len()], NOW + ms);
        left += if ms < 2_000 { 0 } else { gone };
        most = most.max(street.seen.len());
    }
    (left, most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// A commit that stood still let what waited for it and what the bucket had gained meanwhile leave within one second.
    #[test]
    fn however_long_commits_take_no_second_sees_a_tenth_more_than_the_rate_and_nearly_all_of_it_is_used(
        commits in prop::collection::vec(0_u64..80, 97),
        share in 0_u64..=80,
        limit in prop::sample::select(vec![pace::COEXISTENCE, pace::STANDARD, pace::HIGH]),
        since in prop::sample::select(vec![0, NOW]),
    ) {
        let seconds = if limit == pace::HIGH { 8 } else { 32 };
        let (left, most) = run(limit, since, share, &commits, seconds);
        let allowed = (u64::from(limit) - u64::from(limit) * share / 100) * (seconds - 2);
        prop_assert!(most * 10 <= limit as usize * 11, "{} in a second of {}", most, limit);
        prop_assert!(left * 100 >= allowed * 97, "{} of {}", left, allowed);
    }

    #[test]
    fn a_disk_that_stands_still_for_seconds_lets_nothing_rush_out_after_it(
        stall in 100_u64..3_000, share in 0_u64..=80
    ) {
        let commits = [vec![5; 60], vec![stall]].concat();
        for limit in [pace::COEXISTENCE, pace::STANDARD, pace::HIGH] {
            let (_, most) = run(limit, 0, share, &commits, 6);
            prop_assert!(most * 10 <= limit as usize * 11, "{} in a second of {}", most, limit);
        }
    }
}
