//! `/api/alarms`: everything that somebody should do something about now, gathered when it is asked for. Keeps nothing.

mod kinds;

pub use kinds::KINDS;

use super::{inspector, json, moment, read};
use crate::auth::Caller;
use crate::edge::{Edge, Late};
use crate::error::ApiError;
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use wharf_actors::clock::now_ms;
use wharf_actors::courier::gate::Standing as Endpoint;
use wharf_actors::gateway::own_tokens::OwnToken;
use wharf_actors::gateway::{Gateway, kept as own_route};
use wharf_actors::rules::account::alarm_of;
use wharf_actors::rules::expiry::TokenWatch;
use wharf_actors::rules::gate::quarantine_stream;
use wharf_storage::{
    Claim, DeliveryHold, HoldCause, Kind, Ledger, LifeAlarm, LifeRecord, Noun, RoutesRecord, SendHold, Standing, Store,
    StoreError,
};

/// A certificate's end is told so long before, in s: machines renew a month before it, so that two weeks are late.
const CERTIFICATE_WARNING_S: i64 = 14 * 86_400;

/// Everything that is wrong now.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Alarms {
    alarms: Vec<Alarm>,
}

/// One thing that is wrong.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Alarm {
    /// Which thing, one word.
    pub(super) what: String,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Since when; `null` where nobody noted it.
    since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    /// What to do about it.
    todo: &'static str,
}

/// The alarms that concern what the caller's key is for.
pub async fn list(request: HttpRequest, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    let kept = read(edge, |store| kept(store, now_ms())).await?;
    let all = kept.into_iter().map(|alarm| placed(edge, alarm)).chain(of_house(edge, &edge.wharf.store.ledgers()));
    let alarms = all.filter(|alarm| may_see(&caller, alarm)).collect();
    Ok(json(&Alarms { alarms }))
}

/// A key that is for some accounts alone sees those of the accounts; one for some numbers alone sees the house's.
fn may_see(caller: &Caller, alarm: &Alarm) -> bool {
    if !caller.numbers.is_empty() {
        return alarm.account.is_none() && alarm.gateway.is_none();
    }
    let gateway_is_theirs =
        alarm.gateway.as_deref().map_or(caller.gateways.is_empty(), |it| caller.may_use_gateway(it));
    match (&alarm.account, &alarm.gateway) {
        (Some(account), _) => caller.may_use_account(account) && gateway_is_theirs,
        (None, Some(_)) => gateway_is_theirs && caller.accounts.is_empty(),
        (None, None) => true,
    }
}

/// Names the gateway of an account.
fn placed(edge: &Edge, alarm: Alarm) -> Alarm {
    let found = alarm.account.as_deref().and_then(|account| edge.wharf.directory.account(account));
    let gateway = found.map(|(_, desks)| desks.gateway.uri.to_string());
    Alarm { gateway: alarm.gateway.or(gateway), ..alarm }
}

/// How many accounts drift, and how many alarms there are by what, for metrics.
pub(super) fn counted(edge: &Edge, ledgers: &[(String, Ledger)]) -> Result<(u64, BTreeMap<String, u64>), StoreError> {
    let mut drifting = 0;
    let mut counts = BTreeMap::new();
    let now = now_ms();
    for (_, bytes) in edge.wharf.store.hot(Kind::Life, &[]) {
        let life = LifeRecord::from_bytes(&bytes)?;
        drifting += u64::from(life.alarms.iter().any(|alarm| &*alarm.what == "drift"));
        for alarm in life.alarms.iter().filter(|alarm| stands(alarm, now)) {
            *counts.entry(alarm.what.to_string()).or_default() += 1;
        }
    }
    for hold in held(edge.wharf.store.as_ref())? {
        alarm_of(&hold).into_iter().for_each(|alarm| *counts.entry(alarm.what.to_string()).or_default() += 1);
    }
    let held = held_deliveries(edge.wharf.store.as_ref())?.len() as u64;
    counts.extend((held > 0).then(|| ("deliveries_held".to_owned(), held)));
    let mut quarantined = BTreeSet::new();
    for (_, bytes) in edge.wharf.store.hot(Kind::Claim, &[]) {
        let claim = Claim::from_bytes(&bytes)?;
        quarantined.extend((claim.count > 0).then_some(claim.gateway));
    }
    if !quarantined.is_empty() {
        counts.insert("quarantine".to_owned(), quarantined.len() as u64);
    }
    of_house(edge, ledgers).into_iter().for_each(|alarm| *counts.entry(alarm.what).or_default() += 1);
    Ok((drifting, counts))
}

/// What the store knows of: accounts, and quarantines that are not empty.
fn kept(store: &dyn Store, now: u64) -> Result<Vec<Alarm>, StoreError> {
    let mut alarms = Vec::new();
    for (_, bytes) in store.hot(Kind::Life, &[]) {
        let life = LifeRecord::from_bytes(&bytes)?;
        let standing = life.alarms.iter().filter(|alarm| stands(alarm, now));
        alarms.extend(standing.map(|alarm| of_account(&life.account, alarm)));
    }
    alarms.extend(held(store)?.iter().filter_map(of_hold));
    alarms.extend(held_deliveries(store)?.iter().map(of_delivery_hold));
    let mut quarantines: BTreeMap<Box<str>, (u64, u64)> = BTreeMap::new();
    for (_, bytes) in store.hot(Kind::Claim, &[]) {
        let claim = Claim::from_bytes(&bytes)?;
        let (first, count) = quarantines.entry(claim.gateway).or_insert((u64::MAX, 0));
        (*first, *count) = ((*first).min(claim.first), *count + claim.count);
    }
    for (gateway, (first, count)) in quarantines.into_iter().filter(|(_, (_, count))| *count > 0) {
        let event = store.event(&quarantine_stream(&gateway), first)?;
        alarms.push(Alarm {
            what: "quarantine".to_owned(),
            detail: Some(format!("{count} items belong to no engaged account")),
            since: event.and_then(|event| moment(event.received_at_ms)),
            gateway: Some(gateway.into()),
            todo: "GET /api/quarantine names the accounts; setup&id= engages one and takes its items out",
            ..Alarm::default()
        });
    }
    Ok(alarms)
}

fn held(store: &dyn Store) -> Result<Vec<SendHold>, StoreError> {
    store.hot(Kind::SendHold, &[]).iter().map(|(_, bytes)| SendHold::from_bytes(bytes)).collect()
}

/// The holds of deliveries that stand.
pub(super) fn held_deliveries(store: &dyn Store) -> Result<Vec<DeliveryHold>, StoreError> {
    let kept = store.hot(Kind::DeliveryHold, &[]);
    let holds = kept.iter().map(|(_, bytes)| DeliveryHold::from_bytes(bytes)).collect::<Result<Vec<_>, _>>()?;
    Ok(holds.into_iter().filter(|held| held.hold.since_ms.is_some()).collect())
}

fn of_delivery_hold(held: &DeliveryHold) -> Alarm {
    let what = held.number.as_deref().map_or_else(|| "all".to_owned(), |number| format!("those of number {number}"));
    Alarm {
        what: "deliveries_held".to_owned(),
        detail: Some(format!("{what}, by {}", held.hold.why)),
        since: held.hold.since_ms.and_then(moment),
        account: Some(held.account.to_string()),
        route: held.route.as_deref().map(str::to_owned),
        todo: "POST /api/accounts/{waba}/resume with what=deliveries and the same route and number",
        ..Alarm::default()
    }
}

/// Messages that wait, where somebody can do something about it.
fn of_hold(hold: &SendHold) -> Option<Alarm> {
    let todo = match hold.cause {
        HoldCause::Token => "issue a token that works; Wharf asks every minute whether the one it has does",
        HoldCause::Meta => {
            "see the account in Meta's Business Support; POST /api/accounts/{waba}/resume once it may send again"
        }
        HoldCause::Throttle => "see what customers block or report; it goes on by itself, slower",
        HoldCause::Limit => {
            "nothing: it goes on by itself; see the limit in Meta's Business Support, it grows with use"
        }
        HoldCause::Operator => "POST /api/accounts/{waba}/resume",
    };
    let told = alarm_of(hold)?;
    let why = if hold.reason.is_empty() { String::new() } else { format!(" ({})", hold.reason) };
    let detail = format!("{}{why}", told.detail);
    Some(Alarm { todo, detail: Some(detail), ..of_account(&hold.account, &told) })
}

fn stands(alarm: &LifeAlarm, now: u64) -> bool {
    alarm.until_ms.is_none_or(|until| until > now)
}

fn of_account(account: &str, alarm: &LifeAlarm) -> Alarm {
    let todo = match (&*alarm.what, &*alarm.detail) {
        ("drift", "not_subscribed" | "override_missing" | "inactive_but_subscribed") => "subscribe (or unsubscribe) it",
        ("drift", "override_elsewhere") => "subscribe&force=true takes it back",
        ("drift", "numbers_changed") => "nothing: the snapshot has the new numbers; it goes at the next reconcile",
        ("drift", "not_readable") => "give the system user access to the account, or remove it here",
        ("drift", _) => "issue a token that works and put it into the settings",
        ("quality_flagged", _) => "see what customers block or report; Meta lowers the number's limit if it goes on",
        ("offboarded" | "number_offboarded", _) => "have the business connect it again, or remove it here",
        _ => "see the account in Meta's Business Support",
    };
    Alarm {
        what: alarm.what.to_string(),
        detail: Some(alarm.detail.to_string()).filter(|detail| !detail.is_empty()),
        since: moment(alarm.since_ms),
        until: alarm.until_ms.and_then(moment),
        account: Some(account.to_owned()),
        todo,
        ..Alarm::default()
    }
}

/// What this process knows of: the store, tokens, endpoints.
fn of_house(edge: &Edge, ledgers: &[(String, Ledger)]) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    if let Standing::Closed { reason, since_s } = edge.wharf.store.standing() {
        let todo = "mend the disk and restart; until then every webhook is answered 503 and Meta keeps it";
        let (what, since) = ("store_closed".to_owned(), moment(since_s * 1000));
        alarms.push(Alarm { what, detail: Some(reason), since, todo, ..Alarm::default() });
    }
    alarms.extend(of_certificate(edge, now_ms()));
    let troubled = edge.wharf.gates.troubled();
    for desks in edge.wharf.directory.gateways() {
        alarms.extend(of_token(edge, &desks.gateway.uri));
        alarms.extend(of_own_tokens(&desks.gateway));
        for route in desks.gateway.routes.get().iter() {
            let Some(standing) = troubled.get(&route.url) else { continue };
            let todo = "POST /api/routes/{gateway}/{name}/resume once the application is back";
            let (gateway, route) = (Some(desks.gateway.uri.to_string()), Some(route.name.to_string()));
            alarms.push(Alarm { gateway, route, ..of_endpoint(standing, todo) });
        }
    }
    alarms.extend(of_own_routes(edge, &troubled));
    alarms.extend(of_removed_routes(edge, ledgers));
    alarms
}

fn of_endpoint(standing: &Endpoint, resume: &'static str) -> Alarm {
    let (what, todo) = match standing.paused_at_ms {
        Some(_) => ("route_paused", resume),
        None => ("route_broken", "mend the application; Wharf asks it again by itself"),
    };
    let since = standing.paused_at_ms.or(standing.broken_at_ms).and_then(moment);
    Alarm { what: what.to_owned(), since, todo, ..Alarm::default() }
}

/// Accounts' own routes that get nothing. They are opened only while some endpoint is in trouble.
fn of_own_routes(edge: &Edge, troubled: &HashMap<String, Endpoint>) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    if troubled.is_empty() {
        return alarms;
    }
    for (_, bytes) in edge.wharf.store.hot(Kind::Routes, &[]) {
        let Ok(RoutesRecord { account, routes }) = RoutesRecord::from_bytes(&bytes) else { continue };
        let Some((_, desks)) = edge.wharf.directory.account(&account) else { continue };
        let uri = &desks.gateway.uri;
        let opened = routes.iter().filter_map(|route| {
            own_route::open(route, own_route::full_name(uri, &account, &route.name), &edge.wharf.vault).ok()
        });
        for route in opened {
            let Some(standing) = troubled.get(&route.url) else { continue };
            let todo = "POST /api/accounts/{waba}/routes/{name}/resume once the application is back";
            let (gateway, account) = (Some(uri.to_string()), Some(account.to_string()));
            alarms.push(Alarm { gateway, account, route: Some(route.name.to_string()), ..of_endpoint(standing, todo) });
        }
    }
    alarms
}

/// Seconds until the certificate of the public listener ends, below zero once it has; `None` without TLS.
pub(super) fn certificate_left_s(edge: &Edge, now: u64) -> Option<i64> {
    Some(edge.tls.as_ref()?.material().ends_at_s()? - (now / 1000) as i64)
}

fn of_certificate(edge: &Edge, now: u64) -> Option<Alarm> {
    let left_s = certificate_left_s(edge, now).filter(|left_s| *left_s <= CERTIFICATE_WARNING_S)?;
    let detail = if left_s > 0 { format!("in {} h", left_s / 3_600) } else { "it has ended".to_owned() };
    let since_s = (now / 1000).saturating_add_signed(left_s - CERTIFICATE_WARNING_S);
    Some(Alarm {
        what: "certificate_expires".to_owned(),
        detail: Some(detail),
        since: moment(since_s * 1000),
        todo: "renew the files of server.tls; they are read again by themselves",
        ..Alarm::default()
    })
}

/// Routes that are not in the settings any more and left deliveries behind. An account's own never does that.
fn of_removed_routes(edge: &Edge, ledgers: &[(String, Ledger)]) -> Vec<Alarm> {
    let there: Vec<_> =
        edge.wharf.directory.gateways().iter().flat_map(|desks| desks.gateway.routes.get().to_vec()).collect();
    let is_there = |name: &str| there.iter().any(|route| *route.name == *name);
    let mut pending = BTreeMap::<&str, i64>::new();
    for (name, tally) in ledgers.iter().flat_map(|(_, ledger)| &ledger.routes) {
        *pending.entry(name).or_default() += tally.pending;
    }
    let left = pending.into_iter().filter(|(name, pending)| *pending > 0 && !is_there(name));
    let alarm = |(route, pending): (&str, i64)| {
        let gateway = route.split_once('/').filter(|(_, name)| !name.contains('/'))?.0.to_owned();
        Some(Alarm {
            what: "route_removed".to_owned(),
            detail: Some(format!("{pending} deliveries pending")),
            gateway: Some(gateway),
            route: Some(route.to_owned()),
            todo: "put it back into the settings and send SIGHUP, or DELETE /api/routes/{gateway}/{name}",
            ..Alarm::default()
        })
    };
    left.filter_map(alarm).collect()
}

fn of_token(edge: &Edge, gateway: &str) -> Option<Alarm> {
    let alarm = of_watch(&edge.wharf.tokens.of(gateway)?)?;
    let todo = "issue a new system-user token, put it into the settings and send SIGHUP";
    Some(Alarm { gateway: Some(gateway.to_owned()), todo, ..alarm })
}

/// Of the accounts that have a token of their own, those where somebody must do something about it.
fn of_own_tokens(gateway: &Gateway) -> impl Iterator<Item = Alarm> {
    let now = now_ms();
    let wrong = |own: &OwnToken| own.secret.is_err() || own.watch.bad_since_ms().is_some() || own.watch.ends_soon(now);
    let uri = gateway.uri.to_string();
    gateway.own_tokens.filter(wrong).into_iter().filter_map(move |(account, own)| {
        let alarm = match own.secret {
            Ok(_) => of_watch(&own.watch)?,
            Err(why) => Alarm { what: "token_sealed".to_owned(), detail: Some(why.to_string()), ..Alarm::default() },
        };
        let todo = "PUT /api/accounts/{waba}/token with a new one from the client; until then its sends wait";
        Some(Alarm { gateway: Some(uri.clone()), account: Some(account.into()), todo, ..alarm })
    })
}

fn of_watch(token: &TokenWatch) -> Option<Alarm> {
    let report = token.report();
    let (what, detail, since_ms) = match token.bad_since_ms() {
        Some(since) if !report.is_valid => ("token_invalid", report.reason.clone(), Some(since)),
        Some(since) => ("token_scopes_missing", Some(report.missing_scopes.join(", ")), Some(since)),
        None if token.ends_soon(now_ms()) => {
            let left_s = token.left_s(now_ms()).unwrap_or_default();
            ("token_expires", Some(format!("in {} h", left_s / 3_600)), token.soon_since_ms())
        }
        None => return None,
    };
    Some(Alarm { what: what.to_owned(), detail, since: since_ms.and_then(moment), ..Alarm::default() })
}
