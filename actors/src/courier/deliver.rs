//! How a delivery leaves: formatted, signed, past the endpoint's gate, over HTTP or into a queue; alone or with others.
//! It says what happened, to whoever asked and to the gate.

use super::coalesce::Waiting;
use super::endpoint::{Addresses, Endpoint, PostOutcome, RouteClient};
use super::gate::{EndpointGate, Entered, Gates, Permit};
use super::nats::{NatsClient, Published, Queue};
use crate::clock::now_ms;
use crate::cloud::format;
use crate::gateway::subject::Subject;
use crate::gateway::{Format, RankGuard, Route};
use crate::messages::Attempt;
use crate::rules::breaker::Heard;
use crate::rules::reader::Attempted;
use awc::http::header::{HeaderName, HeaderValue};
use bytes::Bytes;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use wharf_storage::Event;
use xxhash_rust::xxh3::xxh3_64;

/// An application has this long for an answer.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// Headers by name, before they are checked.
pub(super) type Headers = Vec<(&'static str, String)>;

/// Where a route's deliveries go.
pub(super) enum Sink {
    Http(Endpoint),
    Nats(Queue, Subject),
}

impl Sink {
    pub(super) fn new(route: &Route, gates: &Gates) -> Result<Self, String> {
        if let Some(why) = &route.unusable {
            return Err(why.to_string());
        }
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

/// How the deliveries of one route leave.
#[derive(Clone)]
pub(super) struct Ways {
    pub(super) routes: Rc<RouteClient>,
    pub(super) queues: Rc<NatsClient>,
    pub(super) sink: Rc<Sink>,
}

impl Ways {
    /// Tries one delivery.
    pub(super) async fn try_one(&self, message: Attempt) -> Attempted {
        let since_ms = message.since_ms;
        self.aged(self.ask(message).await, since_ms)
    }

    async fn ask(&self, message: Attempt) -> Attempted {
        let Attempt { route, event, attempt, out_of_order, since_ms: _ } = message;
        let permit = match self.sink.gate().enter(&event.stream, lane(&event), now_ms).await {
            Entered::Permit(permit) => permit,
            Entered::NotBefore(again_at_ms) => return Attempted::NotTried { again_at_ms },
        };
        let (mut headers, body) = Self::letter(&route, &event, attempt);
        headers.extend(out_of_order.then(|| ("X-Wharf-Out-Of-Order", "true".to_owned())));
        match &*self.sink {
            Sink::Http(endpoint) => as_attempted(self.post(endpoint, &event, headers, body).await, permit),
            Sink::Nats(queue, subject) => as_taken(self.publish(queue, subject, &event, headers, body).await, permit),
        }
    }

    /// The headers and the body of a delivery.
    pub(super) fn letter(route: &Route, event: &Event, attempt: u32) -> (Headers, Bytes) {
        let body = match route.format {
            Format::Meta => format::meta_body(event),
            Format::Dialog => format::dialog_body(event).into(),
        };
        let now = now_ms();
        let mut headers = format::delivery_headers(event, &body, &route.signing.at(now), attempt, now / 1000);
        headers.extend(format::superseded_header(event).filter(|_| route.rank_guard == RankGuard::Mark));
        (headers, body)
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
            return Attempted::unanswered("these events cannot go together");
        };
        let now = now_ms();
        let headers = format::batch_headers(&events, &body, &route.signing.at(now), now / 1000);
        as_attempted(self.post(endpoint, first, headers, body.into()).await, permit)
    }

    /// Over HTTP, to where `event` leads.
    pub(super) async fn post(&self, endpoint: &Endpoint, event: &Event, headers: Headers, body: Bytes) -> PostOutcome {
        let headers = headers.into_iter().filter_map(as_header).collect();
        match endpoint.filled(|which| format::variable(event, which)) {
            Ok(endpoint) => self.routes.post(&endpoint, headers, body, DELIVERY_TIMEOUT).await,
            Err(why) => PostOutcome::Failed { reason: why.to_string(), connected: false },
        }
    }

    /// Into a queue.
    pub(super) async fn publish(
        &self,
        queue: &Queue,
        subject: &Subject,
        event: &Event,
        mut headers: Headers,
        body: Bytes,
    ) -> Published {
        headers.push(("Nats-Msg-Id", event.id()));
        self.queues.publish(queue, subject.of(event), headers, body, DELIVERY_TIMEOUT).await
    }

    /// With how long its endpoint was paused since the delivery is open.
    fn aged(&self, what: Attempted, since_ms: u64) -> Attempted {
        match what {
            Attempted::Failed { status, retry_after, reason, down_until_ms, held_ms: _ } => {
                let held_ms = self.sink.gate().held_ms(since_ms, now_ms());
                Attempted::Failed { status, retry_after, reason, down_until_ms, held_ms }
            }
            Attempted::Delivered | Attempted::Erased | Attempted::NotTried { .. } => what,
        }
    }
}

/// Sends deliveries of one route and account together and tells each what became of it.
pub(super) async fn post_together(waiting: Vec<Waiting>, ways: Ways) {
    let (mut attempts, tells): (Vec<Attempt>, Vec<_>) = waiting.into_iter().unzip();
    let since: Vec<u64> = attempts.iter().map(|attempt| attempt.since_ms).collect();
    let what = match (&*ways.sink, attempts.len()) {
        (Sink::Http(endpoint), 2..) => without_verdict(ways.try_all(&attempts, endpoint).await),
        // A queue takes one at a time, and its settings say so.
        (Sink::Http(_) | Sink::Nats(..), _) => ways.try_one(attempts.remove(0)).await,
    };
    for (tell, since_ms) in tells.into_iter().zip(since) {
        // An account that died meanwhile is rebuilt and tries again.
        let _ = tell.send(ways.aged(what.clone(), since_ms));
    }
}

/// What is said of many is final for none: each is tried again alone.
fn without_verdict(what: Attempted) -> Attempted {
    match what {
        Attempted::Failed { status: _, retry_after, reason, down_until_ms, held_ms } => {
            let reason = format!("in a batch: {reason}");
            Attempted::Failed { status: None, retry_after, reason, down_until_ms, held_ms }
        }
        Attempted::Delivered | Attempted::Erased | Attempted::NotTried { .. } => what,
    }
}

/// Lanes of different accounts are different ones.
fn lane(event: &Event) -> u64 {
    event.lane ^ xxh3_64(event.stream.as_bytes())
}

pub(super) fn stopped() -> Attempted {
    Attempted::unanswered("wharf stopped")
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
            Attempted::Failed { status: Some(status), retry_after, reason, down_until_ms, held_ms: 0 }
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
    Attempted::Failed { status: None, retry_after: None, reason, down_until_ms, held_ms: 0 }
}

#[cfg(test)]
#[path = "deliver_tests.rs"]
mod tests;
