//! What may go wrong with a send in the simulated Graph, decided from options and from the recipient's last digits.

use std::collections::HashSet;

use super::refusal::Refusal;

/// Faults that the sandbox puts in the way of sends, and accounts it refuses.
///
/// Besides these, the last four digits of a recipient ask for a fault (customers never have such numbers):
/// `0000` 131000 with HTTP 500, once; `0429` 130429, once; `0056` 131056, once; `0026` 131026, always;
/// `0047` taken, then a `failed` status 131047; `0504` taken, but the answer is held back.
#[derive(Debug, Clone)]
pub struct Faults {
    /// Share of sends that are refused, 0 to 1.
    pub send_error_rate: f64,
    /// The code of those refusals.
    pub send_error_code: u32,
    /// Time that a send takes.
    pub send_latency_ms: u64,
    /// Time that every call of Graph takes besides.
    pub call_latency_ms: u64,
    /// How long an answer to a recipient ending in `0504` is held back.
    pub hold_back_ms: u64,
    /// Ids of accounts that the token may not touch.
    pub refused_accounts: Vec<String>,
    /// Whether Meta's limits apply: 80 sends per second and number, 45 at once and then one per 6 s for a pair.
    pub limits: Limits,
}

/// Whether the simulated Graph counts sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limits {
    /// As many sends as come.
    Off,
    /// Meta's limits, refused with 130429 and 131056.
    On,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            send_error_rate: 0.0,
            send_error_code: 131_000,
            send_latency_ms: 0,
            call_latency_ms: 0,
            hold_back_ms: 30_000,
            refused_accounts: Vec::new(),
            limits: Limits::Off,
        }
    }
}

/// What becomes of a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Taken, and delivered as usual.
    Taken,
    /// Taken, and later failed with this code.
    TakenThenFailed(u32),
    /// Taken, but the answer is held back.
    TakenUnanswered,
    /// Refused.
    Refused(Refusal),
}

/// Remembers which recipients have had their one failure.
#[derive(Debug, Default)]
pub struct Fates {
    failed_once: HashSet<String>,
}

impl Fates {
    /// The fate of a send to `recipient`; `chance` is uniform in 0..1.
    pub fn of(&mut self, recipient: &str, faults: &Faults, chance: f64) -> Fate {
        match recipient.get(recipient.len().saturating_sub(4)..) {
            Some("0000") => self.once(recipient, 131_000),
            Some("0429") => self.once(recipient, 130_429),
            Some("0056") => self.once(recipient, 131_056),
            Some("0026") => Fate::Refused(Refusal::coded(131_026)),
            Some("0047") => Fate::TakenThenFailed(131_047),
            Some("0504") => Fate::TakenUnanswered,
            Some(_) | None if chance < faults.send_error_rate => Fate::Refused(Refusal::coded(faults.send_error_code)),
            Some(_) | None => Fate::Taken,
        }
    }

    /// Refuses the first attempt and takes the second; the set stays small because success forgets.
    fn once(&mut self, recipient: &str, code: u32) -> Fate {
        if self.failed_once.remove(recipient) {
            return Fate::Taken;
        }
        self.failed_once.insert(recipient.to_owned());
        Fate::Refused(Refusal::coded(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(fate: &Fate) -> u32 {
        match fate {
            Fate::Refused(refusal) => refusal.code,
            Fate::Taken | Fate::TakenThenFailed(_) | Fate::TakenUnanswered => 0,
        }
    }

    #[test]
    fn a_recipient_ending_in_0000_fails_once_and_then_gets_its_message() {
        let mut fates = Fates::default();
        assert_eq!(code(&fates.of("15550000", &Faults::default(), 0.5)), 131_000);
        assert_eq!(fates.of("15550000", &Faults::default(), 0.5), Fate::Taken);
    }

    #[test]
    fn a_recipient_ending_in_0026_never_gets_one() {
        let mut fates = Fates::default();
        for _ in 0..3 {
            assert_eq!(code(&fates.of("15550026", &Faults::default(), 0.5)), 131_026);
        }
    }

    #[test]
    fn the_share_of_faults_is_as_asked() {
        let faults = Faults { send_error_rate: 0.25, send_error_code: 131_016, ..Faults::default() };
        assert_eq!(code(&Fates::default().of("15551234", &faults, 0.2)), 131_016);
        assert_eq!(Fates::default().of("15551234", &faults, 0.3), Fate::Taken);
    }
}
