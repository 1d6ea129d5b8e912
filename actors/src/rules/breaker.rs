//! Whether an endpoint is worth asking: closed while it works, open after it failed, half-open while one lane finds out.
//! Shared by all accounts that use the endpoint. It knows no clock and no HTTP.

/// Connections that fail in a row before the breaker opens.
const CONNECTIONS: u32 = 3;
/// Lanes that fail since the last success before it opens: three customers' trouble is the endpoint's.
const LANES: usize = 3;
/// How long it stays open the first time, in ms; it doubles.
const FIRST_PAUSE_MS: u64 = 10_000;
/// How long it stays open at most, in ms.
const LONGEST_PAUSE_MS: u64 = 60_000;
/// Who asks while a probe is under way asks again after this, in ms.
const PROBE_LOOK_MS: u64 = 1_000;
/// A probe that nobody heard of for this long, in ms, is forgotten: its account died.
const PROBE_LOST_MS: u64 = 30_000;
/// The lane whose probe failed leaves the next one to others for this long, in ms.
const OTHERS_FIRST_MS: u64 = 2_000;

/// One endpoint's breaker.
#[derive(Debug, Default)]
pub struct Breaker {
    state: State,
    /// When it was closed last, in ms since 1970.
    since_ms: Option<u64>,
    unconnected: u32,
    failed_lanes: Vec<u64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Closed,
    Open {
        until_ms: u64,
        pause_ms: u64,
        /// The lane that failed last.
        last: u64,
    },
    HalfOpen {
        since_ms: u64,
        pause_ms: u64,
        probe: u64,
    },
}

/// What became of one attempt, as far as it says something about the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It took the delivery.
    Delivered,
    /// It answered 429: busy, not broken.
    Throttled,
    /// There was no connection.
    Unconnected,
    /// It answered something else, or nothing.
    Failed,
}

/// Whether a lane may try now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// It may.
    Go,
    /// Not before this, in ms since 1970.
    NotBefore(u64),
}

impl Breaker {
    /// `lane` wants to try.
    pub fn ask(&mut self, lane: u64, now: u64) -> Pass {
        match self.state {
            State::Closed => Pass::Go,
            State::Open { until_ms, .. } if now < until_ms => Pass::NotBefore(until_ms),
            State::Open { until_ms, last, .. } if lane == last && now < until_ms + OTHERS_FIRST_MS => {
                Pass::NotBefore(until_ms + OTHERS_FIRST_MS)
            }
            State::HalfOpen { since_ms, .. } if now < since_ms + PROBE_LOST_MS => Pass::NotBefore(now + PROBE_LOOK_MS),
            State::Open { pause_ms, .. } | State::HalfOpen { pause_ms, .. } => {
                self.state = State::HalfOpen { since_ms: now, pause_ms, probe: lane };
                Pass::Go
            }
        }
    }

    /// An attempt of `lane` ended.
    pub fn hear(&mut self, lane: u64, heard: Heard, now: u64) {
        match heard {
            Heard::Delivered => *self = Self::default(),
            // It answers: a probe's question is answered, and nothing else is known.
            Heard::Throttled => {
                self.unconnected = 0;
                if self.is_probe(lane) {
                    *self = Self::default();
                }
            }
            Heard::Unconnected => {
                self.unconnected += 1;
                self.failed(lane, now);
            }
            Heard::Failed => {
                self.unconnected = 0;
                self.failed(lane, now);
            }
        }
    }

    /// An attempt of `lane` vanished: nobody will hear of it. If it was the probe, another may ask at once.
    pub fn gave_up(&mut self, lane: u64) {
        if let State::HalfOpen { pause_ms, probe, .. } = self.state
            && probe == lane
        {
            self.state = State::Open { until_ms: 0, pause_ms, last: lane };
        }
    }

    /// Until when nobody may try, in ms since 1970; `None` while it is closed or finds out.
    pub fn open_until_ms(&self) -> Option<u64> {
        match self.state {
            State::Open { until_ms, .. } => Some(until_ms),
            State::Closed | State::HalfOpen { .. } => None,
        }
    }

    /// Since when it has not been closed, in ms since 1970.
    pub fn since_ms(&self) -> Option<u64> {
        self.since_ms
    }

    /// Its state in a word.
    pub fn word(&self) -> &'static str {
        match self.state {
            State::Closed => "closed",
            State::Open { .. } => "open",
            State::HalfOpen { .. } => "half-open",
        }
    }

    fn is_probe(&self, lane: u64) -> bool {
        matches!(self.state, State::HalfOpen { probe, .. } if probe == lane)
    }

    fn failed(&mut self, lane: u64, now: u64) {
        match self.state {
            State::Closed => {
                if !self.failed_lanes.contains(&lane) {
                    self.failed_lanes.push(lane);
                }
                if self.unconnected >= CONNECTIONS || self.failed_lanes.len() >= LANES {
                    self.open(lane, FIRST_PAUSE_MS, now);
                }
            }
            State::HalfOpen { pause_ms, probe, .. } if probe == lane => {
                self.open(lane, (pause_ms * 2).min(LONGEST_PAUSE_MS), now);
            }
            // What began before it opened says nothing new.
            State::Open { .. } | State::HalfOpen { .. } => {}
        }
    }

    fn open(&mut self, lane: u64, pause_ms: u64, now: u64) {
        self.failed_lanes.clear();
        self.unconnected = 0;
        self.since_ms.get_or_insert(now);
        self.state = State::Open { until_ms: now + pause_ms, pause_ms, last: lane };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    #[test]
    fn it_knows_since_when_it_has_not_been_closed_however_often_a_probe_failed() {
        let mut breaker = open(NOW);
        assert_eq!(breaker.since_ms(), Some(NOW));
        assert_eq!(breaker.ask(9, NOW + 10_000), Pass::Go);
        breaker.hear(9, Heard::Failed, NOW + 10_000);
        assert_eq!(breaker.since_ms(), Some(NOW));
        assert_eq!(breaker.ask(8, NOW + 40_000), Pass::Go);
        breaker.hear(8, Heard::Delivered, NOW + 40_000);
        assert_eq!(breaker.since_ms(), None);
    }

    fn open(now: u64) -> Breaker {
        let mut breaker = Breaker::default();
        for lane in 1..=3 {
            assert_eq!(breaker.ask(lane, now), Pass::Go);
            breaker.hear(lane, Heard::Failed, now);
        }
        breaker
    }

    #[test]
    fn failures_of_three_lanes_open_it_and_those_of_one_do_not() {
        let mut breaker = Breaker::default();
        for _ in 0..10 {
            breaker.hear(1, Heard::Failed, NOW);
        }
        breaker.hear(2, Heard::Failed, NOW);
        assert_eq!(breaker.word(), "closed");
        breaker.hear(3, Heard::Delivered, NOW);
        breaker.hear(4, Heard::Failed, NOW);
        breaker.hear(5, Heard::Failed, NOW);
        assert_eq!(breaker.word(), "closed", "a success between them counts");
        breaker.hear(6, Heard::Failed, NOW);
        assert_eq!((breaker.word(), breaker.open_until_ms()), ("open", Some(NOW + 10_000)));
    }

    #[test]
    fn three_connections_that_fail_in_a_row_open_it_even_in_one_lane() {
        let mut breaker = Breaker::default();
        let failures = [Heard::Unconnected, Heard::Unconnected, Heard::Failed, Heard::Unconnected, Heard::Unconnected];
        failures.into_iter().for_each(|heard| breaker.hear(1, heard, NOW));
        assert_eq!(breaker.word(), "closed", "one was connected");
        breaker.hear(1, Heard::Unconnected, NOW);
        assert_eq!(breaker.word(), "open");
    }

    #[test]
    fn an_endpoint_that_is_only_busy_stays_closed() {
        let mut breaker = Breaker::default();
        (1..100).for_each(|lane| breaker.hear(lane, Heard::Throttled, NOW));
        assert_eq!(breaker.ask(1, NOW), Pass::Go);
    }

    #[test]
    fn after_its_pause_one_lane_probes_and_a_success_lets_all_go() {
        let mut breaker = open(NOW);
        assert_eq!(breaker.ask(9, NOW + 9_999), Pass::NotBefore(NOW + 10_000));
        let then = NOW + 10_000;
        assert_eq!(breaker.ask(3, then), Pass::NotBefore(then + 2_000), "it failed last: another lane first");
        assert_eq!(breaker.ask(9, then), Pass::Go);
        assert_eq!((breaker.ask(8, then), breaker.word()), (Pass::NotBefore(then + 1_000), "half-open"));
        breaker.hear(9, Heard::Delivered, then);
        assert_eq!((breaker.ask(8, then), breaker.word()), (Pass::Go, "closed"));
    }

    #[test]
    fn pauses_double_to_a_minute_while_probes_fail() {
        let mut breaker = open(NOW);
        let mut now = NOW;
        let pauses: Vec<u64> = (10..16)
            .map(|lane| {
                let until_ms = breaker.open_until_ms().expect("open");
                let pause_ms = until_ms - now;
                now = until_ms;
                assert_eq!(breaker.ask(lane, now), Pass::Go);
                breaker.hear(lane, Heard::Unconnected, now);
                pause_ms
            })
            .collect();
        assert_eq!(pauses, [10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
    }

    #[test]
    fn a_probe_that_vanishes_or_gives_up_leaves_the_question_to_another() {
        let mut breaker = open(NOW);
        let then = NOW + 10_000;
        assert_eq!(breaker.ask(9, then), Pass::Go);
        assert_eq!(breaker.ask(8, then + 29_999), Pass::NotBefore(then + 30_999));
        assert_eq!(breaker.ask(8, then + 30_000), Pass::Go);
        breaker.gave_up(8);
        assert_eq!(breaker.ask(7, then + 30_000), Pass::Go);
    }

    #[test]
    fn what_began_before_it_opened_changes_nothing_unless_it_succeeds() {
        let mut breaker = open(NOW);
        breaker.hear(4, Heard::Failed, NOW + 5_000);
        assert_eq!(breaker.open_until_ms(), Some(NOW + 10_000));
        breaker.hear(5, Heard::Delivered, NOW + 5_000);
        assert_eq!(breaker.ask(6, NOW + 5_000), Pass::Go);
    }
}
