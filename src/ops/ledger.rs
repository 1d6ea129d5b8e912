//! `/api/ledger`: where everything went, all figures from one committed state, and whether they balance.

use super::{inspector, json, sees, sees_claim};
use crate::auth::Caller;
use crate::edge::{Edge, Late};
use crate::error::ApiError;
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use wharf_storage::{MessageTally, RouteTally, Tally};

/// The ledger with what does not balance in it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Sheet {
    #[serde(flatten)]
    ledger: LedgerShown,
    balanced: bool,
    faults: Vec<String>,
}

/// Sums of items, deliveries and messages.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LedgerShown {
    /// Items that came in.
    received: i64,
    /// Items owned by an active account.
    routed: i64,
    /// Items that were copies of an accepted one.
    duplicate: i64,
    /// Of `duplicate`, those whose bytes differed from the accepted copy's.
    duplicate_differing: i64,
    /// Items of an engaged account that was not active.
    inactive: i64,
    /// Test payloads.
    test: i64,
    /// Items in quarantine.
    quarantined: i64,
    /// Items that left the quarantine for want of room.
    evicted: i64,
    /// Deliveries per route, by `{gateway}/{route}`.
    routes: BTreeMap<String, DeliveriesShown>,
    /// Outbound messages.
    messages: MessagesShown,
}

/// Deliveries of one route: `offered + replayed = filtered + delivered + pending + dead`.
#[derive(Debug, Serialize, JsonSchema)]
struct DeliveriesShown {
    offered: i64,
    replayed: i64,
    filtered: i64,
    delivered: i64,
    pending: i64,
    dead: i64,
}

/// Outbound messages: `submitted` is the sum of the others; `taken` means that Meta took it.
#[derive(Debug, Serialize, JsonSchema)]
struct MessagesShown {
    submitted: i64,
    queued: i64,
    sending: i64,
    unknown: i64,
    taken: i64,
    failed: i64,
    expired: i64,
    cancelled: i64,
}

/// The ledger of all owners that the caller's key may see, added up.
pub async fn all(request: HttpRequest, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    caller.require_all_numbers()?;
    let mut ledger = Tally::default();
    for (owner, part) in edge.wharf.store.ledgers() {
        if sees_owner(edge, &caller, &owner) {
            ledger.add(&part);
        }
    }
    let faults = ledger.faults();
    Ok(json(&Sheet { ledger: LedgerShown::of(ledger), balanced: faults.is_empty(), faults }))
}

impl LedgerShown {
    /// The sums as they are.
    pub(super) fn of(tally: Tally) -> Self {
        let Tally { received, routed, duplicate, duplicate_differing, inactive, test, quarantined, evicted, .. } =
            tally;
        let routes = tally.routes.into_iter().map(|(name, route)| (name, DeliveriesShown::of(route))).collect();
        let messages = MessagesShown::of(tally.messages);
        Self {
            received,
            routed,
            duplicate,
            duplicate_differing,
            inactive,
            test,
            quarantined,
            evicted,
            routes,
            messages,
        }
    }
}

impl DeliveriesShown {
    fn of(route: RouteTally) -> Self {
        let RouteTally { offered, replayed, filtered, delivered, pending, dead } = route;
        Self { offered, replayed, filtered, delivered, pending, dead }
    }
}

impl MessagesShown {
    fn of(messages: MessageTally) -> Self {
        let MessageTally { submitted, queued, sending, unknown, taken, failed, expired, cancelled } = messages;
        Self { submitted, queued, sending, unknown, taken, failed, expired, cancelled }
    }
}

/// Whether the caller's key is for a ledger: an account's, or that of a gateway for what no account owns.
pub(super) fn sees_owner(edge: &Edge, caller: &Caller, owner: &str) -> bool {
    let is_account = owner.bytes().all(|byte| byte.is_ascii_digit());
    if is_account { sees(edge, caller, owner) } else { sees_claim(caller, owner, None) }
}
