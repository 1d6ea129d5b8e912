//! `/sandbox/…`: what Graph does not have. A test, in whatever language, looks at the sandbox and steers it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use actix_web::web::{Data, Json};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Graph;
use super::call::Call;
use super::fault::Fault;
use crate::sandbox::faults::Faults;
use crate::sandbox::limits::NumberUsage;
use crate::sandbox::postoffice::unix_now;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::stats::StatsView;

/// What the sandbox has seen.
#[derive(Debug, Serialize)]
pub(super) struct Look {
    stats: StatsView,
    /// How each number used its limits.
    numbers: Vec<NumberUsage>,
    /// The code that was sent last to each number that has not given it back yet.
    codes: BTreeMap<String, String>,
    faults: Faults,
}

/// A number's new throughput.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Throughput {
    number: String,
    per_second: u32,
}

/// `GET /sandbox/stats`
pub(super) async fn look(call: Call, graph: Data<Graph>) -> Result<Json<Look>, Fault> {
    call.of_system()?;
    let stats = graph.shared.stats.view();
    let world = graph.world();
    Ok(Json(Look { stats, numbers: world.usage(), codes: world.codes(), faults: world.options.faults.clone() }))
}

/// `DELETE /sandbox/stats`: the usage of the limits is counted anew.
pub(super) async fn forget(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    call.of_system()?;
    graph.world().forget_usage();
    Ok(Json(json!({"success": true})))
}

/// `POST /sandbox/faults`: the members given replace those that were; answers with all.
pub(super) async fn change_faults(call: Call, graph: Data<Graph>) -> Result<Json<Faults>, Fault> {
    let call = call.of_system()?;
    let mut world = graph.world();
    let mut members = serde_json::to_value(&world.options.faults).map_err(Refusal::parameter)?;
    if let (Some(members), Some(changed)) = (members.as_object_mut(), call.body.as_object()) {
        members.extend(changed.clone());
    }
    let faults: Faults = read(members)?;
    world.set_faults(faults.clone());
    Ok(Json(faults))
}

/// `POST /sandbox/events`: something happens to an account.
pub(super) async fn happen(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let event = read(call.of_system()?.body.clone())?;
    let item = graph.world().happen(&event, unix_now(), Instant::now())?;
    graph.counter.send_later(vec![(Duration::ZERO, item)]);
    Ok(Json(json!({"success": true})))
}

/// `POST /sandbox/throughput`: a number may have more or less, and nobody is told.
pub(super) async fn set_throughput(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let Throughput { number, per_second } = read(call.of_system()?.body.clone())?;
    let mut world = graph.world();
    world.number(&number, "post")?;
    world.set_throughput(&number, per_second);
    Ok(Json(json!({"success": true})))
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T, Refusal> {
    serde_json::from_value(body).map_err(Refusal::parameter)
}
