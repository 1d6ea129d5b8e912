//! `/api/events/{id}/explain`: where an event is and why, in one answer. Gathers what the store, the account and the
//! endpoints know; what it means is said in the rules.

use super::events::{EventNamed, seen};
use super::states::trails;
use super::{inspector, json, moment, quarantine, read};
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;
use wharf_actors::clock::now_ms;
use wharf_actors::messages::Explain;
use wharf_actors::rules::explain::{
    Dead, Endpoint, Explanation, Facts, Home, RouteExplained, RouteFacts, State, explain,
};
use wharf_storage::{
    Claim, DeadLetter, Disposition, Event, EventKind, KeyBuilder, Kind, Noun, Store, StoreError, Trail, TrailResult,
    Wamid,
};

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Explanation")]
pub(super) struct Explained {
    event: EventInLane,
    received: Received,
    routes: Vec<RouteShown>,
    /// For a status: our outbound message that it is about.
    message: Option<String>,
    /// All of it in one sentence.
    summary: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct EventInLane {
    #[serde(flatten)]
    event: EventNamed,
    lane: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EventReceived")]
struct Received {
    at: Option<String>,
    gateway: String,
    secret: u8,
    /// `current`, or `older` where it was signed with a secret before that.
    #[schemars(extend("enum" = ["current", "older"]))]
    secret_is: &'static str,
    #[schemars(extend("enum" = Disposition::ALL.map(Disposition::word)))]
    disposition: &'static str,
    why: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RouteExplained")]
struct RouteShown {
    route: String,
    matched: bool,
    /// Which filter let it in or kept it out.
    why: String,
    #[schemars(extend("enum" = State::ALL.map(State::word)))]
    state: &'static str,
    /// Oldest first: kept failures, and what memory has beside them.
    attempts: Vec<AttemptShown>,
    attempts_made: u32,
    delivered_at: Option<String>,
    next_at: Option<String>,
    /// What it waits for, a sentence.
    waits_for: Option<String>,
    dead: Option<DeadShown>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeliveryAttempt")]
struct AttemptShown {
    at: Option<String>,
    attempt: u32,
    #[schemars(extend("enum" = ["delivered", "failed", "parked", "dead"]))]
    result: &'static str,
    status: Option<u16>,
    reason: Option<String>,
    took_ms: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DeliveryGivenUp")]
struct DeadShown {
    reason: String,
    status: Option<u16>,
    at: Option<String>,
    /// Whether its dead letter is still there.
    kept: bool,
}

/// Where an event is and why.
pub async fn one(request: HttpRequest, id: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    let event = seen(edge, &caller, &id).await?;
    let (routes, fresh) = ask(edge, &event).await?;
    let asked = event.clone();
    let kept = read(edge, move |store| Kept::read(store, &asked, fresh)).await?;
    let facts = Facts {
        event: &event,
        home: home(edge, &event, &kept.claims),
        routes: &routes,
        trails: &kept.trails,
        letters: &kept.letters,
        names: &kept.names,
    };
    let explanation = explain(&facts, now_ms());
    Ok(json(&Explained::of(event, explanation, kept.message)))
}

/// What the actor knows that delivers the event, if there is one.
async fn ask(edge: &Edge, event: &Event) -> Result<(Vec<RouteFacts>, Vec<Trail>), ApiError> {
    let restarting = |_| ApiError::naming(ErrorId::NotReady, "the account is being restarted");
    let asked = Explain(event.seq);
    let (mut routes, fresh) = match event.stream.split_once('.') {
        Some(("t", gateway)) => match edge.wharf.directory.gateway(gateway) {
            Some(desks) => desks.gate.send(asked).await.map_err(restarting)?,
            None => Default::default(),
        },
        Some(_) => Default::default(),
        None => match edge.wharf.directory.account(&event.stream) {
            Some((actor, _)) => actor.send(asked).await.map_err(restarting)?,
            None => Default::default(),
        },
    };
    for facts in &mut routes {
        facts.endpoint = endpoint(edge, &facts.route.url);
    }
    Ok((routes, fresh))
}

fn endpoint(edge: &Edge, url: &str) -> Endpoint {
    let Some(gate) = edge.wharf.gates.known(url) else { return Endpoint::default() };
    let standing = gate.standing();
    Endpoint {
        broken_since_ms: standing.broken_at_ms,
        open_until_ms: standing.open_until_ms,
        paused_at_ms: standing.paused_at_ms,
        is_full: standing.free == 0,
    }
}

fn home(edge: &Edge, event: &Event, claims: &[Claim]) -> Home {
    match event.stream.split_once('.') {
        Some(("t", _)) => Home::Tests,
        Some((_, gateway)) if quarantine::waits(claims, gateway, event) => Home::Quarantine,
        Some(_) => Home::LeftQuarantine,
        None if edge.wharf.directory.account(&event.stream).is_some() => Home::Account,
        None => Home::Removed,
    }
}

/// What the store knows of an event beside itself: a handful of reads by key.
struct Kept {
    trails: Vec<Trail>,
    letters: Vec<Box<str>>,
    names: Vec<String>,
    claims: Vec<Claim>,
    message: Option<String>,
}

impl Kept {
    fn read(store: &dyn Store, event: &Event, fresh: Vec<Trail>) -> Result<Self, StoreError> {
        let mut trails = trails(store, &event.stream, event.seq)?;
        trails.retain(|kept| !fresh.iter().any(|fresh| fresh.key() == kept.key()));
        trails.extend(fresh);
        if event.is_erased() {
            trails = trails.into_iter().map(Trail::unquoted).collect();
        }
        let mut letters = Vec::new();
        for trail in trails.iter().filter(|trail| trail.result.is_dead()) {
            if store.get(Kind::Dead, &letter_of(trail).key().0)?.is_some() {
                letters.push(trail.route.clone());
            }
        }
        let owner = event.stream.strip_prefix("t.").unwrap_or(&event.stream);
        let gateway = event.stream.strip_prefix("q.");
        let claims = gateway.map(|gateway| store.hot(Kind::Claim, &KeyBuilder::new().text(gateway).build().0));
        let claims = claims.unwrap_or_default();
        Ok(Self {
            trails,
            letters,
            names: store.ledger(owner).routes.into_keys().collect(),
            claims: claims.iter().map(|(_, bytes)| Claim::from_bytes(bytes)).collect::<Result<_, _>>()?,
            message: message_of(store, event)?,
        })
    }
}

/// What the key of a trail's dead letter is made of.
fn letter_of(trail: &Trail) -> DeadLetter {
    DeadLetter {
        account: trail.account.clone(),
        route: Some(trail.route.clone()),
        event: Some(format!("{}.{}", trail.account, trail.seq).into()),
        message: None,
        reason: "".into(),
        status: None,
        at_ms: trail.at_ms,
        bytes: Default::default(),
    }
}

/// Our id of the message that a status is about.
fn message_of(store: &dyn Store, event: &Event) -> Result<Option<String>, StoreError> {
    if let Some(id) = &event.outbound {
        return Ok(Some(id.to_string()));
    }
    let Some(wamid) = event.message_id.clone().filter(|_| event.kind == EventKind::Status) else { return Ok(None) };
    let named = Wamid { account: event.stream.as_ref().into(), wamid, message: "".into() };
    let found = store.get(Kind::Wamid, &named.key().0)?;
    found.map(|bytes| Wamid::from_bytes(&bytes).map(|found| found.message.into())).transpose()
}

impl Explained {
    fn of(event: Event, told: Explanation, message: Option<String>) -> Self {
        let Explanation { lane, received, routes, summary } = told;
        let received = Received {
            at: moment(event.received_at_ms),
            gateway: event.gateway.to_string(),
            secret: event.secret,
            secret_is: if event.secret == 0 { "current" } else { "older" },
            disposition: event.disposition.word(),
            why: received,
        };
        let event = EventInLane { event: EventNamed::of(event), lane };
        Self { event, received, routes: routes.into_iter().map(RouteShown::of).collect(), message, summary }
    }
}

impl RouteShown {
    fn of(told: RouteExplained) -> Self {
        Self {
            route: told.route,
            matched: told.matched,
            why: told.why,
            state: told.state.word(),
            attempts: told.attempts.into_iter().filter_map(AttemptShown::of).collect(),
            attempts_made: told.attempts_made,
            delivered_at: told.delivered_at_ms.and_then(moment),
            next_at: told.next_at_ms.and_then(moment),
            waits_for: told.waits_for,
            dead: told.dead.map(DeadShown::of),
        }
    }
}

impl AttemptShown {
    /// An attempt; the end of a delivery without one is none.
    fn of(trail: Trail) -> Option<Self> {
        let result = match trail.result {
            TrailResult::Failed => "failed",
            TrailResult::Parked => "parked",
            TrailResult::Delivered => "delivered",
            TrailResult::Dead => "dead",
            TrailResult::Buried => return None,
        };
        let Trail { at_ms, attempt, took_ms, status, reason, .. } = trail;
        let reason = Some(reason.into_string()).filter(|reason| !reason.is_empty());
        Some(Self { at: moment(at_ms), attempt, result, status, reason, took_ms })
    }
}

impl DeadShown {
    fn of(dead: Dead) -> Self {
        let Dead { reason, status, at_ms, kept } = dead;
        Self { reason, status, at: moment(at_ms), kept }
    }
}
