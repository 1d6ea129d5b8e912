//! `/api/audit`: who changed what.

use super::page::{Order, Page, Wanted};
use super::{inspector, json, moment, read};
use crate::callback::Query;
use crate::edge::Late;
use crate::error::ApiError;
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;
use wharf_storage::AuditRecord;

/// Who changed what.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AuditShown {
    at: Option<String>,
    /// The key's name.
    who: String,
    address: String,
    /// Empty where the deed was at none.
    gateway: String,
    verb: String,
    /// Empty means all.
    ids: Vec<Box<str>>,
    result: String,
}

/// The audit records of the gateways that the caller's key may see.
pub async fn list(request: HttpRequest, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    caller.require_all_numbers()?;
    let wanted = Wanted::ordered(&Query::read(request.query_string()), Order::Oldest)?;
    let asked = wanted.clone();
    let found = read(edge, move |store| asked.records::<AuditRecord>(store, &[]));
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
