//! Media: uploads, what Graph says about a file, and its bytes.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Data, Json};
use serde_json::{Value, json};

use super::Graph;
use super::call::Call;
use super::fault::Fault;
use super::multipart::{self, Part};
use crate::sandbox::postoffice::unix_now_ms;
use crate::sandbox::refusal::Refusal;

/// `GET /media/{id}`: the bytes; the token is needed here too.
pub(super) async fn content(call: Call, graph: Data<Graph>) -> Result<HttpResponse, Fault> {
    let call = call.of_system()?;
    let (ends, hash) = (call.param("ext").unwrap_or_default(), call.param("hash").unwrap_or_default());
    let found = graph.world().media_content(&call.node, ends, hash, unix_now_ms());
    let (mime_type, content) = found.ok_or_else(|| Refusal::media_url_ended(&call.node))?;
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, mime_type)).body(content))
}

/// `POST /{number}/media`
pub(super) async fn upload(call: Call, graph: Data<Graph>) -> Result<Json<Value>, Fault> {
    let call = call.of_system()?;
    let parts = multipart::parts(&call.content_type, &call.raw).unwrap_or_default();
    let named = |name: &str| parts.iter().find(|part| part.name == name);
    let text = |name: &str| named(name).map(|part| String::from_utf8_lossy(&part.content).into_owned());
    let product = text("messaging_product").or_else(|| call.param("messaging_product").map(str::to_owned));
    if product.is_none_or(|product| !product.eq_ignore_ascii_case("whatsapp")) {
        return Err(Refusal::parameter("The parameter messaging_product is required.").into());
    }
    let file = named("file").ok_or_else(|| Refusal::parameter("The parameter file is required."))?;
    let id = graph.world().upload(&call.node, &mime_type(file, text("type")), file.content.clone())?;
    Ok(Json(json!({"id": id})))
}

/// The file's own type, else what the field `type` says.
fn mime_type(file: &Part, said: Option<String>) -> String {
    let own = file.content_type.clone().filter(|own| own != "application/octet-stream");
    own.or(said).unwrap_or_else(|| "application/octet-stream".to_owned())
}
