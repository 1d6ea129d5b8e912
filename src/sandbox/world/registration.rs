//! One number's way to one that sends and receives: added, a code sent and given back, registered with a pin. Plain
//! data: codes and `now` come in.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::sandbox::refusal::Refusal;

/// Attempts to register or deregister that Meta takes of a number within [`WINDOW`].
const MOST_ATTEMPTS: usize = 10;
/// 72 hours.
const WINDOW: Duration = Duration::from_secs(72 * 3600);

/// How far a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Its account has it.
    Added,
    /// Somebody has given back the code that was sent to it.
    Verified,
    /// It sends and receives.
    Registered,
    /// It did.
    Deregistered,
}

/// How far a number is, and what it must be told to go on.
#[derive(Debug, Clone)]
pub struct Registration {
    step: Step,
    code: Option<String>,
    pin: Option<String>,
    attempts: VecDeque<Instant>,
}

impl Registration {
    /// Of a number that was just added.
    pub fn begun() -> Self {
        Self { step: Step::Added, code: None, pin: None, attempts: VecDeque::new() }
    }

    /// Of a number that sends and receives; the first pin that it is told is its pin.
    pub fn done() -> Self {
        Self { step: Step::Registered, ..Self::begun() }
    }

    /// How far it is.
    pub fn step(&self) -> Step {
        self.step
    }

    /// Whether it sends and receives.
    pub fn is_done(&self) -> bool {
        self.step == Step::Registered
    }

    /// The code that was sent and not given back yet.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// `code` is sent; one sent before is worth nothing any more.
    pub fn send_code(&mut self, code: String) -> Result<(), Refusal> {
        if self.step != Step::Added {
            return Err(Refusal::coded(136_024));
        }
        self.code = Some(code);
        Ok(())
    }

    /// Somebody gives a code back.
    pub fn verify(&mut self, code: &str) -> Result<(), Refusal> {
        if self.code.as_deref() != Some(code) {
            return Err(Refusal::coded(136_025));
        }
        (self.step, self.code) = (Step::Verified, None);
        Ok(())
    }

    /// It is registered with `pin`: a new one, or the one it has.
    pub fn register(&mut self, pin: &str, now: Instant) -> Result<(), Refusal> {
        self.attempt(now)?;
        if self.step == Step::Added {
            return Err(Refusal::coded(133_006));
        }
        if self.pin.as_deref().is_some_and(|its| its != pin) {
            return Err(Refusal::coded(133_005));
        }
        (self.step, self.pin) = (Step::Registered, Some(pin.to_owned()));
        Ok(())
    }

    /// It sends and receives no longer; its pin stays.
    pub fn deregister(&mut self, now: Instant) -> Result<(), Refusal> {
        self.attempt(now)?;
        if self.step != Step::Registered {
            return Err(Refusal::coded(133_010));
        }
        self.step = Step::Deregistered;
        Ok(())
    }

    /// One attempt more, whatever becomes of it.
    fn attempt(&mut self, now: Instant) -> Result<(), Refusal> {
        while self.attempts.front().is_some_and(|at| now.duration_since(*at) >= WINDOW) {
            self.attempts.pop_front();
        }
        if self.attempts.len() >= MOST_ATTEMPTS {
            return Err(Refusal::coded(133_016));
        }
        self.attempts.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(ended: Result<(), Refusal>) -> Option<u32> {
        ended.err().map(|refusal| refusal.code)
    }

    #[test]
    fn a_number_is_registered_only_after_it_gave_its_code_back() {
        let (mut number, now) = (Registration::begun(), Instant::now());
        assert_eq!(code(number.verify("123456")), Some(136_025), "none was sent");
        assert_eq!(code(number.register("000111", now)), Some(133_006));
        assert_eq!(code(number.send_code("123456".into())), None);
        assert_eq!(code(number.send_code("654321".into())), None);
        assert_eq!(code(number.verify("123456")), Some(136_025), "another one was sent since");
        assert_eq!(code(number.verify("654321")), None);
        assert_eq!((number.step(), number.code()), (Step::Verified, None));
        assert_eq!(code(number.send_code("1".into())), Some(136_024));
        assert_eq!(code(number.register("000111", now)), None);
        assert!(number.is_done());
    }

    #[test]
    fn the_pin_stays_when_a_number_is_deregistered() {
        let (mut number, now) = (Registration::done(), Instant::now());
        assert_eq!(code(number.register("000111", now)), None);
        assert_eq!(code(number.deregister(now)), None);
        assert_eq!(code(number.deregister(now)), Some(133_010));
        assert_eq!(code(number.register("222222", now)), Some(133_005));
        assert_eq!(code(number.register("000111", now)), None);
    }

    #[test]
    fn the_eleventh_attempt_in_72_hours_is_refused_even_with_the_right_pin() {
        let (mut number, now) = (Registration::done(), Instant::now());
        assert_eq!(code(number.register("000111", now)), None);
        for _ in 1..MOST_ATTEMPTS {
            assert_eq!(code(number.register("222222", now)), Some(133_005));
        }
        assert_eq!(code(number.register("000111", now)), Some(133_016));
        assert_eq!(code(number.register("000111", now + WINDOW)), None);
    }
}
