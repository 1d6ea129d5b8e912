//! `/api/doctor`: looks at everything that must be right for a message to come through, from the disk to Meta's side,
//! and says how to mend what is not. Changes nothing; each part has its own time, and all go side by side.

mod accounts;
mod entrance;
pub mod finding;
mod graph;
mod house;
mod meta;
mod routes;

use super::{inspector, json};
use crate::auth::Caller;
use crate::callback::Query;
use crate::config::Settings;
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpRequest, HttpResponse};
use finding::{Finding, Report};
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join_all};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use wharf_actors::directory::Desks;
use wharf_actors::gateway::Rotating;

/// The answer comes after 20 s at the latest.
const AT_MOST: Duration = Duration::from_secs(18);

/// What the doctor must know of the settings.
pub struct Chart {
    /// Where Graph is, without a slash at the end.
    pub(crate) graph_url: String,
    storage_path: PathBuf,
    /// Names of keys that stand in the settings file as they are.
    pub(crate) written_out: Rotating<Vec<String>>,
    /// One examination at a time: it makes many connections.
    turn: Semaphore,
}

impl Chart {
    /// Of these settings.
    pub fn new(settings: &Settings) -> Self {
        Self {
            graph_url: settings.graph.base_url.trim_end_matches('/').to_owned(),
            storage_path: settings.storage.path.clone(),
            written_out: written_out(settings).into(),
            turn: Semaphore::new(1),
        }
    }
}

/// Names of keys that stand in the settings file as they are.
pub(crate) fn written_out(settings: &Settings) -> Vec<String> {
    settings.keys.iter().filter(|key| key.written_out).map(|key| key.name.to_string()).collect()
}

/// A part of the examination.
type Part<'p> = LocalBoxFuture<'p, Vec<Finding>>;

/// Examines the house and the gateways that the caller's key is for, or the one that is named.
pub async fn examine(request: HttpRequest, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    caller.require_all_numbers()?;
    let query = Query::read(request.query_string());
    let gateways = chosen(edge, &caller, query.first("gateway"))?;
    let busy = |_| ApiError::naming(ErrorId::Busy, "the doctor is examining; wait for the end of that");
    let _turn = edge.chart.turn.try_acquire().map_err(busy)?;
    let theirs = |account: &str| caller.may_use_account(account);
    let mut parts = of_house(edge);
    for desks in &gateways {
        parts.extend(of_gateway(edge, desks, &caller, &theirs));
    }
    let findings = join_all(parts).await.into_iter().flatten().collect();
    Ok(json(&Report::of(findings)))
}

fn chosen(edge: &Edge, caller: &Caller, named: Option<&str>) -> Result<Vec<Arc<Desks>>, ApiError> {
    let mut gateways = edge.wharf.directory.gateways();
    gateways.retain(|desks| {
        let uri = &*desks.gateway.uri;
        caller.may_use_gateway(uri) && named.is_none_or(|named| named == uri)
    });
    gateways.sort_by(|a, b| a.gateway.uri.cmp(&b.gateway.uri));
    match named {
        Some(named) if gateways.is_empty() => Err(ApiError::naming(ErrorId::GatewayUnknown, named)),
        Some(_) | None => Ok(gateways),
    }
}

fn of_house(edge: &Edge) -> Vec<Part<'_>> {
    vec![
        part("store", "", async { vec![house::store(edge)] }),
        part("disk", "", house::disk(edge)),
        part("graph", "", graph::graph(edge)),
        part("keys", "", async { vec![house::keys(edge)] }),
        part("public_url", "", entrance::public_url(edge)),
    ]
}

/// A key that is for some accounts alone is not shown what concerns all of them.
fn of_gateway<'p>(
    edge: &'p Edge,
    desks: &'p Desks,
    caller: &Caller,
    theirs: &'p dyn Fn(&str) -> bool,
) -> Vec<Part<'p>> {
    let (gateway, uri) = (&desks.gateway, &*desks.gateway.uri);
    let mut parts = Vec::new();
    if caller.accounts.is_empty() {
        parts.push(part("callback", uri, entrance::callback(gateway)));
        parts.push(part("token", uri, meta::token(edge, gateway).map(|found| vec![found])));
        parts.push(part("app", uri, meta::app(edge, gateway).map(|found| vec![found])));
        parts.push(part("route", uri, routes::of_gateway(edge, gateway, theirs)));
    }
    parts.push(part("account", uri, accounts::of_gateway(edge, gateway, theirs)));
    parts
}

/// A part in its time.
fn part<'p>(check: &'static str, subject: &'p str, look: impl Future<Output = Vec<Finding>> + 'p) -> Part<'p> {
    Box::pin(async move {
        let late = |_| vec![Finding::skipped(check, subject, format!("not done within {} s", AT_MOST.as_secs()))];
        tokio::time::timeout(AT_MOST, look).await.unwrap_or_else(late)
    })
}
