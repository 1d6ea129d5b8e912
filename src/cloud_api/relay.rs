//! Bodies on their way through, both ways: what of a request is passed on, and what of an answer. Knows no account.

use super::masked::Mask;
use super::refused::Refused;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use actix_web::web::{Bytes, BytesMut, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::{Stream, StreamExt};
use std::cell::Cell;
use std::rc::Rc;
use wharf_actors::courier::stream::{BrokenOff, Feed, Flow, HeaderMap, HeaderName, HeaderValue, Heard, Timely};

/// Bytes of a body that are passed on: Meta takes documents of 100 MB, and there is a frame around them.
pub(super) const LIMIT: u64 = 104 << 20;
/// Bytes of an answer that is read before it is passed on: an error, an id, a medium's node.
const SHORT: usize = 1 << 20;

/// What of a caller's headers Graph sees; everything else stays here.
const REQUEST_HEADERS: [&str; 4] = ["content-type", "accept", "accept-language", "if-none-match"];
/// What of Graph's headers the caller sees. Not `WWW-Authenticate` nor `Location`: Graph may write a token into them.
const ANSWER_HEADERS: [&str; 19] = [
    "content-type",
    "content-disposition",
    "content-encoding",
    "content-language",
    "cache-control",
    "etag",
    "expires",
    "last-modified",
    "pragma",
    "retry-after",
    "vary",
    "x-business-use-case-usage",
    "x-app-usage",
    "x-ad-account-usage",
    "facebook-api-version",
    "x-fb-trace-id",
    "x-fb-request-id",
    "x-fb-rev",
    "x-fb-debug",
];

/// The headers that are passed on to Graph.
pub(super) fn headers(request: &HttpRequest) -> Vec<(HeaderName, HeaderValue)> {
    let passed = |name| Some((HeaderName::from_static(name), request.headers().get(name)?.clone()));
    REQUEST_HEADERS.into_iter().filter_map(passed).collect()
}

/// What the request says its body is: in small letters, empty where it says nothing.
pub(super) fn content_type(request: &HttpRequest) -> String {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().trim().to_owned()
}

/// The bytes that the request announces.
fn announced(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A request's body on its way; what became of it is seen from outside, because the client only says "broken".
pub(super) struct Coming {
    /// Its first bytes.
    pub(super) first: Bytes,
    /// The whole.
    pub(super) feed: Feed,
    /// Why it ended early.
    pub(super) broken: Rc<Cell<Option<BrokenOff>>>,
}

/// The body of `request`; `None` where there is none.
pub(super) async fn coming(request: &HttpRequest, payload: Payload) -> Result<Option<Coming>, Refused> {
    let bytes = announced(request);
    if bytes == Some(0) || (bytes.is_none() && !request.headers().contains_key(TRANSFER_ENCODING)) {
        return Ok(None);
    }
    if bytes.is_some_and(|bytes| bytes > LIMIT) {
        return Err(Refused::too_long(LIMIT));
    }
    let payload = payload.map(|chunk| chunk.map_err(|_| BrokenOff::Ended));
    let mut payload = Timely::new(Box::pin(payload));
    let first = payload.next().await.transpose().map_err(broken_off)?.unwrap_or_default();
    let broken = Rc::new(Cell::new(None));
    let ahead = futures_util::stream::iter([Ok(first.clone())]);
    let flow = note(within(LIMIT, Box::pin(ahead.chain(payload))), Rc::clone(&broken));
    Ok(Some(Coming { first, feed: Feed { bytes, flow: Box::pin(flow) }, broken }))
}

/// A body whose bytes are here already.
pub(super) fn whole(body: Bytes) -> Option<Feed> {
    let bytes = Some(body.len() as u64).filter(|bytes| *bytes > 0)?;
    let flow = futures_util::stream::iter([Ok(body)]);
    Some(Feed { bytes: Some(bytes), flow: Box::pin(flow) })
}

/// A refusal for a caller whose body broke off.
pub(super) fn broken_off(broken: BrokenOff) -> Refused {
    match broken {
        BrokenOff::TooLong(limit) => Refused::too_long(limit),
        BrokenOff::Ended | BrokenOff::Silent | BrokenOff::Slow | BrokenOff::Altered => {
            Refused::parameter(broken.to_string())
        }
    }
}

/// `flow`, broken off once it is longer than `limit`.
pub(super) fn within(limit: u64, flow: Flow) -> impl Stream<Item = Result<Bytes, BrokenOff>> {
    let mut seen = 0;
    flow.map(move |piece| {
        let piece = piece?;
        seen += piece.len() as u64;
        if seen > limit { Err(BrokenOff::TooLong(limit)) } else { Ok(piece) }
    })
}

fn note(
    flow: impl Stream<Item = Result<Bytes, BrokenOff>>,
    broken: Rc<Cell<Option<BrokenOff>>>,
) -> impl Stream<Item = Result<Bytes, BrokenOff>> {
    flow.inspect(move |piece| {
        if let Err(why) = piece {
            broken.set(Some(*why));
        }
    })
}

/// Reads a short answer whole; what is longer is Graph's fault.
pub(super) async fn read_short(mut flow: Flow) -> Result<Bytes, BrokenOff> {
    let mut body = BytesMut::new();
    while let Some(piece) = flow.next().await {
        let piece = piece?;
        if body.len() + piece.len() > SHORT {
            return Err(BrokenOff::TooLong(SHORT as u64));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

/// An answer with Graph's status and headers, still without its body.
pub(super) fn answer(heard: &Heard) -> actix_web::HttpResponseBuilder {
    let mut answer = HttpResponse::build(heard.status);
    for name in ANSWER_HEADERS {
        if let Some(value) = heard.headers.get(name) {
            answer.insert_header((HeaderName::from_static(name), value.clone()));
        }
    }
    answer
}

/// How long an answer's body is, where that is known.
pub(super) fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Graph's answer as it comes, secrets hidden.
pub(super) fn stream(heard: Heard, mask: Mask) -> HttpResponse {
    let mut answer = answer(&heard);
    if heard.status.is_informational() || matches!(heard.status.as_u16(), 204 | 304) {
        return answer.finish();
    }
    let bytes = length(&heard.headers);
    send(&mut answer, bytes, mask.over(heard.body))
}

/// `answer` with `flow` as its body, `bytes` long where that is known.
pub(super) fn send(
    answer: &mut actix_web::HttpResponseBuilder,
    bytes: Option<u64>,
    flow: impl Stream<Item = Result<Bytes, BrokenOff>> + 'static,
) -> HttpResponse {
    match bytes {
        Some(bytes) => answer.body(actix_web::body::SizedStream::new(bytes, Box::pin(flow))),
        None => answer.body(actix_web::body::BodyStream::new(Box::pin(flow))),
    }
}
