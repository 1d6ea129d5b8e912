//! A plain HTTP client, and a raw one for requests that no client would make. Knows no gateway.

use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// No answer may take longer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// An answer, whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The header `name`, in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("an answer in UTF-8")
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.text()))
    }
}

thread_local! {
    static CLIENT: RefCell<Option<awc::Client>> = const { RefCell::new(None) };
}

fn client() -> awc::Client {
    // Shorter than any server keeps a connection, so that none is cut in the moment it is used again.
    let connector = || awc::Connector::new().conn_keep_alive(Duration::from_secs(2));
    let make = || awc::Client::builder().connector(connector()).timeout(TIMEOUT).disable_redirects().finish();
    CLIENT.with_borrow_mut(|client| client.get_or_insert_with(make).clone())
}

/// `GET url` with `headers`.
pub(crate) async fn get(url: &str, headers: &[(&str, &str)]) -> Answer {
    finish(with(client().get(url), headers).send().await).await
}

/// `POST url` with `headers` and `body`.
pub(crate) async fn post(url: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    finish(with(client().post(url), headers).send_body(body.into()).await).await
}

/// `PUT url` with `headers` and `body`.
pub(crate) async fn put(url: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    finish(with(client().put(url), headers).send_body(body.into()).await).await
}

/// `DELETE url` with `headers`.
pub(crate) async fn delete(url: &str, headers: &[(&str, &str)]) -> Answer {
    finish(with(client().delete(url), headers).send().await).await
}

/// A request of any method, with `headers` and `body`.
pub(crate) async fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let method = method.parse().expect("a method");
    finish(with(client().request(method, url), headers).send_body(body.into()).await).await
}

/// Any method, with `headers` and `body`; `None` where the other side hangs up within its answer.
pub(crate) async fn try_ask(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Option<Answer> {
    let method = awc::http::Method::from_bytes(method.as_bytes()).expect("a method");
    let body = body.into();
    let request = with(client().request(method, url), headers);
    read(if body.is_empty() { request.send().await } else { request.send_body(body).await }.ok()?).await
}

/// [`post`] where the other side may hang up: `None` then.
pub(crate) async fn try_post(url: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Option<Answer> {
    read(with(client().post(url), headers).send_body(body.into()).await.ok()?).await
}

fn with(mut request: awc::ClientRequest, headers: &[(&str, &str)]) -> awc::ClientRequest {
    for (name, value) in headers {
        request = request.insert_header((*name, *value));
    }
    request
}

async fn finish<S>(sent: Result<awc::ClientResponse<S>, awc::error::SendRequestError>) -> Answer
where
    S: futures_util::Stream<Item = Result<Bytes, awc::error::PayloadError>> + Unpin,
{
    read(sent.expect("an answer")).await.expect("a whole body")
}

async fn read<S>(mut response: awc::ClientResponse<S>) -> Option<Answer>
where
    S: futures_util::Stream<Item = Result<Bytes, awc::error::PayloadError>> + Unpin,
{
    let read = |value: &awc::http::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), read(value))).collect();
    let body = response.body().limit(64 << 20).await.ok()?;
    Some(Answer { status: response.status().as_u16(), headers, body })
}

/// A connection on which anything can be written.
pub(crate) struct Raw(TcpStream);

impl Raw {
    /// Connects.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("a connection"))
    }

    /// Writes `bytes`; whether the other side still took them.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok()
    }

    /// The next answer, read by its Content-Length.
    pub(crate) async fn answer(&mut self) -> Answer {
        self.read(Body::Announced).await
    }

    /// The next answer's head: what answers HEAD announces a body and has none.
    pub(crate) async fn head(&mut self) -> Answer {
        self.read(Body::None).await
    }

    async fn read(&mut self, body: Body) -> Answer {
        let reading = async {
            let mut seen = Vec::new();
            loop {
                if let Some(answer) = parse(&seen, body) {
                    return answer;
                }
                let mut chunk = [0; 4096];
                let read = self.0.read(&mut chunk).await.expect("an answer, not a reset");
                assert!(read > 0, "closed before a whole answer: {:?}", String::from_utf8_lossy(&seen));
                seen.extend_from_slice(&chunk[..read]);
            }
        };
        tokio::time::timeout(TIMEOUT, reading).await.expect("an answer in time")
    }
}

/// Which body follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Announced,
    None,
}

fn parse(seen: &[u8], expected: Body) -> Option<Answer> {
    let end = seen.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&seen[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().expect("a status");
    let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let headers: Vec<(String, String)> = lines.filter_map(header).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length" && expected == Body::Announced);
    let length: usize = length.map_or(0, |(_, length)| length.parse().expect("a length"));
    let body = &seen[end + 4..];
    (body.len() >= length).then(|| Answer { status, headers, body: Bytes::copy_from_slice(&body[..length]) })
}

/// One request, as it is, on a connection of its own.
pub(crate) async fn raw(address: SocketAddr, request: &[u8]) -> Answer {
    let mut connection = Raw::connect(address).await;
    connection.write(request).await;
    connection.answer().await
}
