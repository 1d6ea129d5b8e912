//! Lists that tell what a business has: its accounts, and their numbers.

use actix_web::web::{Data, Json};
use serde_json::Value;

use super::call::Call;
use super::fault::Fault;
use super::{Graph, fields, nodes, paging};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::Account;

/// Every fourth account belongs to a client of the business, the others are its own.
const CLIENT_EVERY: usize = 4;

/// `GET /{waba}/phone_numbers`
pub(super) async fn phone_numbers(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    let world = graph.world();
    let account = world.account(&call.node, "get")?;
    let wanted = call.param("fields");
    let page = paging::page(&account.numbers, call, |number| {
        fields::pick(&nodes::number_node(&world, account, number), wanted, nodes::NUMBER_DEFAULTS)
    })?;
    Ok(Json(page))
}

/// `GET /{business}/owned_whatsapp_business_accounts`
pub(super) async fn owned_accounts(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    accounts(&call, &graph, |at| at % CLIENT_EVERY != CLIENT_EVERY - 1)
}

/// `GET /{business}/client_whatsapp_business_accounts`
pub(super) async fn client_accounts(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    accounts(&call, &graph, |at| at % CLIENT_EVERY == CLIENT_EVERY - 1)
}

fn accounts(call: &Call, graph: &Graph, belongs: impl Fn(usize) -> bool) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    let world = graph.world();
    if call.node != world.business_id() {
        return Err(Refusal::unknown_object("get", &call.node).into());
    }
    let listed = world.accounts().iter().enumerate().filter(|(at, _)| belongs(*at));
    let listed: Vec<&Account> = listed.map(|(_, account)| account).collect();
    let page = paging::page(&listed, call, |account| nodes::show_account(&world, account, call.param("fields")))?;
    Ok(Json(page))
}
