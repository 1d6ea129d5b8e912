//! Tokens: what one may do, and how an app gets one.

use std::collections::HashMap;

use actix_web::web::{Data, Json, Query};
use serde_json::{Value, json};

use super::Graph;
use super::call::Call;
use super::fault::Fault;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::{Caller, TokenLife, TokenReach, World};

/// `GET /debug_token?input_token=`
pub(super) async fn debug_token(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let input =
        call.param("input_token").ok_or_else(|| Refusal::parameter("The parameter input_token is required."))?;
    let world = graph.world();
    if let Some(ids) = world.shared_by(input) {
        let granted = |scope: &str| json!({"scope": scope, "target_ids": ids});
        return Ok(Json(json!({"data": {
            "app_id": world.options.app_id, "type": "USER", "application": "Wharf Sandbox", "is_valid": true,
            "expires_at": 0, "scopes": SCOPES, "granular_scopes": SCOPES.map(granted), "user_id": world.user_id,
        }})));
    }
    let data = match world.authorise(Some(input), None) {
        Ok(Caller::System) => {
            let ids: Vec<&str> = world.accounts().iter().map(|account| account.id.as_str()).collect();
            system_token(&world, &world.token_life, &ids)
        }
        Ok(Caller::Client) => {
            let (account, life) = world.clients.of(input).expect("authorised just now");
            system_token(&world, life, &[account])
        }
        Ok(Caller::App) => json!({"app_id": world.options.app_id, "type": "APP", "is_valid": true, "scopes": []}),
        Err(refusal) => json!({
            "error": {"code": refusal.code, "message": refusal.message}, "is_valid": false, "scopes": [],
        }),
    };
    Ok(Json(json!({"data": data})))
}

/// What an app needs to be of any use here.
const SCOPES: [&str; 2] = ["whatsapp_business_management", "whatsapp_business_messaging"];

fn system_token(world: &World, life: &TokenLife, ids: &[&str]) -> Value {
    let kept: Vec<&str> =
        SCOPES.into_iter().filter(|scope| !life.lost_scopes.iter().any(|lost| lost == scope)).collect();
    let granular = kept.iter().map(|scope| match world.options.reach {
        TokenReach::Listed => json!({"scope": scope, "target_ids": ids}),
        TokenReach::Unlisted => json!({"scope": scope}),
    });
    let granular: Vec<Value> = granular.collect();
    let scopes: Vec<&str> = std::iter::once("business_management").chain(kept.iter().copied()).collect();
    json!({
        "app_id": world.options.app_id, "type": "SYSTEM_USER", "application": "Wharf Sandbox",
        "data_access_expires_at": life.data_access_expires_at, "expires_at": life.expires_at, "is_valid": true, "issued_at": 1_767_225_600,
        "scopes": scopes, "granular_scopes": granular,
        "user_id": world.user_id,
    })
}

/// `GET|POST /oauth/access_token`: the app's own token, or the one that a code of the login dialog stands for.
pub(super) async fn access_token(
    params: Query<HashMap<String, String>>,
    body: String,
    graph: Data<Graph>,
) -> Result<Json<Value>, Fault> {
    let mut params = params.into_inner();
    params.extend(Query::<HashMap<String, String>>::from_query(&body).map(Query::into_inner).unwrap_or_default());
    let mut world = graph.world();
    let named = |name: &str| params.get(name).map(String::as_str);
    if named("client_id") != Some(&world.options.app_id) {
        return Err(Refusal::oauth("Error validating application. Cannot get application info.").into());
    }
    if named("client_secret") != Some(&world.options.app_secret) {
        return Err(Refusal::oauth("Error validating client secret.").into());
    }
    let token = match (named("grant_type"), named("code")) {
        (Some("client_credentials"), _) => format!("{}|{}", world.options.app_id, world.options.app_secret),
        (_, Some(code)) => match named("redirect_uri") {
            Some(redirect_uri) => world.redeem(code, redirect_uri)?,
            // Embedded Signup, which comes back to no page.
            None => world.options.token.clone(),
        },
        (_, None) => return Err(Refusal::parameter("Missing authorization code").into()),
    };
    Ok(Json(json!({"access_token": token, "token_type": "bearer"})))
}
