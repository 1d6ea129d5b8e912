//! `/api/messages/{id}` and `/api/accounts/{waba}/messages`: outbound messages with state and attempts.

use super::page::raw;
use super::{changer, inspector, json, moment, read, require_account, sees};
use crate::audit::{self, Deed};
use crate::edge::Late;
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::value::RawValue;
use wharf_actors::messages::Cancel;
use wharf_storage::{Attempt, KeyBuilder, Kind, MessageRecord, MessageState, Noun, Outbox, Store, StoreError};

#[derive(Debug, Serialize)]
struct MessageShown {
    id: String,
    account: String,
    number: String,
    to: String,
    state: &'static str,
    kind: String,
    template: Option<String>,
    priority: &'static str,
    wamid: Option<String>,
    error: Option<Box<RawValue>>,
    attempts: Vec<AttemptShown>,
    created_at: Option<String>,
    changed_at: Option<String>,
    due_at: Option<String>,
    expires_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct AttemptShown {
    at: Option<String>,
    status: Option<u16>,
    code: Option<i64>,
    note: String,
}

#[derive(Debug, Serialize)]
struct Listed {
    data: Vec<MessageShown>,
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

/// The messages of an account that still have to leave.
pub async fn list(request: HttpRequest, waba: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    require_account(edge, &caller, &waba)?;
    let waiting = read(edge, |store| {
        store
            .hot(Kind::Outbox, &[])
            .iter()
            .map(|(_, bytes)| Ok(Outbox::from_bytes(bytes)?.0))
            .collect::<Result<Vec<_>, _>>()
    });
    let mine = |record: &MessageRecord| *record.account == **waba && caller.may_use_number(&record.number);
    let mine = waiting.await?.into_iter().filter(mine);
    Ok(json(&Listed { data: mine.map(MessageShown::of).collect() }))
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
