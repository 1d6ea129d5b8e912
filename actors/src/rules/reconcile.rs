//! When each account is compared with Meta's side, and what counts as drift. Knows neither Graph nor the registry.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use xxhash_rust::xxh3::xxh3_64;

/// Accounts compared at once: as many as Graph shows in one answer.
pub const AT_ONCE: usize = 50;
/// A round that failed for an account is made again after this part of the whole time.
const AGAIN_PART: u64 = 12;

/// Something at Meta that is not as wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Wished, but our app is not among the subscribed apps.
    NotSubscribed,
    /// Meta sends its webhooks here, but the account is not active: they are journalled and go to no route.
    InactiveButSubscribed,
    /// Its webhooks go to another callback.
    OverrideElsewhere,
    /// It should have our callback as its override and has none.
    OverrideMissing,
    /// Its numbers are not those that we knew.
    NumbersChanged,
    /// Meta does not show it to our token any more.
    NotReadable,
    /// The token does not work.
    TokenInvalid,
    /// The token lacks a permission.
    TokenScopesMissing,
}

/// What a drift is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// Our app's subscription.
    Subscription,
    /// The account's numbers.
    Numbers,
    /// What the token may do.
    Token,
}

impl Word {
    /// The word as it is shown.
    pub fn text(self) -> &'static str {
        match self {
            Word::NotSubscribed => "not_subscribed",
            Word::InactiveButSubscribed => "inactive_but_subscribed",
            Word::OverrideElsewhere => "override_elsewhere",
            Word::OverrideMissing => "override_missing",
            Word::NumbersChanged => "numbers_changed",
            Word::NotReadable => "not_readable",
            Word::TokenInvalid => "token_invalid",
            Word::TokenScopesMissing => "token_scopes_missing",
        }
    }

    /// What it is about.
    pub fn concern(self) -> Concern {
        match self {
            Word::NotSubscribed | Word::InactiveButSubscribed | Word::OverrideElsewhere | Word::OverrideMissing => {
                Concern::Subscription
            }
            Word::NumbersChanged => Concern::Numbers,
            Word::NotReadable | Word::TokenInvalid | Word::TokenScopesMissing => Concern::Token,
        }
    }
}

/// What is wished for an account's subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish<'a> {
    /// An operator wants it subscribed.
    pub wished: bool,
    /// Its events go to routes.
    pub active: bool,
    /// Our own callback, where we know it.
    pub callback: Option<&'a str>,
    /// The account shall have our callback as its override.
    pub overridden: bool,
}

/// What Meta says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// Our app is among its subscribed apps.
    pub subscribed: bool,
    /// Where its webhooks go, if not to the app's callback.
    pub override_uri: Option<&'a str>,
}

/// Where Meta's subscription is not as wished.
pub fn subscription(wish: Wish<'_>, found: Found<'_>) -> Vec<Word> {
    if !found.subscribed {
        return (wish.wished || wish.active).then_some(Word::NotSubscribed).into_iter().collect();
    }
    let inactive = (!wish.active).then_some(Word::InactiveButSubscribed);
    let elsewhere = match found.override_uri {
        Some(uri) => (wish.callback != Some(uri)).then_some(Word::OverrideElsewhere),
        None => (wish.overridden && wish.wished).then_some(Word::OverrideMissing),
    };
    inactive.into_iter().chain(elsewhere).collect()
}

/// When the accounts of one gateway are compared: each once in every period, at an offset of its own, at most
/// [`AT_ONCE`] at a time and one such group under way.
#[derive(Debug)]
pub struct Rounds {
    every_ms: u64,
    looked_ms: u64,
    waiting: VecDeque<Box<str>>,
    again: Vec<(u64, Box<str>)>,
    under_way: bool,
}

impl Rounds {
    /// Begins now.
    pub fn new(every_ms: u64, now: u64) -> Self {
        let every_ms = every_ms.max(1);
        Self { every_ms, looked_ms: now, waiting: VecDeque::new(), again: Vec::new(), under_way: false }
    }

    /// The accounts to compare now; say [`Rounds::ended`] when they are.
    pub fn next<'a>(&mut self, accounts: impl Iterator<Item = &'a str>, now: u64) -> Vec<Box<str>> {
        let (from, to) = (self.looked_ms, now.max(self.looked_ms));
        // What lies more than a period back came by only once.
        let from = from.max(to.saturating_sub(self.every_ms));
        self.looked_ms = to;
        let every_ms = self.every_ms;
        for account in accounts.filter(|account| comes_by(account, every_ms, from, to)) {
            self.wait(account.into());
        }
        let (due, later) = std::mem::take(&mut self.again).into_iter().partition(|(at, _)| *at <= now);
        self.again = later;
        let due: Vec<(u64, Box<str>)> = due;
        due.into_iter().for_each(|(_, account)| self.wait(account));
        if self.under_way || self.waiting.is_empty() {
            return Vec::new();
        }
        self.under_way = true;
        self.waiting.drain(..self.waiting.len().min(AT_ONCE)).collect()
    }

    /// The group under way has ended; `failed` are tried again before their next turn.
    pub fn ended(&mut self, failed: impl IntoIterator<Item = Box<str>>, now: u64) {
        self.under_way = false;
        let at = now + (self.every_ms / AGAIN_PART).max(1);
        self.again.extend(failed.into_iter().map(|account| (at, account)));
    }

    fn wait(&mut self, account: Box<str>) {
        if !self.waiting.contains(&account) {
            self.waiting.push_back(account);
        }
    }
}

/// Whether the account's moment lies after `from` and not after `to`.
fn comes_by(account: &str, every_ms: u64, from: u64, to: u64) -> bool {
    let offset = xxh3_64(account.as_bytes()) % every_ms;
    let turns = |moment: u64| (moment + every_ms - offset) / every_ms;
    turns(to) > turns(from)
}

#[cfg(test)]
mod tests;
