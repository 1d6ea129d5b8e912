//! The dashboard: a few plain files from a fixed table, the same for everybody. What it shows a browser fetches from
//! `/api` with a key; this room knows neither accounts nor keys.

mod shelf;

use crate::callback::unknown_path;
use crate::error::ApiError;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, VARY,
};
use actix_web::{HttpRequest, HttpResponse, web};

/// Nothing from elsewhere, nothing inline, nobody's frame: what a customer calls themselves stays text whatever happens.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What every answer says beside its bytes. Kept, but asked about each time: a new version is there at once.
const HEADERS: [(HeaderName, &str); 4] = [
    (HeaderName::from_static("content-security-policy"), POLICY),
    (HeaderName::from_static("x-content-type-options"), "nosniff"),
    (HeaderName::from_static("referrer-policy"), "no-referrer"),
    (CACHE_CONTROL, "no-cache"),
];

/// `/`: the page that loads all others.
pub async fn front(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    serve(&request, "index.html")
}

/// `/ui/{asset}`: scripts, the style sheet, the icon.
pub async fn asset(request: HttpRequest, name: web::Path<String>) -> Result<HttpResponse, ApiError> {
    serve(&request, &name)
}

fn serve(request: &HttpRequest, name: &str) -> Result<HttpResponse, ApiError> {
    let asset = shelf::find(name).ok_or_else(|| unknown_path(request))?;
    let has_it = says(request, &IF_NONE_MATCH, &asset.tag);
    let mut answer = HttpResponse::build(if has_it { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    for (name, value) in HEADERS {
        answer.insert_header((name, value));
    }
    answer.insert_header((ETAG, asset.tag.as_str())).insert_header((VARY, "Accept-Encoding"));
    if has_it {
        return Ok(answer.finish());
    }
    answer.insert_header((CONTENT_TYPE, asset.content_type));
    if !says(request, &ACCEPT_ENCODING, "gzip") {
        return Ok(answer.body(asset.bytes));
    }
    Ok(answer.insert_header((CONTENT_ENCODING, "gzip")).body(asset.packed.clone()))
}

/// Whether `word` is in the list that a header is.
fn says(request: &HttpRequest, header: &HeaderName, word: &str) -> bool {
    let list = request.headers().get(header).and_then(|list| list.to_str().ok()).unwrap_or_default();
    list.split(',').any(|one| one.trim() == word)
}
