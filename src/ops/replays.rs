//! `/api/accounts/{waba}/replay` and `/replays`: a stretch of the journal is delivered again, in good time.

use super::page::Page;
use super::{changer, full_name, inspector, json, moment, optional, read, require_whole_account};
use crate::audit::{self, Deed};
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use wharf_actors::account::first_since;
use wharf_actors::clock::now_ms;
use wharf_actors::gateway::Route;
use wharf_actors::messages::{BeginReplay, CancelReplay, Look};
use wharf_actors::rules::account::wants;
use wharf_actors::rules::replay::{FASTEST, MOST_REPLAYS, USUAL_RATE};
use wharf_storage::{EventKind, KeyBuilder, Kind, Noun, ReplayRecord, ReplayState, Store, StoreError};

/// Events counted for one answer at most.
const COUNTED: usize = 200_000;
/// Events read at once, and bytes of them.
const READS: (usize, usize) = (512, 4 << 20);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    /// A moment, or a seq.
    from: Value,
    to: Option<Value>,
    route: Option<String>,
    kind: Option<String>,
    rate: Option<u32>,
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Serialize)]
struct Began {
    replay: ReplayShown,
}

#[derive(Debug, Serialize)]
struct ReplayShown {
    id: String,
    account: String,
    route: Option<String>,
    kind: Option<String>,
    /// The first and the last seq.
    from: u64,
    to: u64,
    rate: u32,
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

/// What a replay would deliver.
#[derive(Debug, Serialize)]
struct Counted {
    dry_run: bool,
    events: u64,
    bytes: u64,
    routes: BTreeMap<String, u64>,
    /// The first and the last event.
    first: Option<String>,
    last: Option<String>,
    /// Whether there may be more: only what lies up to `counted_through` was counted.
    at_least: bool,
    counted_through: u64,
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

/// An end of a stretch.
#[derive(Debug, Clone, Copy)]
enum Point {
    Seq(u64),
    AtMs(u64),
}

impl Point {
    fn read(name: &str, given: &Value) -> Result<Self, ApiError> {
        let seq = given.as_u64().filter(|seq| *seq > 0).map(Self::Seq);
        let moment =
            || given.as_str()?.parse::<jiff::Timestamp>().ok()?.as_millisecond().try_into().ok().map(Self::AtMs);
        seq.or_else(moment).ok_or_else(|| {
            let text = format!("{name} must be a moment such as \"2026-01-31T08:00:00Z\", or a seq, not {given}");
            ApiError::naming(ErrorId::ParameterBad, text)
        })
    }
}

/// The first and the last seq of a stretch of what is durable now. Blocks.
fn stretch(store: &dyn Store, account: &str, from: Point, to: Option<Point>) -> Result<(u64, u64), StoreError> {
    let from_seq = match from {
        Point::Seq(seq) => seq,
        Point::AtMs(ms) => first_since(store, account, ms)?,
    };
    let last = store.last_seq(account);
    let through_seq = match to {
        None => last,
        Some(Point::Seq(seq)) => seq.min(last),
        Some(Point::AtMs(ms)) => first_since(store, account, ms + 1)? - 1,
    };
    Ok((from_seq, through_seq))
}

/// What a replay would deliver, part by part of the journal. Blocks.
fn count(store: &dyn Store, record: &ReplayRecord, live: &[Arc<Route>]) -> Result<Counted, StoreError> {
    let is_meant = |route: &&Arc<Route>| record.route.as_deref().is_none_or(|name| *name == *route.name);
    let routes: Vec<_> = live.iter().filter(is_meant).collect();
    let mut counted = Counted {
        dry_run: true,
        events: 0,
        bytes: 0,
        routes: routes.iter().map(|route| (route.name.to_string(), 0)).collect(),
        first: None,
        last: None,
        at_least: false,
        counted_through: record.from_seq - 1,
    };
    let mut looked_at = 0;
    while counted.counted_through < record.through_seq {
        let read = store.events(&record.account, counted.counted_through, READS.0, READS.1)?;
        let Some(end) = read.last().map(|event| event.seq) else { break };
        counted.counted_through = end.min(record.through_seq);
        looked_at += read.len();
        let in_stretch = read.iter().filter(|event| event.seq <= record.through_seq && !event.is_erased());
        let of_kind = in_stretch.filter(|event| record.kind.as_deref().is_none_or(|kind| kind == event.kind.word()));
        of_kind.for_each(|event| counted.add(event, &routes));
        if looked_at >= COUNTED && counted.counted_through < record.through_seq {
            counted.at_least = true;
            break;
        }
    }
    Ok(counted)
}

impl Counted {
    fn add(&mut self, event: &wharf_storage::Event, routes: &[&Arc<Route>]) {
        let wanting: Vec<_> = routes.iter().filter(|route| wants(route, event)).collect();
        if wanting.is_empty() {
            return;
        }
        self.events += 1;
        self.bytes += event.body.len() as u64;
        self.first.get_or_insert_with(|| event.id());
        self.last = Some(event.id());
        wanting.iter().for_each(|route| *self.routes.entry(route.name.to_string()).or_default() += 1);
    }
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
