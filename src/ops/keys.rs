//! `/api/keys`: API keys, looked at, made and taken away while everything runs. A key is shown once, when it is made; kept
//! is its hash.

use super::etag::{Version, require_match};
use super::{body, changer, inspector, json, moment};
use crate::audit::{self, Deed};
use crate::auth::{Caller, KnownKey, NotAdded, Origin, Scope};
use crate::config::KeyHash;
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::http::StatusCode;
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use wharf_actors::clock::now_ms;
use wharf_actors::desk;
use wharf_storage::{ApiKey, Change, Kind, Noun, Store};

/// Random bytes in a key.
const KEY_BYTES: usize = 32;
/// The longest name of a key.
const LONGEST_NAME: usize = 64;
/// Ids and gateways that one key may be narrowed to.
const MOST_LIMITS: usize = 1000;

/// A key to be made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewKey")]
pub(super) struct Given {
    /// Its name in audit records: 1 to 64 letters, digits, `-` and `_`.
    name: String,
    /// What it may do; at least one.
    scopes: BTreeSet<Scope>,
    /// The gateways it may use; left out, all.
    gateways: Option<Vec<String>>,
    /// The accounts it may use; left out, all.
    accounts: Option<Vec<String>>,
    /// The phone number ids it may use; left out, all.
    numbers: Option<Vec<String>>,
}

/// A key, without itself. Empty lists mean all.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KeyShown {
    name: String,
    source: Source,
    scopes: BTreeSet<Scope>,
    gateways: Vec<String>,
    accounts: Vec<String>,
    numbers: Vec<String>,
    created_at: Option<String>,
    /// The name of the key that made it.
    created_by: Option<String>,
    /// Since the last start.
    last_used_at: Option<String>,
}

/// Where a key comes from.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Source {
    Settings,
    Api,
}

/// All keys that may be seen.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KeyList {
    data: Vec<KeyShown>,
}

/// A key that was just made.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KeyMade {
    #[serde(flatten)]
    shown: KeyShown,
    /// The key itself. It is shown this once.
    key: String,
}

/// A key that was taken away.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct KeyRemoved {
    name: String,
    removed: bool,
}

/// The keys that are for nothing beyond what the caller's is for.
pub async fn list(request: HttpRequest, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    let keys = edge.keys.all();
    let seen = keys.iter().filter(|key| caller.reaches_all_of(&key.caller));
    Ok(json(&KeyList { data: seen.map(KeyShown::of).collect() }))
}

/// One of them.
pub async fn one(request: HttpRequest, name: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    let key = find(edge, &caller, &name)?;
    Ok(version(&key).on(json(&KeyShown::of(&key))))
}

/// Makes a key; it opens at once, and after a restart too.
pub async fn create(request: HttpRequest, payload: Payload, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = changer(&request, &late).await?;
    let wanted = wanted(body(&request, payload, edge).await?)?;
    require_own(edge, &caller, &wanted)?;
    let key = format!("wharf_{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; KEY_BYTES]>()));
    let origin = Origin::Made { at_ms: now_ms(), by: caller.name.clone() };
    let known = KnownKey::new(KeyHash::of(key.as_bytes()), wanted, origin);
    let name = known.caller.name.clone();
    // Nobody knows it before the answer: it may open a moment before it is kept.
    edge.keys.add(known.clone()).map_err(|why| match why {
        NotAdded::Exists => ApiError::naming(ErrorId::KeyExists, &name),
        NotAdded::TooMany => ApiError::naming(ErrorId::KeysFull, crate::auth::MOST_MADE_KEYS),
    })?;
    let mut change = Change::default();
    change.put(&record(&known));
    if desk::commit(edge.wharf.store.as_ref(), change).await.is_err() {
        edge.keys.remove(&name);
        return Err(ApiError::plain(ErrorId::StoreClosed));
    }
    note("key.create", &format!("made: {}", described(&known.caller)), &name, &request, &caller, edge).await?;
    let mut answer = version(&known).on(json(&KeyMade { shown: KeyShown::of(&known), key }));
    *answer.status_mut() = StatusCode::CREATED;
    Ok(answer)
}

/// Takes a key away; it opens nothing from now on.
pub async fn delete(request: HttpRequest, name: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = changer(&request, &late).await?;
    let key = find(edge, &caller, &name)?;
    require_match(&request, &format!("the key {name}"), Some(&version(&key)))?;
    if key.origin == Origin::Settings {
        return Err(ApiError::naming(ErrorId::KeyInSettings, &name));
    }
    let mut change = Change::default();
    change.remove(Kind::ApiKey, record(&key).key());
    let kept = desk::commit(edge.wharf.store.as_ref(), change).await;
    kept.map_err(|_| ApiError::plain(ErrorId::StoreClosed))?;
    edge.keys.remove(&name);
    note("key.remove", "removed", &name, &request, &caller, edge).await?;
    Ok(json(&KeyRemoved { name: name.into_inner(), removed: true }))
}

/// The keys that were made and are kept.
pub(crate) fn made_keys(store: &dyn Store) -> Vec<KnownKey> {
    let read = store.hot(Kind::ApiKey, &[]).into_iter().map(|(_, bytes)| ApiKey::from_bytes(&bytes));
    let sound = read.filter_map(|kept| match kept {
        Ok(kept) => Some(known(kept)),
        Err(error) => {
            log::error!("key_unreadable why=\"{error}\"");
            None
        }
    });
    sound.collect()
}

/// A key that the caller may see, by its name.
fn find(edge: &Edge, caller: &Caller, name: &str) -> Result<KnownKey, ApiError> {
    let keys = edge.keys.all();
    let found = keys.iter().find(|key| *key.caller.name == *name && caller.reaches_all_of(&key.caller));
    found.cloned().ok_or_else(|| ApiError::naming(ErrorId::KeyUnknown, name))
}

/// Whom the new key will make of a caller.
fn wanted(given: Given) -> Result<Caller, ApiError> {
    let bad = |text: &str| Err(ApiError::naming(ErrorId::ParameterBad, text));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if given.name.is_empty() || given.name.len() > LONGEST_NAME || !given.name.bytes().all(is_plain) {
        return bad("name must be 1 to 64 letters, digits, - and _");
    }
    if given.scopes.is_empty() {
        return bad("scopes must hold at least one of admin, inspect, send, manage");
    }
    let lists = [&given.gateways, &given.accounts, &given.numbers];
    if lists.into_iter().flatten().any(|list| list.is_empty() || list.len() > MOST_LIMITS) {
        return bad("gateways, accounts and numbers hold 1 to 1000 each; leave one out for all");
    }
    if [&given.accounts, &given.numbers].into_iter().flatten().flatten().any(|id| !is_id(id)) {
        return bad("accounts and numbers hold ids of Meta's: letters and digits only");
    }
    let Given { name, scopes, gateways, accounts, numbers } = given;
    let [gateways, accounts, numbers] = [gateways, accounts, numbers].map(Option::unwrap_or_default);
    Ok(Caller { name: name.into(), scopes, gateways, accounts, numbers })
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST_NAME && id.chars().all(char::is_alphanumeric)
}

/// A key gives nothing that it has not, and is for gateways that there are.
fn require_own(edge: &Edge, caller: &Caller, wanted: &Caller) -> Result<(), ApiError> {
    let forbidden = |what: String| Err(ApiError::naming(ErrorId::AuthForbidden, what));
    if let Some(scope) = wanted.scopes.iter().find(|scope| !caller.has(**scope)) {
        return forbidden(format!("the key {} cannot give the scope {scope}, which it lacks", caller.name));
    }
    if !caller.reaches_all_of(wanted) {
        return forbidden(format!("the key {} cannot give more than it is for: {}", caller.name, described(caller)));
    }
    match wanted.gateways.iter().find(|uri| edge.wharf.directory.gateway(uri).is_none()) {
        None => Ok(()),
        Some(uri) => Err(ApiError::naming(ErrorId::ParameterBad, format!("gateways: there is no gateway {uri}"))),
    }
}

/// What a key is good for, for people.
fn described(key: &Caller) -> String {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.word()).collect();
    let limits = [("gateways", &key.gateways), ("accounts", &key.accounts), ("numbers", &key.numbers)];
    let limits = limits.into_iter().filter(|(_, list)| !list.is_empty());
    let limits: String = limits.map(|(what, list)| format!(" {what}={}", list.join(","))).collect();
    format!("scopes={}{limits}", scopes.join(","))
}

async fn note(
    verb: &str,
    result: &str,
    name: &str,
    request: &HttpRequest,
    caller: &Caller,
    edge: &Edge,
) -> Result<(), ApiError> {
    let deed = Deed { gateway: "", verb, ids: vec![name.into()], result: result.to_owned() };
    audit::keep(deed, request, caller, edge).await
}

/// What is kept of a made key.
fn record(key: &KnownKey) -> ApiKey {
    let texts = |texts: &[String]| texts.iter().map(|text| text.as_str().into()).collect();
    let (created_at_ms, created_by) = match &key.origin {
        Origin::Settings => (0, ""),
        Origin::Made { at_ms, by } => (*at_ms, &**by),
    };
    ApiKey {
        name: (*key.caller.name).into(),
        sha256: key.hash.0,
        scopes: key.caller.scopes.iter().map(|scope| scope.word().into()).collect(),
        gateways: texts(&key.caller.gateways),
        accounts: texts(&key.caller.accounts),
        numbers: texts(&key.caller.numbers),
        created_at_ms,
        created_by: created_by.into(),
    }
}

fn known(kept: ApiKey) -> KnownKey {
    let texts = |texts: Vec<Box<str>>| texts.into_iter().map(String::from).collect();
    let scope = |word: &str| Scope::ALL.into_iter().find(|scope| scope.word() == word);
    let caller = Caller {
        name: (*kept.name).into(),
        scopes: kept.scopes.iter().filter_map(|word| scope(word)).collect(),
        gateways: texts(kept.gateways),
        accounts: texts(kept.accounts),
        numbers: texts(kept.numbers),
    };
    let origin = Origin::Made { at_ms: kept.created_at_ms, by: (*kept.created_by).into() };
    KnownKey::new(KeyHash(kept.sha256), caller, origin)
}

/// Changes when another key takes the name; neither the key nor its hash is part of it.
fn version(key: &KnownKey) -> Version {
    Version::of(&[&ApiKey { sha256: [0; 32], ..record(key) }.to_bytes()])
}

impl KeyShown {
    fn of(key: &KnownKey) -> Self {
        let Caller { name, scopes, gateways, accounts, numbers } = key.caller.clone();
        let (source, created_at, created_by) = match &key.origin {
            Origin::Settings => (Source::Settings, None, None),
            Origin::Made { at_ms, by } => (Source::Api, moment(*at_ms), Some(by.to_string())),
        };
        let (name, last_used_at) = (name.to_string(), key.used_at_ms().and_then(moment));
        Self { name, source, scopes, gateways, accounts, numbers, created_at, created_by, last_used_at }
    }
}
