//! Who is calling, and what they may do. Pure: knows no HTTP server, no clock and no settings file; the caller of this
//! room sleeps where it says so.

mod cross_site;
mod proxies;
mod slowdown;

pub use cross_site::{Refusal, cross_site};
pub use proxies::{Network, TrustedProxies};

use crate::config::{KeyHash, KeySettings};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use slowdown::Slowdown;
pub(crate) use slowdown::one_caller;
use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use subtle::{ConditionallySelectable, ConstantTimeEq};
use wharf_actors::gateway::Rotating;

/// What a key may be good for. No scope includes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
#[derive(Debug, Clone)]
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

fn allows(limits: &[String], id: &str) -> bool {
    limits.is_empty() || limits.iter().any(|limit| limit == id)
}

/// All keys, and who lately tried others.
pub struct Keys {
    keys: Rotating<Vec<(KeyHash, Caller)>>,
    slowdown: Mutex<Slowdown>,
}

impl Keys {
    /// Knows the keys of the settings.
    pub fn new(settings: &[KeySettings]) -> Self {
        Self { keys: all(settings).into(), slowdown: Mutex::new(Slowdown::new()) }
    }

    /// Knows these from now on. Who lately tried wrong ones stays remembered.
    pub fn replace(&self, settings: &[KeySettings]) {
        self.keys.set(all(settings));
    }

    /// Who sends `Bearer KEY`, or `Basic` with the key as password (the user name does not matter).
    ///
    /// A wrong key is remembered against `peer`; a right one is answered at once, whatever came from there before.
    pub fn identify(&self, authorization: Option<&str>, peer: IpAddr, now: Instant) -> Result<Caller, AuthFault> {
        match presented(authorization.unwrap_or_default()) {
            Presented::Nothing => Err(AuthFault::Missing),
            Presented::Key(key) => self.find(&KeyHash::of(&key)).ok_or_else(|| self.wrong(peer, now)),
            Presented::Garbled => Err(self.wrong(peer, now)),
        }
    }

    /// What the key of this name may do now, for somebody who showed it before.
    pub fn named(&self, name: &str) -> Option<Caller> {
        self.keys.get().iter().find(|(_, caller)| *caller.name == *name).map(|(_, caller)| caller.clone())
    }

    /// Compares with every key and never stops early, so that the time taken tells nothing.
    fn find(&self, presented: &KeyHash) -> Option<Caller> {
        const NONE: u64 = u64::MAX;
        let keys = self.keys.get();
        let mut found = NONE;
        for (at, (hash, _)) in (0..).zip(keys.iter()) {
            found.conditional_assign(&at, hash.0.ct_eq(&presented.0));
        }
        usize::try_from(found).ok().and_then(|at| keys.get(at)).map(|(_, caller)| caller.clone())
    }

    fn wrong(&self, peer: IpAddr, now: Instant) -> AuthFault {
        let mut slowdown = self.slowdown.lock().unwrap_or_else(PoisonError::into_inner);
        AuthFault::Wrong { delay: slowdown.wrong_key(peer, now) }
    }
}

fn all(settings: &[KeySettings]) -> Vec<(KeyHash, Caller)> {
    settings.iter().map(known).collect()
}

fn known(key: &KeySettings) -> (KeyHash, Caller) {
    let caller = Caller {
        name: key.name.clone(),
        scopes: key.scopes.clone(),
        gateways: key.gateways.clone(),
        accounts: key.accounts.clone(),
        numbers: key.numbers.clone(),
    };
    (key.hash, caller)
}

/// What a request shows of itself.
enum Presented {
    Nothing,
    Key(Vec<u8>),
    Garbled,
}

fn presented(authorization: &str) -> Presented {
    let (scheme, rest) = authorization.trim().split_once(' ').unwrap_or_default();
    let rest = rest.trim();
    if rest.is_empty() {
        return Presented::Nothing;
    }
    if scheme.eq_ignore_ascii_case("bearer") {
        return Presented::Key(rest.as_bytes().to_vec());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        return password(rest).map_or(Presented::Garbled, Presented::Key);
    }
    Presented::Nothing
}

/// What stands after the first colon.
fn password(encoded: &str) -> Option<Vec<u8>> {
    let decoded = STANDARD.decode(encoded).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    Some(decoded[colon + 1..].to_vec())
}

#[cfg(test)]
mod tests;
