//! The kept nouns of holds: what shall not happen for now, and when it did not before. They do not know who holds.

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

/// An operator holds deliveries of an account, or held them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryHold {
    /// The WABA id.
    pub account: Box<str>,
    /// Those to this route, `{gateway}/{route}`; `None` means to all.
    pub route: Option<Box<str>>,
    /// Those of events of this phone number id; `None` means of all.
    pub number: Option<Box<str>>,
    /// Since when and when before; `why` names who holds.
    pub hold: Hold,
}

impl Noun for DeliveryHold {
    const KIND: Kind = Kind::DeliveryHold;

    fn key(&self) -> Key {
        let (route, number) = (self.route.as_deref(), self.number.as_deref());
        KeyBuilder::new().text(&self.account).text(route.unwrap_or_default()).text(number.unwrap_or_default()).build()
    }
}
