//! The ledger as metrics: all sums from one committed state.

use super::page::Page;
use super::routes::Named;
use std::collections::BTreeMap;
use wharf_storage::{Ledger, RouteTally, Tally};

pub(super) fn write(page: &mut Page, ledgers: &[(String, Ledger)], routes: &Named) {
    let mut all = Tally::default();
    ledgers.iter().for_each(|(_, ledger)| all.add(ledger));
    items(page, &all);
    messages(page, &all);
    deliveries(page, &all, routes);
    let faults: usize = ledgers.iter().map(|(_, ledger)| ledger.faults().len()).sum();
    page.one("wharf_ledger_faults", (faults + all.faults().len()) as f64);
}

fn items(page: &mut Page, ledger: &Ledger) {
    let items = [
        ("received", ledger.received),
        ("routed", ledger.routed),
        ("duplicate", ledger.duplicate),
        ("duplicate_differing", ledger.duplicate_differing),
        ("inactive", ledger.inactive),
        ("test", ledger.test),
        ("quarantined", ledger.quarantined),
        ("evicted", ledger.evicted),
    ];
    page.put("wharf_items", items.map(|(state, count)| ([state], count as f64)));
    page.one("wharf_received_total", ledger.received as f64);
    page.one("wharf_duplicates_total", ledger.duplicate as f64);
}

fn messages(page: &mut Page, ledger: &Ledger) {
    let m = &ledger.messages;
    let messages = [
        ("submitted", m.submitted),
        ("queued", m.queued),
        ("sending", m.sending),
        ("unknown", m.unknown),
        ("taken", m.taken),
        ("failed", m.failed),
        ("expired", m.expired),
        ("cancelled", m.cancelled),
    ];
    page.put("wharf_messages", messages.map(|(state, count)| ([state], count as f64)));
}

fn deliveries(page: &mut Page, ledger: &Ledger, routes: &Named) {
    let mut sums: BTreeMap<&str, RouteTally> = routes.all().map(|route| (route, RouteTally::default())).collect();
    for (name, tally) in &ledger.routes {
        sums.entry(routes.name(name)).or_default().add(tally);
    }
    let states = sums.iter().flat_map(|(route, sum)| {
        let states = [
            ("offered", sum.offered),
            ("replayed", sum.replayed),
            ("filtered", sum.filtered),
            ("delivered", sum.delivered),
            ("pending", sum.pending),
            ("dead", sum.dead),
        ];
        states.map(|(state, count)| ([*route, state], count as f64))
    });
    page.put("wharf_deliveries", states);
    page.put("wharf_delivered_total", sums.iter().map(|(route, sum)| ([*route], sum.delivered as f64)));
}
