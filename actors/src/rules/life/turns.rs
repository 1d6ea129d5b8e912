//! The alarms of an account and when they turn: which began and which ended between two looks at its life. Tells nobody.

use super::Life;
use wharf_storage::LifeAlarm;

/// An alarm began or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The alarm, as it stands or stood.
    pub alarm: LifeAlarm,
    /// Which of both.
    pub state: TurnState,
}

/// Whether an alarm began or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnState {
    /// It stands from now on.
    Began,
    /// It stands no more.
    Ended,
}

impl TurnState {
    /// The word of it.
    pub fn word(self) -> &'static str {
        match self {
            TurnState::Began => "began",
            TurnState::Ended => "ended",
        }
    }
}

impl Life {
    /// The alarms that turned since `before`. An alarm whose end alone moved is the same one.
    pub fn turns(&self, before: &Self) -> Vec<Turn> {
        let (was, is) = (before.alarms(), self.alarms());
        let absent = |alarm: &LifeAlarm, from: &[LifeAlarm]| {
            !from.iter().any(|other| (&other.what, &other.detail) == (&alarm.what, &alarm.detail))
        };
        let ended = was.iter().filter(|alarm| absent(alarm, &is));
        let ended = ended.map(|alarm| Turn { alarm: alarm.clone(), state: TurnState::Ended });
        let began = is.iter().filter(|alarm| absent(alarm, &was));
        let began = began.map(|alarm| Turn { alarm: alarm.clone(), state: TurnState::Began });
        ended.chain(began).collect()
    }

    /// When the next restriction ends by itself, in ms since 1970.
    pub fn expires_at(&self) -> Option<u64> {
        self.restrictions.iter().filter_map(|restriction| restriction.until_ms).min()
    }

    /// Forgets the restrictions that have ended.
    pub fn expire(&mut self, now: u64) {
        self.restrictions.retain(|restriction| restriction.until_ms.is_none_or(|until| until > now));
    }

    pub(super) fn alarms(&self) -> Vec<LifeAlarm> {
        let alarm = |what: &str, detail: &str, since_ms: u64, until_ms: Option<u64>| LifeAlarm {
            what: what.into(),
            detail: detail.into(),
            since_ms,
            until_ms,
        };
        let ban = self.ban.iter().map(|ban| alarm(ban.state.text(), &ban.date, ban.since_ms, None));
        let gone = self.offboarded.iter().map(|gone| alarm("offboarded", &gone.why, gone.since_ms, None));
        let left = self.numbers.iter().filter_map(|(digits, number)| Some((digits, number.offboarded.as_ref()?)));
        let left = left
            .map(|(digits, gone)| alarm("number_offboarded", &format!("{digits}: {}", gone.why), gone.since_ms, None));
        let flagged = self.numbers.iter().filter_map(|(digits, number)| Some((digits, number.quality.as_ref()?)));
        let flagged = flagged.filter(|(_, quality)| quality.what == "FLAGGED");
        let flagged = flagged.map(|(digits, quality)| alarm("quality_flagged", digits, quality.said_s * 1000, None));
        let restricted = self.restrictions.iter();
        let restricted = restricted.map(|what| alarm("restricted", &what.what, what.since_ms, what.until_ms));
        let drift = self.drift.iter().map(|drift| alarm("drift", drift.word.text(), drift.since_ms, None));
        ban.chain(gone).chain(left).chain(flagged).chain(restricted).chain(drift).collect()
    }
}
