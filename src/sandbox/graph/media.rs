//! Media: what an id stands for, its bytes, and uploads, whose bytes are forgotten.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, Json};
use serde_json::{Value, json};

use super::Graph;
use super::call::Call;
use super::fault::Fault;
use crate::sandbox::media;
use crate::sandbox::refusal::Refusal;

/// A media id that the sandbox knows.
pub(super) struct Known<'a> {
    id: &'a str,
    mime_type: &'static str,
}

/// `id` as media, or Graph's refusal.
pub(super) fn known<'a>(id: &'a str, method: &str) -> Result<Known<'a>, Refusal> {
    let mime_type = media::mime_type(id).ok_or_else(|| Refusal::unknown_object(method, id))?;
    Ok(Known { id, mime_type })
}

/// The node of a media id, with a URL on this host.
pub(super) fn node(known: &Known<'_>, call: &Call) -> Value {
    media::node(known.id, known.mime_type, &format!("{}/media/{}", call.origin, known.id))
}

/// `GET /media/{id}`: the bytes; the token is needed here too.
pub(super) async fn content(call: Call) -> Result<HttpResponse, Fault> {
    let known = known(&call.of_system()?.node, "get")?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, known.mime_type)).body(media::content(known.id)))
}

/// `POST /{number}/media`
pub(super) async fn upload(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    let mut world = graph.world();
    world.number(&call.node, "post")?;
    Ok(Json(json!({"id": world.mint.media_id(0)})))
}
