//! `/api/openapi.json` and `/api/docs`: what the ops listener serves, told to programs and to people. Both come from the
//! URL table and from the types that are written; there is no secret in them, so they need no key.

mod document;
mod page;
mod shapes;
pub(crate) mod told;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType};
use std::sync::LazyLock;

/// Everything there is to tell; it does not change while the process runs.
static TEXTS: LazyLock<Texts> = LazyLock::new(|| {
    let document = document::of(crate::router::OPS);
    let page = page::of(&document);
    let json = serde_json::to_string_pretty(&document).expect("a document of text and numbers becomes JSON");
    Texts { json, page }
});

struct Texts {
    json: String,
    page: String,
}

/// The document as text.
pub fn text() -> &'static str {
    &TEXTS.json
}

/// The document, OpenAPI 3.1.
pub async fn document() -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-cache")).content_type("application/json").body(text())
}

/// The same as a page.
pub async fn docs() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'self'"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header(ContentType::html())
        .body(&*TEXTS.page)
}

/// How the page looks.
pub async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-cache"))
        .content_type("text/css; charset=utf-8")
        .body(page::STYLE)
}
