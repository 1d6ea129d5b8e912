//! The edge and what the house knows of Meta's side: webhooks, connections, certificates, tokens, alarms.

use super::flag;
use super::page::Page;
use crate::edge::Edge;
use crate::ops::alarms;
use std::sync::atomic::{AtomicU64, Ordering};
use wharf_storage::{DeliveryHold, HoldCause, Kind, Ledger, Noun, SendHold, StoreError};

pub(super) fn write(page: &mut Page, edge: &Edge, ledgers: &[(String, Ledger)], now: u64) -> prometheus::Result<()> {
    listeners(page, edge);
    let gateways = edge.wharf.directory.gateways();
    page.put("wharf_accounts", gateways.iter().map(|desks| ([&*desks.gateway.uri], desks.read().len() as f64)));
    if let Some(left_s) = alarms::certificate_left_s(edge, now) {
        page.one("wharf_certificate_expires_seconds", left_s as f64);
    }
    tokens(page, edge, now);
    holds(page, edge);
    delivery_holds(page, edge).map_err(|error| told(&error))?;
    let counted = alarms::counted(edge, ledgers).map_err(|error| told(&error))?;
    let (drifting, counts) = counted;
    page.one("wharf_accounts_drifting", drifting as f64);
    debug_assert!(counts.keys().all(|what| alarms::KINDS.contains(&what.as_str())), "{counts:?}: put it into KINDS");
    let count = |what| counts.get(what).copied().unwrap_or_default() as f64;
    page.put("wharf_alarms", alarms::KINDS.map(|what| ([what], count(what))));
    Ok(())
}

fn told(error: &StoreError) -> prometheus::Error {
    prometheus::Error::Msg(error.to_string())
}

fn listeners(page: &mut Page, edge: &Edge) {
    let counters = &edge.counters;
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
    let answers = [
        ("durable", &counters.webhooks),
        ("unsigned", &counters.unsigned),
        ("unavailable", &counters.unavailable),
        ("refused", &counters.refused),
    ];
    page.put("wharf_webhooks_total", answers.map(|(answer, counter)| ([answer], read(counter))));
    page.one("wharf_webhook_bytes_in_flight", edge.in_flight.taken() as f64);
    page.one("wharf_wrong_keys_total", read(&counters.wrong_keys));
    page.one("wharf_connections_crowded_total", read(&counters.crowded));
    let open = [("public", &counters.connections.public), ("ops", &counters.connections.ops)];
    page.put("wharf_http_connections", open.map(|(listener, counter)| ([listener], read(counter))));
}

fn tokens(page: &mut Page, edge: &Edge, now: u64) {
    let gateways = edge.wharf.directory.gateways();
    let known = gateways.iter().map(|desks| &*desks.gateway.uri);
    let known: Vec<_> = known.filter_map(|uri| Some((uri, edge.wharf.tokens.of(uri)?))).collect();
    page.put("wharf_token_valid", known.iter().map(|(uri, watch)| ([*uri], flag(watch.bad_since_ms().is_none()))));
    let ends = known.iter().filter_map(|(uri, watch)| Some(([*uri], watch.left_s(now)? as f64)));
    page.put("wharf_token_expires_seconds", ends);
    let own = gateways.iter().filter_map(|desks| {
        let all = desks.gateway.own_tokens.filter(|own| own.watch.left_s(now).is_some());
        let first = all.iter().filter_map(|(_, own)| own.watch.left_s(now)).min()?;
        Some(([&*desks.gateway.uri], first as f64))
    });
    page.put("wharf_own_token_expires_seconds", own);
}

fn holds(page: &mut Page, edge: &Edge) {
    let held = edge.wharf.store.hot(Kind::SendHold, &[]);
    let held: Vec<SendHold> = held.iter().filter_map(|(_, bytes)| SendHold::from_bytes(bytes).ok()).collect();
    let count = |cause| held.iter().filter(|hold| hold.cause == cause).count() as f64;
    page.put("wharf_send_holds", HoldCause::ALL.map(|cause| ([cause.word()], count(cause))));
}

fn delivery_holds(page: &mut Page, edge: &Edge) -> Result<(), StoreError> {
    let held = alarms::held_deliveries(edge.wharf.store.as_ref())?;
    let scopes: Vec<&str> = held.iter().map(|held| scope(held)).collect();
    let count = |scope| scopes.iter().filter(|other| **other == scope).count() as f64;
    let all = ["account", "route", "number", "number_of_route"];
    page.put("wharf_delivery_holds", all.map(|scope| ([scope], count(scope))));
    Ok(())
}

/// What a hold of deliveries is for, in a word.
fn scope(held: &DeliveryHold) -> &'static str {
    match (&held.route, &held.number) {
        (None, None) => "account",
        (Some(_), None) => "route",
        (None, Some(_)) => "number",
        (Some(_), Some(_)) => "number_of_route",
    }
}
