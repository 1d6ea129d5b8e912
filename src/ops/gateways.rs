//! `/api/gateways`: the gateways there are, and what each is set up to do. Shows no secret.

use super::life::TokenShown;
use super::{inspector, json};
use crate::auth::Caller;
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use wharf_actors::directory::Desks;
use wharf_actors::gateway::{Overrides, VerbsAt};

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "GatewayList")]
pub(super) struct List {
    data: Vec<GatewayShown>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct GatewayShown {
    uri: String,
    /// How Meta reaches it, where `server.public_url` says so.
    callback: Option<String>,
    routes: Vec<String>,
    /// Engaged accounts that the caller's key is for.
    accounts: usize,
    /// Which listener takes its verbs.
    #[schemars(extend("enum" = ["public", "ops"]))]
    verbs: &'static str,
    /// Whether each account gets the callback as an override of its own.
    #[serde(rename = "override")]
    overrides: bool,
    app_id: Option<String>,
    /// App secrets; none means that no signature is checked.
    secrets: usize,
    /// Whether there is a verify token.
    verify_token: bool,
    /// The page that may open a login.
    admin_origin: Option<String>,
    /// Before Graph was asked about it, nothing.
    token: Option<TokenShown>,
}

/// The gateways that the caller's key may see.
pub async fn list(request: HttpRequest, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    caller.require_all_numbers()?;
    let mut gateways = edge.wharf.directory.gateways();
    gateways.retain(|desks| caller.may_use_gateway(&desks.gateway.uri));
    gateways.sort_by(|a, b| a.gateway.uri.cmp(&b.gateway.uri));
    Ok(json(&List { data: gateways.iter().map(|desks| GatewayShown::of(desks, &caller, edge)).collect() }))
}

impl GatewayShown {
    fn of(desks: &Desks, caller: &Caller, edge: &Edge) -> Self {
        let gateway = &desks.gateway;
        let accounts = desks.read().all();
        Self {
            uri: gateway.uri.to_string(),
            callback: gateway.callback_url.clone(),
            routes: gateway.routes.get().iter().map(|route| route.name.to_string()).collect(),
            accounts: accounts.iter().filter(|(id, _)| caller.may_use_account(id)).count(),
            verbs: match gateway.verbs {
                VerbsAt::Public => "public",
                VerbsAt::Ops => "ops",
            },
            overrides: gateway.overrides == Overrides::Account,
            app_id: gateway.app_id.clone(),
            secrets: gateway.app_secrets.get().len(),
            verify_token: gateway.verify_token.get().is_some(),
            admin_origin: gateway.admin_origin.clone(),
            token: edge.wharf.tokens.of(&gateway.uri).map(|token| TokenShown::of(&token)),
        }
    }
}

/// The gateway `uri`, where the caller's key is for all of it.
pub(super) fn whole(edge: &Edge, caller: &Caller, uri: &str) -> Result<Arc<Desks>, ApiError> {
    let theirs = |desks: &Arc<Desks>| caller.may_use_gateway(&desks.gateway.uri);
    let desks = edge.wharf.directory.gateway(uri).filter(theirs);
    let desks = desks.ok_or_else(|| ApiError::naming(ErrorId::GatewayUnknown, uri))?;
    caller.require_all_accounts()?;
    Ok(desks)
}
