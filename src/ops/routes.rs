//! `/api/routes/{gateway}/{name}`: what operators do about a route.

use super::json;
use crate::audit::{self, Deed};
use crate::auth::Scope;
use crate::authorised;
use crate::edge::Late;
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

#[derive(Debug, Serialize)]
struct Resumed {
    route: String,
    /// Whether it was paused.
    resumed: bool,
}

/// Ends a pause: the application said 410 and is back.
pub async fn resume(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (gateway, name) = path.into_inner();
    authorised::refuse_cross_site(&request)?;
    let edge = late.get().ok_or_else(|| ApiError::naming(ErrorId::NotReady, "the store is being opened"))?;
    let caller = authorised::caller(&request, edge).await?;
    caller.require(Scope::Admin)?;
    let unknown = || ApiError::naming(ErrorId::RouteUnknown, format!("{gateway}/{name}"));
    let desks = edge.wharf.directory.gateway(&gateway).filter(|_| caller.may_use_gateway(&gateway));
    let desks = desks.ok_or_else(unknown)?;
    caller.require_all_accounts()?;
    let full_name = format!("{gateway}/{name}");
    let route = desks.gateway.routes.iter().find(|route| *route.name == *full_name).ok_or_else(unknown)?;
    let resumed = edge.wharf.gates.known(&route.url).is_some_and(|gate| gate.resume());
    let result = if resumed { "resumed" } else { "it was not paused" };
    let deed = Deed { gateway: &gateway, verb: "resume", ids: vec![name.as_str().into()], result: result.to_owned() };
    audit::keep(deed, &request, &caller, edge).await?;
    Ok(json(&Resumed { route: full_name, resumed }))
}
