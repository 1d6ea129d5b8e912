//! Who gets webhooks and where: `subscribed_apps` of accounts, `subscriptions` of the app, a number's own callback.
//! A URL is taken only after it has answered the handshake.

use std::time::Duration;

use actix_web::web::{Data, Json};
use serde_json::{Value, json};

use super::Graph;
use super::call::Call;
use super::fault::Fault;
use crate::sandbox::ids::Mint;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::{Account, World};

/// Longest callback that may override another.
const MAX_OVERRIDE: usize = 200;
/// A callback must answer the handshake within this time.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// `GET /{waba}/subscribed_apps`
pub(super) async fn list(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    let world = graph.world();
    let account = world.account(&call.node, "get")?;
    Ok(Json(apps_of(&world, account)))
}

/// `POST /{waba}/subscribed_apps`: subscribes, and sets the account's own callback or takes it away.
pub(super) async fn subscribe(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    let Some(url) = call.param("override_callback_uri").filter(|url| !url.is_empty()) else {
        graph.world().subscribe(&call.node, None)?;
        return success();
    };
    graph.world().may_override(&call.node)?;
    checked_handshake(url, call.param("verify_token")).await?;
    graph.world().subscribe(&call.node, Some(url.to_owned()))?;
    success()
}

/// `DELETE /{waba}/subscribed_apps`
pub(super) async fn unsubscribe(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    graph.world().unsubscribe(&call.of_system()?.node)?;
    success()
}

/// `GET /{app}/subscriptions`
pub(super) async fn app_list(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let world = graph.world();
    own_app(&call, &world)?;
    let data: Vec<Value> =
        world.options.callback_url.iter().map(|url| app_subscription(url, &world.app_fields)).collect();
    Ok(Json(json!({"data": data})))
}

/// `POST /{app}/subscriptions`: sets the app's callback.
pub(super) async fn app_subscribe(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    own_app(&call, &graph.world())?;
    if call.param("object") != Some("whatsapp_business_account") {
        return Err(Refusal::parameter("Param object must be whatsapp_business_account here.").into());
    }
    let url =
        call.param("callback_url").ok_or_else(|| Refusal::parameter("The parameter callback_url is required."))?;
    handshake(url, call.param("verify_token").unwrap_or_default()).await?;
    let mut world = graph.world();
    world.set_callback(Some(url.to_owned()));
    if let Some(fields) = call.param("fields") {
        let mut fields: Vec<String> = fields.split(',').map(|field| field.trim().to_owned()).collect();
        fields.sort();
        world.app_fields = fields;
    }
    success()
}

/// `DELETE /{app}/subscriptions`
pub(super) async fn app_unsubscribe(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let mut world = graph.world();
    own_app(&call, &world)?;
    world.set_callback(None);
    success()
}

/// Sets or, with an empty string, removes a number's own callback.
pub(super) async fn configure_number(call: &Call, graph: &Graph) -> Result<(), Refusal> {
    graph.world().number(&call.node, "post")?;
    let configuration = &call.body["webhook_configuration"];
    let url = configuration["override_callback_uri"].as_str().unwrap_or_default();
    if !url.is_empty() {
        checked_handshake(url, configuration["verify_token"].as_str()).await?;
    }
    graph.world().number_mut(&call.node, "post")?.override_url = (!url.is_empty()).then(|| url.to_owned());
    Ok(())
}

/// The list of apps subscribed to an account.
pub(super) fn apps_of(world: &World, account: &Account) -> Value {
    let Some(subscription) = &account.subscription else { return json!({"data": []}) };
    let app_id = &world.options.app_id;
    let mut app = json!({"whatsapp_business_api_data": {
        "id": app_id, "name": "Wharf Sandbox", "link": format!("https://www.facebook.com/games/?app_id={app_id}"),
    }});
    if let Some(url) = &subscription.override_url {
        app["override_callback_uri"] = url.as_str().into();
    }
    json!({"data": [app]})
}

fn app_subscription(url: &str, fields: &[String]) -> Value {
    let fields: Vec<Value> = fields.iter().map(|name| json!({"name": name, "version": "v25.0"})).collect();
    json!({"object": "whatsapp_business_account", "callback_url": url, "active": true, "fields": fields})
}

fn own_app(call: &Call, world: &World) -> Result<(), Refusal> {
    if call.of_app()?.node != world.options.app_id {
        return Err(Refusal::unknown_object(&call.method, &call.node));
    }
    Ok(())
}

async fn checked_handshake(url: &str, verify_token: Option<&str>) -> Result<(), Refusal> {
    if url.len() > MAX_OVERRIDE {
        return Err(Refusal::parameter("Param override_callback_uri must be at most 200 characters long."));
    }
    let verify_token = verify_token.ok_or_else(|| Refusal::parameter("The parameter verify_token is required."))?;
    handshake(url, verify_token).await
}

/// Asks `url` for the challenge, as Meta does before it sends anything there.
async fn handshake(url: &str, verify_token: &str) -> Result<(), Refusal> {
    let challenge = (Mint::new(rand::random()).draw() % 10_000_000_000).to_string();
    let query = [("hub.mode", "subscribe"), ("hub.challenge", challenge.as_str()), ("hub.verify_token", verify_token)];
    let client = awc::Client::builder().timeout(HANDSHAKE_TIMEOUT).disable_redirects().finish();
    let request = client.get(url).query(&query).map_err(|error| Refusal::callback(&format!("Invalid URL: {error}")))?;
    let mut response = request.send().await.map_err(|error| Refusal::callback(&format!("No answer: {error}")))?;
    let status = response.status();
    if status != awc::http::StatusCode::OK {
        let reason = status.canonical_reason().unwrap_or_default();
        return Err(Refusal::callback(&format!("HTTP Status Code = {}; HTTP Message = {reason}", status.as_u16())));
    }
    let body = response.body().await.unwrap_or_default();
    if body != challenge.as_bytes() {
        return Err(Refusal::callback("The answer is not the challenge"));
    }
    Ok(())
}

fn success() -> Result<Json<Value>, Fault> {
    Ok(Json(json!({"success": true})))
}
