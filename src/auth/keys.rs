//! All keys: those of the settings, those that were made while everything ran, and who lately tried others. Decides who
//! a key belongs to; keeps nothing on a disk.

use super::slowdown::Slowdown;
use super::{AuthFault, Caller};
use crate::config::{KeyHash, KeySettings};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use subtle::{ConditionallySelectable, ConstantTimeEq};
use wharf_actors::gateway::Rotating;

/// Keys made while everything ran, at most: each request is compared with all of them.
pub(crate) const MOST_MADE: usize = 1000;

/// All keys, and who lately tried others.
pub struct Keys {
    known: Rotating<Vec<KnownKey>>,
    sources: Mutex<Sources>,
    slowdown: Mutex<Slowdown>,
}

/// Where keys come from. A name of the settings hides a made one.
struct Sources {
    settings: Vec<KnownKey>,
    made: Vec<KnownKey>,
}

/// One key.
#[derive(Debug, Clone)]
pub struct KnownKey {
    /// What a caller's key must hash to.
    pub hash: KeyHash,
    /// Whom it makes of a caller.
    pub caller: Caller,
    /// Where it comes from.
    pub origin: Origin,
    /// When it was last used, in ms since 1970; 0 if it was not since the start.
    used_at_ms: Arc<AtomicU64>,
}

/// Where a key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The settings.
    Settings,
    /// Somebody made it while everything ran.
    Made {
        /// When, in ms since 1970.
        at_ms: u64,
        /// The name of the key that made it.
        by: Arc<str>,
    },
}

/// Why a key was not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdded {
    /// There is one of that name.
    Exists,
    /// There are too many.
    TooMany,
}

impl KnownKey {
    /// A key that was not used yet.
    pub fn new(hash: KeyHash, caller: Caller, origin: Origin) -> Self {
        Self { hash, caller, origin, used_at_ms: Arc::default() }
    }

    /// When it was last used since the start, in ms since 1970.
    pub fn used_at_ms(&self) -> Option<u64> {
        Some(self.used_at_ms.load(Ordering::Relaxed)).filter(|at_ms| *at_ms > 0)
    }

    fn is_called(&self, name: &str) -> bool {
        *self.caller.name == *name
    }
}

impl Keys {
    /// Knows the keys of the settings, and those that were made.
    pub fn new(settings: &[KeySettings], made: Vec<KnownKey>) -> Self {
        let sources = Sources { settings: settings.iter().map(known).collect(), made };
        Self { known: sources.all().into(), sources: Mutex::new(sources), slowdown: Mutex::new(Slowdown::new()) }
    }

    /// Takes these in place of the settings' keys. Who lately tried wrong ones stays remembered, and when keys that stay
    /// were used.
    pub fn replace(&self, settings: &[KeySettings]) {
        let mut sources = self.sources();
        let mut new: Vec<KnownKey> = settings.iter().map(known).collect();
        for key in &mut new {
            let same = |old: &&KnownKey| old.hash == key.hash && old.is_called(&key.caller.name);
            if let Some(old) = sources.settings.iter().find(same) {
                key.used_at_ms = Arc::clone(&old.used_at_ms);
            }
        }
        sources.settings = new;
        self.known.set(sources.all());
    }

    /// Every key that opens something, those of the settings first.
    pub fn all(&self) -> Arc<Vec<KnownKey>> {
        self.known.get()
    }

    /// Adds a made key; it opens at once. Names are unique.
    pub fn add(&self, key: KnownKey) -> Result<(), NotAdded> {
        let mut sources = self.sources();
        if sources.settings.iter().chain(&sources.made).any(|known| known.is_called(&key.caller.name)) {
            return Err(NotAdded::Exists);
        }
        if sources.made.len() >= MOST_MADE {
            return Err(NotAdded::TooMany);
        }
        sources.made.push(key);
        self.known.set(sources.all());
        Ok(())
    }

    /// Takes a made key away; it opens nothing from now on.
    pub fn remove(&self, name: &str) {
        let mut sources = self.sources();
        sources.made.retain(|key| !key.is_called(name));
        self.known.set(sources.all());
    }

    /// Notes that the key `name` was used at `now`, in ms since 1970.
    pub fn note_use(&self, name: &str, now: u64) {
        let keys = self.known.get();
        if let Some(key) = keys.iter().find(|key| key.is_called(name)) {
            key.used_at_ms.store(now, Ordering::Relaxed);
        }
    }

    /// What the key of this name may do now, for somebody who showed it before.
    pub fn named(&self, name: &str) -> Option<Caller> {
        self.known.get().iter().find(|key| key.is_called(name)).map(|key| key.caller.clone())
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

    /// Compares with every key and never stops early, so that the time taken tells nothing.
    fn find(&self, presented: &KeyHash) -> Option<Caller> {
        const NONE: u64 = u64::MAX;
        let keys = self.known.get();
        let mut found = NONE;
        for (at, key) in (0..).zip(keys.iter()) {
            found.conditional_assign(&at, key.hash.0.ct_eq(&presented.0));
        }
        usize::try_from(found).ok().and_then(|at| keys.get(at)).map(|key| key.caller.clone())
    }

    fn wrong(&self, peer: IpAddr, now: Instant) -> AuthFault {
        let mut slowdown = self.slowdown.lock().unwrap_or_else(PoisonError::into_inner);
        AuthFault::Wrong { delay: slowdown.wrong_key(peer, now) }
    }

    fn sources(&self) -> MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sources {
    fn all(&self) -> Vec<KnownKey> {
        let hidden = |made: &&KnownKey| self.settings.iter().any(|key| key.is_called(&made.caller.name));
        for made in self.made.iter().filter(hidden) {
            log::warn!("key_hidden name={} why=\"a [[key]] of the settings has the name\"", made.caller.name);
        }
        self.settings.iter().chain(self.made.iter().filter(|made| !hidden(made))).cloned().collect()
    }
}

fn known(key: &KeySettings) -> KnownKey {
    let caller = Caller {
        name: key.name.clone(),
        scopes: key.scopes.clone(),
        gateways: key.gateways.clone(),
        accounts: key.accounts.clone(),
        numbers: key.numbers.clone(),
    };
    KnownKey::new(key.hash, caller, Origin::Settings)
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
