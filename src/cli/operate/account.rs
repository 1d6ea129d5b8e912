//! An account as `/api/accounts/{waba}` tells of it, as far as people are shown it. Read leniently: an older or newer
//! Wharf says less or more.

use super::ask::{Ask, Wharf, piece};
use super::fault::Fault;
use serde::Deserialize;
use std::collections::BTreeMap;

/// An account; in a list without what only looking into it tells.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) gateway: String,
    pub(super) active: bool,
    pub(super) snapshot: Snapshot,
    pub(super) error: Option<serde_json::Value>,
    pub(super) standing: Option<String>,
    pub(super) restrictions: Vec<Restriction>,
    pub(super) drift: Vec<Drift>,
    pub(super) token: Option<Token>,
    pub(super) oldest_undelivered_at: Option<String>,
    pub(super) routes: BTreeMap<String, Route>,
    pub(super) outbox: BTreeMap<String, u64>,
    pub(super) sends: BTreeMap<String, Sends>,
    pub(super) holds: Vec<Hold>,
    pub(super) delivery_holds: Vec<DeliveryHold>,
}

/// What Meta said of it when it was asked last.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Snapshot {
    pub(super) name: Option<String>,
    pub(super) phone_numbers: Vec<Known>,
}

/// A number that Wharf knows.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Known {
    pub(super) id: String,
    pub(super) display_phone_number: Option<String>,
    pub(super) verified_name: Option<String>,
}

/// What Meta does not let it do.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Restriction {
    pub(super) what: String,
    pub(super) until: Option<String>,
}

/// Where Meta's side is not as wished.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Drift {
    pub(super) what: String,
    pub(super) since: Option<String>,
}

/// The token it uses.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Token {
    pub(super) own: bool,
    pub(super) valid: bool,
    pub(super) expires_at: Option<String>,
    pub(super) reason: Option<String>,
}

/// Where its events go.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Route {
    pub(super) url: String,
    pub(super) removed: bool,
    pub(super) unusable: Option<String>,
    pub(super) pending: i64,
    pub(super) parked: u64,
    pub(super) breaker: String,
    pub(super) paused_at: Option<String>,
    pub(super) last_answer: Option<LastAnswer>,
}

/// What an application said last.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct LastAnswer {
    pub(super) at: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) reason: Option<String>,
}

/// How the sends of one number stand.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Sends {
    pub(super) limit: u64,
    pub(super) rate: u64,
    pub(super) queued: u64,
    pub(super) sending: u64,
}

/// Why messages wait although their turn has come.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Hold {
    pub(super) scope: String,
    pub(super) name: String,
    pub(super) cause: String,
    pub(super) reason: String,
    pub(super) since: Option<String>,
}

/// Why deliveries wait although their turn has come.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct DeliveryHold {
    pub(super) route: Option<String>,
    pub(super) number: Option<String>,
    pub(super) since: Option<String>,
    pub(super) by: Option<String>,
}

impl Account {
    /// What is on its way to all routes.
    pub(super) fn pending(&self) -> i64 {
        self.routes.values().map(|route| route.pending).sum()
    }
}

/// Looks into one account.
pub(super) fn ask(waba: &str) -> Ask {
    Ask::get(format!("/api/accounts/{}", piece(waba)))
}

/// One account, looked into.
pub(super) async fn read(waba: &str, wharf: &Wharf) -> Result<Account, Fault> {
    wharf.read(ask(waba)).await
}
