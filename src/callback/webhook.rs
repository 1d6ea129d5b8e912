//! A signed POST from Meta: verify the bytes, cut them into items, hand each account its own, answer 200 when all of
//! them are durable.

use super::body;
use crate::edge::Edge;
use crate::error::{ApiError, ErrorId};
use crate::tls::Shown;
use actix_web::http::header::HeaderValue;
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse, web};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;
use wharf_actors::account::Account;
use wharf_actors::cloud::item::Item;
use wharf_actors::cloud::signature::BadSignature;
use wharf_actors::cloud::webhook::{Malformed, split};
use wharf_actors::desk::LoopDesk;
use wharf_actors::directory::Desks;
use wharf_actors::gauges::{Gauge, InMailbox};
use wharf_actors::messages::Deliver;
use wharf_actors::rules::ownership::{Destination, destination};
use wharf_storage::Outcome;

/// A webhook that is not durable after this long is answered 503; Meta sends it again, and what became durable of it
/// is a duplicate then.
const DURABLE_WITHIN: Duration = Duration::from_secs(5);
/// Bodies larger than this are cut into items on a thread of their own: a batch of 3 MB takes some 10 ms.
const CUT_ASIDE_FROM: usize = 256 << 10;

/// Where one worker's webhooks hear of their commits.
type WebhookDesk = LoopDesk<oneshot::Sender<Outcome>>;

thread_local! {
    static DESK: Rc<WebhookDesk> = LoopDesk::open(|settled: Vec<(oneshot::Sender<Outcome>, Outcome)>| {
        for (waiter, outcome) in settled {
            // A webhook that gave up waiting was answered 503 already.
            let _ = waiter.send(outcome);
        }
    });
}

/// Who takes a part of a webhook.
enum Taker {
    Account(actix::Addr<Account>, Option<InMailbox>),
    Gate,
}

/// Receives a webhook.
pub(super) async fn receive(
    request: &HttpRequest,
    payload: Payload,
    desks: &Arc<Desks>,
    edge: &Edge,
) -> Result<HttpResponse, ApiError> {
    let received = try_receive(request, payload, desks, edge).await;
    let counter = match &received {
        Ok(_) => &edge.counters.webhooks,
        Err(error) => match error.id.entry().status.as_u16() {
            401 => &edge.counters.unsigned,
            503 => &edge.counters.unavailable,
            _ => &edge.counters.refused,
        },
    };
    counter.fetch_add(1, Ordering::Relaxed);
    received
}

async fn try_receive(
    request: &HttpRequest,
    payload: Payload,
    desks: &Arc<Desks>,
    edge: &Edge,
) -> Result<HttpResponse, ApiError> {
    require_client_certificate(request, edge)?;
    edge.require_room()?;
    let mut reserved = edge.in_flight.reserve(0).ok_or_else(body::no_room)?;
    let body = body::read(request, payload, &mut reserved).await?;
    let secret = verify(request, &body, desks, edge)?;
    let items = cut(body).await?;
    let parts = divide(items, desks);
    let durable = parts
        .into_iter()
        .map(|(taker, items)| hand_over(taker, items, secret, desks))
        .collect::<Result<Vec<_>, _>>()?;
    wait(durable).await?;
    drop(reserved);
    Ok(HttpResponse::Ok().finish())
}

/// Where an authority for them is set, only Meta's client certificate may deliver webhooks.
fn require_client_certificate(request: &HttpRequest, edge: &Edge) -> Result<(), ApiError> {
    if !edge.tls.as_ref().is_some_and(|tls| tls.demands_client_certificate()) {
        return Ok(());
    }
    match request.conn_data::<Shown>() {
        Some(Shown::Meta) => Ok(()),
        Some(Shown::Nothing) | None => Err(ApiError::plain(ErrorId::ClientCertificateMissing)),
        Some(Shown::Other(why)) => Err(ApiError::naming(ErrorId::ClientCertificateWrong, why)),
    }
}

fn verify(request: &HttpRequest, body: &[u8], desks: &Desks, edge: &Edge) -> Result<u8, ApiError> {
    let gateway = &desks.gateway;
    if gateway.app_secrets.get().is_empty() {
        return Ok(0);
    }
    let header = request.headers().get("X-Hub-Signature-256").map(HeaderValue::as_bytes);
    let verifiers = edge.verifiers.get();
    let leaving = || ApiError::naming(ErrorId::NotReady, "the gateway has just been removed");
    let verifier = verifiers.get(&gateway.uri).ok_or_else(leaving)?;
    match verifier.verify(header, body) {
        Ok(which) => Ok(u8::try_from(which).unwrap_or(u8::MAX)),
        Err(BadSignature::Missing) => Err(ApiError::plain(ErrorId::SignatureMissing)),
        Err(BadSignature::Malformed | BadSignature::NoMatch) => {
            Err(ApiError::naming(ErrorId::SignatureWrong, &gateway.uri))
        }
    }
}

async fn cut(body: Bytes) -> Result<Vec<Item>, ApiError> {
    let cut = match body.len() {
        ..CUT_ASIDE_FROM => split(&body),
        _ => web::block(move || split(&body)).await.map_err(|_| busy("wharf is stopping"))?,
    };
    cut.map_err(|malformed| match malformed {
        Malformed::NotJson => ApiError::naming(ErrorId::BodyNotJson, "it is no JSON object"),
        Malformed::NoEntries => ApiError::naming(ErrorId::BodyNotJson, "it has no array `entry`"),
    })
}

/// Gives every item to its owner: all items of one owner together, in their order.
fn divide(items: Vec<Item>, desks: &Desks) -> Vec<(Taker, Vec<Item>)> {
    let mut parts: Vec<(Taker, Vec<Item>)> = Vec::with_capacity(1);
    let accounts = desks.read();
    for item in items {
        let actor = match destination(&item, &*accounts) {
            Destination::Account(id) => accounts.actor(id).map(|actor| (id, actor)),
            Destination::Test | Destination::Quarantine => None,
        };
        let mine = |(taker, _): &&mut (Taker, Vec<Item>)| match (taker, actor) {
            (Taker::Account(taker, _), Some((_, actor))) => taker == actor,
            (Taker::Gate, None) => true,
            (Taker::Account(..), None) | (Taker::Gate, Some(_)) => false,
        };
        match parts.iter_mut().find(mine) {
            Some((_, part)) => part.push(item),
            None => {
                let taker = actor.map_or(Taker::Gate, |(id, actor)| {
                    Taker::Account(actor.clone(), accounts.gauge(id).map(Gauge::mail))
                });
                parts.push((taker, vec![item]));
            }
        }
    }
    parts
}

fn hand_over(
    taker: Taker,
    items: Vec<Item>,
    secret: u8,
    desks: &Desks,
) -> Result<oneshot::Receiver<Outcome>, ApiError> {
    let (tell, told) = oneshot::channel();
    let receipt = DESK.with(|desk| desk.receipt(tell));
    let message = |waits| Deliver { secret, items, receipt, waits };
    let full = match taker {
        Taker::Account(actor, waits) => actor.try_send(message(waits)).is_err(),
        Taker::Gate => desks.gate.try_send(message(None)).is_err(),
    };
    if full { Err(busy("the account's mailbox is full")) } else { Ok(told) }
}

async fn wait(durable: Vec<oneshot::Receiver<Outcome>>) -> Result<(), ApiError> {
    let all = async {
        for told in durable {
            match told.await {
                Ok(Outcome::Durable) => {}
                Ok(Outcome::Lost { .. }) => return Err(ApiError::plain(ErrorId::StoreClosed)),
                Err(_) => return Err(not_durable("the account was restarted")),
            }
        }
        Ok(())
    };
    let waited = actix_web::rt::time::timeout(DURABLE_WITHIN, all).await;
    waited.unwrap_or_else(|_| Err(not_durable("the disk took longer than 5 s")))
}

fn busy(why: &str) -> ApiError {
    ApiError::naming(ErrorId::Busy, why)
}

fn not_durable(why: &str) -> ApiError {
    ApiError::naming(ErrorId::NotDurable, why)
}
