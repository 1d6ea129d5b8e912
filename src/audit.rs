//! Who changed what: one record for every changing request, durable before its answer.

use crate::auth::Caller;
use crate::authorised;
use crate::edge::Edge;
use crate::error::{ApiError, ErrorId};
use actix_web::HttpRequest;
use std::sync::atomic::Ordering;
use wharf_actors::clock::now_ms;
use wharf_storage::{AuditRecord, Change};

/// What somebody did.
pub struct Deed<'a> {
    /// At which gateway.
    pub gateway: &'a str,
    /// What, in a word.
    pub verb: &'a str,
    /// To whom; empty means all.
    pub ids: Vec<Box<str>>,
    /// What came of it.
    pub result: String,
}

/// Keeps a record of `deed`.
pub async fn keep(deed: Deed<'_>, request: &HttpRequest, caller: &Caller, edge: &Edge) -> Result<(), ApiError> {
    let record = AuditRecord {
        at_ms: now_ms(),
        nonce: edge.counters.audits.fetch_add(1, Ordering::Relaxed),
        who: caller.name.as_ref().into(),
        address: authorised::peer(request, edge).to_string().into(),
        gateway: deed.gateway.into(),
        verb: deed.verb.into(),
        ids: deed.ids,
        result: deed.result.into(),
    };
    log::info!("verb gateway={} verb={} who={} result=\"{}\"", record.gateway, record.verb, record.who, record.result);
    let mut change = Change::default();
    change.put(&record);
    let kept = wharf_actors::desk::commit(edge.wharf.store.as_ref(), change).await;
    kept.map_err(|_| ApiError::plain(ErrorId::StoreClosed))
}
