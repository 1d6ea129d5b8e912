//! Plain snapshots of actors: inspection, metrics, the dashboard, the command line and tests all read these.

use crate::gateway::Route;
use crate::rules::deliveries::Deliveries;
use crate::rules::life::Life;
use crate::rules::outbox::{NumberView, Outbox};
use crate::rules::reader::LastAnswer;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use wharf_storage::{MessageState, SendHold};

/// An account's actor.
#[derive(Debug, Clone, Serialize)]
pub struct AccountView {
    /// The WABA id.
    pub id: String,
    /// The highest seq given to an event.
    pub seq: u64,
    /// Changes that wait for the disk.
    pub changes_in_flight: usize,
    /// When the oldest undelivered event in memory was accepted, in ms since 1970.
    pub oldest_undelivered_ms: Option<u64>,
    /// By route.
    pub routes: BTreeMap<String, RouteView>,
    /// How it stands with Meta.
    pub life: Life,
    /// Messages that still have to leave, by state.
    pub outbox: BTreeMap<&'static str, usize>,
    /// By phone number id.
    pub numbers: BTreeMap<String, NumberView>,
    /// Why messages wait although their turn has come.
    pub holds: Vec<HoldView>,
}

/// Why some messages wait.
#[derive(Debug, Clone, Serialize)]
pub struct HoldView {
    /// `account`, `number`, `template`, `templates` (all of them), `free_form` (all but them) or `new_customers` (those to customers who did not write).
    pub scope: &'static str,
    /// The number's id or the template's name, with its language where the hold is for one alone.
    pub name: String,
    /// Who can end it: `token`, `meta`, `throttle` or `limit` (time), or `operator`.
    pub cause: &'static str,
    /// Graph's error code, where one began it.
    pub code: Option<i64>,
    /// For people.
    pub reason: String,
    /// Since when, in ms since 1970.
    pub since_ms: u64,
    /// It ends by itself then, in ms since 1970.
    pub until_ms: Option<u64>,
}

impl HoldView {
    /// `hold`, as it is shown.
    pub fn of(hold: &SendHold) -> Self {
        let (scope, name) = hold.scope.parts();
        Self {
            scope,
            name: name.into_owned(),
            cause: hold.cause.word(),
            code: hold.code,
            reason: hold.reason.to_string(),
            since_ms: hold.since_ms,
            until_ms: hold.until_ms,
        }
    }
}

/// One route's way through one stream.
#[derive(Debug, Clone, Serialize)]
pub struct RouteView {
    /// Deliveries in memory that have not ended.
    pub open: usize,
    /// Of those, the ones under way.
    pub under_way: usize,
    /// Deliveries that are retried on their own, because they fail again and again while others get through.
    pub parked: usize,
    /// Every event up to here is ended or open.
    pub high: u64,
    /// What the route last said.
    pub last_answer: Option<LastAnswer>,
    /// Whether the route is gone, and only its deliveries are left.
    pub removed: bool,
    /// The route itself.
    #[serde(skip)]
    pub route: Arc<Route>,
}

/// The routes of one stream.
pub fn routes(deliveries: &Deliveries) -> BTreeMap<String, RouteView> {
    let view = |reader: &crate::rules::reader::Reader| {
        let (open, under_way) = reader.depth();
        let last_answer = reader.last_answer().cloned();
        (
            reader.route().name.to_string(),
            RouteView {
                open,
                under_way,
                parked: reader.parked(),
                high: reader.high(),
                last_answer,
                removed: !reader.is_live(),
                route: Arc::clone(reader.route()),
            },
        )
    };
    deliveries.readers().iter().filter(|reader| !reader.is_gone()).map(view).collect()
}

/// An outbox, counted by state.
pub fn outbox(outbox: &Outbox) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for state in outbox.messages().map(|record| record.state) {
        debug_assert!(state <= MessageState::Unknown, "what ended has left the outbox");
        *counts.entry(state.word()).or_default() += 1;
    }
    counts
}
