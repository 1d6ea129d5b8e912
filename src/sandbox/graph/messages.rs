//! `/messages` and `/marketing_messages`: a send is taken or refused, and its statuses are handed to the post office.

use std::time::{Duration, Instant};

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::Graph;
use super::call::Call;
use super::cut::cut;
use super::fault::Fault;
use crate::sandbox::postoffice::unix_now;
use crate::sandbox::sending::{Reply, SendPath, Sent, Taken};
use crate::sandbox::statuses;

/// `POST /{number}/messages`
pub(super) async fn messages(call: Call, graph: Data<Graph>, req: HttpRequest) -> Result<HttpResponse, Fault> {
    send(&call, &graph, SendPath::Messages, &req).await
}

/// `POST /{number}/marketing_messages`
pub(super) async fn marketing_messages(
    call: Call,
    graph: Data<Graph>,
    req: HttpRequest,
) -> Result<HttpResponse, Fault> {
    send(&call, &graph, SendPath::MarketingMessages, &req).await
}

/// Decided when the send arrives, answered after the latency. Its statuses come also where the caller has gone away.
async fn send(call: &Call, graph: &Graph, path: SendPath, req: &HttpRequest) -> Result<HttpResponse, Fault> {
    let call = call.of_system()?;
    let stats = &graph.shared.stats;
    stats.sends.add(1);
    let chance = graph.chance();
    let (taken, latency) = {
        let mut world = graph.world();
        let latency = Duration::from_millis(world.options.faults.send_latency_ms);
        (world.send(&call.node, path, &call.body, chance, Instant::now()), latency)
    };
    match &taken {
        Ok(Taken::Message(sent)) => hand_over(sent, graph, latency),
        Ok(Taken::Receipt | Taken::Nothing) => {}
        Err(_) => stats.sends_refused.add(1),
    }
    wait(latency).await;
    match taken? {
        Taken::Receipt => Ok(HttpResponse::Ok().json(json!({"success": true}))),
        Taken::Message(sent) => Ok(answer(*sent, graph, req).await),
        Taken::Nothing => Ok(no_answer(graph, req)),
    }
}

/// Hands the statuses to the post office, which sends them once the answer is due.
fn hand_over(sent: &Sent, graph: &Graph, latency: Duration) {
    let stats = &graph.shared.stats;
    stats.sends_accepted.add(1);
    sent.outbound.mark.iter().for_each(|mark| stats.marks.note(mark));
    let habits = graph.habits();
    let plan = statuses::plan(&sent.outbound, &habits, &mut *graph.dice(), unix_now());
    graph.counter.send_later(plan.into_iter().map(|(after, item)| (after + latency, item)).collect());
}

async fn answer(sent: Sent, graph: &Graph, req: &HttpRequest) -> HttpResponse {
    let (hold_back, overtaken_by) = {
        let faults = &graph.world().options.faults;
        (Duration::from_millis(faults.hold_back_ms), Duration::from_millis(faults.overtaken_by_ms))
    };
    match sent.reply {
        Reply::Prompt => {}
        Reply::HeldBack => wait(hold_back).await,
        Reply::Overtaken => wait(overtaken_by).await,
        Reply::Cut => return no_answer(graph, req),
    }
    HttpResponse::Ok().json(sent.answer)
}

fn no_answer(graph: &Graph, req: &HttpRequest) -> HttpResponse {
    graph.shared.stats.sends_cut.add(1);
    cut(req);
    HttpResponse::InternalServerError().finish()
}

async fn wait(time: Duration) {
    if !time.is_zero() {
        actix_rt::time::sleep(time).await;
    }
}
