//! The budget of management calls around the nodes: counted, said in a header, and refused with 80008 when used up.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, ResponseError};

use super::Graph;
use super::fault::Fault;
use crate::sandbox::management::Spent;
use crate::sandbox::refusal::Refusal;

/// Paths below a node that have limits of their own.
const OTHER_LIMITS: &[&str] = &["/messages", "/marketing_messages", "/media"];

/// Counts the call where it is one of management, and says in the answer how much of the budget is used.
pub(super) async fn watch(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some((waba, spent)) = count(&req) else { return Ok(next.call(req).await?.map_into_boxed_body()) };
    let mut answer = if spent.is_over() {
        req.into_response(Fault::from(Refusal::coded(80_008)).error_response())
    } else {
        next.call(req).await?.map_into_boxed_body()
    };
    if let Ok(value) = HeaderValue::from_str(&spent.header(&waba)) {
        answer.headers_mut().insert(HeaderName::from_static("x-business-use-case-usage"), value);
    }
    Ok(answer)
}

/// The account that the call is about, and how much of its budget is used; `None` for what is no management.
fn count(req: &ServiceRequest) -> Option<(String, Spent)> {
    let rest = req.match_info().unprocessed();
    if OTHER_LIMITS.contains(&rest) {
        return None;
    }
    let graph = req.app_data::<Data<Graph>>()?;
    let mut world = graph.world();
    let node = req.match_info().get("node")?;
    let of_number = world.number(node, "get").map(|(account, _)| account.id.clone());
    let waba = of_number.or_else(|_| world.account(node, "get").map(|account| account.id.clone())).ok()?;
    let allowed = world.options.faults.management_calls_per_h;
    let spent = world.budget.count(&waba, allowed, Instant::now());
    Some((waba, spent))
}
