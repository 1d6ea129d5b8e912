//! `POST /api/gateways/{uri}/verbs/{verb}`: the verbs of the callback URL, from where operators are anyway. The same
//! code, audit record and answer; only the parameters come as JSON.

use super::optional;
use crate::authorised;
use crate::callback::{Query, run_verb};
use crate::edge::Late;
use crate::error::{ApiError, ErrorId};
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Deserialize;

/// What a verb may be told; each as the parameter of the same name (`ids` is `id`).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(rename = "VerbGiven")]
pub(super) struct Given {
    /// The accounts; left out, all.
    ids: Option<Vec<String>>,
    /// Whatever another's override or Meta's refusal says.
    force: bool,
    /// `remove` without ids means all.
    ack: bool,
    /// Seconds until it answers 202.
    #[schemars(range(max = 300))]
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
    let wanted = "it may have \"ids\" (an array of text), \"force\", \"ack\" (true or false) and \"wait\" (seconds)";
    let given: Given = optional(edge, &request, payload, wanted).await?;
    let query = given.query();
    run_verb(&request, &caller, &verb, &query, &desks, edge).await
}

impl Given {
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
