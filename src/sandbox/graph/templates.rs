//! Management that clients ask for beside sending: the templates of an account, the profile of a number.

use actix_web::web::{Data, Json};
use serde_json::{Value, json};

use super::Graph;
use super::call::Call;
use super::fault::Fault;
use super::{fields, paging};

/// The templates of every account: name, category, text.
const TEMPLATES: &[(&str, &str, &str)] = &[
    ("hello_world", "UTILITY", "Welcome and congratulations!!"),
    ("order_ready", "UTILITY", "Your order {{1}} is ready."),
    ("summer_sale", "MARKETING", "Everything 20 % off."),
];
/// What Graph shows of a template that no fields are asked of.
const DEFAULTS: &str = "id,name,language,status,category,components";

/// `GET /{waba}/message_templates`
pub(super) async fn list(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    let world = graph.world();
    world.account(&call.node, "get")?;
    let wanted: Vec<(usize, _)> =
        TEMPLATES.iter().enumerate().filter(|(_, template)| is_wanted(call, template.0)).collect();
    let page = paging::page(&wanted, call, |(at, (name, category, text))| {
        let status = world.standing.template_status(&call.node, name);
        let template = json!({
            "id": format!("7{at:014}"), "name": name, "language": "en_US", "status": status, "category": category,
            "parameter_format": "POSITIONAL", "components": [{"type": "BODY", "text": text}],
        });
        fields::pick(&template, call.param("fields"), DEFAULTS)
    })?;
    Ok(Json(page))
}

/// `GET /{number}/whatsapp_business_profile`
pub(super) async fn profile(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    let world = graph.world();
    let (account, _) = world.number(&call.node, "get")?;
    let profile = json!({
        "messaging_product": "whatsapp", "about": account.name, "description": "A simulated business",
        "email": "shop@example.com", "vertical": "RETAIL", "websites": ["https://example.com/"],
    });
    Ok(Json(json!({"data": [profile]})))
}

/// `POST /{number}/whatsapp_business_profile`: taken and forgotten.
pub(super) async fn update_profile(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    graph.world().number(&call.of_system()?.node, "post")?;
    Ok(Json(json!({"success": true})))
}

fn is_wanted(call: &Call, name: &str) -> bool {
    call.param("name").is_none_or(|wanted| wanted == name)
}
