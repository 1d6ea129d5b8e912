//! Media: uploads pass through and are remembered, an id leads to its bytes, and an application needs no token of Meta's
//! for either. Knows no key.

use super::masked::Mask;
use super::passthrough::{Passing, unavailable};
use super::refused::Refused;
use super::{checked, relay};
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HOST};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::value::RawValue;
use std::rc::Rc;
use wharf_actors::berth::Berth;
use wharf_actors::clock::now_ms;
use wharf_actors::cloud::json;
use wharf_actors::courier::fault::Fault;
use wharf_actors::courier::stream::{Ask, Heard, StatusCode, Turn};
use wharf_actors::desk;
use wharf_storage::{Change, MediaRecord};

/// Meta's host for the bytes of media; besides it only Graph's own is asked.
const MEDIA_HOST: &str = "lookaside.fbsbx.com";

/// `POST /{number}/media`: passed on byte for byte; the id in Graph's answer is the account's from then on.
pub(super) async fn upload(passing: Passing<'_>, payload: Payload) -> Result<HttpResponse, Refused> {
    passing.edge.require_room()?;
    let kind = relay::content_type(passing.request);
    let Some(coming) = relay::coming(passing.request, payload).await? else {
        return Err(Refused::parameter("the body is empty: upload a file as multipart/form-data"));
    };
    refuse_mislabelled(&kind, &coming.first)?;
    if boundary(&kind).is_none() {
        return Err(Refused::parameter(
            "media is uploaded as multipart/form-data with a boundary: check the header Content-Type",
        ));
    }
    let heard = match passing.ask(Some(coming.feed), Turn::File).await {
        Ok(heard) => heard,
        Err(fault) => return Err(coming.broken.get().map_or(fault.into(), relay::broken_off)),
    };
    let mut answer = relay::answer(&heard);
    let (status, body) = short(heard).await?;
    if let Some(id) = id(&body).filter(|_| status.is_success()) {
        remember(&passing, &id).await?;
    }
    Ok(answer.body(Mask::of(&passing.access).whole(&body)))
}

/// Refuses a body that is not what its `Content-Type` says: Graph would answer such a one with an outage.
pub(super) fn refuse_mislabelled(kind: &str, first: &[u8]) -> Result<(), Refused> {
    let first = first.trim_ascii_start();
    let is_json = kind.to_ascii_lowercase().starts_with("application/json");
    if is_json && first.starts_with(b"--") {
        return Err(Refused::parameter(
            "the body is multipart, but Content-Type says application/json: let the client set Content-Type itself",
        ));
    }
    let Some(boundary) = boundary(kind) else { return Ok(()) };
    let delimiter = format!("--{boundary}").into_bytes();
    let length = delimiter.len().min(first.len());
    if first[..length] == delimiter[..length] {
        return Ok(());
    }
    Err(Refused::parameter("the body does not begin with the boundary that Content-Type: multipart/form-data names"))
}

/// The boundary of `multipart/form-data`.
fn boundary(kind: &str) -> Option<&str> {
    let mut parts = kind.split(';').map(str::trim);
    parts.next().filter(|kind| kind.eq_ignore_ascii_case("multipart/form-data"))?;
    let value =
        parts.find_map(|part| part.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("boundary")));
    value.map(|(_, value)| value.trim().trim_matches('"')).filter(|value| !value.is_empty())
}

fn id(body: &Bytes) -> Option<String> {
    json::members(body)?.get("id").and_then(|id| json::raw_text(id))
}

/// Durable before the caller learns of the id.
async fn remember(passing: &Passing<'_>, id: &str) -> Result<(), Refused> {
    let owner = &passing.owner;
    let record = MediaRecord {
        media: id.into(),
        account: owner.account.as_ref().into(),
        number: owner.number.clone(),
        at_ms: now_ms(),
    };
    let mut change = Change::default();
    change.put(&record);
    let kept = desk::commit(passing.edge.wharf.store.as_ref(), change).await;
    kept.map_err(|_| unavailable("the store is closed: upload again once it is open"))
}

/// `GET /{media}`: Graph's answer, with a `url` that leads here.
pub(super) async fn lookup(passing: Passing<'_>) -> Result<HttpResponse, Refused> {
    let heard = passing.ask(None, Turn::Call).await?;
    let mut answer = relay::answer(&heard);
    if passing.request.method() == Method::HEAD {
        return Ok(answer.finish());
    }
    if heard.status.is_redirection() {
        return Ok(relay::stream(heard, Mask::of(&passing.access)));
    }
    let (_, body) = short(heard).await?;
    let here = format!("{}/{}/{}/content", origin(passing.request, &passing), passing.version(), passing.target.node);
    let body = with_url(&body, &here).unwrap_or(body);
    Ok(answer.body(Mask::of(&passing.access).whole(&body)))
}

/// Where the caller reaches us: `server.public_url`, else as this request came.
fn origin(request: &HttpRequest, passing: &Passing<'_>) -> String {
    if let Some(url) = &passing.edge.public_url {
        return url.to_string();
    }
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let is_secure = passing.edge.tls.is_some() || text("x-forwarded-proto") == Some("https");
    let scheme = if is_secure { "https" } else { "http" };
    format!("{scheme}://{}", text(HOST.as_str()).unwrap_or("localhost"))
}

/// `node` with `url` in place of its own; `None` where it has none.
fn with_url(node: &Bytes, url: &str) -> Option<Bytes> {
    let members = json::members(node)?;
    let own: &RawValue = members.get("url")?;
    let url = serde_json::to_string(url).expect("text always serialises");
    let from = own.get().as_ptr() as usize - node.as_ptr() as usize;
    Some([&node[..from], url.as_bytes(), &node[from + own.get().len()..]].concat().into())
}

/// `GET /{media}/content`: the bytes. Their URL lives for minutes, so it is asked for each time, and once more where it
/// has ended already.
pub(super) async fn content(passing: Passing<'_>) -> Result<HttpResponse, Refused> {
    let mut is_last = false;
    loop {
        let heard = get(&passing, &graph_url(&passing)?, Turn::Call).await?;
        if !heard.status.is_success() {
            return Ok(relay::stream(heard, Mask::of(&passing.access)));
        }
        let (_, node) = short(heard).await?;
        let medium = Medium::read(&node).ok_or_else(|| Refused::download("Graph names no URL for this medium"))?;
        if medium.bytes.is_some_and(|bytes| bytes > relay::LIMIT) {
            return Err(Refused::too_long(relay::LIMIT));
        }
        if !is_media_host(&medium.url, Berth::here().streams.graph()) {
            log::error!("media_refused media={} why=\"its URL is at no host of Meta's\"", passing.target.node);
            return Err(Refused::download("Graph names a URL for this medium that is at no host of Meta's"));
        }
        let heard = get(&passing, &medium.url, Turn::File).await?;
        match heard.status.as_u16() {
            200 => return download(&passing, medium, heard),
            401 | 403 | 404 | 410 if !is_last => is_last = true,
            status => return Err(Refused::download(format!("Meta's media host answered {status}: try again"))),
        }
    }
}

fn graph_url(passing: &Passing<'_>) -> Result<String, Fault> {
    let streams = Rc::clone(&Berth::here().streams);
    streams.graph_uri(&passing.access, passing.version(), &passing.target.node, "").map(|uri| uri.to_string())
}

async fn get(passing: &Passing<'_>, url: &str, turn: Turn) -> Result<Heard, Fault> {
    let uri = url.parse().map_err(|_| Fault::not_sent("Meta's URL of the medium cannot be read"))?;
    let streams = Rc::clone(&Berth::here().streams);
    let ask = Ask { method: Method::GET, uri, headers: Vec::new(), body: None, turn, patience: Ask::PATIENCE };
    streams.ask(&passing.access, ask).await
}

/// The bytes on their way to the caller.
fn download(passing: &Passing<'_>, medium: Medium, heard: Heard) -> Result<HttpResponse, Refused> {
    let bytes = relay::length(&heard.headers);
    if bytes.is_some_and(|bytes| bytes > relay::LIMIT) {
        return Err(Refused::too_long(relay::LIMIT));
    }
    let mut answer = relay::answer(&heard);
    if !heard.headers.contains_key(CONTENT_TYPE) {
        answer.insert_header((CONTENT_TYPE, medium.mime_type));
    }
    // A stranger's file is shown by nobody's browser as a page of ours.
    answer.insert_header(("X-Content-Type-Options", "nosniff"));
    answer.insert_header(("Content-Security-Policy", "sandbox; default-src 'none'"));
    if !heard.headers.contains_key(CONTENT_DISPOSITION) {
        answer.insert_header((CONTENT_DISPOSITION, "attachment"));
    }
    let flow = relay::within(relay::LIMIT, heard.body);
    let flow = checked::checked(Box::pin(flow), medium.sha256, passing.target.node.clone());
    Ok(relay::send(&mut answer, bytes, flow))
}

async fn short(heard: Heard) -> Result<(StatusCode, Bytes), Fault> {
    let status = heard.status;
    let body = relay::read_short(heard.body).await;
    body.map(|body| (status, body)).map_err(|why| Fault::unknown(why.to_string()))
}

/// What Graph says of a medium.
#[derive(Debug, PartialEq, Eq)]
struct Medium {
    url: String,
    mime_type: String,
    sha256: Option<[u8; 32]>,
    bytes: Option<u64>,
}

impl Medium {
    fn read(node: &Bytes) -> Option<Self> {
        let members = json::members(node)?;
        let text = |name: &str| members.get(name).and_then(|raw| json::raw_text(raw));
        Some(Self {
            url: text("url")?,
            mime_type: text("mime_type").unwrap_or_else(|| "application/octet-stream".to_owned()),
            sha256: text("sha256").and_then(|text| checked::read_sha256(&text)),
            bytes: text("file_size").and_then(|text| text.parse().ok()),
        })
    }
}

/// Whether `url` is at Meta's media host, or at the host of `[graph].base_url`.
fn is_media_host(url: &str, graph: &str) -> bool {
    let (Ok(url), Ok(graph)) = (url.parse::<actix_web::http::Uri>(), graph.parse::<actix_web::http::Uri>()) else {
        return false;
    };
    let authority = url.authority().map(|authority| authority.as_str().to_ascii_lowercase());
    let is_metas = url.scheme_str() == Some("https") && authority.as_deref() == Some(MEDIA_HOST);
    is_metas || (authority.is_some() && url.scheme() == graph.scheme() && url.authority() == graph.authority())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bytes_are_fetched_from_metas_hosts_only() {
        let graph = "https://graph.facebook.com";
        assert!(is_media_host("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1&hash=A", graph));
        assert!(is_media_host("https://graph.facebook.com/media/1", graph));
        assert!(is_media_host("http://127.0.0.1:8090/media/1", "http://127.0.0.1:8090/base"));
        for url in [
            "http://lookaside.fbsbx.com/x",
            "https://lookaside.fbsbx.com.example/x",
            "https://lookaside.fbsbx.com@example.com/x",
            "https://me@lookaside.fbsbx.com/x",
            "https://lookaside.fbsbx.com:8443/x",
            "https://example.com/lookaside.fbsbx.com",
            "http://graph.facebook.com/x",
            "http://127.0.0.1:1/",
            "file:///etc/passwd",
            "/relative",
            "",
        ] {
            assert!(!is_media_host(url, graph), "{url}");
        }
    }

    #[test]
    fn a_body_is_what_its_content_type_says() {
        let form = "multipart/form-data; boundary=\"b1\"";
        let fine = |kind: &str, first: &str| refuse_mislabelled(kind, first.as_bytes()).is_ok();
        assert!(fine(form, "--b1\r\nContent-Disposition: x") && fine(form, "\r\n--b1") && fine(form, "--"));
        assert!(!fine(form, "{\"a\":1}") && !fine(form, "--b2\r\n"));
        assert!(!fine("application/json; charset=utf-8", "--b1\r\n"));
        assert!(fine("application/json", "{}") && fine("application/json", "-1") && fine("", "--b1"));
        assert_eq!(boundary("Multipart/Form-Data; charset=x; Boundary=abc"), Some("abc"));
        assert_eq!((boundary("multipart/form-data"), boundary("multipart/mixed; boundary=x")), (None, None));
    }

    #[test]
    fn only_the_url_of_a_medium_is_rewritten() {
        let node = Bytes::from_static(br#"{"url" : "https:\/\/lookaside/?a=1", "sha256":"00","x":{"url":"kept"}}"#);
        let rewritten = with_url(&node, "https://wa.example.com/v25.0/1/content").unwrap();
        let wanted = br#"{"url" : "https://wa.example.com/v25.0/1/content", "sha256":"00","x":{"url":"kept"}}"#;
        assert_eq!(rewritten, wanted.as_slice());
        assert_eq!(with_url(&Bytes::from_static(b"{}"), "x"), None);
    }
}
