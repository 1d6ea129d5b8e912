//! How fast one number may send: Meta's rate, what comes in counted with what goes out, and what its refusals taught.
//!
//! Two buckets of the same size, refilled at the rate: a message takes from the first when it is started (kept as
//! `sending`), from the second when it leaves. Between both lies the disk, which may stand still: what waited for it does
//! not leave faster for that. Thousandths of messages and milliseconds, so that nothing is lost to rounding.

/// Meta's default throughput of a number, in messages per second, out and in together.
pub const STANDARD: u32 = 80;
/// The throughput of a number that was upgraded.
pub const HIGH: u32 = 1000;
/// The throughput of a number that is used in the WhatsApp Business app as well.
pub const COEXISTENCE: u32 = 20;

/// What one message takes.
const ONE: i64 = 1000;
/// A bucket holds what the rate gives in this part of a second. With a tenth no second would see more than 1.1 times the
/// rate here; a twentieth leaves 50 ms for what the way to Meta does to the gaps (with a twelfth 1,122 messages were
/// counted there in one second of a number that may send 1,000).
const DEPTH: i64 = 20;
/// Of the rate this part is kept for what goes out, however much comes in.
const RESERVED: i64 = 10;
/// No more wait for the disk, or after it for their turn, than leave in this part of a second: two commits of 80 ms and
/// some more.
const AHEAD: i64 = 5;
/// Refusals within this time of one another, in ms, are of messages that were under way together: they count once.
const TOGETHER_MS: u64 = 1_000;
/// A slowed rate grows by this part of Meta's figure ...
const GROWTH: u64 = 20;
/// ... in this time, in ms.
const GROWTH_MS: u64 = 10_000;

/// The pace of one number.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Meta's figure, per second.
    limit: u32,
    /// What is used of it: less after a refusal. In thousandths per second.
    rate_milli: u64,
    starts: Bucket,
    leaves: Bucket,
    at_ms: u64,
    slowed_at_ms: Option<u64>,
}

/// What may happen at once.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    /// May be in debt: what came in is not asked.
    tokens: i64,
    /// What the reserve gives while the bucket is in debt.
    reserve: i64,
}

impl Pace {
    /// A number that Meta lets send `limit` messages per second, and of which nothing is known before `since`: it may
    /// have sent all it could.
    pub fn new(limit: u32, since: u64) -> Self {
        let limit = limit.max(1);
        let rate_milli = u64::from(limit) * 1000;
        let (starts, leaves) = (Bucket::default(), Bucket::default());
        Self { limit, rate_milli, starts, leaves, at_ms: since, slowed_at_ms: None }
    }

    /// Messages per second that it uses now.
    pub fn rate(&self) -> u32 {
        (self.rate_milli / 1000) as u32
    }

    /// Meta's figure.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Messages that may be on their way to the disk, or wait after it, at once.
    pub fn ahead(&self) -> usize {
        (self.second() / (AHEAD * ONE)) as usize + 1
    }

    /// Meta's figure is `limit` from now on. More of it is used at once, unless a refusal said otherwise.
    pub fn set_limit(&mut self, limit: u32, now: u64) {
        self.refill(now);
        let was_full = self.rate_milli == self.full();
        self.limit = limit.max(1);
        self.rate_milli = if was_full { self.full() } else { self.rate_milli.min(self.full()) };
        let depth = self.depth();
        self.buckets().for_each(|bucket| bucket.tokens = bucket.tokens.min(depth));
    }

    /// Messages came in: Meta counts them too.
    pub fn heard(&mut self, messages: u32, now: u64) {
        self.refill(now);
        let second = self.second();
        self.buckets().for_each(|bucket| bucket.pay(i64::from(messages) * ONE, second));
    }

    /// One message is started now; else the moment at which the next may be, in ms since 1970.
    pub fn start(&mut self, now: u64) -> Result<(), u64> {
        self.refill(now);
        let second = self.second();
        self.starts.take(second).map_err(|wait_ms| now + wait_ms)
    }

    /// One message that was started leaves now; else the moment at which the next may, in ms since 1970.
    pub fn leave(&mut self, now: u64) -> Result<(), u64> {
        self.refill(now);
        let second = self.second();
        self.leaves.take(second).map_err(|wait_ms| now + wait_ms)
    }

    /// Nothing was started after all.
    pub fn not_started(&mut self, now: u64) {
        self.refill(now);
        self.starts.tokens = (self.starts.tokens + ONE).min(self.depth());
    }

    /// What left did not reach Meta.
    pub fn not_sent(&mut self, now: u64) {
        self.not_started(now);
        self.leaves.tokens = (self.leaves.tokens + ONE).min(self.depth());
    }

    /// Meta refused a message because of the rate: half of it from now on.
    pub fn slow_down(&mut self, now: u64) {
        self.refill(now);
        if self.slowed_at_ms.is_some_and(|at_ms| now < at_ms + TOGETHER_MS) {
            return;
        }
        self.slowed_at_ms = Some(now);
        self.rate_milli = (self.rate_milli / 2).max(1000);
        self.buckets().for_each(|bucket| *bucket = Bucket { tokens: bucket.tokens.min(0), reserve: 0 });
    }

    fn refill(&mut self, now: u64) {
        let passed = now.saturating_sub(self.at_ms).min(60_000);
        if passed == 0 {
            return;
        }
        self.at_ms = now;
        let (gained, depth) = (passed as i64 * self.second() / 1000, self.depth());
        for bucket in self.buckets() {
            bucket.tokens = (bucket.tokens + gained).min(depth);
            bucket.reserve = (bucket.reserve + gained / RESERVED).min(ONE);
        }
        self.rate_milli = (self.rate_milli + self.full() * passed / (GROWTH * GROWTH_MS)).min(self.full());
    }

    fn buckets(&mut self) -> impl Iterator<Item = &mut Bucket> {
        [&mut self.starts, &mut self.leaves].into_iter()
    }

    fn full(&self) -> u64 {
        u64::from(self.limit) * 1000
    }

    /// What a second gives, in thousandths of a message.
    fn second(&self) -> i64 {
        self.rate_milli as i64
    }

    /// What a bucket holds; the one of the reserve comes beside it.
    fn depth(&self) -> i64 {
        (self.second() / DEPTH - ONE).max(ONE)
    }
}

impl Bucket {
    /// Takes one; else says after how many ms there is one. `second` is what a second gives.
    fn take(&mut self, second: i64) -> Result<(), u64> {
        if self.tokens >= ONE {
            self.tokens -= ONE;
            return Ok(());
        }
        if self.reserve >= ONE {
            self.reserve -= ONE;
            self.pay(ONE, second);
            return Ok(());
        }
        let from_bucket = wait_ms(ONE - self.tokens, second);
        let from_reserve = wait_ms((ONE - self.reserve) * RESERVED, second);
        Err(from_bucket.min(from_reserve))
    }

    /// Pays what nobody asked for; no debt is longer than a second.
    fn pay(&mut self, what: i64, second: i64) {
        self.tokens = (self.tokens - what).max(-second);
    }
}

/// The time in ms in which `missing` thousandths come at `rate` thousandths per 1000 ms, at least 1.
fn wait_ms(missing: i64, rate: i64) -> u64 {
    ((missing * 1000 + rate - 1) / rate).max(1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    const START: u64 = 1_790_000_000_000;

    fn rested(limit: u32) -> Pace {
        Pace::new(limit, 0)
    }

    /// Sends whatever may leave until `until`, waking up when told; hears `inbound` messages per second, evenly.
    /// Returns what left, and the most that went out and in within any second.
    fn run(pace: &mut Pace, inbound: u64, from: u64, until: u64) -> (u64, usize) {
        let mut window: VecDeque<u64> = VecDeque::new();
        let (mut now, mut left, mut most, mut heard) = (from, 0, 0, 0);
        while now < until {
            let due = (now - from) * inbound / 1000;
            if due > heard {
                pace.heard((due - heard) as u32, now);
                (heard..due).for_each(|_| window.push_back(now));
                heard = due;
            }
            while pace.start(now).is_ok() {
                left += 1;
                window.push_back(now);
            }
            while window.front().is_some_and(|at| at + 1000 <= now) {
                window.pop_front();
            }
            most = most.max(window.len());
            now += 1;
        }
        (left, most)
    }

    #[test]
    fn no_second_sees_more_than_a_tenth_above_the_rate_and_nearly_all_of_it_is_used() {
        for limit in [COEXISTENCE, STANDARD, HIGH] {
            for share in [0, 25, 50, 80] {
                let inbound = u64::from(limit) * share / 100;
                let mut pace = rested(limit);
                let (left, most) = run(&mut pace, inbound, START, START + 30_000);
                let allowed = (u64::from(limit) - inbound) * 30;
                assert!(most * 10 <= limit as usize * 11, "limit {limit}, {inbound} in: {most} in a second");
                assert!(left * 100 >= allowed * 97, "limit {limit}, {inbound} in: {left} of {allowed}");
            }
        }
    }

    #[test]
    fn of_what_was_sent_before_nothing_is_known_and_all_of_it_is_assumed() {
        let mut pace = Pace::new(STANDARD, START);
        assert_eq!((pace.start(START), pace.leave(START)), (Err(START + 13), Err(START + 13)));
        let left = (START..START + 1000).filter(|now| pace.start(*now).is_ok() && pace.leave(*now).is_ok()).count();
        assert!((76..=80).contains(&left), "{left}");
    }

    #[test]
    fn a_tenth_of_the_rate_is_left_for_what_goes_out_however_much_comes_in() {
        let mut pace = rested(STANDARD);
        run(&mut pace, 500, START, START + 5_000);
        let (left, _) = run(&mut pace, 500, START + 5_000, START + 15_000);
        assert!((76..=84).contains(&left), "{left}");
    }

    #[test]
    fn a_refusal_halves_the_rate_and_ten_seconds_give_a_twentieth_back() {
        let mut pace = rested(STANDARD);
        pace.slow_down(START);
        assert!(pace.start(START).is_err(), "nothing more leaves in that moment");
        pace.slow_down(START + 200);
        assert_eq!(pace.rate(), 40, "refusals of messages that were under way together count once");
        assert!(pace.start(START + 10_000).is_ok());
        assert_eq!(pace.rate(), 44);
        for second in 11..=200 {
            let _ = pace.start(START + second * 1000);
        }
        assert_eq!(pace.rate(), 80, "and never more than Meta's figure");
        for nth in 0..20 {
            pace.slow_down(START + 300_000 + nth * 2_000);
        }
        assert!(pace.rate() >= 1);
    }

    #[test]
    fn an_upgrade_is_used_at_once_unless_a_refusal_said_otherwise() {
        let mut pace = rested(STANDARD);
        pace.set_limit(HIGH, START);
        assert_eq!(pace.rate(), 1000);
        pace.slow_down(START);
        pace.set_limit(COEXISTENCE, START + 1);
        assert_eq!(pace.rate(), 20);
    }

    proptest! {
        #[test]
        fn the_moment_it_names_is_the_first_at_which_a_message_may_leave(
            limit in 1_u32..2000, inbound in 0_u32..100, taken in 0_usize..300
        ) {
            let mut pace = rested(limit);
            pace.heard(inbound, START);
            for _ in 0..taken {
                let _ = pace.start(START);
            }
            if let Err(at_ms) = pace.clone().start(START) {
                prop_assert!(pace.clone().start(at_ms).is_ok());
                prop_assert!(pace.clone().start(at_ms - 1).is_err() || at_ms == START + 1);
            }
        }
    }
}
