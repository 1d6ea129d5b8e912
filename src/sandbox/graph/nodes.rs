//! Accounts and numbers as Graph nodes: one by its path, several by `?ids=`.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::fault::Fault;
use super::{Graph, fields, paging, subscriptions};
use crate::sandbox::limits::{COEXISTENCE_THROUGHPUT, HIGH_THROUGHPUT};
use crate::sandbox::postoffice::unix_now_ms;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::{Account, Number, Step, World};

/// Graph reads at most this many nodes at once.
const MAX_IDS: usize = 50;
/// What Graph shows of an account that no fields are asked of.
pub(super) const ACCOUNT_DEFAULTS: &str = "id,name,timezone_id,message_template_namespace,currency";
/// What Graph shows of a number that no fields are asked of.
pub(super) const NUMBER_DEFAULTS: &str = "id,verified_name,code_verification_status,display_phone_number,quality_rating,\
                                          platform_type,throughput,webhook_configuration,last_onboarded_time";

/// `GET /{node}`
pub(super) async fn node(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    let shown = show(&graph.world(), &call.node, call)?;
    Ok(Json(shown))
}

/// `GET /?ids=…`: all of them, or the error of the first that cannot be read.
pub(super) async fn by_ids(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    let ids = call.param("ids").ok_or_else(|| Refusal::parameter("The parameter ids is required."))?;
    let ids: Vec<&str> = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if ids.is_empty() {
        return Err(Refusal::parameter("Cannot specify an empty identifier.").into());
    }
    if ids.len() > MAX_IDS {
        let message = format!("Too many IDs. Maximum: {MAX_IDS}. Provided: {}.", ids.len());
        return Err(Refusal::parameter(message).into());
    }
    let world = graph.world();
    let nodes: Result<Map<String, Value>, Refusal> =
        ids.into_iter().map(|id| Ok((id.to_owned(), show(&world, id, call)?))).collect();
    Ok(Json(Value::Object(nodes?)))
}

/// `POST /{node}`: a number's `webhook_configuration`; other settings are taken and forgotten.
pub(super) async fn update(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    if call.body["webhook_configuration"].is_object() {
        subscriptions::configure_number(call, &graph).await?;
    } else {
        show(&graph.world(), &call.node, call)?;
    }
    Ok(Json(json!({"success": true})))
}

/// `DELETE /{node}`: media only.
pub(super) async fn delete(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    graph.world().delete_media(&call.of_system()?.node)?;
    Ok(Json(json!({"success": true})))
}

/// Anything else.
pub(super) async fn unknown(req: HttpRequest) -> impl Responder {
    let method = req.method().as_str().to_ascii_lowercase();
    let refusal = match req.match_info().get("node") {
        Some(id) => Refusal::unknown_object(&method, id),
        None => Refusal::unknown_path(req.path()),
    };
    Err::<HttpResponse, Fault>(refusal.into())
}

fn show(world: &World, id: &str, call: &Call) -> Result<Value, Refusal> {
    if let Ok(media) = world.media_node(id, call.param("phone_number_id"), &call.origin, unix_now_ms()) {
        return Ok(media);
    }
    if let Ok((account, number)) = world.number(id, &call.method) {
        return Ok(fields::pick(&number_node(world, account, number), call.param("fields"), NUMBER_DEFAULTS));
    }
    world.account(id, &call.method).map(|account| show_account(world, account, call.param("fields")))
}

/// An account with the wanted fields; `phone_numbers` and `subscribed_apps` may be among them.
pub(super) fn show_account(world: &World, account: &Account, wanted: Option<&str>) -> Value {
    let mut shown = fields::pick(&account_node(world, account), wanted, ACCOUNT_DEFAULTS);
    for field in fields::parse(wanted.unwrap_or_default()) {
        if field.name == "phone_numbers" {
            let numbers = account.numbers.iter().take(field.limit.unwrap_or(25));
            let inner = field.inner.as_deref();
            let data: Vec<Value> = numbers
                .map(|number| fields::pick(&number_node(world, account, number), inner, NUMBER_DEFAULTS))
                .collect();
            let paging = paging::beside_node(data.len());
            shown["phone_numbers"] = json!({"data": data, "paging": paging});
        }
        if field.name == "subscribed_apps" {
            shown["subscribed_apps"] = subscriptions::apps_of(world, account);
        }
    }
    shown
}

fn account_node(world: &World, account: &Account) -> Value {
    json!({
        "id": account.id, "name": account.name, "currency": "EUR", "country": "DE", "timezone_id": "71",
        "message_template_namespace": format!("ns_{}", account.id),
        "account_review_status": "APPROVED", "business_verification_status": "verified",
        "ownership_type": "SELF", "primary_business_location": "DE",
        "whatsapp_business_manager_messaging_limit": "TIER_UNLIMITED",
        "marketing_messages_onboarding_status": "ONBOARDED",
        "owner_business_info": {"id": world.business_id(), "name": "Simulated Business"},
        "health_status": health("WABA", &account.id),
    })
}

pub(super) fn number_node(world: &World, account: &Account, number: &Number) -> Value {
    let subscription = account.subscription.as_ref();
    let mut configuration = Map::new();
    let urls = [
        ("application", world.options.callback_url.as_deref()),
        ("whatsapp_business_account", subscription.and_then(|own| own.override_url.as_deref())),
        ("phone_number", number.override_url.as_deref()),
    ];
    for (level, url) in urls {
        if let Some(url) = url {
            configuration.insert(level.to_owned(), url.into());
        }
    }
    let throughput = world.limits.throughput(&number.id);
    let level = if throughput >= HIGH_THROUGHPUT { "HIGH" } else { "STANDARD" };
    let (verified, status, platform) = match number.registration.step() {
        Step::Added => ("NOT_VERIFIED", "PENDING", "NOT_APPLICABLE"),
        Step::Verified => ("VERIFIED", "PENDING", "NOT_APPLICABLE"),
        Step::Registered => ("VERIFIED", "CONNECTED", "CLOUD_API"),
        Step::Deregistered => ("VERIFIED", "DISCONNECTED", "NOT_APPLICABLE"),
    };
    json!({
        "id": number.id, "display_phone_number": number.display, "verified_name": number.name,
        "name_status": "APPROVED", "code_verification_status": verified, "quality_rating": "GREEN",
        "quality_score": {"score": "GREEN"}, "status": status, "account_mode": "LIVE", "platform_type": platform,
        "is_on_biz_app": throughput <= COEXISTENCE_THROUGHPUT, "is_pin_enabled": status != "PENDING",
        "is_official_business_account": false, "throughput": {"level": level},
        "messaging_limit_tier": "TIER_UNLIMITED", "whatsapp_business_manager_messaging_limit": "TIER_UNLIMITED",
        "webhook_configuration": configuration, "country_code": "US", "search_visibility": "NON_VISIBLE",
        "last_onboarded_time": "2026-01-15T10:00:00+0000", "health_status": health("PHONE_NUMBER", &number.id),
    })
}

fn health(entity: &str, id: &str) -> Value {
    json!({"can_send_message": "AVAILABLE", "entities": [{"entity_type": entity, "id": id, "can_send_message": "AVAILABLE"}]})
}
