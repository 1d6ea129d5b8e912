//! `/api/gateways/{gateway}/signature`: why a webhook's signature does not match. Logs neither the body nor its digest.

use super::{gateways, inspector, json};
use crate::callback::read_body;
use crate::edge::Late;
use crate::error::{ApiError, ErrorId};
use actix_web::http::header::HeaderValue;
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use std::sync::Arc;
use wharf_actors::cloud::diagnosis::{Other, Shown, diagnose as compare};

/// Says which app secret of the gateway made the signature in `X-Hub-Signature-256` over the body, or what is amiss.
pub async fn diagnose(
    request: HttpRequest,
    uri: web::Path<String>,
    payload: Payload,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    let desks = gateways::whole(edge, &caller, &uri)?;
    let too_many = || ApiError::naming(ErrorId::Busy, "too many bytes are under way");
    let mut reserved = edge.in_flight.reserve(0).ok_or_else(too_many)?;
    let body = read_body(&request, payload, &mut reserved).await?;
    let mut others = edge.wharf.directory.gateways();
    others.retain(|other| other.gateway.uri != desks.gateway.uri && caller.may_use_gateway(&other.gateway.uri));
    let others = others
        .iter()
        .map(|other| Other { uri: Arc::clone(&other.gateway.uri), secrets: other.gateway.app_secrets.get() });
    let others: Vec<Other> = others.collect();
    let header = |name: &str| request.headers().get(name).map(HeaderValue::as_bytes).map(<[u8]>::to_vec);
    let (sha256, sha1) = (header("X-Hub-Signature-256"), header("X-Hub-Signature"));
    let ours = desks.gateway.app_secrets.get();
    // Some eighty ways of writing the body anew are hashed.
    let told =
        web::block(move || compare(Shown { sha256: sha256.as_deref(), sha1: sha1.as_deref() }, &body, &ours, &others));
    Ok(json(&told.await.map_err(|_| ApiError::naming(ErrorId::NotReady, "wharf is stopping"))?))
}
