//! `/api/accounts/{waba}/events` and `/api/events/{id}`: the journal.

use super::page::{limit, raw, word};
use super::states::States;
use super::{inspector, json, moment, read, require_account, sees, sees_claim};
use crate::auth::Caller;
use crate::callback::Query;
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use wharf_storage::{Disposition, Event, EventDialog, EventKind, Finished, KeepBody, Store, StoreError};

/// Bytes of events read for one answer at most.
const ANSWER_BYTES: usize = 8 << 20;

/// Events looked at for one answer at most: a rare kind in a long journal is found part by part.
const LOOKED_AT: usize = 10_000;

/// An event as operators see it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EventShown {
    #[serde(flatten)]
    named: EventNamed,
    item: Option<Box<RawValue>>,
}

/// An event as it is named where its bytes are beside the point.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EventNamed {
    id: String,
    seq: u64,
    received_at: Option<String>,
    #[serde(rename = "type")]
    #[schemars(extend("enum" = EventKind::ALL.map(EventKind::word)))]
    kind: &'static str,
    field: String,
    #[schemars(extend("enum" = Disposition::ALL.map(Disposition::word)))]
    disposition: &'static str,
    gateway: String,
    secret: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed: Option<String>,
    number: Option<String>,
    display_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dialog: Option<DialogShown>,
    message_id: Option<String>,
    bytes: usize,
    /// `erased` where only its place is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'static str>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EventDialog")]
pub(super) struct DialogShown {
    id: String,
    new: bool,
    user_id: Option<String>,
    wa_id: Option<String>,
    group_id: Option<String>,
    window_expires_at: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "EventList")]
pub(super) struct Listed {
    data: Vec<EventShown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The events of an account, ascending: `after` (a seq; `cursor` says the same), `limit`, `kind`, `state`.
pub async fn list(request: HttpRequest, waba: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    require_account(edge, &caller, &waba)?;
    let query = Query::read(request.query_string());
    let limit = limit(&query)?;
    let kind = word(&query, "kind", &EventKind::ALL.map(|kind| (kind.word(), kind)))?;
    let after = after(&query)?;
    let stream = waba.clone();
    let last = edge.wharf.store.last_seq(&stream);
    if last == 0 && edge.wharf.directory.account(&stream).is_none() {
        return Err(ApiError::naming(ErrorId::AccountUnknown, stream));
    }
    let states = States::asked(&query, edge, &waba).await?;
    let part = read(edge, move |store| {
        let judge = states.map(|asked| asked.on(store, &stream)).transpose()?;
        let wanted = |event: &Event| {
            let passes = kind.is_none_or(|kind| event.kind == kind) && sees_number(&caller, event);
            Ok(passes && judge.as_ref().map_or(Ok(true), |judge| judge.has(event))?)
        };
        part(store, &stream, after, limit, wanted)
    });
    let part = part.await?;
    let next = part.next.filter(|seq| *seq < last).map(|seq| seq.to_string());
    Ok(json(&Listed { data: may_be_shown(edge, &waba, part.events).into_iter().map(EventShown::of).collect(), next }))
}

/// Events found, and the seq after which to go on.
struct Part {
    events: Vec<Event>,
    next: Option<u64>,
}

/// Whether a key is for the event's number; one for some numbers alone sees nothing that has none.
fn sees_number(caller: &Caller, event: &Event) -> bool {
    caller.numbers.is_empty() || event.number.id.as_deref().is_some_and(|number| caller.may_use_number(number))
}

/// Reads on until `limit` events are found that are `wanted`, the stream ends, or [`LOOKED_AT`] were looked at.
fn part(
    store: &dyn Store,
    stream: &str,
    after: u64,
    limit: usize,
    wanted: impl Fn(&Event) -> Result<bool, StoreError>,
) -> Result<Part, StoreError> {
    let mut part = Part { events: Vec::new(), next: Some(after) };
    let mut looked_at = 0;
    while let (Some(after), true) = (part.next, part.events.len() < limit && looked_at < LOOKED_AT) {
        let read = store.events(stream, after, limit - part.events.len(), ANSWER_BYTES)?;
        looked_at += read.len();
        part.next = read.last().map(|event| event.seq);
        for event in read {
            if wanted(&event)? {
                part.events.push(event);
            }
        }
    }
    Ok(part)
}

/// One event, by its id.
pub async fn one(request: HttpRequest, id: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    Ok(json(&EventShown::of(seen(edge, &caller, &id).await?)))
}

/// The event of that id as the caller may see it.
pub(super) async fn seen(edge: &Edge, caller: &Caller, id: &str) -> Result<Event, ApiError> {
    let unknown = || ApiError::naming(ErrorId::EventUnknown, id);
    let (stream, seq) = id.rsplit_once('.').ok_or_else(unknown)?;
    let seq: u64 = seq.parse().map_err(|_| unknown())?;
    let owner = stream.to_owned();
    let event = read(edge, move |store| store.event(&owner, seq)).await?.ok_or_else(unknown)?;
    let seen = match stream.split_once('.') {
        Some((_, gateway)) => sees_claim(caller, gateway, event.claimed.as_deref()),
        None => sees(edge, caller, stream),
    };
    let shown = may_be_shown(edge, stream, vec![event]).pop();
    shown.filter(|event| seen && sees_number(caller, event)).ok_or_else(unknown)
}

/// Events of one stream as they may be shown: without their bytes where these are kept until delivered, and are.
pub(crate) fn may_be_shown(edge: &Edge, stream: &str, events: Vec<Event>) -> Vec<Event> {
    match edge.keep_body {
        KeepBody::Retention => events,
        KeepBody::UntilDelivered => {
            let finished = Finished::read(edge.wharf.store.as_ref(), stream);
            let mask = |event: Event| if finished.is(&event) { event.erased() } else { event };
            events.into_iter().map(mask).collect()
        }
    }
}

fn after(query: &Query) -> Result<u64, ApiError> {
    let Some(text) = query.first("after").or_else(|| query.first("cursor")) else { return Ok(0) };
    text.parse()
        .map_err(|_| ApiError::naming(ErrorId::ParameterBad, format!("after must be an event's seq, not {text}")))
}

impl EventShown {
    /// As operators see it.
    pub(crate) fn of(event: Event) -> Self {
        let item = (!event.is_erased()).then(|| raw(event.item_bytes()));
        Self { named: EventNamed::of(event), item }
    }
}

impl EventNamed {
    /// Without its bytes.
    pub(crate) fn of(event: Event) -> Self {
        Self {
            id: event.id(),
            seq: event.seq,
            received_at: moment(event.received_at_ms),
            kind: event.kind.word(),
            disposition: event.disposition.word(),
            gateway: event.gateway.to_string(),
            secret: event.secret,
            claimed: event.claimed.as_deref().map(str::to_owned),
            number: event.number.id.as_deref().map(str::to_owned),
            display_number: event.number.display.as_deref().map(str::to_owned),
            message_id: event.message_id.as_deref().map(str::to_owned),
            bytes: event.body.len(),
            body: event.is_erased().then_some("erased"),
            field: event.field.into(),
            dialog: event.dialog.map(DialogShown::of),
        }
    }
}

impl DialogShown {
    fn of(dialog: EventDialog) -> Self {
        Self {
            id: dialog.id.to_string(),
            new: dialog.new,
            user_id: dialog.user_id.map(Into::into),
            wa_id: dialog.wa_id.map(Into::into),
            group_id: dialog.group_id.map(Into::into),
            window_expires_at: dialog.window_expires_at_ms.and_then(moment),
        }
    }
}
