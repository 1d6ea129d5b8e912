//! `/api/audit`: who changed what.

use super::page::{Page, Wanted};
use super::{inspector, json, moment, read};
use crate::callback::Query;
use crate::edge::Late;
use crate::error::ApiError;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use wharf_storage::{AuditRecord, Kind, Noun};

#[derive(Debug, Serialize)]
struct AuditShown {
    at: Option<String>,
    who: String,
    address: String,
    gateway: String,
    verb: String,
    ids: Vec<Box<str>>,
    result: String,
}

/// The audit records of the gateways that the caller's key may see, oldest first.
pub async fn list(request: HttpRequest, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    caller.require_all_numbers()?;
    let wanted = Wanted::read(&Query::read(request.query_string()))?;
    let asked = wanted.clone();
    let found = read(edge, move |store| {
        let found = store.page(Kind::Audit, &[], asked.after.as_deref(), asked.limit)?;
        found.into_iter().map(|(key, bytes)| Ok((key, AuditRecord::from_bytes(&bytes)?))).collect::<Result<Vec<_>, _>>()
    });
    let mut page = Page::of(found.await?, &wanted, AuditShown::of);
    let names_theirs =
        |record: &AuditShown| !record.ids.is_empty() && record.ids.iter().all(|id| caller.may_use_account(id));
    // A verb without ids meant every account: a key for some accounts does not see it.
    page.data.retain(|record| {
        caller.may_use_gateway(&record.gateway) && (caller.accounts.is_empty() || names_theirs(record))
    });
    Ok(json(&page))
}

impl AuditShown {
    fn of(record: AuditRecord) -> Self {
        Self {
            at: moment(record.at_ms),
            who: record.who.into(),
            address: record.address.into(),
            gateway: record.gateway.into(),
            verb: record.verb.into(),
            ids: record.ids,
            result: record.result.into(),
        }
    }
}
