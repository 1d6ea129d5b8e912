//! `[[key]]`: who may do what. Keeps a hash of each key, never the key.

use super::node::Value;
use super::routes::label;
use super::section::{Reading, Section, Unread, nearest};
use super::values;
use crate::auth::Scope;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use wharf_actors::gateway::{Gateway, Secret};

/// 128 random bits have 22 characters in base64; what is shorter can be guessed.
const LEAST_SECRET: usize = 22;

/// SHA-256 of a key; it does not show itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
    /// Hashes a key as it was typed.
    pub fn of(key: &[u8]) -> Self {
        Self(Sha256::digest(key).into())
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(…)")
    }
}

/// One API key. Empty lists mean all.
#[derive(Debug, Clone)]
pub struct KeySettings {
    /// Its name in audit records.
    pub name: Arc<str>,
    /// What a caller's key must hash to.
    pub hash: KeyHash,
    /// Whether the key itself stands in the settings file, for all who can read that.
    pub written_out: bool,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// Gateways it may use.
    pub gateways: Vec<String>,
    /// Accounts it may use.
    pub accounts: Vec<String>,
    /// Phone number ids it may use.
    pub numbers: Vec<String>,
}

/// Names and hashes that were already used, and where.
#[derive(Default)]
struct Used {
    names: BTreeMap<String, String>,
    hashes: BTreeMap<KeyHash, String>,
}

/// Reads all keys; `gateways` are those that exist, `None` if that is not known because of other faults.
pub(super) fn read(
    all: Vec<Unread>,
    gateways: Option<&[Arc<Gateway>]>,
    reading: &mut Reading,
) -> Option<Vec<KeySettings>> {
    let mut used = Used::default();
    let read: Vec<Option<KeySettings>> =
        all.into_iter().map(|unread| key(unread, gateways, &mut used, reading)).collect();
    read.into_iter().collect()
}

fn key(
    unread: Unread,
    gateways: Option<&[Arc<Gateway>]>,
    used: &mut Used,
    reading: &mut Reading,
) -> Option<KeySettings> {
    let mut section = Section::open("key", unread, reading)?;
    let name = name(&mut section, used);
    let written_out = section.is_written_out("secret");
    let hash = hash(&mut section, used);
    let scopes = scopes(&mut section);
    let gateways = limit(&mut section, "gateways", |value| existing(value, gateways));
    let accounts = limit(&mut section, "accounts", values::id);
    let numbers = limit(&mut section, "numbers", values::id);
    section.close();
    Some(KeySettings {
        name: name?.into(),
        hash: hash?,
        written_out,
        scopes: scopes?,
        gateways: gateways?,
        accounts: accounts?,
        numbers: numbers?,
    })
}

fn name(section: &mut Section<'_>, used: &mut Used) -> Option<String> {
    let name = section.get("name", label)?;
    if let Some(other) = used.names.insert(name.clone(), section.path_of("name")) {
        section.fault_at("name", format!("\"{name}\", which is {other} too"), "another name: audit records go by it");
        return None;
    }
    Some(name)
}

fn hash(section: &mut Section<'_>, used: &mut Used) -> Option<KeyHash> {
    let (key, hash) = match (section.has("secret"), section.has("sha256")) {
        (true, false) => ("secret", of_secret(section)?),
        (false, true) => ("sha256", section.get_hidden("sha256", hexadecimal)?),
        (true, true) => {
            section.forget(["secret", "sha256"]);
            section.fault_at("secret", "secret and sha256", "one of the two");
            return None;
        }
        (false, false) => {
            section.fault_at(
                "",
                "neither secret nor sha256",
                "one of the two; `printf %s KEY | sha256sum` gives sha256",
            );
            return None;
        }
    };
    if let Some(other) = used.hashes.insert(hash, section.path_of(key)) {
        section.fault_at(key, format!("the same key as {other}"), "another key: a caller is known by it");
        return None;
    }
    Some(hash)
}

fn of_secret(section: &mut Section<'_>) -> Option<KeyHash> {
    let secret: Secret = section.secret("secret")?;
    if secret.reveal().chars().count() < LEAST_SECRET {
        section.warn("secret", "this key is short enough to be guessed; `openssl rand -hex 32` makes a good one");
    }
    Some(KeyHash::of(secret.reveal().as_bytes()))
}

fn hexadecimal(value: &Value) -> Result<KeyHash, String> {
    let mut hash = [0; 32];
    let decoded = value.text().map(|text| hex::decode_to_slice(text.trim(), &mut hash));
    match decoded {
        Some(Ok(())) => Ok(KeyHash(hash)),
        Some(Err(_)) | None => Err("SHA-256 of the key as 64 hexadecimal digits".to_owned()),
    }
}

fn scopes(section: &mut Section<'_>) -> Option<BTreeSet<Scope>> {
    let known = Scope::ALL.map(|scope| (scope.word(), scope));
    let scopes = section.list("scopes", values::one_of(&known))?;
    if section.has("scopes") && scopes.is_empty() {
        section.fault_at("scopes", "an empty list", "at least one of admin, inspect, send, manage");
        return None;
    }
    Some(scopes.into_iter().collect())
}

/// A list that narrows the key: written but empty it would mean all, which is not what it looks like.
fn limit(
    section: &mut Section<'_>,
    key: &str,
    parse: impl Fn(&Value) -> Result<String, String>,
) -> Option<Vec<String>> {
    let list = section.list(key, parse)?;
    if section.has(key) && list.is_empty() {
        section.fault_at(key, "an empty list", "at least one, or no such setting for all");
        return None;
    }
    Some(list)
}

fn existing(value: &Value, gateways: Option<&[Arc<Gateway>]>) -> Result<String, String> {
    let name = values::text(value)?;
    let Some(gateways) = gateways else { return Ok(name) };
    let uris = || gateways.iter().map(|gateway| &*gateway.uri);
    if uris().any(|uri| uri == name) {
        return Ok(name);
    }
    let near = nearest(&name, uris()).map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
    Err(format!("the uri of a [[gateway]]{near}"))
}
