//! The courier, one per arbiter: the only actor that calls out, to Graph and to the endpoints of routes. It reports
//! what happened; what that means is decided by who asked.

mod address;
pub mod call;
mod client;
mod coalesce;
pub mod discovery;
pub mod endpoint;
pub mod errand;
#[cfg(test)]
mod fake;
pub mod fault;
pub mod gate;
pub mod graph;
pub mod nats;
mod patience;
pub mod permits;
pub mod subscription;
pub mod tls;
mod written;

use crate::clock::{chance, now_ms};
use crate::cloud::format;
use crate::cloud::refusal::{Refusal, Retry};
use crate::cloud::send::Taken;
use crate::cloud::token::TokenReport;
use crate::gateway::subject::Subject;
use crate::gateway::{Format, Gateway, GraphSettings, RankGuard, Route};
use crate::messages::Attempt;
use crate::rules::breaker::Heard;
use crate::rules::outbox::{Answer, Tried};
use crate::rules::reader::Attempted;
use actix::prelude::*;
use awc::http::header::{HeaderName, HeaderValue};
use call::{Access, Call};
use coalesce::{Coalescer, Waiting};
use discovery::{AccountSnapshot, Discovery, DiscoveryError};
use endpoint::{Addresses, Endpoint, PostOutcome, RouteClient};
use errand::Errand;
use fault::Fault;
use gate::{EndpointGate, Entered, Gates, Permit};
use graph::{Graph, GraphLimits};
use nats::{NatsClient, Published, Queue};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use subscription::{Foreign, Subscribed};
use wharf_storage::{Event, MessageRecord};
use xxhash_rust::xxh3::xxh3_64;

/// An application has this long for an answer.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests in a courier's mailbox before senders are told to wait.
const MAILBOX: usize = 4096;

/// Calls out for the actors of one arbiter.
pub struct Courier {
    graph: Rc<Graph>,
    routes: Rc<RouteClient>,
    coalescer: Coalescer,
    queues: Rc<NatsClient>,
    sinks: HashMap<Arc<str>, Rc<Sink>>,
}

/// Where a route's deliveries go.
enum Sink {
    Http(Endpoint),
    Nats(Queue, Subject),
}

impl Sink {
    fn new(route: &Route, gates: &Gates) -> Result<Self, String> {
        let gate = gates.gate(&route.url, route.concurrency);
        if let Some(queue) = &route.queue {
            let made = Queue::new(&route.url, queue.credential.as_ref(), gate).map_err(|why| why.to_string())?;
            return Ok(Self::Nats(made, queue.subject.clone()));
        }
        let reach = if route.allow_private { Addresses::Any } else { Addresses::Public };
        Ok(Self::Http(Endpoint::new(&route.url, gate, reach).map_err(|why| why.to_string())?))
    }

    fn gate(&self) -> &Arc<EndpointGate> {
        match self {
            Self::Http(endpoint) => endpoint.gate(),
            Self::Nats(queue, _) => queue.gate(),
        }
    }
}

impl Courier {
    /// A courier for these routes; `gates` are shared by the couriers of all arbiters.
    pub fn new(settings: &GraphSettings, routes: &[Arc<Route>], gates: &Gates) -> Self {
        let sink = |route: &Arc<Route>| {
            let made = Sink::new(route, gates);
            let made = made.inspect_err(|why| log::error!("route_unusable route={} why=\"{why}\"", route.name));
            Some((Arc::clone(&route.name), Rc::new(made.ok()?)))
        };
        Self {
            graph: Rc::new(Graph::new(settings, GraphLimits::default())),
            routes: Rc::default(),
            coalescer: Coalescer::default(),
            queues: Rc::default(),
            sinks: routes.iter().filter_map(sink).collect(),
        }
    }
}

impl Actor for Courier {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

impl Handler<Attempt> for Courier {
    type Result = ResponseFuture<Attempted>;

    fn handle(&mut self, message: Attempt, _: &mut Self::Context) -> Self::Result {
        let Some(sink) = self.sinks.get(&message.route.name).cloned() else {
            let reason = "the route's URL cannot be used; correct it and restart".to_owned();
            let failed = Attempted::Failed { status: None, retry_after: None, reason, down_until_ms: None };
            return Box::pin(std::future::ready(failed));
        };
        let ways = Ways { routes: Rc::clone(&self.routes), queues: Rc::clone(&self.queues), sink };
        // Only first tries go together: what failed together is tried again alone.
        if let Some(batch) = message.route.batch.filter(|_| message.attempt == 1 && !message.out_of_order) {
            let send = move |waiting| drop(actix_rt::spawn(post_together(waiting, ways.clone())));
            let told = self.coalescer.add(message, batch, send);
            return Box::pin(async move { told.await.unwrap_or_else(|_| stopped()) });
        }
        Box::pin(async move { ways.try_one(message).await })
    }
}

/// How the deliveries of one route leave.
#[derive(Clone)]
struct Ways {
    routes: Rc<RouteClient>,
    queues: Rc<NatsClient>,
    sink: Rc<Sink>,
}

impl Ways {
    async fn try_one(&self, message: Attempt) -> Attempted {
        let Attempt { route, event, attempt, out_of_order } = message;
        let permit = match self.sink.gate().enter(&event.stream, lane(&event), now_ms).await {
            Entered::Permit(permit) => permit,
            Entered::NotBefore(again_at_ms) => return Attempted::NotTried { again_at_ms },
        };
        let body = match route.format {
            Format::Meta => format::meta_body(&event),
            Format::Dialog => format::dialog_body(&event, None).into(),
        };
        let mut headers = format::delivery_headers(&event, &body, route.secret.as_ref(), attempt, now_ms() / 1000);
        headers.extend(format::superseded_header(&event).filter(|_| route.rank_guard == RankGuard::Mark));
        headers.extend(out_of_order.then(|| ("X-Wharf-Out-Of-Order", "true".to_owned())));
        match &*self.sink {
            Sink::Http(endpoint) => {
                let headers = headers.into_iter().filter_map(as_header).collect();
                as_attempted(self.routes.post(endpoint, headers, body, DELIVERY_TIMEOUT).await, permit)
            }
            Sink::Nats(queue, subject) => {
                headers.push(("Nats-Msg-Id", event.id()));
                let subject = subject.of(&event);
                as_taken(self.queues.publish(queue, subject, headers, body, DELIVERY_TIMEOUT).await, permit)
            }
        }
    }

    async fn try_all(&self, attempts: &[Attempt], endpoint: &Endpoint) -> Attempted {
        let events: Vec<&Event> = attempts.iter().map(|attempt| attempt.event.as_ref()).collect();
        let (first, route) = (events[0], &attempts[0].route);
        let permit = match endpoint.gate().enter(&first.stream, lane(first), now_ms).await {
            Entered::Permit(permit) => permit,
            Entered::NotBefore(again_at_ms) => return Attempted::NotTried { again_at_ms },
        };
        let body = match route.format {
            Format::Meta => format::meta_batch(&events),
            Format::Dialog => Some(format::dialog_batch(&events)),
        };
        let Some(body) = body else {
            let reason = "these events cannot go together".to_owned();
            return Attempted::Failed { status: None, retry_after: None, reason, down_until_ms: None };
        };
        let headers = format::batch_headers(&events, &body, route.secret.as_ref(), now_ms() / 1000);
        let headers = headers.into_iter().filter_map(as_header).collect();
        as_attempted(self.routes.post(endpoint, headers, body.into(), DELIVERY_TIMEOUT).await, permit)
    }
}

/// Sends deliveries of one route and account together and tells each what became of it.
async fn post_together(waiting: Vec<Waiting>, ways: Ways) {
    let (mut attempts, tells): (Vec<Attempt>, Vec<_>) = waiting.into_iter().unzip();
    let what = match (&*ways.sink, attempts.len()) {
        (Sink::Http(endpoint), 2..) => without_verdict(ways.try_all(&attempts, endpoint).await),
        // A queue takes one at a time, and its settings say so.
        (Sink::Http(_) | Sink::Nats(..), _) => ways.try_one(attempts.remove(0)).await,
    };
    for tell in tells {
        // An account that died meanwhile is rebuilt and tries again.
        let _ = tell.send(what.clone());
    }
}

/// What is said of many is final for none: each is tried again alone.
fn without_verdict(what: Attempted) -> Attempted {
    match what {
        Attempted::Failed { status: _, retry_after, reason, down_until_ms } => {
            Attempted::Failed { status: None, retry_after, reason: format!("in a batch: {reason}"), down_until_ms }
        }
        Attempted::Delivered | Attempted::NotTried { .. } => what,
    }
}

/// Lanes of different accounts are different ones.
fn lane(event: &Event) -> u64 {
    event.lane ^ xxh3_64(event.stream.as_bytes())
}

fn stopped() -> Attempted {
    Attempted::Failed { status: None, retry_after: None, reason: "wharf stopped".into(), down_until_ms: None }
}

/// A header as it is sent; what no header can hold (an id with a line break) is left out.
fn as_header((name, value): (&'static str, String)) -> Option<(HeaderName, HeaderValue)> {
    Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
}

/// What an attempt means for its delivery, and, said to the gate, for its endpoint.
fn as_attempted(outcome: PostOutcome, permit: Permit) -> Attempted {
    let now = now_ms();
    match outcome {
        PostOutcome::Answered { status: 200..=299, .. } => {
            permit.end(Heard::Delivered, now);
            Attempted::Delivered
        }
        PostOutcome::Answered { status, retry_after, excerpt } => {
            let reason = format!("HTTP {status} {excerpt}").trim_end().to_owned();
            let down_until_ms = match status {
                410 => Some(permit.pause(now)),
                429 => permit.end(Heard::Throttled, now),
                _ => permit.end(Heard::Failed, now),
            };
            Attempted::Failed { status: Some(status), retry_after, reason, down_until_ms }
        }
        PostOutcome::Failed { reason, connected } => unanswered(reason, connected, permit, now),
    }
}

/// The same for a queue.
fn as_taken(published: Published, permit: Permit) -> Attempted {
    let now = now_ms();
    match published {
        Published::Acknowledged => {
            permit.end(Heard::Delivered, now);
            Attempted::Delivered
        }
        Published::Failed { reason, connected } => unanswered(reason, connected, permit, now),
    }
}

fn unanswered(reason: String, connected: bool, permit: Permit, now: u64) -> Attempted {
    let heard = if connected { Heard::Failed } else { Heard::Unconnected };
    let down_until_ms = permit.end(heard, now);
    Attempted::Failed { status: None, retry_after: None, reason, down_until_ms }
}

/// Account → courier: send one message, which is durable as `sending`.
#[derive(Message)]
#[rtype(result = "Tried")]
pub struct Send {
    /// On whose behalf.
    pub gateway: Arc<Gateway>,
    /// The message.
    pub record: Arc<MessageRecord>,
}

impl Handler<Send> for Courier {
    type Result = ResponseFuture<Tried>;

    fn handle(&mut self, message: Send, _: &mut Self::Context) -> Self::Result {
        let graph = Rc::clone(&self.graph);
        Box::pin(async move {
            let record = &message.record;
            let path = format!("{}/{}", record.number, record.path);
            let call = Call::send(path, record.body.clone()).version(&*record.version);
            as_tried(graph.call(&Access::of(&message.gateway), call).await)
        })
    }
}

fn as_tried(called: Result<call::Answer, Fault>) -> Tried {
    match called {
        Ok(answer) => match Taken::read(&answer.body) {
            Some(taken) => {
                let answer = Answer { status: answer.http_status, body: answer.body };
                Tried::Taken { wamid: taken.wamid.into(), answer }
            }
            None => Tried::Lost { reason: format!("Graph answered {} without a message id", answer.http_status) },
        },
        Err(Fault::Refused(refusal)) => Tried::Refused {
            code: refusal.code,
            passing: refusal.class() == Retry::Transient,
            answer: Answer { status: refusal.http_status, body: refusal.body },
        },
        Err(Fault::NotSent { reason }) => Tried::NotSent { reason },
        Err(fault @ (Fault::Unknown { .. } | Fault::TooLarge { .. })) => Tried::Lost { reason: fault.to_string() },
    }
}

/// Edge → courier: a request that goes straight to Graph, never behind the queue.
#[derive(Message)]
#[rtype(result = "Result<Answer, Fault>")]
pub struct Pass {
    /// On whose behalf.
    pub gateway: Arc<Gateway>,
    /// What to ask.
    pub call: Call,
}

impl Handler<Pass> for Courier {
    type Result = ResponseFuture<Result<Answer, Fault>>;

    fn handle(&mut self, message: Pass, _: &mut Self::Context) -> Self::Result {
        let graph = Rc::clone(&self.graph);
        Box::pin(async move {
            let answer = graph.call(&Access::of(&message.gateway), message.call).await?;
            Ok(Answer { status: answer.http_status, body: answer.body })
        })
    }
}

/// Supervisor → courier: which accounts the gateway's token reaches.
#[derive(Message)]
#[rtype(result = "Result<Discovery, DiscoveryError>")]
pub struct Discover {
    /// On whose behalf.
    pub gateway: Arc<Gateway>,
    /// Accounts asked for.
    pub wanted: Vec<String>,
    /// Accounts engaged already.
    pub engaged: Vec<String>,
}

impl Handler<Discover> for Courier {
    type Result = ResponseFuture<Result<Discovery, DiscoveryError>>;

    fn handle(&mut self, message: Discover, _: &mut Self::Context) -> Self::Result {
        let graph = Rc::clone(&self.graph);
        Box::pin(async move {
            let errand = Errand::new(&graph, &message.gateway, chance());
            errand.discover(&message.wanted, &message.engaged).await
        })
    }
}

/// Supervisor → courier: read these accounts anew, at most 50.
#[derive(Message)]
#[rtype(result = "Vec<(String, Result<AccountSnapshot, Refusal>)>")]
pub struct ReadAgain {
    /// On whose behalf.
    pub gateway: Arc<Gateway>,
    /// Which.
    pub accounts: Vec<String>,
    /// Our app's id, where it is known.
    pub app_id: Option<String>,
}

impl Handler<ReadAgain> for Courier {
    type Result = ResponseFuture<Vec<(String, Result<AccountSnapshot, Refusal>)>>;

    fn handle(&mut self, message: ReadAgain, _: &mut Self::Context) -> Self::Result {
        let graph = Rc::clone(&self.graph);
        Box::pin(async move {
            let errand = Errand::new(&graph, &message.gateway, chance());
            errand.read_again(&message.accounts, message.app_id.as_deref()).await
        })
    }
}

/// Supervisor → courier: what Graph says of the gateway's token.
#[derive(Message)]
#[rtype(result = "Result<TokenReport, Fault>")]
pub struct AskToken {
    /// Whose.
    pub gateway: Arc<Gateway>,
}

impl Handler<AskToken> for Courier {
    type Result = ResponseFuture<Result<TokenReport, Fault>>;

    fn handle(&mut self, message: AskToken, _: &mut Self::Context) -> Self::Result {
        let graph = Rc::clone(&self.graph);
        Box::pin(async move { Errand::new(&graph, &message.gateway, chance()).token().await })
    }
}

/// Account → courier: subscribe our app to the account's webhooks.
#[derive(Message)]
#[rtype(result = "Result<Subscribed, Fault>")]
pub struct AskSubscribe {
    /// On whose behalf.
    pub gateway: Arc<Gateway>,
    /// The account.
    pub account: Arc<str>,
    /// What to do about another's override.
    pub foreign: Foreign,
}

impl Handler<AskSubscribe> for Courier {
    type Result = ResponseFuture<Result<Subscribed, Fault>>;

    fn handle(&mut self, message: AskSubscribe, _: &mut Self::Context) -> Self::Result {
        let graph = Rc::clone(&self.graph);
        Box::pin(async move {
            let errand = Errand::new(&graph, &message.gateway, chance());
            errand.subscribe(&message.account, message.foreign).await
        })
    }
}

/// Account → courier: end our app's subscription.
#[derive(Message)]
#[rtype(result = "Result<(), Fault>")]
pub struct AskUnsubscribe {
    /// On whose behalf.
    pub gateway: Arc<Gateway>,
    /// The account.
    pub account: Arc<str>,
}

impl Handler<AskUnsubscribe> for Courier {
    type Result = ResponseFuture<Result<(), Fault>>;

    fn handle(&mut self, message: AskUnsubscribe, _: &mut Self::Context) -> Self::Result {
        let graph = Rc::clone(&self.graph);
        Box::pin(async move {
            let errand = Errand::new(&graph, &message.gateway, chance());
            errand.unsubscribe(&message.account).await
        })
    }
}
