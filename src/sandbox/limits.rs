//! Counts messages as Meta does: a number's in and out together in every sliding second, and what one customer gets.
//! Counts also where nothing is refused, so that a test can ask how the limits were used. No clock of its own.

mod usage;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::faults::Limits;
use super::refusal::Refusal;
use usage::Flow;
pub use usage::NumberUsage;

/// Meta's default throughput of a number, in messages per second, in and out together.
pub const STANDARD_THROUGHPUT: u32 = 80;
/// The throughput of a number that Meta has upgraded.
pub const HIGH_THROUGHPUT: u32 = 1000;
/// The throughput of a number that is also used in the WhatsApp Business app.
pub const COEXISTENCE_THROUGHPUT: u32 = 20;
/// How many messages one customer may get at once from one number.
const PAIR_BURST: u32 = 45;
/// After the burst, one more in this time.
const PAIR_REFILL: Duration = Duration::from_secs(6);
/// Requests that left six seconds apart may come this much closer together.
const PAIR_LEEWAY: Duration = Duration::from_millis(200);
/// Pairs are forgotten beyond this many; a simulation needs no more.
const PAIRS_KEPT: usize = 100_000;

/// What has been sent and received lately.
#[derive(Debug)]
pub struct SendLimits {
    /// The throughput of numbers that have none of their own.
    throughput: u32,
    own: HashMap<String, u32>,
    flows: HashMap<String, Flow>,
    /// Per number and recipient: the moment at which the pair's whole burst is free again.
    pairs: HashMap<(String, String), Instant>,
}

impl SendLimits {
    /// Numbers may have `throughput` messages per second.
    pub fn new(throughput: u32) -> Self {
        Self { throughput, own: HashMap::new(), flows: HashMap::new(), pairs: HashMap::new() }
    }

    /// The messages per second that `number` may have.
    pub fn throughput(&self, number: &str) -> u32 {
        self.own.get(number).copied().unwrap_or(self.throughput)
    }

    /// Changes the throughput of numbers that have none of their own.
    pub fn set_usual_throughput(&mut self, throughput: u32) {
        self.throughput = throughput;
    }

    /// Gives `number` a throughput of its own.
    pub fn set_throughput(&mut self, number: &str, throughput: u32) {
        self.own.insert(number.to_owned(), throughput);
    }

    /// Counts a send from `number` to `recipient`; beyond the limits it is noted, and refused with 130429 or 131056
    /// where they apply.
    pub fn send(&mut self, number: &str, recipient: &str, limits: Limits, now: Instant) -> Result<(), Refusal> {
        let throughput = self.throughput(number);
        let pair = (number.to_owned(), recipient.to_owned());
        let next = self.next_of(&pair, now);
        let flow = self.flows.entry(number.to_owned()).or_default();
        flow.ask(now);
        let code = if flow.is_full(throughput, now) {
            Some(flow.throttle())
        } else if let Some(next) = next {
            self.pairs.insert(pair, next);
            None
        } else {
            Some(flow.violate())
        };
        match (code, limits) {
            (Some(code), Limits::On) => Err(Refusal::coded(code)),
            (Some(_), Limits::Off) | (None, Limits::On | Limits::Off) => {
                flow.take(now);
                Ok(())
            }
        }
    }

    /// Counts a message that a customer wrote to `number`: never refused, but it takes from what may be sent.
    pub fn receive(&mut self, number: &str, now: Instant) {
        self.flows.entry(number.to_owned()).or_default().receive(now);
    }

    /// How each number that had messages used its limits, by number.
    pub fn usage(&self) -> Vec<NumberUsage> {
        let usage = self.flows.iter().map(|(number, flow)| flow.usage(number, self.throughput(number)));
        let mut usage: Vec<NumberUsage> = usage.collect();
        usage.sort_by(|one, other| one.number.cmp(&other.number));
        usage
    }

    /// Begins to count the usage anew; what was sent lately still counts for the limits.
    pub fn forget_usage(&mut self) {
        self.flows.values_mut().for_each(Flow::forget);
    }

    /// When the pair's burst would be whole again after one more message; `None` where it may have none now.
    fn next_of(&mut self, pair: &(String, String), now: Instant) -> Option<Instant> {
        if self.pairs.len() >= PAIRS_KEPT {
            self.pairs.retain(|_, free_at| *free_at > now);
        }
        let free_at = self.pairs.get(pair).copied().unwrap_or(now).max(now);
        let next = free_at + PAIR_REFILL;
        (next <= now + PAIR_REFILL * PAIR_BURST + PAIR_LEEWAY).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> (SendLimits, Instant) {
        (SendLimits::new(STANDARD_THROUGHPUT), Instant::now())
    }

    fn code(answer: Result<(), Refusal>) -> Option<u32> {
        answer.err().map(|refusal| refusal.code)
    }

    #[test]
    fn a_customer_gets_45_messages_at_once_and_then_one_in_six_seconds() {
        let (mut limits, now) = limits();
        for _ in 0..45 {
            limits.send("1", "customer", Limits::On, now).expect("within the burst");
        }
        assert_eq!(code(limits.send("1", "customer", Limits::On, now)), Some(131_056));
        limits.send("1", "another", Limits::On, now).expect("a pair of its own");
        let later = now + Duration::from_secs(6);
        limits.send("1", "customer", Limits::On, later).expect("one more after six seconds");
        assert_eq!(code(limits.send("1", "customer", Limits::On, later)), Some(131_056));
        assert_eq!(limits.usage()[0].pair_violations, 2);
    }

    #[test]
    fn a_number_sends_eighty_messages_in_any_second_and_not_in_those_of_a_clock() {
        let (mut limits, now) = limits();
        let at = |ms| now + Duration::from_millis(ms);
        for nth in 0..80 {
            limits.send("1", &nth.to_string(), Limits::On, at(900)).expect("within the throughput");
        }
        assert_eq!(
            code(limits.send("1", "one more", Limits::On, at(1_100))),
            Some(130_429),
            "the next second by clock"
        );
        assert_eq!(code(limits.send("1", "one more", Limits::On, at(1_899))), Some(130_429));
        limits.send("1", "one more", Limits::On, at(1_900)).expect("a second later");
    }

    #[test]
    fn what_customers_write_takes_from_what_may_be_sent() {
        let (mut limits, now) = limits();
        (0..30).for_each(|_| limits.receive("1", now));
        let taken = (0..80).filter(|nth| limits.send("1", &nth.to_string(), Limits::On, now).is_ok()).count();
        assert_eq!(taken, 50);
        let usage = &limits.usage()[0];
        assert_eq!((usage.received, usage.sent, usage.throttled, usage.most_in_a_second), (30, 50, 30, 110));
    }

    #[test]
    fn a_number_may_have_a_throughput_of_its_own() {
        let (mut limits, now) = limits();
        limits.set_throughput("app", COEXISTENCE_THROUGHPUT);
        limits.set_throughput("large", HIGH_THROUGHPUT);
        let taken = |limits: &mut SendLimits, number: &str| {
            (0..2_000).filter(|nth| limits.send(number, &nth.to_string(), Limits::On, now).is_ok()).count()
        };
        assert_eq!((taken(&mut limits, "app"), taken(&mut limits, "large"), taken(&mut limits, "1")), (20, 1000, 80));
    }

    #[test]
    fn without_limits_everything_is_taken_and_what_was_beyond_them_is_known() {
        let (mut limits, now) = limits();
        for nth in 0..100 {
            limits.send("1", &(nth % 2).to_string(), Limits::Off, now + Duration::from_millis(nth)).expect("no limit");
        }
        let usage = limits.usage().remove(0);
        assert_eq!((usage.sent, usage.most_in_a_second, usage.throttled), (100, 100, 20));
        limits.forget_usage();
        limits.send("1", "2", Limits::Off, now + Duration::from_secs(5)).expect("no limit");
        assert_eq!((limits.usage()[0].sent, limits.usage()[0].most_in_a_second), (1, 1));
    }
}
