//! `/api/gateways/{gateway}/register`: Meta is told where the app's webhooks go. Touches no object of the app but
//! `whatsapp_business_account`.

use super::{bytes, changer, gateways, json, object, read};
use crate::audit::{self, Deed};
use crate::config::masked;
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use wharf_actors::cloud::app::{AppSubscription, is_field, wanted_fields};
use wharf_actors::courier::app::{AskApp, SubscribeApp};
use wharf_actors::courier::fault::Fault;
use wharf_actors::gateway::{Gateway, Secret};
use wharf_storage::{Kind, Noun, RoutesRecord};

/// Meta's code where the callback did not answer its handshake.
const NOT_VERIFIED: i64 = 2200;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "WhatToRegister")]
pub(super) struct Wish {
    /// These fields, and no other; without them those that are wanted and those that the app has.
    fields: Option<BTreeSet<String>>,
    /// Only say what would be done.
    dry_run: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Registration")]
pub(super) struct Registered {
    callback_url: String,
    fields: BTreeSet<String>,
    dry_run: bool,
    /// What Meta had before; `null` where it had nothing for this object.
    before: Option<SubscriptionShown>,
    /// What it has now; `null` where nothing was done.
    after: Option<SubscriptionShown>,
}

/// Where Meta sends the webhooks of an app.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AppSubscription")]
struct SubscriptionShown {
    /// Without what may be secret in another's callback.
    callback_url: String,
    /// Whether anything is sent at all.
    active: bool,
    fields: BTreeSet<String>,
}

/// What a registration needs of the settings.
struct Needed {
    callback_url: String,
    verify_token: Secret,
}

/// Has Meta send the webhooks of the gateway's app to the gateway.
pub async fn register(
    request: HttpRequest,
    uri: web::Path<String>,
    payload: Payload,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = changer(&request, &late).await?;
    let desks = gateways::whole(edge, &caller, &uri)?;
    let gateway = &desks.gateway;
    let wish = wish(&bytes(&request, payload, edge).await?)?;
    let needed = needed(gateway)?;
    let before = current(edge, gateway).await?;
    let fields = match wish.fields {
        Some(fields) => fields,
        // What somebody subscribed before, such as calls, stays.
        None => {
            wanted(edge, gateway).await?.into_iter().chain(before.iter().flat_map(|it| it.fields.clone())).collect()
        }
    };
    let mut after = None;
    if !wish.dry_run {
        let subscribed = subscribe(edge, gateway, &needed, &fields).await;
        let result = subscribed.as_ref().map_or_else(ToString::to_string, |()| format!("{} fields", fields.len()));
        let deed = Deed { gateway: &gateway.uri, verb: "register", ids: Vec::new(), result };
        audit::keep(deed, &request, &caller, edge).await?;
        subscribed?;
        after = current(edge, gateway).await?;
    }
    let (before, after) = (before.map(SubscriptionShown::of), after.map(SubscriptionShown::of));
    Ok(json(&Registered { callback_url: needed.callback_url, fields, dry_run: wish.dry_run, before, after }))
}

impl SubscriptionShown {
    fn of(subscription: AppSubscription) -> Self {
        let AppSubscription { callback_url, active, fields } = subscription;
        Self { callback_url: masked(&callback_url), active, fields }
    }
}

fn wish(body: &[u8]) -> Result<Wish, ApiError> {
    let wish: Wish = object(body).map_err(|error| ApiError::naming(ErrorId::BodyNotJson, error))?;
    let odd = wish.fields.iter().flatten().find(|field| !is_field(field));
    match (odd, wish.fields.as_ref().is_some_and(BTreeSet::is_empty)) {
        (Some(odd), _) => Err(ApiError::naming(ErrorId::ParameterBad, format!("{odd:?} is no webhook field"))),
        (None, true) => Err(ApiError::naming(ErrorId::ParameterBad, "fields must name at least one, or be left out")),
        (None, false) => Ok(wish),
    }
}

/// Names everything that is missing at once.
fn needed(gateway: &Gateway) -> Result<Needed, ApiError> {
    let verify_token = gateway.verify_token.get();
    let given = [
        ("app_id", gateway.app_id.is_some()),
        ("app_secret", !gateway.app_secrets.get().is_empty()),
        ("server.public_url", gateway.callback_url.is_some()),
        ("verify_token", verify_token.is_some()),
    ];
    let missing: Vec<&str> = given.iter().filter(|(_, given)| !given).map(|(name, _)| *name).collect();
    let lacking = format!("gateway {} cannot be registered without {}", gateway.uri, missing.join(", "));
    match (&gateway.callback_url, verify_token.as_ref()) {
        (Some(callback_url), Some(verify_token)) if missing.is_empty() => {
            Ok(Needed { callback_url: callback_url.clone(), verify_token: verify_token.clone() })
        }
        (_, _) => Err(ApiError::naming(ErrorId::SettingsMissing, lacking)),
    }
}

/// The fields that the gateway's app should have: for its routes, those of its accounts, and to know how they fare.
pub(super) async fn wanted(edge: &Edge, gateway: &Gateway) -> Result<BTreeSet<String>, ApiError> {
    let records = read(edge, |store| {
        let records = store.hot(Kind::Routes, &[]).into_iter();
        records.map(|(_, bytes)| RoutesRecord::from_bytes(&bytes)).collect::<Result<Vec<_>, _>>()
    });
    let at_this_gateway = |record: &RoutesRecord| {
        edge.wharf.directory.account(&record.account).is_some_and(|(_, desks)| desks.gateway.uri == gateway.uri)
    };
    let own = records.await?.into_iter().filter(at_this_gateway).flat_map(|record| record.routes);
    let mut routes: Vec<Vec<String>> = own.map(|route| own_fields(&route.settings)).collect();
    routes.extend(gateway.routes.get().iter().map(|route| route.fields.clone()));
    Ok(wanted_fields(routes.iter().map(Vec::as_slice)))
}

fn own_fields(settings: &[u8]) -> Vec<String> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Fields {
        fields: Vec<String>,
    }
    serde_json::from_slice::<Fields>(settings).unwrap_or_default().fields
}

async fn current(edge: &Edge, gateway: &Arc<Gateway>) -> Result<Option<AppSubscription>, ApiError> {
    let asked = edge.wharf.courier.send(AskApp { gateway: Arc::clone(gateway) }).await;
    asked.map_err(|_| stopping())?.map_err(refused)
}

async fn subscribe(
    edge: &Edge,
    gateway: &Arc<Gateway>,
    needed: &Needed,
    fields: &BTreeSet<String>,
) -> Result<(), ApiError> {
    let wish = SubscribeApp {
        gateway: Arc::clone(gateway),
        callback_url: needed.callback_url.clone(),
        verify_token: needed.verify_token.clone(),
        fields: fields.iter().cloned().collect(),
    };
    edge.wharf.courier.send(wish).await.map_err(|_| stopping())?.map_err(refused)
}

fn stopping() -> ApiError {
    ApiError::naming(ErrorId::NotReady, "wharf is stopping")
}

fn refused(fault: Fault) -> ApiError {
    match fault {
        Fault::Refused(refusal) if refusal.code == Some(NOT_VERIFIED) => {
            ApiError::naming(ErrorId::CallbackRefused, refusal.message)
        }
        fault @ (Fault::Refused(_) | Fault::NotSent { .. } | Fault::Unknown { .. } | Fault::TooLarge { .. }) => {
            ApiError::naming(ErrorId::GraphFailed, fault)
        }
    }
}
