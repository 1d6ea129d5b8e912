//! `/api/accounts/{waba}/replay` and `/replays`: a stretch of the journal is delivered again, in good time.

mod stretch;

pub(super) use stretch::Counted;

use super::page::Page;
use super::{changer, full_name, inspector, json, moment, optional, read, require_whole_account};
use crate::audit::{self, Deed};
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use stretch::{Point, count, stretch};
use wharf_actors::clock::now_ms;
use wharf_actors::gateway::Route;
use wharf_actors::messages::{BeginReplay, CancelReplay, Look};
use wharf_actors::rules::replay::{FASTEST, MOST_REPLAYS, USUAL_RATE};
use wharf_storage::{EventKind, KeyBuilder, Kind, Noun, ReplayRecord, ReplayState};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WhatToReplay")]
pub(super) struct Given {
    /// A moment (RFC 3339), or the seq of the first event.
    #[schemars(extend("type" = ["string", "integer"]))]
    from: Value,
    /// A moment, or the seq of the last event; left out, the last there is.
    #[schemars(extend("type" = ["string", "integer", "null"]))]
    to: Option<Value>,
    /// A route, by its name or its full name; left out, each whose filter wants the event.
    route: Option<String>,
    /// Only events of this type.
    #[schemars(extend("enum" = kinds_or_none()))]
    kind: Option<String>,
    /// Events per second; 50 where nothing is said.
    #[schemars(range(min = 1, max = FASTEST))]
    rate: Option<u32>,
    /// Only count.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ReplayBegun")]
pub(super) struct Began {
    replay: ReplayShown,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReplayShown {
    id: String,
    account: String,
    route: Option<String>,
    kind: Option<String>,
    /// The first and the last seq.
    from: u64,
    to: u64,
    rate: u32,
    #[schemars(extend("enum" = ReplayState::ALL.map(ReplayState::word)))]
    state: &'static str,
    /// Events that are deliveries again.
    done: u64,
    /// Events that nobody got again: unwanted, pending anyway, or erased.
    skipped: u64,
    next_seq: u64,
    through_seq: u64,
    began_at: Option<String>,
    ended_at: Option<String>,
}

/// The words for `kind`; it may also be left out.
fn kinds_or_none() -> Vec<Option<&'static str>> {
    EventKind::ALL.iter().map(|kind| Some(kind.word())).chain([None]).collect()
}

/// Delivers a stretch of the account's journal again, as `rate` says; `dry_run` only counts.
pub async fn begin(
    request: HttpRequest,
    waba: web::Path<String>,
    payload: web::Payload,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = changer(&request, &late).await?;
    require_whole_account(edge, &caller, &waba)?;
    let wanted =
        "it needs \"from\" (RFC 3339, or a seq), perhaps with \"to\", \"route\", \"kind\", \"rate\", \"dry_run\"";
    let given: Given = optional(edge, &request, payload, wanted).await?;
    let unknown = || ApiError::naming(ErrorId::AccountUnknown, &waba);
    let restarting = || ApiError::naming(ErrorId::NotReady, "the account is being restarted");
    let (actor, desks) = edge.wharf.directory.account(&waba).ok_or_else(unknown)?;
    let gateway = Arc::clone(&desks.gateway.uri);
    let known = actor.send(Look).await.map_err(|_| restarting())?.routes;
    let live: Vec<Arc<Route>> =
        known.into_values().filter(|view| !view.removed).map(|view| Arc::clone(&view.route)).collect();
    let record = record_of(edge, &waba, &gateway, &given, &live).await?;
    if given.dry_run {
        let counted = read(edge, move |store| count(store, &record, &live)).await?;
        return Ok(json(&counted));
    }
    let began = actor.send(BeginReplay(Box::new(record.clone()))).await.map_err(|_| restarting())?;
    if !began.map_err(|why| ApiError::naming(ErrorId::NotReady, why))? {
        return Err(ApiError::naming(ErrorId::ReplaysFull, MOST_REPLAYS));
    }
    let result = format!("{} from {} through {}", record.id, record.from_seq, record.through_seq);
    let deed = Deed { gateway: &gateway, verb: "account.replay", ids: vec![waba.as_str().into()], result };
    audit::keep(deed, &request, &caller, edge).await?;
    let mut answer = json(&Began { replay: ReplayShown::of(record) });
    *answer.status_mut() = StatusCode::ACCEPTED;
    Ok(answer)
}

/// The replays of an account: those that go on, and the last that ended.
pub async fn list(request: HttpRequest, waba: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    require_whole_account(edge, &caller, &waba)?;
    let unknown = || ApiError::naming(ErrorId::AccountUnknown, &waba);
    edge.wharf.directory.account(&waba).ok_or_else(unknown)?;
    let prefix = KeyBuilder::new().text(&waba).build();
    let kept = read(edge, move |store| {
        let kept = store.hot(Kind::Replay, &prefix.0);
        kept.iter().map(|(_, bytes)| ReplayRecord::from_bytes(bytes)).collect::<Result<Vec<_>, _>>()
    });
    Ok(json(&Page { data: kept.await?.into_iter().map(ReplayShown::of).collect(), next: None }))
}

/// Ends a replay: what is open again by it stays so.
pub async fn cancel(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = changer(&request, &late).await?;
    let (waba, id) = path.into_inner();
    require_whole_account(edge, &caller, &waba)?;
    let unknown = || ApiError::naming(ErrorId::AccountUnknown, &waba);
    let (actor, desks) = edge.wharf.directory.account(&waba).ok_or_else(unknown)?;
    let cancelled = actor.send(CancelReplay { id: id.as_str().into() }).await;
    let cancelled = cancelled.map_err(|_| ApiError::naming(ErrorId::NotReady, "the account is being restarted"))?;
    let record = cancelled.map_err(|why| ApiError::naming(ErrorId::NotReady, why))?;
    let record = record.ok_or_else(|| ApiError::naming(ErrorId::ReplayUnknown, &id))?;
    let ids = vec![waba.as_str().into(), id.as_str().into()];
    let result = record.state.word().to_owned();
    let deed = Deed { gateway: &desks.gateway.uri, verb: "replay.cancel", ids, result };
    audit::keep(deed, &request, &caller, edge).await?;
    Ok(json(&ReplayShown::of(record)))
}

/// The replay that is asked for.
async fn record_of(
    edge: &Edge,
    waba: &str,
    gateway: &str,
    given: &Given,
    live: &[Arc<Route>],
) -> Result<ReplayRecord, ApiError> {
    let bad = |text: String| ApiError::naming(ErrorId::ParameterBad, text);
    let route = match &given.route {
        None => None,
        Some(given) => {
            let full = full_name(given, gateway, waba, live.iter().map(|route| &*route.name));
            Some(full.ok_or_else(|| ApiError::naming(ErrorId::RouteUnknown, given))?.into())
        }
    };
    if let Some(kind) = given.kind.as_deref().filter(|kind| !EventKind::ALL.iter().any(|it| it.word() == *kind)) {
        let words: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.word()).collect();
        return Err(bad(format!("kind must be one of {}, not {kind}", words.join(", "))));
    }
    let rate = given.rate.unwrap_or(USUAL_RATE);
    if !(1..=FASTEST).contains(&rate) {
        return Err(bad(format!("rate must be a whole number from 1 to {FASTEST} (events per second), not {rate}")));
    }
    let (from, to) =
        (Point::read("from", &given.from)?, given.to.as_ref().map(|to| Point::read("to", to)).transpose()?);
    let account = waba.to_owned();
    let (from_seq, through_seq) = read(edge, move |store| stretch(store, &account, from, to)).await?;
    if from_seq > through_seq {
        return Err(ApiError::naming(ErrorId::ReplayNothing, "there is no event from `from` to `to`"));
    }
    Ok(ReplayRecord {
        account: waba.into(),
        id: format!("rpl_{}", ulid::Ulid::generate().to_string().to_lowercase()).into(),
        route,
        kind: given.kind.as_deref().map(Into::into),
        from_seq,
        through_seq,
        rate,
        state: ReplayState::Running,
        done: 0,
        skipped: 0,
        next_seq: from_seq,
        began_at_ms: now_ms(),
        ended_at_ms: None,
    })
}

impl ReplayShown {
    fn of(record: ReplayRecord) -> Self {
        Self {
            id: record.id.into(),
            account: record.account.into(),
            route: record.route.map(Into::into),
            kind: record.kind.map(Into::into),
            from: record.from_seq,
            to: record.through_seq,
            rate: record.rate,
            state: record.state.word(),
            done: record.done,
            skipped: record.skipped,
            next_seq: record.next_seq,
            through_seq: record.through_seq,
            began_at: moment(record.began_at_ms),
            ended_at: record.ended_at_ms.and_then(moment),
        }
    }
}
