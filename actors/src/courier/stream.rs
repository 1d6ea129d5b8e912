//! Requests and answers that pass through byte by byte, in bounded memory: one client per arbiter, beside the one that
//! asks Graph on Wharf's own account. Knows neither accounts nor what is asked.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use awc::body::{BodyStream, SizedStream};
use awc::error::SendRequestError;
use awc::http::Uri;
pub use awc::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
pub use awc::http::{Method, StatusCode};
use awc::{Client, ClientRequest, ClientResponse};
use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep, timeout, timeout_at};

use super::address::Addresses;
use super::call::Access;
use super::client::{self, Reach};
use super::fault::Fault;
use crate::gateway::GraphSettings;

/// How long resolving and connecting may take, and again the TLS handshake.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// Neither side may stay silent for longer within a body.
pub const SILENCE: Duration = Duration::from_secs(30);
/// From the first byte of a body to the last.
pub const WHOLE: Duration = Duration::from_secs(600);

/// Which turns a request takes: slow files never stand in the way of quick calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// A call.
    Call,
    /// A file.
    File,
}

/// The client for what passes through. It cannot change threads.
pub struct Streams {
    client: Client,
    settings: GraphSettings,
    calls: Arc<Semaphore>,
    files: Arc<Semaphore>,
}

/// What is asked.
pub struct Ask {
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub uri: Uri,
    /// Headers, but for the token.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body, if there is one.
    pub body: Option<Feed>,
    /// Which turns it takes.
    pub turn: Turn,
    /// From the last byte of the request to the head of the answer.
    pub patience: Duration,
}

impl Ask {
    /// Graph's slowest lists are answered within this; a file may take it a while to digest.
    pub const PATIENCE: Duration = Duration::from_secs(60);
}

/// Bytes on their way.
pub type Flow = Pin<Box<dyn Stream<Item = Result<Bytes, BrokenOff>>>>;

/// A request's body.
pub struct Feed {
    /// How long it is, where that is known.
    pub bytes: Option<u64>,
    /// Its bytes.
    pub flow: Flow,
}

/// A body that did not come whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BrokenOff {
    /// The connection ended.
    #[error("the connection ended within the body")]
    Ended,
    /// Nothing came for too long.
    #[error("nothing came for {} s within the body", SILENCE.as_secs())]
    Silent,
    /// It took too long as a whole.
    #[error("the body took longer than {} s", WHOLE.as_secs())]
    Slow,
    /// It is longer than what is passed on.
    #[error("the body is longer than {0} bytes")]
    TooLong(u64),
    /// It is not what its hash says.
    #[error("the bytes are not those that their sha256 promised")]
    Altered,
}

/// The head of an answer, and its body on the way.
pub struct Heard {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; it holds its turn until it is dropped.
    pub body: Flow,
}

impl Streams {
    /// A client for this arbiter.
    pub fn new(settings: &GraphSettings) -> Self {
        Self {
            client: client::build(CONNECT, Addresses::Any),
            settings: settings.clone(),
            calls: Arc::new(Semaphore::new(32)),
            files: Arc::new(Semaphore::new(32)),
        }
    }

    /// The host of Graph in URLs: scheme, name, port.
    pub fn graph(&self) -> &str {
        self.settings.base_url.trim_end_matches('/')
    }

    /// The URL of `path` at Graph, with the proof that we are the app. `path` and `query` are encoded already.
    pub fn graph_uri(&self, access: &Access, version: &str, path: &str, query: &str) -> Result<Uri, Fault> {
        let proof = access.proof().map(|proof| format!("appsecret_proof={proof}"));
        let parts = [Some(query.to_owned()).filter(|query| !query.is_empty()), proof];
        let query: Vec<String> = parts.into_iter().flatten().collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let text = format!("{}/{version}/{path}{mark}{}", self.graph(), query.join("&"));
        text.parse().map_err(|error| Fault::not_sent(format!("this makes no URL: {error}")))
    }

    /// Asks once; redirects are not followed. Any answer is a success, whatever its status.
    pub async fn ask(&self, access: &Access, ask: Ask) -> Result<Heard, Fault> {
        let request = self.request(access, &ask)?;
        let turn = self.turn(ask.turn).await?;
        let end = ask.body.as_ref().map_or(Duration::ZERO, |_| WHOLE) + ask.patience;
        match timeout(end, send(request, ask.body, ask.patience)).await {
            Ok(Ok(response)) => Ok(heard(response, turn)),
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(Fault::unknown(format!("no answer within {end:?}"))),
        }
    }

    fn request(&self, access: &Access, ask: &Ask) -> Result<ClientRequest, Fault> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", access.token.reveal()))
            .map_err(|_| Fault::not_sent("the token has characters that no HTTP header carries"))?;
        bearer.set_sensitive(true);
        let mut request = self.client.request(ask.method.clone(), ask.uri.clone());
        for (name, value) in &ask.headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        Ok(request.insert_header((AUTHORIZATION, bearer)))
    }

    async fn turn(&self, turn: Turn) -> Result<OwnedSemaphorePermit, Fault> {
        let turns = match turn {
            Turn::Call => &self.calls,
            Turn::File => &self.files,
        };
        match timeout(TURN, Arc::clone(turns).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(Fault::not_sent("wharf is stopping")),
            Err(_) => Err(Fault::not_sent("too many requests pass through at once")),
        }
    }
}

/// Sends the request, and waits for the head of the answer no longer than `patience` once the body has left.
async fn send(request: ClientRequest, body: Option<Feed>, patience: Duration) -> Result<ClientResponse, Fault> {
    let Some(Feed { bytes, flow }) = body else {
        return request.send().await.map_err(|error| unanswered(&error));
    };
    let left = Rc::new(Cell::new(None));
    let flow = Left { flow, left: Rc::clone(&left) };
    let sent = async {
        match bytes {
            Some(bytes) => request.send_body(SizedStream::new(bytes, flow)).await,
            None => request.send_body(BodyStream::new(flow)).await,
        }
    };
    let mut sent = std::pin::pin!(sent);
    loop {
        let look = left.get().map_or_else(|| Instant::now() + patience, |left: Instant| left + patience);
        match timeout_at(look, &mut sent).await {
            Ok(response) => return response.map_err(|error| unanswered(&error)),
            // While the body leaves, its own limits watch over it.
            Err(_) if left.get().is_none() => {}
            Err(_) => return Err(Fault::unknown(format!("no answer within {patience:?}"))),
        }
    }
}

fn unanswered(error: &SendRequestError) -> Fault {
    match client::reach(error) {
        Reach::Unconnected => Fault::not_sent(error.to_string()),
        Reach::Connected => Fault::unknown(error.to_string()),
    }
}

fn heard(response: ClientResponse, turn: OwnedSemaphorePermit) -> Heard {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = Box::pin(Timely::new(Box::pin(Turned { response, _turn: turn })));
    Heard { status, headers, body }
}

/// A body that notes when its last byte left.
struct Left {
    flow: Flow,
    left: Rc<Cell<Option<Instant>>>,
}

impl Stream for Left {
    type Item = Result<Bytes, BrokenOff>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.flow.as_mut().poll_next(context);
        if let Poll::Ready(None) = polled {
            self.left.set(Some(Instant::now()));
        }
        polled
    }
}

/// An answer's body that holds its turn.
struct Turned {
    response: ClientResponse,
    _turn: OwnedSemaphorePermit,
}

impl Stream for Turned {
    type Item = Result<Bytes, BrokenOff>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.response).poll_next(context);
        polled.map(|next| next.map(|chunk| chunk.map_err(|_| BrokenOff::Ended)))
    }
}

/// A body that may be neither silent nor slow.
pub struct Timely {
    flow: Flow,
    silence: Pin<Box<Sleep>>,
    until: Instant,
}

impl Timely {
    /// Watches over `flow`, from now on.
    pub fn new(flow: Flow) -> Self {
        Self { flow, silence: Box::pin(sleep(SILENCE)), until: Instant::now() + WHOLE }
    }
}

impl Stream for Timely {
    type Item = Result<Bytes, BrokenOff>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let until = self.until;
        if let Poll::Ready(next) = self.flow.as_mut().poll_next(context) {
            let now = Instant::now();
            self.silence.as_mut().reset((now + SILENCE).min(until));
            return Poll::Ready(match next {
                Some(Ok(_)) if now > until => Some(Err(BrokenOff::Slow)),
                next => next,
            });
        }
        match self.silence.as_mut().poll(context) {
            Poll::Ready(()) if Instant::now() >= until => Poll::Ready(Some(Err(BrokenOff::Slow))),
            Poll::Ready(()) => Poll::Ready(Some(Err(BrokenOff::Silent))),
            Poll::Pending => Poll::Pending,
        }
    }
}
