//! What may go wrong with a send in the simulated Graph, decided from options and from the recipient's last digits.

pub mod endings;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::limits::STANDARD_THROUGHPUT;
use super::refusal::Refusal;
pub use endings::{ENDINGS, Ending, Wish};

/// Faults that the sandbox puts in the way of sends, and accounts it refuses.
///
/// Besides these, the last four digits of a recipient ask for a fault, as [`ENDINGS`] lists them; customers never have
/// such numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Share of sends that are refused, 0 to 1.
    pub send_error_rate: f64,
    /// The code of those refusals.
    pub send_error_code: u32,
    /// Share of sends that are taken, and then the connection closes instead of an answer, 0 to 1.
    pub lost_after_rate: f64,
    /// Share of sends that are read and not taken, and the connection closes, 0 to 1.
    pub lost_before_rate: f64,
    /// Share of sends that are taken, and whose answer is held back for `hold_back_ms`, 0 to 1.
    pub hang_rate: f64,
    /// Share of sends that are taken, and whose answer the first status overtakes, 0 to 1.
    pub overtaken_rate: f64,
    /// Share of sends that are taken and later fail, 0 to 1.
    pub failed_later_rate: f64,
    /// The code in the `failed` status of those.
    pub failed_later_code: u32,
    /// Time that a send takes.
    pub send_latency_ms: u64,
    /// Time that every call of Graph takes besides.
    pub call_latency_ms: u64,
    /// How long an answer that hangs is held back.
    pub hold_back_ms: u64,
    /// How much later than usual an answer comes that a status overtakes.
    pub overtaken_by_ms: u64,
    /// Share of statuses of sends that come a second time, 0 to 1.
    pub statuses_twice: f64,
    /// Share of sends whose statuses all come at the same moment, in one POST where POSTs carry several items, 0 to 1.
    pub statuses_together: f64,
    /// Ids of accounts that the token may not touch.
    pub refused_accounts: Vec<String>,
    /// Whether Meta's limits apply: a number's throughput, and 45 at once and then one per 6 s for a pair.
    pub limits: Limits,
    /// Messages per second, in and out together, of numbers that were given none of their own.
    pub throughput: u32,
    /// Calls per hour and account that are no sends and no media; beyond them 80008.
    pub management_calls_per_h: u32,
    /// How long the URL of a media file works.
    pub media_url_life_ms: u64,
}

/// Whether the simulated Graph refuses what is beyond its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
            lost_after_rate: 0.0,
            lost_before_rate: 0.0,
            hang_rate: 0.0,
            overtaken_rate: 0.0,
            failed_later_rate: 0.0,
            failed_later_code: 131_026,
            send_latency_ms: 0,
            call_latency_ms: 0,
            hold_back_ms: 30_000,
            overtaken_by_ms: 500,
            statuses_twice: 0.0,
            statuses_together: 0.0,
            refused_accounts: Vec::new(),
            limits: Limits::Off,
            throughput: STANDARD_THROUGHPUT,
            management_calls_per_h: 5_000,
            media_url_life_ms: 5 * 60_000,
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
    /// Taken, and the first status comes before the answer.
    TakenOvertaken,
    /// Taken, and the connection closes instead of an answer.
    TakenThenLost,
    /// Not taken, and the connection closes.
    Lost,
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
        let Some(ending) = Ending::of(recipient) else { return by_chance(faults, chance) };
        match ending.wish {
            Wish::RefusedOnce(code) => self.once(recipient, Fate::Refused(Refusal::coded(code))),
            Wish::Refused(code) => Fate::Refused(Refusal::coded(code)),
            Wish::FailsLater(code) => Fate::TakenThenFailed(code),
            Wish::LostAfterOnce => self.once(recipient, Fate::TakenThenLost),
            Wish::LostBeforeOnce => self.once(recipient, Fate::Lost),
            Wish::Hangs => Fate::TakenUnanswered,
            Wish::Overtaken => Fate::TakenOvertaken,
        }
    }

    /// The first attempt has `fate` and the second is taken; the set stays small because success forgets.
    fn once(&mut self, recipient: &str, fate: Fate) -> Fate {
        if self.failed_once.remove(recipient) {
            return Fate::Taken;
        }
        self.failed_once.insert(recipient.to_owned());
        fate
    }
}

/// One draw decides between all shares: they stand one after the other on the line from 0 to 1.
fn by_chance(faults: &Faults, chance: f64) -> Fate {
    let shares = [
        (faults.send_error_rate, Fate::Refused(Refusal::coded(faults.send_error_code))),
        (faults.lost_after_rate, Fate::TakenThenLost),
        (faults.lost_before_rate, Fate::Lost),
        (faults.hang_rate, Fate::TakenUnanswered),
        (faults.overtaken_rate, Fate::TakenOvertaken),
        (faults.failed_later_rate, Fate::TakenThenFailed(faults.failed_later_code)),
    ];
    let mut end = 0.0;
    let drawn = shares.into_iter().find(|(share, _)| {
        end += share;
        chance < end
    });
    drawn.map_or(Fate::Taken, |(_, fate)| fate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(fate: &Fate) -> u32 {
        match fate {
            Fate::Refused(refusal) => refusal.code,
            Fate::Taken
            | Fate::TakenThenFailed(_)
            | Fate::TakenUnanswered
            | Fate::TakenOvertaken
            | Fate::TakenThenLost
            | Fate::Lost => 0,
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
    fn a_lost_connection_is_lost_once_so_that_trying_again_helps() {
        let mut fates = Fates::default();
        assert_eq!(fates.of("15550502", &Faults::default(), 0.5), Fate::TakenThenLost);
        assert_eq!(fates.of("15550503", &Faults::default(), 0.5), Fate::Lost);
        assert_eq!(fates.of("15550502", &Faults::default(), 0.5), Fate::Taken);
        assert_eq!(fates.of("15550503", &Faults::default(), 0.5), Fate::Taken);
    }

    #[test]
    fn the_share_of_faults_is_as_asked() {
        let faults = Faults { send_error_rate: 0.25, send_error_code: 131_016, ..Faults::default() };
        assert_eq!(code(&Fates::default().of("15551234", &faults, 0.2)), 131_016);
        assert_eq!(Fates::default().of("15551234", &faults, 0.3), Fate::Taken);
    }

    #[test]
    fn several_shares_stand_one_after_the_other() {
        let faults = Faults {
            send_error_rate: 0.1,
            lost_after_rate: 0.1,
            lost_before_rate: 0.1,
            hang_rate: 0.1,
            overtaken_rate: 0.1,
            failed_later_rate: 0.1,
            failed_later_code: 130_429,
            ..Faults::default()
        };
        let fate = |chance| Fates::default().of("15551234", &faults, chance);
        assert_eq!(code(&fate(0.05)), 131_000);
        let fates = [fate(0.15), fate(0.25), fate(0.35), fate(0.45), fate(0.55), fate(0.65)];
        let expected = [
            Fate::TakenThenLost,
            Fate::Lost,
            Fate::TakenUnanswered,
            Fate::TakenOvertaken,
            Fate::TakenThenFailed(130_429),
            Fate::Taken,
        ];
        assert_eq!(fates, expected);
    }
}
