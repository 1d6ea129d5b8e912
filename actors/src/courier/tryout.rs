//! A route tried out with a made-up event: at once, whatever its breaker says, and outside every ledger.

use super::Courier;
use super::deliver::{Sink, Ways};
use super::endpoint::PostOutcome;
use super::nats::Published;
use crate::gateway::Route;
use actix::prelude::*;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use wharf_storage::Event;

/// Edge → courier: send `event` to `route`, once.
#[derive(Message)]
#[rtype(result = "TriedOut")]
pub struct TryOut {
    /// Where to.
    pub route: Arc<Route>,
    /// What.
    pub event: Arc<Event>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedOut {
    /// Whether it counts as delivered.
    pub delivered: bool,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// How long it took, in ms.
    pub took_ms: u64,
    /// What happened, where it failed.
    pub reason: Option<String>,
}

impl Handler<TryOut> for Courier {
    type Result = ResponseFuture<TriedOut>;

    fn handle(&mut self, message: TryOut, _: &mut Self::Context) -> Self::Result {
        let sink = match self.sink(&message.route) {
            Ok(sink) => sink,
            Err(why) => {
                let reason = Some(format!("the route cannot be used: {why}"));
                return Box::pin(std::future::ready(TriedOut { delivered: false, status: None, took_ms: 0, reason }));
            }
        };
        let ways = Ways { routes: Rc::clone(&self.routes), queues: Rc::clone(&self.queues), sink };
        Box::pin(async move { try_out(&ways, &message).await })
    }
}

async fn try_out(ways: &Ways, TryOut { route, event }: &TryOut) -> TriedOut {
    let (mut headers, body) = Ways::letter(route, event, 1);
    headers.push(("X-Wharf-Test", "true".to_owned()));
    let began = Instant::now();
    let (delivered, status, reason) = match &*ways.sink {
        Sink::Http(endpoint) => posted(ways.post(endpoint, event, headers, body).await),
        Sink::Nats(queue, subject) => published(ways.publish(queue, subject, event, headers, body).await),
    };
    TriedOut { delivered, status, took_ms: began.elapsed().as_millis() as u64, reason }
}

fn posted(outcome: PostOutcome) -> (bool, Option<u16>, Option<String>) {
    match outcome {
        PostOutcome::Answered { status, .. } if (200..300).contains(&status) => (true, Some(status), None),
        PostOutcome::Answered { status, excerpt, .. } => {
            (false, Some(status), Some(format!("HTTP {status} {excerpt}").trim_end().to_owned()))
        }
        PostOutcome::Failed { reason, .. } => (false, None, Some(reason)),
    }
}

fn published(outcome: Published) -> (bool, Option<u16>, Option<String>) {
    match outcome {
        Published::Acknowledged => (true, None, None),
        Published::Failed { reason, .. } => (false, None, Some(reason)),
    }
}
