//! An API key that was made while everything ran. Knows neither what scopes mean nor the key itself.

use super::{Kind, Noun};
use crate::{Key, KeyBuilder};
use serde::{Deserialize, Serialize};

/// An API key beside those of the settings, as a hash. Empty lists mean all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its name in audit records.
    pub name: Box<str>,
    /// SHA-256 of the key.
    pub sha256: [u8; 32],
    /// What it may do, in the words of the settings.
    pub scopes: Vec<Box<str>>,
    /// Gateways it may use.
    pub gateways: Vec<Box<str>>,
    /// Accounts it may use.
    pub accounts: Vec<Box<str>>,
    /// Phone number ids it may use.
    pub numbers: Vec<Box<str>>,
    /// When it was made, in ms since 1970.
    pub created_at_ms: u64,
    /// The name of the key that made it.
    pub created_by: Box<str>,
}

impl Noun for ApiKey {
    const KIND: Kind = Kind::ApiKey;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.name).build()
    }
}
