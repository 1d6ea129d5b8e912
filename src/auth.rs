//! Who is calling, and what they may do. Pure: knows no HTTP server, no clock and no settings file; the caller of this
//! room sleeps where it says so.

mod cross_site;
mod keys;
mod proxies;
mod slowdown;

pub use cross_site::{Refusal, cross_site};
pub(crate) use keys::MOST_MADE as MOST_MADE_KEYS;
pub use keys::{Keys, KnownKey, NotAdded, Origin};
pub use proxies::{Network, TrustedProxies};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub(crate) use slowdown::one_caller;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a key may be good for. No scope includes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Change accounts, routes and keys.
    Admin,
    /// Look.
    Inspect,
    /// Send messages, upload and download media.
    Send,
    /// Change what is at Meta: templates, profiles, flows.
    Manage,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 4] = [Scope::Admin, Scope::Inspect, Scope::Send, Scope::Manage];

    /// The word used in settings and answers.
    pub fn word(self) -> &'static str {
        match self {
            Scope::Admin => "admin",
            Scope::Inspect => "inspect",
            Scope::Send => "send",
            Scope::Manage => "manage",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why a caller may not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthFault {
    /// No `Authorization`, or of a kind that is not ours.
    #[error("no key came with the request")]
    Missing,
    /// No key of ours; the answer waits for `delay`.
    #[error("the key is wrong")]
    Wrong {
        /// How long this address is made to wait for its answer.
        delay: Duration,
    },
    /// The key lacks a scope.
    #[error("the key {key} lacks the scope {scope}")]
    Scope {
        /// The key's name.
        key: Arc<str>,
        /// The scope that is needed.
        scope: Scope,
    },
    /// The key is not for this gateway, account or number.
    #[error("the key {key} may not use {what}")]
    Reach {
        /// The key's name.
        key: Arc<str>,
        /// What it may not use, such as `gateway support`.
        what: String,
    },
}

/// A caller whose key is right. Empty lists mean all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key's name, for audit records.
    pub name: Arc<str>,
    /// What the key is good for.
    pub scopes: BTreeSet<Scope>,
    /// Gateways it may use.
    pub gateways: Vec<String>,
    /// Accounts it may use.
    pub accounts: Vec<String>,
    /// Phone number ids it may use.
    pub numbers: Vec<String>,
}

impl Caller {
    /// Whether the key has `scope`.
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Refuses a key without `scope`.
    pub fn require(&self, scope: Scope) -> Result<(), AuthFault> {
        if self.has(scope) {
            return Ok(());
        }
        Err(AuthFault::Scope { key: self.name.clone(), scope })
    }

    /// Refuses a key that is not for the gateway `uri`.
    pub fn require_gateway(&self, uri: &str) -> Result<(), AuthFault> {
        if self.may_use_gateway(uri) {
            return Ok(());
        }
        Err(AuthFault::Reach { key: self.name.clone(), what: format!("gateway {uri}") })
    }

    /// Refuses a key that is for some accounts or numbers only, where all of a gateway is concerned.
    pub fn require_all_accounts(&self) -> Result<(), AuthFault> {
        self.require_all_numbers()?;
        if self.accounts.is_empty() {
            return Ok(());
        }
        Err(AuthFault::Reach { key: self.name.clone(), what: "what concerns other accounts too".to_owned() })
    }

    /// Refuses a key that is for some numbers only, where all of an account is concerned.
    pub fn require_all_numbers(&self) -> Result<(), AuthFault> {
        if self.numbers.is_empty() {
            return Ok(());
        }
        Err(AuthFault::Reach { key: self.name.clone(), what: "what concerns other numbers too".to_owned() })
    }

    /// Whether what `other` is for is all within what this key is for, whatever the two may do there.
    pub fn reaches_all_of(&self, other: &Caller) -> bool {
        within(&self.gateways, &other.gateways)
            && within(&self.accounts, &other.accounts)
            && within(&self.numbers, &other.numbers)
    }

    /// Whether the key is for the gateway `uri`.
    pub fn may_use_gateway(&self, uri: &str) -> bool {
        allows(&self.gateways, uri)
    }

    /// Whether the key is for the account `waba`; its gateway is a question of its own.
    pub fn may_use_account(&self, waba: &str) -> bool {
        allows(&self.accounts, waba)
    }

    /// Whether the key is for the number `phone_number_id`; its account and gateway are questions of their own.
    pub fn may_use_number(&self, phone_number_id: &str) -> bool {
        allows(&self.numbers, phone_number_id)
    }
}

/// Whether limits are no wider than others.
fn within(limits: &[String], others: &[String]) -> bool {
    limits.is_empty() || (!others.is_empty() && others.iter().all(|other| limits.contains(other)))
}

fn allows(limits: &[String], id: &str) -> bool {
    limits.is_empty() || limits.iter().any(|limit| limit == id)
}

#[cfg(test)]
mod tests;
