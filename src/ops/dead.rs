//! `/api/accounts/{waba}/dead`: what was given up, with the reason. Answers also after `remove`.

use super::page::{Page, Wanted, raw};
use super::{inspector, json, moment, read, require_whole_account};
use crate::callback::Query;
use crate::edge::Late;
use crate::error::ApiError;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::value::RawValue;
use wharf_storage::{DeadLetter, KeyBuilder, Kind, Noun};

#[derive(Debug, Serialize)]
struct DeadShown {
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    reason: String,
    status: Option<u16>,
    at: Option<String>,
    body: Box<RawValue>,
}

/// The dead letters of an account, oldest first.
pub async fn list(request: HttpRequest, waba: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    require_whole_account(edge, &caller, &waba)?;
    let wanted = Wanted::read(&Query::read(request.query_string()))?;
    let prefix = KeyBuilder::new().text(&waba).build();
    let asked = wanted.clone();
    let found = read(edge, move |store| {
        let found = store.page(Kind::Dead, &prefix.0, asked.after.as_deref(), asked.limit)?;
        found.into_iter().map(|(key, bytes)| Ok((key, DeadLetter::from_bytes(&bytes)?))).collect::<Result<Vec<_>, _>>()
    });
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
