//! The kept noun of a customer's wish about marketing. It does not know how it was expressed.

use super::{Kind, Noun};
use crate::{Key, KeyBuilder};
use serde::{Deserialize, Serialize};

/// Whether a customer of an account wants marketing, filed under one of their ids: the newest word counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preference {
    /// The WABA id.
    pub account: Box<str>,
    /// The customer's `wa_id` or user id.
    pub id: Box<str>,
    /// What they want.
    pub wish: Wish,
    /// When they said so, in s since 1970.
    pub said_at_s: u64,
}

/// What a customer wants of marketing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wish {
    /// No more of it.
    Stop,
    /// Some of it again. Kept so that an older word that comes late changes nothing.
    Resume,
}

impl Noun for Preference {
    const KIND: Kind = Kind::Preference;

    fn key(&self) -> Key {
        Self::key_of(&self.account, &self.id)
    }
}

impl Preference {
    /// The key of the record of a customer.
    pub fn key_of(account: &str, id: &str) -> Key {
        KeyBuilder::new().text(account).text(id).build()
    }
}
