//! The tokens of accounts that have one of their own (Embedded Signup gives one per client), at one gateway, and what
//! is known of each. Asks nobody and keeps nothing on disk.

use super::Secret;
use crate::cloud::token::TokenReport;
use crate::rules::expiry::{TokenWatch, Warning};
use crate::vault::VaultError;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// The tokens of one gateway's accounts. Clones are the same tokens.
#[derive(Clone, Default)]
pub struct OwnTokens(Arc<RwLock<HashMap<Box<str>, OwnToken>>>);

/// An account's own token.
#[derive(Debug, Clone)]
pub struct OwnToken {
    /// The token, or why it cannot be opened.
    pub secret: Result<Secret, VaultError>,
    /// What Graph says of it.
    pub watch: TokenWatch,
    /// When it was set, in ms since 1970.
    pub set_at_ms: u64,
}

impl OwnTokens {
    /// The account's own token, where it has one, or why it cannot be opened.
    pub fn secret(&self, account: &str) -> Option<Result<Secret, VaultError>> {
        self.read(|tokens| tokens.get(account).map(|own| own.secret.clone()))
    }

    /// Whether the account has a token of its own.
    pub fn has(&self, account: &str) -> bool {
        self.read(|tokens| tokens.contains_key(account))
    }

    /// All that is known of the account's own token.
    pub fn of(&self, account: &str) -> Option<OwnToken> {
        self.read(|tokens| tokens.get(account).cloned())
    }

    /// Every account with a token of its own.
    pub(crate) fn accounts(&self) -> Vec<String> {
        self.read(|tokens| tokens.keys().map(ToString::to_string).collect())
    }

    /// Every account with a token of its own, as far as `wanted` says so of the token.
    pub fn filter(&self, wanted: impl Fn(&OwnToken) -> bool) -> Vec<(Box<str>, OwnToken)> {
        self.read(|tokens| {
            let found = tokens.iter().filter(|(_, own)| wanted(own));
            found.map(|(account, own)| (account.clone(), own.clone())).collect()
        })
    }

    /// From now on the account has this one.
    pub(crate) fn set(&self, account: &str, own: OwnToken) {
        self.change(|tokens| drop(tokens.insert(account.into(), own)));
    }

    /// From now on the account uses its gateway's; whether it had one of its own.
    pub(crate) fn forget(&self, account: &str) -> bool {
        self.change(|tokens| tokens.remove(account).is_some())
    }

    /// Graph said this of the account's own token.
    pub(crate) fn hear(&self, account: &str, report: TokenReport, now: u64) -> Option<Warning> {
        self.change(|tokens| tokens.get_mut(account)?.watch.hear(report, now))
    }

    /// Time passed: whose end came near.
    pub(crate) fn look(&self, now: u64) -> Vec<(Box<str>, Warning)> {
        if self.read(HashMap::is_empty) {
            return Vec::new();
        }
        self.change(|tokens| {
            let warned = tokens.iter_mut().filter_map(|(account, own)| Some((account.clone(), own.watch.look(now)?)));
            warned.collect()
        })
    }

    fn read<T>(&self, look: impl FnOnce(&HashMap<Box<str>, OwnToken>) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, change: impl FnOnce(&mut HashMap<Box<str>, OwnToken>) -> T) -> T {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for OwnTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnTokens({})", self.read(HashMap::len))
    }
}
