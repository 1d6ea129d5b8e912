//! `/api/accounts/{waba}/dead`: what was given up, with the reason. Answers also after `remove`.

use super::page::{Order, Page, Wanted, raw};
use super::{inspector, json, moment, read, require_whole_account};
use crate::callback::Query;
use crate::edge::Late;
use crate::error::ApiError;
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use wharf_storage::{DeadLetter, KeyBuilder};

/// What was given up: an event for a route, or a message.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DeadShown {
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    reason: String,
    /// The last HTTP status; `null` where none came.
    status: Option<u16>,
    at: Option<String>,
    /// What could not be delivered or sent; text where it is no JSON.
    body: Box<RawValue>,
}

/// The dead letters of an account.
pub async fn list(request: HttpRequest, waba: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    require_whole_account(edge, &caller, &waba)?;
    let prefix = KeyBuilder::new().text(&waba).build().0;
    let wanted = Wanted::ordered(&Query::read(request.query_string()), Order::Oldest)?.under(&prefix)?;
    let asked = wanted.clone();
    let found = read(edge, move |store| asked.records::<DeadLetter>(store, &prefix));
    Ok(json(&Page::of(found.await?, &wanted, DeadShown::of)))
}

impl DeadShown {
    fn of(letter: DeadLetter) -> Self {
        Self {
            route: letter.route.map(Into::into),
            event: letter.event.map(Into::into),
            message: letter.message.map(Into::into),
            reason: letter.reason.into(),
            status: letter.status,
            at: moment(letter.at_ms),
            body: raw(&letter.bytes),
        }
    }
}
