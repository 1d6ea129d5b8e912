//! The kept noun of a replay: a stretch of an account's journal that is delivered again, and how far that got.

use super::{Kind, Noun};
use crate::{Key, KeyBuilder};
use serde::{Deserialize, Serialize};

/// A stretch of an account's journal that is delivered again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayRecord {
    /// The WABA id.
    pub account: Box<str>,
    /// `rpl_…`.
    pub id: Box<str>,
    /// To this route alone, `{gateway}/{route}`; `None` means to all whose filter wants the event.
    pub route: Option<Box<str>>,
    /// Events of this kind alone, by its word.
    pub kind: Option<Box<str>>,
    /// The first seq of the stretch.
    pub from_seq: u64,
    /// The last seq of the stretch, fixed at the beginning.
    pub through_seq: u64,
    /// Events per second at most.
    pub rate: u32,
    /// Whether it goes on.
    pub state: ReplayState,
    /// Events that became open deliveries again.
    pub done: u64,
    /// Events that no route wanted, that were pending still, or that are erased.
    pub skipped: u64,
    /// The next seq to look at.
    pub next_seq: u64,
    /// When it began, in ms since 1970.
    pub began_at_ms: u64,
    /// When it ended, in ms since 1970.
    pub ended_at_ms: Option<u64>,
}

/// Whether a replay goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplayState {
    /// It does.
    Running,
    /// It came to its end.
    Done,
    /// Somebody ended it.
    Cancelled,
}

impl ReplayState {
    /// All of them.
    pub const ALL: [ReplayState; 3] = [ReplayState::Running, ReplayState::Done, ReplayState::Cancelled];

    /// The word used in answers.
    pub fn word(self) -> &'static str {
        match self {
            ReplayState::Running => "running",
            ReplayState::Done => "done",
            ReplayState::Cancelled => "cancelled",
        }
    }
}

impl Noun for ReplayRecord {
    const KIND: Kind = Kind::Replay;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.account).text(&self.id).build()
    }
}
