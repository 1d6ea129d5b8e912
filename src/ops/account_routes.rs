//! `/api/accounts/{waba}/routes`: an account's own routes, beside those of its gateway. Shows no secret.

use super::etag::{Version, require_match};
use super::{body, inspector, json, moment, require_whole_account};
use crate::audit::{self, Deed};
use crate::auth::{Caller, Scope};
use crate::authorised;
use crate::config::{Allowed, duration_text, masked, own_route};
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::http::StatusCode;
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use wharf_actors::account::{Account, Changed, MOST_OWN_ROUTES};
use wharf_actors::clock::now_ms;
use wharf_actors::gateway::{Batch, Format, Order, RankGuard, Route, kept};
use wharf_actors::messages::{DropRoute, OwnRoutes, PutRoute};
use wharf_storage::{Kind, Noun, RoutesRecord};

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RouteList")]
pub(super) struct List {
    data: Vec<Shown>,
}

/// A route, under the names it has in the settings.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Route")]
pub(super) struct Shown {
    name: String,
    /// Its name in ledgers, metrics and dead letters.
    route: String,
    url: String,
    has_secret: bool,
    /// Until when the secret that it had before signs too.
    #[serde(skip_serializing_if = "Option::is_none")]
    former_secret_until: Option<String>,
    /// When the route ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[schemars(with = "String", extend("enum" = ["meta", "dialog"]))]
    format: Format,
    fields: Vec<String>,
    types: Vec<String>,
    numbers: Vec<String>,
    concurrency: usize,
    max_age: String,
    #[schemars(with = "String", extend("enum" = ["dialog", "none"]))]
    order: Order,
    #[serde(rename = "final")]
    finals: Vec<u16>,
    batch: Option<BatchShown>,
    #[schemars(with = "String", extend("enum" = ["off", "mark", "drop"]))]
    rank_guard: RankGuard,
    allow_private: bool,
    /// Why nothing can be delivered to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    unusable: Option<String>,
    /// What is doubtful about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BatchShown {
    max: usize,
    wait_ms: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RouteRemoved")]
pub(super) struct Dropped {
    route: String,
    /// What it left unfinished becomes dead letters.
    removed: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RouteResumed")]
pub(super) struct Resumed {
    route: String,
    /// Whether it was paused.
    resumed: bool,
}

impl Shown {
    fn of(name: &str, route: &Route, warnings: Vec<String>) -> Self {
        let batch = |batch: Batch| BatchShown { max: batch.max, wait_ms: batch.wait.as_millis() as u64 };
        Self {
            name: name.to_owned(),
            route: route.name.to_string(),
            url: if route.url.is_empty() { String::new() } else { masked(&route.url) },
            has_secret: route.signing.signs(),
            former_secret_until: former_until_ms(route).and_then(moment),
            expires_at: route.expires_at_ms.and_then(moment),
            format: route.format,
            fields: route.fields.clone(),
            types: route.types.clone(),
            numbers: route.numbers.clone(),
            concurrency: route.concurrency,
            max_age: duration_text(route.max_age),
            order: route.order,
            finals: route.finals.clone(),
            batch: route.batch.map(batch),
            rank_guard: route.rank_guard,
            allow_private: route.allow_private,
            unusable: route.unusable.as_deref().map(str::to_owned),
            warnings,
        }
    }
}

/// Until when a secret that was replaced signs too, in ms since 1970.
fn former_until_ms(route: &Route) -> Option<u64> {
    let older = route.signing.older().iter().filter_map(|older| older.until_ms);
    older.max().filter(|until_ms| *until_ms > now_ms())
}

/// The account's own routes.
pub async fn list(request: HttpRequest, waba: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    let place = Place::of(edge, &caller, &waba)?;
    let routes = place.routes().await?;
    Ok(json(&List { data: routes.iter().map(|(name, route)| Shown::of(name, route, Vec::new())).collect() }))
}

/// One of them.
pub async fn one(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    let (waba, name) = path.into_inner();
    let place = Place::of(edge, &caller, &waba)?;
    let route = place.route(&name).await?.ok_or_else(|| place.unknown(&name))?;
    let answer = json(&Shown::of(&name, &route, Vec::new()));
    Ok(match place.version(&name)? {
        Some(version) => version.on(answer),
        None => answer,
    })
}

/// Sets a route: a new one, or another in place of the one of that name.
pub async fn put(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    payload: Payload,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = admin(&request, &late).await?;
    let (waba, name) = path.into_inner();
    let place = Place::of(edge, &caller, &waba)?;
    let body: serde_json::Value = body(&request, payload, edge).await?;
    let _alone = edge.route_edits.lock().await;
    place.require_match(&request, &name)?;
    let before = place.route(&name).await?;
    let keeps_secret = body.get("secret").is_none();
    if let Some(why) = before.as_ref().and_then(|route| route.unusable.as_deref()).filter(|_| keeps_secret) {
        return Err(ApiError::naming(ErrorId::SecretLocked, format!("the secret of route {name} cannot stay: {why}")));
    }
    let signing = before.map(|route| route.signing.clone()).unwrap_or_default();
    let prefix = format!("{}/{waba}", place.gateway);
    let read = own_route(&body, &prefix, &name, &Allowed { signing, private: edge.private_routes }, now_ms());
    let (route, warnings) = read.map_err(|why| ApiError::naming(ErrorId::ParameterBad, why))?;
    let sealed = kept::seal(&route, &name, &edge.wharf.vault);
    let sealed = sealed.map_err(|why| ApiError::naming(ErrorId::SecretLocked, why))?;
    let shown = Shown::of(&name, &route, warnings);
    let changed = place.actor.send(PutRoute { kept: sealed, route: Arc::new(route) }).await;
    let (status, word) = match changed.map_err(|_| restarting())? {
        Changed::Created => (StatusCode::CREATED, "created"),
        Changed::Replaced => (StatusCode::OK, "replaced"),
        Changed::TooMany => return Err(ApiError::naming(ErrorId::RoutesFull, MOST_OWN_ROUTES)),
        Changed::Removed | Changed::Unknown => return Err(place.unknown(&name)),
        Changed::Lost { reason } => return Err(ApiError::naming(ErrorId::NotDurable, reason)),
    };
    place.note("put_route", &format!("{} {word}: {}", shown.route, shown.url), &request, &caller).await?;
    let mut answer = json(&shown);
    *answer.status_mut() = status;
    Ok(match place.version(&name)? {
        Some(version) => version.on(answer),
        None => answer,
    })
}

/// Removes a route for good.
pub async fn delete(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = admin(&request, &late).await?;
    let (waba, name) = path.into_inner();
    let place = Place::of(edge, &caller, &waba)?;
    let _alone = edge.route_edits.lock().await;
    place.require_match(&request, &name)?;
    let changed = place.actor.send(DropRoute { name: name.as_str().into() }).await;
    match changed.map_err(|_| restarting())? {
        Changed::Removed => {}
        Changed::Created | Changed::Replaced | Changed::TooMany | Changed::Unknown => return Err(place.unknown(&name)),
        Changed::Lost { reason } => return Err(ApiError::naming(ErrorId::NotDurable, reason)),
    }
    let route = place.full_name(&name);
    place.note("delete_route", &format!("{route} removed"), &request, &caller).await?;
    Ok(json(&Dropped { route, removed: true }))
}

/// Ends a pause: the application of an account's own route said 410 and is back.
pub async fn resume(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = admin(&request, &late).await?;
    let (waba, name) = path.into_inner();
    let place = Place::of(edge, &caller, &waba)?;
    let found = place.route(&name).await?.ok_or_else(|| place.unknown(&name))?;
    let (route, resumed) = (place.full_name(&name), edge.wharf.gates.resume(&found.url, now_ms()));
    let result = if resumed { "resumed" } else { "it was not paused" };
    place.note("resume_route", &format!("{route} {result}"), &request, &caller).await?;
    Ok(json(&Resumed { route, resumed }))
}

/// The edge, for a caller that may change something and asks for it on purpose.
pub(super) async fn admin<'a>(
    request: &HttpRequest,
    late: &'a Late,
) -> Result<(&'a web::Data<Edge>, Caller), ApiError> {
    authorised::refuse_cross_site(request)?;
    let edge = late.get().ok_or_else(|| ApiError::naming(ErrorId::NotReady, "the store is being opened"))?;
    let caller = authorised::caller(request, edge).await?;
    caller.require(Scope::Admin)?;
    Ok((edge, caller))
}

/// The account whose routes are meant.
pub(super) struct Place<'a> {
    edge: &'a Edge,
    waba: &'a str,
    gateway: Arc<str>,
    actor: actix::Addr<Account>,
}

impl<'a> Place<'a> {
    /// A route gets the mail of all the account's numbers: no key for some of them alone may see or set one.
    pub(super) fn of(edge: &'a Edge, caller: &Caller, waba: &'a str) -> Result<Self, ApiError> {
        require_whole_account(edge, caller, waba)?;
        let unknown = || ApiError::naming(ErrorId::AccountUnknown, waba);
        let (actor, desks) = edge.wharf.directory.account(waba).ok_or_else(unknown)?;
        Ok(Self { edge, waba, gateway: Arc::clone(&desks.gateway.uri), actor })
    }

    async fn routes(&self) -> Result<Vec<(Box<str>, Arc<Route>)>, ApiError> {
        self.actor.send(OwnRoutes).await.map_err(|_| restarting())
    }

    /// One of them, by its name.
    pub(super) async fn route(&self, name: &str) -> Result<Option<Arc<Route>>, ApiError> {
        Ok(self.routes().await?.into_iter().find(|(known, _)| **known == *name).map(|(_, route)| route))
    }

    /// Which state a route is in, from what is kept of it: settings in the clear, the rest encrypted.
    fn version(&self, name: &str) -> Result<Option<Version>, ApiError> {
        let record = RoutesRecord { account: self.waba.into(), routes: Vec::new() };
        let failed = |error| ApiError::naming(ErrorId::StoreFailed, error);
        let Some(kept) = self.edge.wharf.store.get(Kind::Routes, &record.key().0).map_err(failed)? else {
            return Ok(None);
        };
        let own = RoutesRecord::from_bytes(&kept).map_err(failed)?.routes.into_iter().find(|own| &*own.name == name);
        Ok(own.map(|own| Version::of(&[&own.settings, &own.sealed])))
    }

    fn require_match(&self, request: &HttpRequest, name: &str) -> Result<(), ApiError> {
        require_match(request, &format!("the route {}", self.full_name(name)), self.version(name)?.as_ref())
    }

    fn full_name(&self, name: &str) -> String {
        kept::full_name(&self.gateway, self.waba, name).to_string()
    }

    /// Where the account's routes are: the gateway's name.
    pub(super) fn gateway(&self) -> &Arc<str> {
        &self.gateway
    }

    /// There is no such route.
    pub(super) fn unknown(&self, name: &str) -> ApiError {
        ApiError::naming(ErrorId::RouteUnknown, self.full_name(name))
    }

    /// Keeps in the audit what was done about one of them.
    pub(super) async fn note(
        &self,
        verb: &str,
        result: &str,
        request: &HttpRequest,
        caller: &Caller,
    ) -> Result<(), ApiError> {
        let deed = Deed { gateway: &self.gateway, verb, ids: vec![self.waba.into()], result: result.to_owned() };
        audit::keep(deed, request, caller, self.edge).await
    }
}

fn restarting() -> ApiError {
    ApiError::naming(ErrorId::NotReady, "the account is being restarted")
}
