//! The parts of an account's life, as they are kept and shown. Plain data: decides nothing.

use crate::rules::reconcile::Word;
use serde::{Deserialize, Serialize};
use wharf_storage::TemplateName;

/// A ban.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// How far it is.
    pub state: BanState,
    /// Meta's date of it, as text; empty where it names none.
    pub date: String,
    /// When we heard of it, in ms since 1970.
    pub since_ms: u64,
}

/// How far a ban is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BanState {
    /// The account will be disabled.
    Scheduled,
    /// It is disabled.
    Disabled,
}

impl BanState {
    /// The word of its alarm.
    pub fn text(self) -> &'static str {
        match self {
            BanState::Scheduled => "ban_scheduled",
            BanState::Disabled => "banned",
        }
    }
}

/// Something that Meta forbids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restriction {
    /// Meta's word for what.
    pub what: String,
    /// Until when, in ms since 1970; `None` where Meta names no end.
    pub until_ms: Option<u64>,
    /// What Meta says can be done about it.
    pub remedy: Option<String>,
    /// When Meta said so, in s since 1970.
    pub said_s: u64,
    /// When we heard of it, in ms since 1970.
    pub since_ms: u64,
}

/// The account, or a number of it, left our app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offboarded {
    /// Meta's word for how, and its reason where it gives one.
    pub why: String,
    /// When we heard of it, in ms since 1970.
    pub since_ms: u64,
}

/// Something that Meta said, newest only.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Noted {
    /// What, in Meta's words.
    pub what: String,
    /// When Meta said so, in s since 1970.
    pub said_s: u64,
}

/// A phone number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NumberLife {
    /// Whether Meta flagged its quality, in Meta's word: `FLAGGED` or `UNFLAGGED`.
    pub quality: Option<Noted>,
    /// Its messaging limit, such as `TIER_10K`.
    pub limit: Option<Noted>,
    /// Its throughput: `HIGH` after an upgrade.
    pub throughput: Option<Noted>,
    /// Its name, once Meta approved it.
    pub name: Option<Noted>,
    /// What Meta decided about the name that was asked for last.
    pub name_decision: Option<Noted>,
    /// It left our app.
    pub offboarded: Option<Offboarded>,
    /// When the last word on that was said, in s since 1970.
    pub offboarded_said_s: u64,
}

/// A message template.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// Such as `APPROVED`, `PAUSED`, `REJECTED`, with Meta's reason where it gives one.
    pub status: Option<Noted>,
    /// The status that keeps it from being sent.
    pub withheld: Option<String>,
    /// Such as `GREEN`.
    pub quality: Option<Noted>,
    /// Such as `UTILITY`.
    pub category: Option<Noted>,
}

impl Template {
    /// What messages call it.
    pub fn full_name(&self) -> TemplateName {
        let language = Some(self.language.as_str()).filter(|language| !language.is_empty());
        TemplateName { name: self.name.as_str().into(), language: language.map(Into::into) }
    }

    /// When it last changed, in s since 1970.
    pub fn said_s(&self) -> u64 {
        [&self.status, &self.quality, &self.category].into_iter().flatten().map(|noted| noted.said_s).max().unwrap_or(0)
    }
}

/// Something at Meta is not as wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// What.
    pub word: Word,
    /// Since when we know, in ms since 1970.
    pub since_ms: u64,
}
