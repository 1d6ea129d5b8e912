//! `/messages` and `/marketing_messages`: a send is taken or refused, and its statuses are handed to the post office.

use std::time::{Duration, Instant};

use actix_web::web::{Data, Json};
use serde_json::{Value, json};

use super::Graph;
use super::call::Call;
use super::fault::Fault;
use crate::sandbox::postoffice::unix_now;
use crate::sandbox::sending::{Reply, SendPath, Sent, Taken};
use crate::sandbox::statuses;

/// `POST /{number}/messages`
pub(super) async fn messages(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    send(&call, &graph, SendPath::Messages).await
}

/// `POST /{number}/marketing_messages`
pub(super) async fn marketing_messages(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    send(&call, &graph, SendPath::MarketingMessages).await
}

async fn send(call: &Call, graph: &Graph, path: SendPath) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    let stats = &graph.shared.stats;
    stats.sends.add(1);
    let chance = graph.chance();
    let latency = graph.world().options.faults.send_latency_ms;
    wait(latency).await;
    let taken = graph.world().send(&call.node, path, &call.body, chance, Instant::now());
    match taken {
        Ok(Taken::Receipt) => Ok(Json(json!({"success": true}))),
        Ok(Taken::Message(sent)) => Ok(answer(*sent, graph).await),
        Err(refusal) => {
            stats.sends_refused.add(1);
            Err(refusal.into())
        }
    }
}

async fn answer(sent: Sent, graph: &Graph) -> Json<Value> {
    graph.shared.stats.sends_accepted.add(1);
    let plan = statuses::plan(&sent.outbound, graph.disorder, &mut *graph.dice(), unix_now());
    graph.counter.send_later(plan);
    if sent.reply == Reply::HeldBack {
        let hold_back = graph.world().options.faults.hold_back_ms;
        wait(hold_back).await;
    }
    Json(sent.answer)
}

async fn wait(ms: u64) {
    if ms > 0 {
        actix_rt::time::sleep(Duration::from_millis(ms)).await;
    }
}
