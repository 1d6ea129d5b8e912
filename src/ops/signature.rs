//! `/api/gateways/{gateway}/signature`: why a webhook's signature does not match. Logs neither the body nor its digest.

use super::{bytes, gateways, inspector, json};
use crate::edge::Late;
use crate::error::{ApiError, ErrorId};
use actix_web::http::header::HeaderValue;
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use wharf_actors::cloud::diagnosis::{Diagnosis, Other, Shown, diagnose as compare};

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SignatureDiagnosis")]
pub(super) struct Told {
    /// Which of the gateway's secrets, from 0, made exactly this signature over exactly this body.
    matches: Option<usize>,
    /// Whether that is the current one.
    #[schemars(extend("enum" = ["current", "older", null]))]
    secret: Option<&'static str>,
    /// A sentence.
    why: String,
    /// What to do about it.
    hint: Option<String>,
}

/// Says which app secret of the gateway made the signature in `X-Hub-Signature-256` over the body, or what is amiss.
pub async fn diagnose(
    request: HttpRequest,
    uri: web::Path<String>,
    payload: Payload,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    let desks = gateways::whole(edge, &caller, &uri)?;
    let body = bytes(&request, payload, edge).await?;
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
    Ok(json(&Told::of(told.await.map_err(|_| ApiError::naming(ErrorId::NotReady, "wharf is stopping"))?)))
}

impl Told {
    fn of(diagnosis: Diagnosis) -> Self {
        let Diagnosis { matches, secret, why, hint } = diagnosis;
        Self { matches, secret, why, hint }
    }
}
