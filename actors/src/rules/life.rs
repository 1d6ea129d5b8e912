//! How an account stands with Meta: what its events said of bans, limits, quality, names and templates, and where the
//! last reconcile disagreed with the wish; and what follows from it for sends.

mod events;
mod holds;
mod parts;
mod turns;

pub use holds::{Forbidden, Place};
pub use parts::{Ban, BanState, Drift, Noted, NumberLife, Offboarded, Restriction, Template};
pub use turns::{Turn, TurnState};

use crate::cloud::tier::Tier;
use crate::rules::reconcile::{Concern, Word};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wharf_storage::LifeRecord;

/// Templates remembered; the one that changed longest ago gives way.
const TEMPLATES: usize = 100;
/// Numbers remembered: more than any account has.
const NUMBERS: usize = 500;

/// All of it. Kept as JSON, so that it may grow.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Life {
    /// Disabled by Meta, or about to be.
    pub ban: Option<Ban>,
    /// When the last word on a ban was said, in s since 1970: an older one that comes late says nothing.
    ban_said_s: u64,
    /// What Meta forbids it, for a while or for good.
    pub restrictions: Vec<Restriction>,
    /// Meta or its owner took it away from our app.
    pub offboarded: Option<Offboarded>,
    /// When the last word on that was said, in s since 1970.
    offboarded_said_s: u64,
    /// The last violation of Meta's rules.
    pub violation: Option<Noted>,
    /// What Meta's review decided.
    pub review: Option<Noted>,
    /// How many customers a day its business may begin to write to.
    pub limit: Option<Noted>,
    /// Meta's last alert about it.
    pub alert: Option<Noted>,
    /// Its numbers, by the digits of their display number.
    pub numbers: BTreeMap<String, NumberLife>,
    /// Templates that changed, by their ids.
    pub templates: BTreeMap<String, Template>,
    /// Where Meta's side is not as wished.
    pub drift: Vec<Drift>,
    /// When that was last looked at, in ms since 1970.
    pub reconciled_at_ms: Option<u64>,
}

/// How an account stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Nothing is known against it.
    Ok,
    /// Meta forbids it something.
    Restricted,
    /// Meta disabled it.
    Banned,
    /// It is not ours any more.
    Offboarded,
}

impl Life {
    /// Reads what was kept; what cannot be read is forgotten, as Meta's side can be read anew.
    pub fn read(record: &LifeRecord) -> Self {
        serde_json::from_slice(&record.state).unwrap_or_default()
    }

    /// As it is kept.
    pub fn record(&self, account: &str) -> LifeRecord {
        let state = serde_json::to_vec(self).expect("plain data always serialises").into();
        LifeRecord { account: account.into(), alarms: self.alarms(), state }
    }

    /// How the account stands.
    pub fn health(&self, now: u64) -> Health {
        let is_banned = self.ban.as_ref().is_some_and(|ban| ban.state == BanState::Disabled);
        match () {
            () if is_banned => Health::Banned,
            () if self.offboarded.is_some() => Health::Offboarded,
            () if self.restrictions_at(now).next().is_some() => Health::Restricted,
            () => Health::Ok,
        }
    }

    /// The restrictions that have not ended.
    pub fn restrictions_at(&self, now: u64) -> impl Iterator<Item = &Restriction> {
        self.restrictions.iter().filter(move |restriction| restriction.until_ms.is_none_or(|until| until > now))
    }

    /// Whether Meta's subscription was as wished when it was last heard of.
    pub fn is_agreed(&self) -> bool {
        self.drift.iter().all(|drift| drift.word.concern() != Concern::Subscription)
    }

    /// Meta's side was compared with the wish: all `words` of these concerns hold now, and no other.
    pub fn compare(&mut self, concerns: &[Concern], words: &[Word], now: u64) {
        self.drift.retain(|drift| !concerns.contains(&drift.word.concern()) || words.contains(&drift.word));
        for word in words {
            if !self.drift.iter().any(|drift| drift.word == *word) {
                self.drift.push(Drift { word: *word, since_ms: now });
            }
        }
        self.drift.sort_by_key(|drift| drift.word);
    }

    /// How many customers a day its business may begin to write to, and when Meta said so, in s since 1970.
    pub fn tier(&self) -> Option<(Tier, u64)> {
        let told = self.limit.iter().chain(self.numbers.values().filter_map(|number| number.limit.as_ref()));
        let read = |noted: &Noted| Some((Tier::read(&noted.what)?, noted.said_s));
        told.filter_map(read).max_by_key(|(_, said_s)| *said_s)
    }

    /// What changed from `before`, as facts for the log.
    pub fn news(&self, before: &Self, now: u64) -> Vec<String> {
        let has = |life: &Self, word: Word| life.drift.iter().any(|drift| drift.word == word);
        let began = self.drift.iter().filter(|drift| !has(before, drift.word));
        let ended = before.drift.iter().filter(|drift| !has(self, drift.word));
        let mut news: Vec<String> = began.map(|drift| format!("drift_began={}", drift.word.text())).collect();
        news.extend(ended.map(|drift| format!("drift_ended={}", drift.word.text())));
        let (was, is) = (before.health(now), self.health(now));
        if was != is {
            news.push(format!("standing={is:?} was={was:?}").to_lowercase());
        }
        news
    }
}

#[cfg(test)]
mod tests;
