//! `POST /{version}/{phone_number_id}/messages`: into the account's durable outbox, and answered as Graph answered it.

use super::GraphRefusal;
use crate::auth::Scope;
use crate::authorised::caller;
use crate::callback::read_body;
use crate::edge::{Edge, Ready};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, timeout_at};
use wharf_actors::account::Account;
use wharf_actors::clock::now_ms;
use wharf_actors::cloud::graph_error::OwnRefusal;
use wharf_actors::cloud::send::{Outbound, OutboundMessage, queued};
use wharf_actors::courier::Pass;
use wharf_actors::courier::call::{Body, Call};
use wharf_actors::directory::Desks;
use wharf_actors::messages::{Sent, Submit};
use wharf_actors::rules::outbox::Answer;
use wharf_storage::{MessageRecord, MessageState};

/// A message that is not durable after this long is answered 503 and may be sent again.
const DURABLE_WITHIN: Duration = Duration::from_secs(5);

/// With a version in the path.
pub async fn send(
    request: HttpRequest,
    path: Path<(String, String, String)>,
    payload: Payload,
    edge: Ready,
) -> Result<HttpResponse, GraphRefusal> {
    let (version, number, node) = path.into_inner();
    Sending { version, number, node }.run(&request, payload, &edge).await
}

/// Without one.
pub async fn send_unversioned(
    request: HttpRequest,
    path: Path<(String, String)>,
    payload: Payload,
    edge: Ready,
) -> Result<HttpResponse, GraphRefusal> {
    let (number, node) = path.into_inner();
    Sending { version: edge.graph_version.to_string(), number, node }.run(&request, payload, &edge).await
}

/// Where a POST goes.
struct Sending {
    version: String,
    number: String,
    node: String,
}

impl Sending {
    async fn run(self, request: &HttpRequest, payload: Payload, edge: &Edge) -> Result<HttpResponse, GraphRefusal> {
        let caller = caller(request, edge).await?;
        caller.require(Scope::Send)?;
        let engaged = edge.wharf.directory.account_of_number(&self.number);
        let (account, actor, desks) = engaged.ok_or_else(|| OwnRefusal::UnknownObject(self.number.clone()))?;
        let mine = caller.may_use_number(&self.number) && caller.may_use_account(&account);
        if !mine || !caller.may_use_gateway(&desks.gateway.uri) {
            return Err(OwnRefusal::NotPermitted("send").into());
        }
        edge.require_room()?;
        let too_many = || unavailable("too many bytes are under way");
        let mut reserved = edge.in_flight.reserve(0).ok_or_else(too_many)?;
        let body = read_body(request, payload, &mut reserved).await?;
        let answer = match Outbound::read(&body)? {
            Outbound::Message(message) => self.submit(message, body, &account, &actor, edge).await,
            Outbound::Mark(_) => self.pass(body, account, &desks, edge).await,
        };
        drop(reserved);
        answer
    }

    async fn submit(
        self,
        message: OutboundMessage,
        body: Bytes,
        account: &Arc<str>,
        actor: &actix::Addr<Account>,
        edge: &Edge,
    ) -> Result<HttpResponse, GraphRefusal> {
        let input = message.input.clone();
        let record = self.record(message, body, account);
        let id = record.id.to_string();
        let (progress, mut heard) = unbounded_channel();
        let full = actor.try_send(Submit { record: Box::new(record), progress }).is_err();
        if full {
            return Err(unavailable("the account's mailbox is full").into());
        }
        let patience = Instant::now() + edge.send_wait;
        let settled = durable(&mut heard).await?;
        let answer = match settled {
            Some(answer) => Some(answer),
            None => timeout_at(patience, settled_answer(&mut heard)).await.ok().flatten(),
        };
        Ok(match answer {
            Some(answer) => as_graph(&answer, &id),
            None => as_graph(&Answer { status: 202, body: queued(&id, &input) }, &id),
        })
    }

    fn record(self, message: OutboundMessage, body: Bytes, account: &Arc<str>) -> MessageRecord {
        let now = now_ms();
        MessageRecord {
            id: format!("msg_{}", ulid::Ulid::generate().to_string().to_lowercase()).into(),
            account: account.as_ref().into(),
            number: self.number.into(),
            to: message.input.into(),
            lane: message.recipient.lane().into(),
            path: self.node.into(),
            version: self.version.into(),
            state: MessageState::Queued,
            body,
            wamid: None,
            error: None,
            attempts: Vec::new(),
            created_at_ms: now,
            changed_at_ms: now,
            due_at_ms: 0,
            place: 0,
        }
    }

    /// Read receipts and typing indicators never wait behind the queue.
    async fn pass(
        self,
        body: Bytes,
        account: Arc<str>,
        desks: &Desks,
        edge: &Edge,
    ) -> Result<HttpResponse, GraphRefusal> {
        let call = Call::post(format!("{}/{}", self.number, self.node), Body::Json(body)).version(self.version);
        let passed = edge.wharf.courier.send(Pass { gateway: Arc::clone(&desks.gateway), account, call }).await;
        let passed = passed.map_err(|_| unavailable("wharf is stopping"))?;
        match passed {
            Ok(answer) => Ok(as_graph(&answer, "")),
            Err(wharf_actors::courier::fault::Fault::Refused(refusal)) => {
                Ok(as_graph(&Answer { status: refusal.http_status, body: refusal.body }, ""))
            }
            Err(fault) => Err(OwnRefusal::Unavailable(fault.to_string()).into()),
        }
    }
}

/// Waits until the message is durable; its answer, where that came first.
async fn durable(heard: &mut UnboundedReceiver<Sent>) -> Result<Option<Answer>, OwnRefusal> {
    match tokio::time::timeout(DURABLE_WITHIN, heard.recv()).await {
        Ok(Some(Sent::Durable)) => Ok(None),
        Ok(Some(Sent::Settled(answer))) => Ok(Some(answer)),
        Ok(Some(Sent::Lost { reason })) => Err(OwnRefusal::Unavailable(reason)),
        Ok(None) => Err(unavailable("the account was restarted")),
        Err(_) => Err(unavailable("it could not be stored in time")),
    }
}

async fn settled_answer(heard: &mut UnboundedReceiver<Sent>) -> Option<Answer> {
    while let Some(sent) = heard.recv().await {
        match sent {
            Sent::Settled(answer) => return Some(answer),
            Sent::Durable | Sent::Lost { .. } => {}
        }
    }
    None
}

fn as_graph(answer: &Answer, id: &str) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::build(status);
    if !id.is_empty() {
        response.insert_header(("X-Wharf-Message", id));
    }
    response.insert_header((CONTENT_TYPE, "application/json; charset=utf-8")).body(answer.body.clone())
}

fn unavailable(why: &str) -> OwnRefusal {
    OwnRefusal::Unavailable(why.to_owned())
}
