//! `/metrics`: Prometheus text. Gathered at each scrape from one committed state of the store, from what accounts show
//! of themselves, and from the edge; asks no actor and keeps nothing.

mod accounts;
mod calls;
pub mod catalogue;
mod house;
mod ledger;
mod page;
mod process;
mod routes;
mod store;

use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpResponse, web};
use page::Page;
use wharf_actors::clock::now_ms;

/// All metrics. Open, as scrapers have no keys; it holds figures, never names of customers. Before the store is open
/// there are only the process's, and `wharf_ready` is 0.
pub async fn metrics(late: Late) -> Result<HttpResponse, ApiError> {
    let gathered = web::block(move || gather(late.get().map(|edge| &***edge), now_ms())).await;
    let gathered = gathered.map_err(|_| ApiError::naming(ErrorId::NotReady, "wharf is stopping"))?;
    let text = gathered.map_err(|error| ApiError::naming(ErrorId::Internal, error))?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

fn gather(edge: Option<&Edge>, now: u64) -> prometheus::Result<String> {
    let mut page = Page::default();
    process::write(&mut page);
    page.put("wharf_build_info", [([env!("CARGO_PKG_VERSION")], 1.0)]);
    page.one("wharf_ready", flag(edge.is_some_and(|edge| edge.require_room().is_ok())));
    if let Some(edge) = edge {
        let ledgers = edge.wharf.store.ledgers();
        house::write(&mut page, edge, &ledgers, now)?;
        store::write(&mut page, edge);
        calls::write(&mut page, &edge.wharf.meters);
        let routes = routes::Named::of(edge);
        ledger::write(&mut page, &ledgers, &routes);
        routes::write(&mut page, edge);
        accounts::write(&mut page, edge, &ledgers, &routes, now);
    }
    page.text()
}

/// Whether, as a figure.
fn flag(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

/// How long ago, in s.
fn age_s(since_ms: u64, now: u64) -> f64 {
    now.saturating_sub(since_ms) as f64 / 1000.0
}
