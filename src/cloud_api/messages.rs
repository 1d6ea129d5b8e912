//! `POST /{version}/{phone_number_id}/messages`: into the account's durable outbox, and answered as Graph answered it.

use super::GraphRefusal;
use super::options::SendOptions;
use crate::auth::{Caller, Scope};
use crate::authorised::caller;
use crate::callback::read_body;
use crate::edge::{Edge, Ready};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Bytes, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, timeout_at};
use wharf_actors::account::Account;
use wharf_actors::clock::now_ms;
use wharf_actors::cloud::graph_error::OwnRefusal;
use wharf_actors::cloud::send::{Outbound, OutboundMessage, queued};
use wharf_actors::cloud::splice;
use wharf_actors::courier::Pass;
use wharf_actors::courier::call::{Body, Call};
use wharf_actors::courier::fault::Fault;
use wharf_actors::directory::Desks;
use wharf_actors::messages::{Sent, Submit};
use wharf_actors::rules::account::Submission;
use wharf_actors::rules::outbox::Answer;
use wharf_storage::{KeyBuilder, Kind, MessageRecord, MessageState, Noun, Twin};
use xxhash_rust::xxh3::xxh3_128;

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

/// What became of a message by the time its sender is answered.
struct Heard {
    /// Its id, which may be that of an earlier twin.
    id: String,
    /// Graph's answer, or ours in its shape; `None` where it is not settled.
    answer: Option<Answer>,
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
        let options = SendOptions::read(request)?;
        let too_many = || unavailable("too many bytes are under way");
        let mut reserved = edge.in_flight.reserve(0).ok_or_else(too_many)?;
        let body = completed(read_body(request, payload, &mut reserved).await?, request.query_string());
        let answer = match Outbound::read(&body)? {
            Outbound::Message(message) => {
                let body = match &message.quotes {
                    Some(quoted) => renamed(body, quoted, &account, edge, splice::requoted).await?,
                    None => body,
                };
                self.submit(message, body, options, &caller, &account, &actor, edge).await
            }
            Outbound::Mark(mark) => {
                let body = match &mark.message_id {
                    Some(id) => renamed(body, id, &account, edge, splice::remarked).await?,
                    None => body,
                };
                self.pass(body, account, &desks, edge).await
            }
        };
        drop(reserved);
        answer
    }

    #[expect(clippy::too_many_arguments, reason = "all that is known of a request, once")]
    async fn submit(
        self,
        message: OutboundMessage,
        body: Bytes,
        options: SendOptions,
        caller: &Caller,
        account: &Arc<str>,
        actor: &actix::Addr<Account>,
        edge: &Edge,
    ) -> Result<HttpResponse, GraphRefusal> {
        let input = message.input.clone();
        let patience = Instant::now() + options.wait.unwrap_or(edge.send_wait);
        let submission = self.submission(message, body, &options, caller, account, edge);
        let id = submission.record.id.to_string();
        let (progress, heard) = unbounded_channel();
        if actor.try_send(Submit { submission: Box::new(submission), progress }).is_err() {
            return Err(unavailable("the account's mailbox is full").into());
        }
        let Heard { id, answer } = hear(heard, id, patience).await?;
        let answer = answer.unwrap_or_else(|| Answer { status: 202, body: queued(&id, &input) });
        Ok(as_graph(&answer, &id))
    }

    fn submission(
        self,
        message: OutboundMessage,
        body: Bytes,
        options: &SendOptions,
        caller: &Caller,
        account: &Arc<str>,
        edge: &Edge,
    ) -> Submission {
        let now = now_ms();
        let expires_in = options.expires_in.unwrap_or(edge.send_max_age).min(edge.send_max_age);
        let id: Box<str> = format!("msg_{}", ulid::Ulid::generate().to_string().to_lowercase()).into();
        let twin = options.idempotency_key.as_ref().map(|key| Twin {
            request: xxh3_128([&*caller.name, &*self.number, &*self.node, key].join("\0").as_bytes()),
            body: xxh3_128(&body),
            message: id.clone(),
            at_ms: now,
        });
        let record = MessageRecord {
            id,
            account: account.as_ref().into(),
            number: self.number.into(),
            to: message.input.into(),
            lane: message.recipient.lane().into(),
            path: self.node.into(),
            version: self.version.into(),
            state: MessageState::Queued,
            kind: message.kind.into(),
            template: message.template,
            priority: options.priority,
            on_unknown: options.on_unknown,
            opaque: message.opaque.map(Into::into),
            wamid: None,
            error: None,
            attempts: Vec::new(),
            doubted_at_ms: 0,
            created_at_ms: now,
            changed_at_ms: now,
            due_at_ms: 0,
            expires_at_ms: now + expires_in.as_millis() as u64,
            place: 0,
        };
        Submission { record, body, twin }
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
            Err(Fault::Refused(refusal)) => {
                Ok(as_graph(&Answer { status: refusal.http_status, body: refusal.body }, ""))
            }
            Err(fault) => Err(OwnRefusal::Unavailable(fault.to_string()).into()),
        }
    }
}

/// `body` with the `messaging_product` of the query, where only that names it: Graph reads both.
fn completed(body: Bytes, query: &str) -> Bytes {
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    let product = parameters.find(|(name, value)| name == "messaging_product" && !value.is_empty());
    product.and_then(|(_, product)| splice::with_product(&body, &product)).unwrap_or(body)
}

/// `body` with Meta's id of a message in place of ours, where it names one of ours.
async fn renamed(
    body: Bytes,
    named: &str,
    account: &Arc<str>,
    edge: &Edge,
    rename: fn(&Bytes, &str) -> Option<Bytes>,
) -> Result<Bytes, OwnRefusal> {
    if !named.starts_with("msg_") {
        return Ok(body);
    }
    let (store, key) = (Arc::clone(&edge.wharf.store), KeyBuilder::new().text(named).build());
    let found = web::block(move || store.get(Kind::Message, &key.0)).await;
    let found = found.ok().and_then(Result::ok).flatten();
    let record = found.and_then(|bytes| MessageRecord::from_bytes(&bytes).ok());
    let wamid = record.filter(|record| *record.account == **account).and_then(|record| record.wamid);
    let body = wamid.and_then(|wamid| rename(&body, &wamid));
    body.ok_or_else(|| OwnRefusal::NoWamid(named.to_owned()))
}

/// Follows a message until it is settled or patience ends; it is durable by then.
async fn hear(mut heard: UnboundedReceiver<Sent>, id: String, patience: Instant) -> Result<Heard, OwnRefusal> {
    let (mut id, mut durable) = (id, false);
    let kept_by = Instant::now() + DURABLE_WITHIN;
    loop {
        let until = if durable { patience } else { kept_by };
        match timeout_at(until, heard.recv()).await {
            Ok(Some(Sent::Durable)) => durable = true,
            Ok(Some(Sent::Known { id: first })) => id = first.into(),
            Ok(Some(Sent::Settled(answer))) => return Ok(Heard { id, answer: Some(answer) }),
            Ok(Some(Sent::Refused(refusal))) => return Err(refusal),
            Ok(Some(Sent::Lost { reason })) => return Err(OwnRefusal::Unavailable(reason)),
            Err(_) | Ok(None) if durable => return Ok(Heard { id, answer: None }),
            Ok(None) => return Err(unavailable("the account was restarted")),
            Err(_) => return Err(unavailable("it could not be stored in time")),
        }
    }
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
