//! The ops listener: looking into the house, and what operators change beside the verbs.

pub mod account_list;
pub mod account_routes;
pub mod accounts;
pub mod alarms;
pub mod audit;
pub mod customers;
pub mod dead;
mod delivery_holds;
pub mod dialogs;
pub mod doctor;
mod etag;
pub mod events;
pub mod explain;
pub mod gateways;
pub mod health;
pub mod holds;
pub mod keys;
pub mod ledger;
mod life;
pub mod live;
pub mod messages;
pub mod metrics;
pub mod openapi;
mod page;
pub mod quarantine;
pub mod rates;
pub mod redrive;
pub mod register;
pub mod replay;
pub mod replays;
pub mod routes;
pub mod signature;
mod states;
pub mod table;
pub mod tokens;
pub mod tryouts;
pub mod verbs;
pub mod whoami;

use crate::auth::{Caller, Scope};
use crate::authorised;
use crate::callback::read_body;
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use wharf_storage::{Store, StoreError, Tally};

/// The edge, for a caller that may look.
pub(crate) async fn inspector<'a>(
    request: &HttpRequest,
    late: &'a Late,
) -> Result<(&'a web::Data<Edge>, Caller), ApiError> {
    let edge = late.get().ok_or_else(|| ApiError::naming(ErrorId::NotReady, "the store is being opened"))?;
    let caller = authorised::caller(request, edge).await?;
    caller.require(Scope::Inspect)?;
    Ok((edge, caller))
}

/// The edge, for a caller that may change things.
pub(crate) async fn changer<'a>(
    request: &HttpRequest,
    late: &'a Late,
) -> Result<(&'a web::Data<Edge>, Caller), ApiError> {
    authorised::refuse_cross_site(request)?;
    let edge = late.get().ok_or_else(|| ApiError::naming(ErrorId::NotReady, "the store is being opened"))?;
    let caller = authorised::caller(request, edge).await?;
    caller.require(Scope::Admin)?;
    edge.require_open_store()?;
    Ok((edge, caller))
}

/// As [`require_account`], for what concerns all of an account: a key for some of its numbers may not.
pub(crate) fn require_whole_account(edge: &Edge, caller: &Caller, account: &str) -> Result<(), ApiError> {
    require_account(edge, caller, account)?;
    caller.require_all_numbers()?;
    Ok(())
}

/// Refuses an account that nobody ever heard of, and one that the caller's key is not for, as if it were not there.
pub(crate) fn require_account(edge: &Edge, caller: &Caller, account: &str) -> Result<(), ApiError> {
    match sees(edge, caller, account) && is_known(edge, account) {
        true => Ok(()),
        false => Err(ApiError::naming(ErrorId::AccountUnknown, account)),
    }
}

/// Whether an account is engaged, or was and left something.
pub(crate) fn is_known(edge: &Edge, account: &str) -> bool {
    let left_something =
        || edge.wharf.store.last_seq(account) > 0 || edge.wharf.store.ledger(account) != Tally::default();
    edge.wharf.directory.account(account).is_some() || left_something()
}

/// Whether the caller's key is for the account and its gateway. What was removed belongs to no gateway any more: a key
/// for some gateways alone does not see it.
pub(crate) fn sees(edge: &Edge, caller: &Caller, account: &str) -> bool {
    let at_a_gateway_of_theirs = || match edge.wharf.directory.account(account) {
        Some((_, desks)) => caller.may_use_gateway(&desks.gateway.uri),
        None => caller.gateways.is_empty(),
    };
    caller.may_use_account(account) && at_a_gateway_of_theirs()
}

/// Whether the caller's key is for what came in at `gateway` under the name of `claimed`.
pub(crate) fn sees_claim(caller: &Caller, gateway: &str, claimed: Option<&str>) -> bool {
    let claimed_is_theirs = || claimed.map_or(caller.accounts.is_empty(), |claimed| caller.may_use_account(claimed));
    caller.may_use_gateway(gateway) && claimed_is_theirs()
}

/// Reads the store on a thread that may block.
pub(crate) async fn read<T: Send + 'static>(
    edge: &Edge,
    reading: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, ApiError> {
    let store = Arc::clone(&edge.wharf.store);
    let read = web::block(move || reading(store.as_ref())).await;
    let read = read.map_err(|_| ApiError::naming(ErrorId::NotReady, "wharf is stopping"))?;
    read.map_err(|error| ApiError::naming(ErrorId::StoreFailed, error))
}

/// What the JSON body of a request says, read strictly.
pub(crate) async fn body<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
    edge: &Edge,
) -> Result<T, ApiError> {
    let body = bytes(request, payload, edge).await?;
    serde_json::from_slice(&body).map_err(|error| ApiError::naming(ErrorId::BodyNotJson, error))
}

/// A body that may be left out: then it is as if it were `{}`. `wanted` says what it must be.
pub(crate) async fn optional<T: DeserializeOwned>(
    edge: &Edge,
    request: &HttpRequest,
    payload: Payload,
    wanted: &str,
) -> Result<T, ApiError> {
    let body = bytes(request, payload, edge).await?;
    object(&body).map_err(|_| ApiError::naming(ErrorId::BodyNotJson, wanted))
}

/// What a JSON object says; no bytes at all are an empty one. An array is none, whatever is in it.
fn object<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<T> {
    let body = if body.is_empty() { &b"{}"[..] } else { body };
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body)?;
    serde_json::from_value(serde_json::Value::Object(members))
}

/// The body as it came.
pub(crate) async fn bytes(request: &HttpRequest, payload: Payload, edge: &Edge) -> Result<web::Bytes, ApiError> {
    let too_many = || ApiError::naming(ErrorId::Busy, "too many bytes are under way");
    let mut reserved = edge.in_flight.reserve(0).ok_or_else(too_many)?;
    read_body(request, payload, &mut reserved).await
}

/// The full name of a route of an account that is `given` as such, or by its own name alone: the gateway's before the
/// account's own.
pub(crate) fn full_name<'n>(
    given: &str,
    gateway: &str,
    waba: &str,
    known: impl Iterator<Item = &'n str>,
) -> Option<&'n str> {
    let known: Vec<&str> = known.collect();
    let names = [given.to_owned(), format!("{gateway}/{given}"), format!("{gateway}/{waba}/{given}")];
    names.iter().find_map(|name| known.iter().copied().find(|known| known == name))
}

/// JSON that nobody caches.
pub(crate) fn json(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body)
}

/// A moment as text: RFC 3339, UTC, milliseconds.
pub(crate) fn moment(ms: u64) -> Option<String> {
    let since = i64::try_from(ms).ok().filter(|ms| *ms > 0)?;
    let moment = jiff::Timestamp::from_millisecond(since).ok()?;
    Some(format!("{moment:.3}"))
}
