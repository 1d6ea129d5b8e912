//! Plain snapshots of actors: inspection, metrics, the dashboard, the command line and tests all read these.

use crate::gateway::Route;
use crate::gauges::{RouteShown, Shown};
use crate::rules::account::AccountMachine;
use crate::rules::deliveries::Deliveries;
use crate::rules::life::Life;
use crate::rules::outbox::{NumberView, Outbox};
use crate::rules::reader::{LastAnswer, Reader};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use wharf_storage::{DeliveryHold, MessageState, SendHold};

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
    /// Which deliveries an operator holds.
    pub delivery_holds: Vec<DeliveryHoldView>,
}

/// Deliveries that an operator holds.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryHoldView {
    /// To this route alone.
    pub route: Option<String>,
    /// Of this number alone.
    pub number: Option<String>,
    /// Since when, in ms since 1970.
    pub since_ms: u64,
    /// Whose key it was.
    pub by: String,
}

impl DeliveryHoldView {
    /// `held`, as it is shown.
    pub fn of(held: &DeliveryHold) -> Self {
        Self {
            route: held.route.as_deref().map(str::to_owned),
            number: held.number.as_deref().map(str::to_owned),
            since_ms: held.hold.since_ms.unwrap_or_default(),
            by: held.hold.why.to_string(),
        }
    }
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
    /// When the oldest open delivery was accepted, in ms since 1970.
    pub oldest_ms: Option<u64>,
    /// When the next attempt is due, in ms since 1970; `None` where nothing waits or the route is as busy as it may be.
    pub next_at_ms: Option<u64>,
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
    let view = |reader: &Reader| {
        let (open, under_way) = reader.depth();
        let last_answer = reader.last_answer().cloned();
        (
            reader.route().name.to_string(),
            RouteView {
                open,
                under_way,
                parked: reader.parked(),
                high: reader.high(),
                oldest_ms: reader.oldest_ms(),
                next_at_ms: reader.due_at(),
                last_answer,
                removed: !reader.is_live(),
                route: Arc::clone(reader.route()),
            },
        )
    };
    deliveries.readers().iter().filter(|reader| !reader.is_gone()).map(view).collect()
}

/// What an account shows whenever it did something, written over what it showed before: cheap, as every webhook pays it.
pub fn show(machine: &AccountMachine, shown: &mut Shown, now: u64) {
    let may_start = |reader: &&Reader| reader.is_live() && !machine.is_resting();
    let readers = machine.deliveries().readers().iter().filter(|reader| !reader.is_gone());
    let mut count = 0;
    for (nth, reader) in readers.enumerate() {
        let before = shown.routes.get(nth).filter(|before| before.name == reader.route().name);
        let route = RouteShown {
            name: Arc::clone(&reader.route().name),
            oldest_ms: oldest_ms(reader, machine.durable_seq(), before, now),
            startable_ms: Some(reader).filter(may_start).and_then(Reader::due_at),
            next: reader.next(),
            under_way: reader.depth().1,
        };
        match shown.routes.get_mut(nth) {
            Some(place) => *place = route,
            None => shown.routes.push(route),
        }
        count = nth + 1;
    }
    shown.routes.truncate(count);
    shown.oldest_message_ms = machine.outbox().oldest_ms();
    shown.outbox_due_ms = machine.outbox().due_at();
    shown.seq = Some(machine.seq());
}

/// When the oldest event that the route still has to take was accepted. Of one that lags and has nothing open nobody
/// knows; it is so old as that has lasted, or as what was open before.
fn oldest_ms(reader: &Reader, durable_seq: u64, before: Option<&RouteShown>, now: u64) -> Option<u64> {
    let lags = reader.is_live() && reader.high() < durable_seq;
    let since_before = || before.and_then(|before| before.oldest_ms).unwrap_or(now);
    reader.oldest_ms().or_else(|| lags.then(since_before))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::route;

    #[test]
    fn a_route_that_cannot_read_the_journal_grows_old_although_nothing_of_it_is_open() {
        let reader = Reader::new(Arc::new(route("m/a")), 5, 0);
        let shown = |oldest_ms| RouteShown { name: "m/a".into(), oldest_ms, startable_ms: None, next: 0, under_way: 0 };
        assert_eq!(oldest_ms(&reader, 5, None, 100), None, "it has read everything");
        let first = oldest_ms(&reader, 7, Some(&shown(None)), 100);
        assert_eq!(first, Some(100));
        assert_eq!(oldest_ms(&reader, 9, Some(&shown(first)), 900), Some(100));
        assert_eq!(oldest_ms(&reader, 5, Some(&shown(first)), 901), None);
    }
}
