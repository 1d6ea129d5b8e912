//! The client for queues: one per arbiter. It publishes to JetStream and waits for its word. Knows neither events nor
//! retries.

#[cfg(test)]
mod fake;

use super::endpoint::unescape;
use super::gate::EndpointGate;
use super::tls;
use crate::gateway::Secret;
use async_nats::connection::State;
use async_nats::{
    Client, ConnectOptions, Event, HeaderMap, HeaderValue, Message, Request, RequestErrorKind, ServerAddr,
};
use awc::http::Uri;
use bytes::Bytes;
use serde::Deserialize;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OnceCell, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

/// How long connecting may take, TLS and login included.
const CONNECT: Duration = Duration::from_secs(4);
/// How often a lost connection is tried by the client, on all servers of a cluster: about a second where nobody listens.
/// Later attempts begin anew, at the pace of the deliveries, and say what is wrong.
const RECONNECTS: usize = 10;
/// Bytes of an answer that are kept to be shown.
const EXCERPT_BYTES: usize = 256;

/// A server with JetStream, made ready once.
#[derive(Debug, Clone)]
pub struct Queue {
    server: ServerAddr,
    login: Login,
    gate: Arc<EndpointGate>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Login {
    Nobody,
    Token(Secret),
    Password(String, Secret),
}

/// A URL that no event can be published to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a server that events can be published to: {0}; expected nats:// or tls://, a host and perhaps a port")]
pub struct BadServer(&'static str);

impl Queue {
    /// Reads `url`. Who logs in is said by `credential`, a token or `user:password`, else by the URL itself.
    pub fn new(url: &str, credential: Option<&Secret>, gate: Arc<EndpointGate>) -> Result<Self, BadServer> {
        let uri: Uri = url.parse().map_err(|_| BadServer("it cannot be parsed"))?;
        let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "nats" | "tls"));
        let scheme = scheme.ok_or(BadServer("the scheme is neither nats nor tls"))?;
        let authority = uri.authority().ok_or(BadServer("there is no host"))?.as_str();
        let (written, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let server = format!("{scheme}://{host}").parse().map_err(|_| BadServer("the host cannot be parsed"))?;
        let login = match (credential, written) {
            (Some(credential), _) => Login::of(credential.reveal(), str::to_owned),
            (None, Some(written)) => Login::of(written, |text| String::from_utf8_lossy(&unescape(text)).into_owned()),
            (None, None) => Login::Nobody,
        };
        Ok(Self { server, login, gate })
    }

    /// What its callers share.
    pub fn gate(&self) -> &Arc<EndpointGate> {
        &self.gate
    }
}

impl Login {
    fn of(text: &str, plain: impl Fn(&str) -> String) -> Self {
        match text.split_once(':') {
            Some((user, password)) => Login::Password(plain(user), Secret::new(plain(password))),
            None => Login::Token(Secret::new(plain(text))),
        }
    }
}

/// How a publish ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// A stream has it, now or since an earlier attempt.
    Acknowledged,
    /// No stream said that it has it.
    Failed {
        /// Why, for people.
        reason: String,
        /// Whether there was a connection.
        connected: bool,
    },
}

impl Published {
    fn unconnected(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into(), connected: false }
    }

    fn refused(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into(), connected: true }
    }
}

/// The connections of one arbiter: one per server and login, made when it is first needed and kept.
#[derive(Default)]
pub struct NatsClient {
    links: RefCell<Vec<(Queue, Rc<OnceCell<Link>>)>>,
}

/// A connection that was there once. When it is lost the client tries a few times to have it back, then it ends.
struct Link {
    client: Client,
    /// Counts how often it was lost; closed when it ended.
    lost: watch::Receiver<u64>,
}

impl NatsClient {
    /// Publishes `body` under `subject`; whoever calls holds a permit of the server's gate. `headers` that no header can
    /// hold are left out.
    pub async fn publish(
        &self,
        queue: &Queue,
        subject: String,
        headers: Vec<(&'static str, String)>,
        body: Bytes,
        timeout: Duration,
    ) -> Published {
        let deadline = Instant::now() + timeout;
        let cell = self.cell(queue);
        let link = match timeout_at(deadline, cell.get_or_try_init(|| connect(queue))).await {
            Ok(Ok(link)) => link,
            Ok(Err(error)) => return Published::unconnected(format!("no connection: {error}")),
            Err(_) => return Published::unconnected(format!("no connection within {timeout:?}")),
        };
        let mut lost = link.lost.clone();
        lost.mark_unchanged();
        // What is handed to the client while it has no connection would leave much later, after its time.
        if link.client.connection_state() != State::Connected {
            return Published::unconnected("the connection was lost and is not back yet");
        }
        let request = Request::new().headers(as_map(headers)).payload(body).timeout(None);
        tokio::select! {
            answer = link.client.send_request(subject.clone(), request) => match answer {
                Ok(message) => heard(&message),
                Err(error) => failed(error.kind(), &subject, &error.to_string()),
            },
            _ = lost.changed() => Published::refused("the connection was lost before an acknowledgement came"),
            () = sleep_until(deadline) => Published::refused(format!("no acknowledgement within {timeout:?}")),
        }
    }

    fn cell(&self, queue: &Queue) -> Rc<OnceCell<Link>> {
        let mut links = self.links.borrow_mut();
        let same = |(known, _): &&(Queue, _)| known.server == queue.server && known.login == queue.login;
        links.retain(|(_, cell)| !cell.get().is_some_and(Link::has_ended));
        if let Some((_, cell)) = links.iter().find(same) {
            return Rc::clone(cell);
        }
        let cell = Rc::<OnceCell<Link>>::default();
        links.push((queue.clone(), Rc::clone(&cell)));
        cell
    }
}

impl Link {
    fn has_ended(&self) -> bool {
        self.lost.has_changed().is_err()
    }
}

async fn connect(queue: &Queue) -> Result<Link, async_nats::ConnectError> {
    let (losses, lost) = watch::channel(0);
    let losses = Arc::new(losses);
    let host = queue.server.host().to_owned();
    let options = ConnectOptions::new()
        .name("wharf")
        .connection_timeout(CONNECT)
        .max_reconnects(RECONNECTS)
        .require_tls(queue.server.tls_required())
        .tls_client_config(tls::bare_client_config())
        .event_callback(move |event| {
            note(&host, &event, &losses);
            std::future::ready(())
        });
    let options = match &queue.login {
        Login::Nobody => options,
        Login::Token(token) => options.token(token.reveal().to_owned()),
        Login::Password(user, password) => options.user_and_password(user.clone(), password.reveal().to_owned()),
    };
    let client = options.connect(queue.server.clone()).await?;
    Ok(Link { client, lost })
}

/// What a connection has to say between requests.
fn note(host: &str, event: &Event, losses: &watch::Sender<u64>) {
    match event {
        Event::Disconnected | Event::Closed => {
            losses.send_modify(|count| *count += 1);
            log::warn!("queue_connection_lost host={host}");
        }
        Event::Connected => log::info!("queue_connected host={host}"),
        // Such as a subject that the login may not publish to: the publish itself only times out.
        Event::ServerError(error) => log::warn!("queue_error host={host} error=\"{error}\""),
        Event::LameDuckMode | Event::Draining | Event::SlowConsumer(_) | Event::ClientError(_) => {
            log::debug!("queue_event host={host} event=\"{event}\"");
        }
    }
}

fn as_map(headers: Vec<(&'static str, String)>) -> HeaderMap {
    let value = |(name, text): (&'static str, String)| Some((name, text.parse::<HeaderValue>().ok()?));
    let mut map = HeaderMap::new();
    for (name, value) in headers.into_iter().filter_map(value) {
        map.insert(name, value);
    }
    map
}

/// JetStream's answer to a publish.
#[derive(Deserialize)]
struct PubAck {
    #[serde(default)]
    stream: String,
    error: Option<AckError>,
}

#[derive(Deserialize)]
struct AckError {
    #[serde(default)]
    code: u32,
    #[serde(default)]
    err_code: u32,
    #[serde(default)]
    description: String,
}

/// An acknowledgement names the stream; a duplicate's does, too.
fn heard(message: &Message) -> Published {
    match serde_json::from_slice::<PubAck>(&message.payload) {
        Ok(PubAck { error: Some(error), .. }) => {
            let AckError { code, err_code, description } = error;
            Published::refused(format!(
                "JetStream refused it: {code} ({err_code}) {}",
                readable(description.as_bytes())
            ))
        }
        Ok(PubAck { stream, error: None }) if !stream.is_empty() => Published::Acknowledged,
        Ok(_) | Err(_) => Published::refused(format!(
            "somebody other than JetStream answered; give the route a subject that only a stream listens to: {}",
            readable(&message.payload)
        )),
    }
}

fn failed(kind: RequestErrorKind, subject: &str, error: &str) -> Published {
    match kind {
        RequestErrorKind::NoResponders => Published::refused(format!(
            "no stream takes {subject}: create one that lists it (JetStream must be on), or correct the route's subject"
        )),
        RequestErrorKind::MaxPayloadExceeded => {
            Published::refused(format!("larger than the server allows (its max_payload): {error}"))
        }
        RequestErrorKind::TimedOut | RequestErrorKind::InvalidSubject | RequestErrorKind::Other => {
            Published::refused(error)
        }
    }
}

/// The first of `bytes` as text on one line.
fn readable(bytes: &[u8]) -> String {
    let first = &bytes[..bytes.len().min(EXCERPT_BYTES)];
    String::from_utf8_lossy(first).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
