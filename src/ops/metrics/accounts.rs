//! What the accounts show of themselves: their sums, and the few that stand out. However many accounts there are, a
//! metric has one series for each of the [`MOST`] that stand out, and one for all others.

use super::age_s;
use super::page::Page;
use super::routes::Named;
use crate::edge::Edge;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use wharf_actors::gauges::Shown;
use wharf_storage::Ledger;

/// Accounts with a series of their own.
const MOST: usize = 20;
/// The others.
const REST: &str = "rest";
/// What was to be started longer ago than this, in ms, is late: an event loop may be busy for a moment.
const LATE_MS: u64 = 5_000;

/// An account's id and a figure of it.
type Figure = (Arc<str>, f64);

/// How the others are told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    Sum,
    Highest,
}

pub(super) fn write(page: &mut Page, edge: &Edge, ledgers: &[(String, Ledger)], routes: &Named, now: u64) {
    let gauges = edge.wharf.directory.gateways().into_iter().flat_map(|desks| desks.read().gauges());
    let gauges: Vec<_> = gauges.collect();
    let mail: Vec<usize> = gauges.iter().map(|(_, gauge)| gauge.mail_waiting()).collect();
    page.one("wharf_mailbox_webhooks", mail.iter().sum::<usize>() as f64);
    page.one("wharf_mailbox_webhooks_largest", mail.iter().max().copied().unwrap_or_default() as f64);
    let shown: Vec<(Arc<str>, Shown)> = gauges.into_iter().map(|(id, gauge)| (id, gauge.shown())).collect();
    ages(page, &shown, routes, now);
    late(page, &shown, now);
    let events = shown.iter().map(|(id, shown)| (Arc::clone(id), shown.events_last_minute(now) as f64));
    page.put("wharf_account_events_last_minute", top(events.collect(), Others::Sum));
    let ledger: HashMap<&str, &Ledger> = ledgers.iter().map(|(owner, ledger)| (owner.as_str(), ledger)).collect();
    let sums = |figure: fn(&Ledger) -> i64| {
        let known = shown.iter().filter_map(|(id, _)| Some((Arc::clone(id), figure(ledger.get(&**id)?) as f64)));
        top(known.collect(), Others::Sum)
    };
    let pending = sums(|ledger| ledger.routes.values().map(|route| route.pending).sum());
    page.put("wharf_account_pending_deliveries", pending);
    page.put("wharf_account_queued_messages", sums(|ledger| ledger.messages.queued));
}

/// The ages of what waits, and what is under way.
fn ages(page: &mut Page, shown: &[(Arc<str>, Shown)], routes: &Named, now: u64) {
    let mut by_route: BTreeMap<&str, (f64, usize)> = routes.all().map(|name| (name, (0.0, 0))).collect();
    for route in shown.iter().flat_map(|(_, shown)| &shown.routes) {
        let (oldest, under_way) = by_route.entry(routes.name(&route.name)).or_default();
        *oldest = route.oldest_ms.map_or(*oldest, |since_ms| oldest.max(age_s(since_ms, now)));
        *under_way += route.under_way;
    }
    let overall = by_route.values().map(|(oldest, _)| *oldest).fold(0.0, f64::max);
    page.one("wharf_oldest_undelivered_seconds", overall);
    let oldest = by_route.iter().map(|(route, (oldest, _))| ([*route], *oldest));
    page.put("wharf_route_oldest_undelivered_seconds", oldest);
    let under_way = by_route.iter().map(|(route, (_, under_way))| ([*route], *under_way as f64));
    page.put("wharf_deliveries_under_way", under_way);
    let by_account = shown.iter().filter_map(|(id, shown)| {
        let oldest_ms = shown.routes.iter().filter_map(|route| route.oldest_ms).min()?;
        Some((Arc::clone(id), age_s(oldest_ms, now)))
    });
    page.put("wharf_account_oldest_undelivered_seconds", top(by_account.collect(), Others::Highest));
    let queue = shown.iter().filter_map(|(_, shown)| shown.oldest_message_ms).min();
    page.one("wharf_queue_oldest_seconds", queue.map_or(0.0, |since_ms| age_s(since_ms, now)));
}

/// What should have been started by now: an account that did something starts all that it may, and wakes for the rest.
fn late(page: &mut Page, shown: &[(Arc<str>, Shown)], now: u64) {
    let is_late = |due_ms: Option<u64>| due_ms.is_some_and(|due_ms| due_ms + LATE_MS < now);
    let routes = shown.iter().flat_map(|(_, shown)| &shown.routes);
    // A read of the journal that is late has no delivery yet.
    let deliveries: usize = routes.filter(|route| is_late(route.startable_ms)).map(|route| route.next.max(1)).sum();
    let outboxes = shown.iter().filter(|(_, shown)| is_late(shown.outbox_due_ms)).count();
    let late = [("deliveries", deliveries), ("outboxes", outboxes)];
    page.put("wharf_due_not_dispatched", late.map(|(what, count)| ([what], count as f64)));
}

/// The accounts that stand out, the highest first, and the others.
fn top(mut figures: Vec<Figure>, others: Others) -> Vec<([String; 1], f64)> {
    figures.retain(|(_, figure)| *figure > 0.0);
    if figures.len() > MOST {
        figures.select_nth_unstable_by(MOST - 1, |left, right| right.1.total_cmp(&left.1));
    }
    let rest = figures.split_off(figures.len().min(MOST)).into_iter().map(|(_, figure)| figure);
    let rest = match others {
        Others::Sum => rest.sum(),
        Others::Highest => rest.fold(0.0, f64::max),
    };
    figures.sort_by(|left, right| right.1.total_cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    let told = figures.into_iter().map(|(id, figure)| ([id.to_string()], figure));
    told.chain([([REST.to_owned()], rest)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_actors::gauges::{Gauge, RouteShown};

    #[test]
    fn twenty_accounts_stand_out_and_all_others_are_one() {
        let figures = |count: u32| (1..=count).map(|nth| (nth.to_string().into(), f64::from(nth))).collect::<Vec<_>>();
        let told = top(figures(50), Others::Sum);
        assert_eq!((told.len(), &told[0], &told[19]), (21, &(["50".into()], 50.0), &(["31".into()], 31.0)));
        assert_eq!(told[20], ([REST.into()], 465.0));
        assert_eq!(top(figures(22), Others::Highest)[20], ([REST.into()], 2.0));
        let idle = top(vec![("1".into(), 0.0)], Others::Sum);
        assert_eq!(idle, [([REST.to_owned()], 0.0)], "who has nothing has no series");
    }

    fn late_of(shown: Shown, now: u64) -> String {
        let mut page = Page::default();
        late(&mut page, &[("1".into(), shown)], now);
        page.text().expect("a page")
    }

    fn shown(startable_ms: Option<u64>) -> Shown {
        let route = RouteShown { name: "m/a".into(), oldest_ms: Some(1), startable_ms, next: 3, under_way: 0 };
        let gauge = Gauge::default();
        gauge.show(0, |shown| {
            shown.routes.push(route);
            shown.outbox_due_ms = startable_ms;
        });
        gauge.shown()
    }

    #[test]
    fn what_should_have_started_is_told_once_it_is_late_and_what_may_not_start_never_is() {
        let is_told = |text: &str, count: u32| text.contains(&format!("what=\"deliveries\"}} {count}\n"));
        assert!(is_told(&late_of(shown(Some(20_000)), 25_000), 0), "a busy event loop has so long");
        assert!(is_told(&late_of(shown(Some(20_000)), 25_001), 3));
        assert!(is_told(&late_of(shown(Some(0)), 25_001), 3), "it could have started all along");
        assert!(is_told(&late_of(shown(None), 99_000), 0), "held up, by its route say");
    }
}
