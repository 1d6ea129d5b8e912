//! Asking a running Wharf over HTTP, and telling a refusal, a stranger and an outage apart. Knows no command.

use super::fault::{Fault, Refused, Unreachable};
use super::reach::Place;
use super::sse::{Fact, Stream};
use actix_web::http::Method;
use awc::error::{ConnectError, PayloadError, SendRequestError};
use awc::http::header::ACCEPT;
use bytes::Bytes;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::VecDeque;
use std::fmt::Write;
use std::time::Duration;
use wharf_actors::courier::tls;

/// A connection takes so long at most.
const CONNECT: Duration = Duration::from_secs(10);
/// An answer takes so long at most, where nothing else is said.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest answer: a thousand of the largest elements.
const LARGEST: usize = 256 << 20;
/// A live stream says something every 15 s; silent for so long, it is gone.
const SILENT: Duration = Duration::from_secs(45);

/// Which listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The operators'.
    Ops,
    /// Meta's and the applications'.
    Public,
}

/// A running Wharf.
pub(super) struct Wharf {
    client: awc::Client,
    place: Place,
}

/// One question.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    method: Method,
    side: Side,
    path: String,
    load: Load,
    patience: Duration,
}

/// What a question carries.
#[derive(Debug, Clone)]
enum Load {
    Nothing,
    Json(Value),
    /// Bytes as they are, with a header of their own.
    Bytes(Bytes, (&'static str, String)),
}

/// A whole answer that is not a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// The body, as it came.
    pub(super) text: String,
    url: String,
}

/// A live stream.
pub(super) struct Live {
    response: awc::ClientResponse,
    url: String,
    stream: Stream,
    waiting: VecDeque<Fact>,
}

impl Ask {
    fn new(method: Method, side: Side, path: impl Into<String>) -> Self {
        Self { method, side, path: path.into(), load: Load::Nothing, patience: PATIENCE }
    }

    /// Looks at a path of the ops listener.
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, Side::Ops, path)
    }

    /// Tells a path of the ops listener something.
    pub(super) fn post(path: impl Into<String>, body: Value) -> Self {
        Self { load: Load::Json(body), ..Self::new(Method::POST, Side::Ops, path) }
    }

    /// Hands bytes to a path of the ops listener, byte for byte, beside a header.
    pub(super) fn post_bytes(path: impl Into<String>, bytes: impl Into<Bytes>, header: (&'static str, String)) -> Self {
        Self { load: Load::Bytes(bytes.into(), header), ..Self::new(Method::POST, Side::Ops, path) }
    }

    /// Sets something at the ops listener.
    pub(super) fn put(path: impl Into<String>, body: Value) -> Self {
        Self { load: Load::Json(body), ..Self::new(Method::PUT, Side::Ops, path) }
    }

    /// Takes something away at the ops listener.
    pub(super) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, Side::Ops, path)
    }

    /// The same at another listener.
    pub(super) fn at(self, side: Side) -> Self {
        Self { side, ..self }
    }

    /// The same with more patience.
    pub(super) fn within(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

impl Wharf {
    /// The one at `place`.
    pub(super) fn at(place: Place) -> Self {
        let connector = awc::Connector::new().rustls_0_23(tls::client_config());
        let client = awc::Client::builder()
            .connector(connector.timeout(CONNECT).handshake_timeout(CONNECT))
            .disable_timeout()
            .disable_redirects()
            .add_default_header(("User-Agent", concat!("wharf/", env!("CARGO_PKG_VERSION"))))
            .bearer_auth(&place.key)
            .finish();
        Self { client, place }
    }

    /// Asks, and gives the answer unless it is no.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Answer, Fault> {
        let url = self.base(ask.side).to_owned();
        let slow = || Fault::Unreachable { url: url.clone(), why: Unreachable::Slow(ask.patience.as_secs()) };
        let request = self.client.request(ask.method, format!("{url}{}", ask.path));
        let asking = async {
            let sent = match ask.load {
                Load::Nothing => request.send().await,
                Load::Json(body) => request.send_json(&body).await,
                Load::Bytes(bytes, header) => request.insert_header(header).send_body(bytes).await,
            };
            let mut response = sent.map_err(|error| unreachable(&url, &error))?;
            let body = response.body().limit(LARGEST).await.map_err(|error| broken(&url, &error))?;
            judge(&url, response.status().as_u16(), &body)
        };
        tokio::time::timeout(ask.patience, asking).await.unwrap_or_else(|_| Err(slow()))
    }

    /// Asks, and reads the answer.
    pub(super) async fn read<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, Fault> {
        self.ask(ask).await?.read()
    }

    /// Opens a live stream of the ops listener.
    pub(super) async fn live(&self, path: &str) -> Result<Live, Fault> {
        let url = self.base(Side::Ops).to_owned();
        let request = self.client.get(format!("{url}{path}")).insert_header((ACCEPT, "text/event-stream"));
        let opening = tokio::time::timeout(PATIENCE, request.send()).await;
        let slow = |_| Fault::Unreachable { url: url.clone(), why: Unreachable::Slow(PATIENCE.as_secs()) };
        let mut response = opening.map_err(slow)?.map_err(|error| unreachable(&url, &error))?;
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if response.status().is_success() && kind.starts_with("text/event-stream") {
            return Ok(Live { response, url, stream: Stream::default(), waiting: VecDeque::new() });
        }
        let body = response.body().limit(LARGEST).await.map_err(|error| broken(&url, &error))?;
        let answer = judge(&url, response.status().as_u16(), &body)?;
        Err(answer.stranger("it gives no live stream"))
    }

    fn base(&self, side: Side) -> &str {
        match side {
            Side::Ops => &self.place.ops,
            Side::Public => &self.place.public,
        }
    }
}

impl Answer {
    /// The answer as what it should be.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_str(&self.text).map_err(|error| self.stranger(&format!("{error} in its answer")))
    }

    fn stranger(&self, why: &str) -> Fault {
        Fault::Stranger { url: self.url.clone(), why: why.to_owned() }
    }
}

impl Live {
    /// The next fact; `None` at the end of the stream.
    pub(super) async fn next(&mut self) -> Result<Option<Fact>, Fault> {
        loop {
            if let Some(fact) = self.waiting.pop_front() {
                return Ok(Some(fact));
            }
            let heard = tokio::time::timeout(SILENT, self.response.next()).await;
            let Ok(heard) = heard else {
                return Err(Fault::Unreachable { url: self.url.clone(), why: Unreachable::Slow(SILENT.as_secs()) });
            };
            let Some(bytes) = heard.transpose().map_err(|error| broken(&self.url, &error))? else { return Ok(None) };
            let overlong = |_| Fault::Stranger { url: self.url.clone(), why: "a line in its stream has no end".into() };
            self.waiting.extend(self.stream.feed(&bytes).map_err(overlong)?);
        }
    }
}

/// A piece of a path: whatever was typed stays one piece.
pub(super) fn piece(text: &str) -> String {
    let mut piece = String::new();
    for byte in text.bytes() {
        match byte.is_ascii_alphanumeric()
            || b"-_~".contains(&byte)
            || (byte == b'.' && !text.trim_matches('.').is_empty())
        {
            true => piece.push(char::from(byte)),
            false => write!(piece, "%{byte:02X}").expect("text takes text"),
        }
    }
    piece
}

/// A query of the pairs that have a value; with its `?`, or empty.
pub(super) fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, Option<String>)>) -> String {
    let given = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
    if text.is_empty() { text } else { format!("?{text}") }
}

/// Tells an answer, a refusal (Wharf's or Graph's) and a stranger apart.
fn judge(url: &str, status: u16, body: &Bytes) -> Result<Answer, Fault> {
    let stranger = |why: String| Err(Fault::Stranger { url: url.to_owned(), why });
    let Ok(text) = std::str::from_utf8(body) else { return stranger(format!("status {status}, and no text")) };
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return stranger(format!("status {status}, and no JSON"));
    };
    // A verb that failed for every account is an answer all the same.
    if (200..300).contains(&status) || (status == 502 && value.is_array()) {
        return Ok(Answer { status, text: text.to_owned(), url: url.to_owned() });
    }
    match refusal(status, &value) {
        Some(refused) => Err(Fault::Refused(refused)),
        None => stranger(format!("status {status}")),
    }
}

fn refusal(status: u16, value: &Value) -> Option<Refused> {
    if let (Some(id), Some(detail)) = (value["id"].as_str(), value["detail"].as_str()) {
        return Some(Refused { status, id: id.to_owned(), detail: detail.to_owned() });
    }
    let error = value["error"].as_object()?;
    let message = error.get("message")?.as_str()?;
    let more = [error.get("error_user_msg"), error.get("error_data").and_then(|data| data.get("details"))];
    let more = more.into_iter().flatten().filter_map(Value::as_str).find(|more| !message.contains(more));
    let detail = more.map_or_else(|| message.to_owned(), |more| format!("{message}: {more}"));
    Some(Refused { status, id: error.get("code").map(Value::to_string).unwrap_or_default(), detail })
}

fn unreachable(url: &str, error: &SendRequestError) -> Fault {
    let why = if let SendRequestError::Connect(ConnectError::Io(error)) = error {
        refused_by_the_system(error)
    } else if let SendRequestError::Connect(error @ (ConnectError::Resolver(_) | ConnectError::NoRecords)) = error {
        Unreachable::NoAddress(error.to_string())
    } else if matches!(error, SendRequestError::Connect(ConnectError::Timeout)) {
        Unreachable::Slow(CONNECT.as_secs())
    } else {
        Unreachable::Broken(error.to_string())
    };
    Fault::Unreachable { url: url.to_owned(), why }
}

fn refused_by_the_system(error: &std::io::Error) -> Unreachable {
    let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match of_tls {
        Some(error) => Unreachable::Tls(error.to_string()),
        None if error.kind() == std::io::ErrorKind::ConnectionRefused => Unreachable::NobodyListens,
        None => Unreachable::Broken(error.to_string()),
    }
}

fn broken(url: &str, error: &PayloadError) -> Fault {
    Fault::Unreachable { url: url.to_owned(), why: Unreachable::Broken(error.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &'static str) -> Result<String, String> {
        let judged = judge("http://ops", status, &Bytes::from_static(body.as_bytes()));
        judged.map(|answer| answer.text).map_err(|fault| fault.to_string())
    }

    #[test]
    fn answers_refusals_and_strangers_are_told_apart() {
        assert_eq!(judged(202, "{\"a\":1}"), Ok("{\"a\":1}".to_owned()));
        assert_eq!(judged(502, "[]"), Ok("[]".to_owned()));
        let ours = "{\"id\":\"wharf.event.unknown\",\"code\":404,\"detail\":\"there is no event 1.2\",\"status\":\"Not Found\"}";
        assert_eq!(judged(404, ours), Err("there is no event 1.2 (wharf.event.unknown, 404)".to_owned()));
        let graph =
            "{\"error\":{\"message\":\"(#133016) too many\",\"code\":133016,\"error_data\":{\"details\":\"wait\"}}}";
        assert_eq!(judged(400, graph), Err("(#133016) too many: wait (133016, 400)".to_owned()));
        let stranger = "http://ops answers, but not as Wharf does: ";
        assert_eq!(judged(404, "<html>"), Err(format!("{stranger}status 404, and no JSON")));
        assert_eq!(judged(200, "hello"), Err(format!("{stranger}status 200, and no JSON")));
        assert_eq!(judged(404, "{}"), Err(format!("{stranger}status 404")));
        assert_eq!(judged(302, "{}"), Err(format!("{stranger}status 302")));
    }

    #[test]
    fn whatever_was_typed_stays_one_piece_of_a_path() {
        assert_eq!(piece("102290.57"), "102290.57");
        assert_eq!(piece("../x?y=1"), "..%2Fx%3Fy%3D1");
        assert_eq!(piece(".."), "%2E%2E");
        assert_eq!(query([("a", None), ("b", None)]), "");
        assert_eq!(query([("kind", Some("a&b".into())), ("after", Some("7".into()))]), "?kind=a%26b&after=7");
    }
}
