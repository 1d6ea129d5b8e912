//! `/api/messages/{id}` and `/api/accounts/{waba}/messages`: outbound messages with state and attempts.

use super::page::{Order, Page, Wanted, cursor, raw, word};
use super::{changer, inspector, json, moment, read, require_account, sees};
use crate::audit::{self, Deed};
use crate::callback::Query;
use crate::edge::Late;
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use wharf_actors::messages::Cancel;
use wharf_storage::{
    Attempt, Key, KeyBuilder, Kind, MessageRecord, MessageState, Noun, Outbox, Store, StoreError, Submitted,
};

/// Messages looked at for one answer at most: a rare state among many is found part by part.
const LOOKED_AT: usize = 5000;

/// An outbound message.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MessageShown {
    id: String,
    account: String,
    /// The phone number id it leaves from.
    number: String,
    to: String,
    #[schemars(extend("enum" = MessageState::ALL.map(MessageState::word)))]
    state: &'static str,
    /// Its `type`.
    kind: String,
    template: Option<String>,
    priority: &'static str,
    /// Meta's id, once it has one.
    wamid: Option<String>,
    /// Graph's error object, or ours.
    error: Option<Box<RawValue>>,
    attempts: Vec<AttemptShown>,
    created_at: Option<String>,
    changed_at: Option<String>,
    due_at: Option<String>,
    expires_at: Option<String>,
}

/// One try to send it.
#[derive(Debug, Serialize, JsonSchema)]
struct AttemptShown {
    at: Option<String>,
    /// Graph's HTTP status; `null` where no answer came.
    status: Option<u16>,
    /// Graph's error code.
    code: Option<i64>,
    note: String,
}

/// One message, wherever it stands.
pub async fn one(request: HttpRequest, id: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    let unknown = || ApiError::naming(ErrorId::MessageUnknown, &id);
    let asked = id.clone();
    let record = read(edge, move |store| find(store, &asked)).await?.ok_or_else(unknown)?;
    if !sees(edge, &caller, &record.account) || !caller.may_use_number(&record.number) {
        return Err(unknown());
    }
    Ok(json(&MessageShown::of(record)))
}

/// Withdraws a message that has not left.
pub async fn cancel(request: HttpRequest, id: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = changer(&request, &late).await?;
    let unknown = || ApiError::naming(ErrorId::MessageUnknown, &id);
    let asked = id.clone();
    let record = read(edge, move |store| find(store, &asked)).await?.ok_or_else(unknown)?;
    if !sees(edge, &caller, &record.account) || !caller.may_use_number(&record.number) {
        return Err(unknown());
    }
    let gone = |state: MessageState| ApiError::naming(ErrorId::MessageGone, state.word());
    let Some((actor, desks)) = edge.wharf.directory.account(&record.account) else { return Err(gone(record.state)) };
    let cancelled = actor.send(Cancel(record.id.clone())).await;
    let cancelled = cancelled.map_err(|_| ApiError::naming(ErrorId::NotReady, "the account is being restarted"))?;
    let result = cancelled.map_or_else(|_| "it had left".to_owned(), |()| "cancelled".to_owned());
    let deed = Deed { gateway: &desks.gateway.uri, verb: "message.cancel", ids: vec![record.id.clone()], result };
    audit::keep(deed, &request, &caller, edge).await?;
    let asked = id.clone();
    let now = read(edge, move |store| find(store, &asked)).await?.ok_or_else(unknown)?;
    match cancelled {
        Ok(()) => Ok(json(&MessageShown::of(now))),
        Err(state) => Err(gone(state.unwrap_or(now.state))),
    }
}

/// The messages of an account, those that wait and those that have ended, by the time of their submission.
pub async fn list(request: HttpRequest, waba: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    require_account(edge, &caller, &waba)?;
    let query = Query::read(request.query_string());
    let prefix = KeyBuilder::new().text(&waba).build().0;
    let wanted = Wanted::ordered(&query, Order::Newest)?.under(&prefix)?;
    let state = word(&query, "state", &MessageState::ALL.map(|state| (state.word(), state)))?;
    let is_asked_for = move |record: &MessageRecord| {
        state.is_none_or(|state| record.state == state) && caller.may_use_number(&record.number)
    };
    Ok(json(&read(edge, move |store| part(store, &prefix, &wanted, is_asked_for)).await?))
}

/// Reads on until as many are found as are wanted, the list ends, or [`LOOKED_AT`] were looked at. *Disk.*
fn part(
    store: &dyn Store,
    prefix: &[u8],
    wanted: &Wanted,
    is_asked_for: impl Fn(&MessageRecord) -> bool,
) -> Result<Page<MessageShown>, StoreError> {
    let (mut data, mut after, mut looked_at) = (Vec::new(), wanted.after.clone(), 0);
    while data.len() < wanted.limit && looked_at < LOOKED_AT {
        let asked = wanted.limit - data.len();
        let listed = wanted.keys(store, Kind::Submitted, prefix, after.as_deref(), asked)?;
        looked_at += listed.len();
        let is_last = listed.len() < asked;
        after = listed.last().map(|(key, _)| key.0.clone()).or(after);
        for (_, bytes) in listed {
            let record = find(store, &Submitted::from_bytes(&bytes)?.message)?.filter(&is_asked_for);
            data.extend(record.map(MessageShown::of));
        }
        if is_last {
            return Ok(Page { data, next: None });
        }
    }
    Ok(Page { data, next: after.map(|after| cursor(&Key(after))) })
}

/// In the outbox, or among those that have left it.
fn find(store: &dyn Store, id: &str) -> Result<Option<MessageRecord>, StoreError> {
    let key = KeyBuilder::new().text(id).build();
    if let Some(bytes) = store.get(Kind::Outbox, &key.0)? {
        return Ok(Some(Outbox::from_bytes(&bytes)?.0));
    }
    store.get(Kind::Message, &key.0)?.map(|bytes| MessageRecord::from_bytes(&bytes)).transpose()
}

impl MessageShown {
    fn of(record: MessageRecord) -> Self {
        Self {
            id: record.id.into(),
            account: record.account.into(),
            number: record.number.into(),
            to: record.to.into(),
            state: record.state.word(),
            kind: record.kind.into(),
            template: record.template.map(|template| template.name.into()),
            priority: record.priority.word(),
            wamid: record.wamid.map(Into::into),
            error: record.error.map(|error| raw(error.as_bytes())),
            attempts: record.attempts.into_iter().map(AttemptShown::of).collect(),
            created_at: moment(record.created_at_ms),
            changed_at: moment(record.changed_at_ms),
            due_at: moment(record.due_at_ms),
            expires_at: moment(record.expires_at_ms),
        }
    }
}

impl AttemptShown {
    fn of(attempt: Attempt) -> Self {
        let status = Some(attempt.status).filter(|status| *status > 0);
        Self { at: moment(attempt.at_ms), status, code: attempt.code, note: attempt.note.into() }
    }
}
