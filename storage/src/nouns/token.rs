//! An account's own token, sealed. Knows neither the key nor what is inside.

use crate::nouns::{Kind, Noun};
use crate::{Key, KeyBuilder};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// An account's own token, used instead of its gateway's; the token itself is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// The WABA id.
    pub account: Box<str>,
    /// The gateway that engaged the account when the token was set: it is good for no other.
    pub gateway: Box<str>,
    /// The token, encrypted.
    pub sealed: Bytes,
    /// What Graph last said of it, as JSON, without the token.
    pub report: Bytes,
    /// When Graph said so, in ms since 1970.
    pub heard_ms: u64,
    /// When it was set, in ms since 1970.
    pub set_at_ms: u64,
}

impl Noun for TokenRecord {
    const KIND: Kind = Kind::Token;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.account).build()
    }
}
