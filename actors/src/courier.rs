//! The courier, one per arbiter: the only actor that calls out, to Graph and to the endpoints of routes. It reports
//! what happened; what that means is decided by who asked.

mod address;
pub mod app;
pub mod call;
mod client;
mod coalesce;
mod deliver;
pub mod discovery;
pub mod endpoint;
pub mod errand;
#[cfg(test)]
mod fake;
pub mod fault;
pub mod gate;
pub mod graph;
mod hold;
pub mod nats;
mod patience;
pub mod permits;
pub mod probe;
pub mod stream;
pub mod subscription;
pub mod tls;
pub mod touch;
pub mod tryout;
mod written;

use crate::clock::chance;
use crate::cloud::refusal::Refusal;
use crate::cloud::send::Taken;
use crate::cloud::splice;
use crate::cloud::token::TokenReport;
use crate::gateway::{Gateway, GraphSettings, Route, Secret};
use crate::messages::Attempt;
use crate::meters::Meters;
use crate::rules::outbox::{Answer, Tried};
use crate::rules::reader::Attempted;
use actix::prelude::*;
use bytes::Bytes;
use call::{Access, Call};
use coalesce::Coalescer;
use deliver::{Sink, Ways, post_together, stopped};
use discovery::{AccountSnapshot, DiscoveryError, Reach};
use endpoint::RouteClient;
use errand::Errand;
use fault::Fault;
use gate::Gates;
use graph::{Graph, GraphLimits};
use nats::NatsClient;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Weak};
use subscription::{Foreign, Subscribed};
use wharf_storage::MessageRecord;

/// Requests in a courier's mailbox before senders are told to wait.
const MAILBOX: usize = 4096;

/// Calls out for the actors of one arbiter.
pub struct Courier {
    graph: Rc<Graph>,
    routes: Rc<RouteClient>,
    coalescer: Coalescer,
    queues: Rc<NatsClient>,
    gates: Arc<Gates>,
    sinks: HashMap<Arc<str>, Made>,
    meters: Arc<Meters>,
}

/// A sink, and the route it was made for.
struct Made {
    route: Weak<Route>,
    sink: Result<Rc<Sink>, String>,
}

impl Courier {
    /// A courier for these routes; `gates` and `meters` are shared by the couriers of all arbiters.
    pub fn new(settings: &GraphSettings, routes: &[Arc<Route>], gates: &Arc<Gates>, meters: &Arc<Meters>) -> Self {
        let mut courier = Self {
            graph: Rc::new(Graph::new(settings, GraphLimits::default()).metered(meters)),
            routes: Rc::default(),
            coalescer: Coalescer::default(),
            queues: Rc::default(),
            gates: Arc::clone(gates),
            sinks: HashMap::new(),
            meters: Arc::clone(meters),
        };
        routes.iter().for_each(|route| drop(courier.sink(route)));
        courier
    }

    /// Where the deliveries of `route` go: made once, and anew for another route of that name.
    fn sink(&mut self, route: &Arc<Route>) -> Result<Rc<Sink>, String> {
        let known = self.sinks.get(&route.name).filter(|made| std::ptr::eq(made.route.as_ptr(), Arc::as_ptr(route)));
        if let Some(made) = known {
            return made.sink.clone();
        }
        // Sinks of routes that nobody has any more go whenever their number has doubled.
        if self.sinks.len().is_power_of_two() {
            self.sinks.retain(|_, made| made.route.strong_count() > 0);
        }
        let sink = Sink::new(route, &self.gates).map(Rc::new);
        if let Err(why) = &sink {
            log::error!("route_unusable route={} why=\"{why}\"", route.name);
        }
        self.sinks.insert(Arc::clone(&route.name), Made { route: Arc::downgrade(route), sink: sink.clone() });
        sink
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
        let sink = match self.sink(&message.route) {
            Ok(sink) => sink,
            Err(why) => {
                let failed = Attempted::unanswered(format!("the route cannot be used: {why}"));
                return Box::pin(std::future::ready(failed));
            }
        };
        let ways = Ways { routes: Rc::clone(&self.routes), queues: Rc::clone(&self.queues), sink };
        let meters = Arc::clone(&self.meters);
        // Only first tries go together: what failed together is tried again alone.
        if let Some(batch) = message.route.batch.filter(|_| message.attempt == 1 && !message.out_of_order) {
            let send = move |waiting| drop(actix_rt::spawn(post_together(waiting, ways.clone())));
            let told = self.coalescer.add(message, batch, send);
            return Box::pin(async move { metered(told.await.unwrap_or_else(|_| stopped()), &meters) });
        }
        Box::pin(async move { metered(ways.try_one(message).await, &meters) })
    }
}

fn metered(attempted: Attempted, meters: &Meters) -> Attempted {
    meters.delivered(&attempted);
    attempted
}

/// Account → courier: send one message, which is durable as `sending`.
#[derive(Message)]
#[rtype(result = "Tried")]
pub struct Send {
    /// On whose behalf.
    pub gateway: Arc<Gateway>,
    /// The message.
    pub record: Arc<MessageRecord>,
    /// What the application sent.
    pub body: Bytes,
}

impl Handler<Send> for Courier {
    type Result = ResponseFuture<Tried>;

    fn handle(&mut self, message: Send, _: &mut Self::Context) -> Self::Result {
        let (graph, meters) = (Rc::clone(&self.graph), Arc::clone(&self.meters));
        Box::pin(async move {
            let record = &message.record;
            let path = format!("{}/{}", record.number, record.path);
            let access = match Access::for_account(&message.gateway, &record.account) {
                Ok(access) => access,
                Err(fault) => return as_tried(Err(fault)),
            };
            // Meta's statuses bring our mark back: they tell what became of a message whose answer is lost.
            let body = splice::marked(&message.body, &splice::mark_of(&record.id)).unwrap_or(message.body);
            let call = Call::send(path, body).version(&*record.version);
            let tried = as_tried(graph.call(&access, call).await);
            meters.sent(&tried);
            tried
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
            verdict: refusal.verdict(),
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
    /// Of which account.
    pub account: Arc<str>,
    /// What to ask.
    pub call: Call,
}

impl Handler<Pass> for Courier {
    type Result = ResponseFuture<Result<Answer, Fault>>;

    fn handle(&mut self, message: Pass, _: &mut Self::Context) -> Self::Result {
        let graph = Rc::clone(&self.graph);
        Box::pin(async move {
            let access = Access::for_account(&message.gateway, &message.account)?;
            let answer = graph.call(&access, message.call).await?;
            Ok(Answer { status: answer.http_status, body: answer.body })
        })
    }
}

/// Supervisor → courier: which accounts the gateway's token reaches.
#[derive(Message)]
#[rtype(result = "Result<Reach, DiscoveryError>")]
pub struct Discover {
    /// On whose behalf.
    pub gateway: Arc<Gateway>,
    /// Accounts asked for, and those engaged already.
    pub wanted: Vec<String>,
}

impl Handler<Discover> for Courier {
    type Result = ResponseFuture<Result<Reach, DiscoveryError>>;

    fn handle(&mut self, message: Discover, _: &mut Self::Context) -> Self::Result {
        let graph = Rc::clone(&self.graph);
        Box::pin(async move { Errand::new(&graph, &message.gateway, chance()).reach(&message.wanted).await })
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
            errand.read(&message.accounts, message.app_id.as_deref()).await
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

/// Supervisor → courier: what Graph says of a token for one account: of `token`, or of the one that the account has.
#[derive(Message)]
#[rtype(result = "Result<(TokenReport, Vec<&'static str>), Fault>")]
pub struct AskAccountToken {
    /// On whose behalf.
    pub gateway: Arc<Gateway>,
    /// The account.
    pub account: Arc<str>,
    /// A token that the account may get.
    pub token: Option<Secret>,
}

impl Handler<AskAccountToken> for Courier {
    type Result = ResponseFuture<Result<(TokenReport, Vec<&'static str>), Fault>>;

    fn handle(&mut self, message: AskAccountToken, _: &mut Self::Context) -> Self::Result {
        let graph = Rc::clone(&self.graph);
        Box::pin(async move {
            let AskAccountToken { gateway, account, token } = message;
            let access = match token {
                Some(token) => Access { token, ..Access::of(&gateway) },
                None => Access::for_account(&gateway, &account)?,
            };
            Errand { access, ..Errand::new(&graph, &gateway, chance()) }.token_for(&account).await
        })
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
            let errand = Errand::for_account(&graph, &message.gateway, &message.account, chance())?;
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
            let errand = Errand::for_account(&graph, &message.gateway, &message.account, chance())?;
            errand.unsubscribe(&message.account).await
        })
    }
}
