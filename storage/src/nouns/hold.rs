//! The kept noun of a hold: what shall not happen for now, and when it did not before. It does not know who holds.

use crate::{Key, KeyBuilder, Kind, Noun};
use serde::{Deserialize, Serialize};

/// Something is held, or was: an endpoint whose application said 410, say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// What: its kind, a colon, and which, such as `endpoint:` and the hash of a URL (a URL may hold a password).
    pub place: Box<str>,
    /// Why, for people.
    pub why: Box<str>,
    /// Since when, in ms since 1970; `None` once it has ended.
    pub since_ms: Option<u64>,
    /// When earlier ones began and ended, in ms since 1970: ascending and apart.
    pub past: Vec<(u64, u64)>,
}

impl Noun for Hold {
    const KIND: Kind = Kind::Hold;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.place).build()
    }
}
