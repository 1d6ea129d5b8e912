//! `POST /api/gateways/{uri}/verbs/{verb}`: the verbs of the callback URL, from where operators are anyway. The same
//! code, audit record and answer; only the parameters come as JSON.

use crate::authorised;
use crate::callback::{Query, read_body, run_verb};
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::web::{self, Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

/// What a verb may be told; each as the parameter of the same name (`ids` is `id`).
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Given {
    /// Absent: all.
    ids: Option<Vec<String>>,
    force: bool,
    ack: bool,
    /// Seconds until it answers 202.
    wait: Option<u64>,
}

/// Runs a verb.
pub async fn run(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    payload: Payload,
    late: Late,
) -> Result<HttpResponse, ApiError> {
    let (uri, verb) = path.into_inner();
    let edge = late.get().ok_or_else(|| ApiError::naming(ErrorId::NotReady, "the store is being opened"))?;
    let caller = authorised::caller(&request, edge).await?;
    let desks = edge.wharf.directory.gateway(&uri).filter(|_| caller.may_use_gateway(&uri));
    let desks = desks.ok_or_else(|| ApiError::naming(ErrorId::GatewayUnknown, &uri))?;
    let query = Given::read(&body(&request, payload, edge).await?)?.query();
    run_verb(&request, &caller, &verb, &query, &desks, edge).await
}

async fn body(request: &HttpRequest, payload: Payload, edge: &Edge) -> Result<Bytes, ApiError> {
    let too_many = || ApiError::naming(ErrorId::Busy, "too many bytes are under way");
    let mut reserved = edge.in_flight.reserve(0).ok_or_else(too_many)?;
    read_body(request, payload, &mut reserved).await
}

impl Given {
    fn read(body: &[u8]) -> Result<Self, ApiError> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        let wanted =
            "it may have \"ids\" (an array of text), \"force\", \"ack\" (true or false) and \"wait\" (seconds)";
        serde_json::from_slice(body).map_err(|_| ApiError::naming(ErrorId::BodyNotJson, wanted))
    }

    /// The same as a query: what it means is decided in one place.
    fn query(self) -> Query {
        // Nobody's id has a comma; an empty array is `id=`.
        let ids = self.ids.map(|ids| ("id", ids.join(",")));
        let yes = |name, said: bool| said.then(|| (name, "true".to_owned()));
        let wait = self.wait.map(|seconds| ("wait", seconds.to_string()));
        let pairs = [ids, yes("force", self.force), yes("ack", self.ack), wait];
        Query::of(pairs.into_iter().flatten())
    }
}
