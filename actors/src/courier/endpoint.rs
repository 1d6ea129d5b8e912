//! The client for the endpoints of routes: one per arbiter. Knows neither events nor retries.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use awc::http::Uri;
use awc::http::header::{AUTHORIZATION, HeaderMap, RETRY_AFTER};
/// What a delivery's headers are made of.
pub use awc::http::header::{HeaderName, HeaderValue};
use awc::{Client, ClientResponse};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

pub use super::address::Addresses;
use super::address::is_public;
use super::client::{self, Reach};
use super::gate::EndpointGate;
use super::written::Written;
use crate::gateway::template::{self, Template, Variable};

/// How long resolving and connecting may take, and again the TLS handshake: apart from the delivery's own 10 s.
const CONNECT: Duration = Duration::from_secs(4);

/// Bytes of an answer that are read so that its connection can be used again; a longer one costs it.
const DRAINED_BYTES: usize = 64 << 10;

/// Bytes of an answer that are kept to be shown.
const EXCERPT_BYTES: usize = 256;

/// Where deliveries go, made ready once.
#[derive(Debug, Clone)]
pub struct Endpoint {
    uri: Uri,
    authorization: Option<HeaderValue>,
    gate: Arc<EndpointGate>,
    reach: Addresses,
    template: Option<Template>,
}

/// A URL that no delivery can go to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a URL that deliveries can go to: {0}; expected http:// or https://, a host and a path")]
pub struct BadUrl(&'static str);

impl Endpoint {
    /// Reads `url`; a user and password in it become an `Authorization` header.
    pub fn new(url: &str, gate: Arc<EndpointGate>, reach: Addresses) -> Result<Self, BadUrl> {
        let mut parts = url.parse::<Uri>().map_err(|_| BadUrl("it cannot be parsed"))?.into_parts();
        match parts.scheme.as_ref().map(awc::http::uri::Scheme::as_str) {
            Some("http" | "https") => {}
            Some(_) | None => return Err(BadUrl("the scheme is neither http nor https")),
        }
        let authority = parts.authority.take().ok_or(BadUrl("there is no host"))?;
        let (credentials, host) = match authority.as_str().rsplit_once('@') {
            Some((credentials, host)) => (Some(credentials), host),
            None => (None, authority.as_str()),
        };
        parts.authority = Some(host.parse().map_err(|_| BadUrl("the host cannot be parsed"))?);
        let authorization = credentials.map(basic).transpose()?;
        let uri = Uri::from_parts(parts).map_err(|_| BadUrl("it cannot be put together"))?;
        let literal = uri.host().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
        if reach == Addresses::Public && literal.is_some_and(|address| !is_public(address)) {
            return Err(BadUrl("its address is not public, and the route does not allow_private"));
        }
        let template = template::of_url(url).map_err(|_| BadUrl("a variable in it is not known, or is in the host"))?;
        Ok(Self { uri, authorization, gate, reach, template })
    }

    /// Where one delivery goes: a URL that varies has its values filled in.
    pub fn filled<'v>(&self, value: impl Fn(Variable) -> Option<&'v str>) -> Result<Cow<'_, Self>, BadUrl> {
        let Some(template) = &self.template else { return Ok(Cow::Borrowed(self)) };
        let mut parts = self.uri.clone().into_parts();
        let path = template.filled(value).parse().map_err(|_| BadUrl("with its variables it is too long"))?;
        parts.path_and_query = Some(path);
        let uri = Uri::from_parts(parts).map_err(|_| BadUrl("it cannot be put together"))?;
        Ok(Cow::Owned(Self { uri, ..self.clone() }))
    }

    /// What its callers share.
    pub fn gate(&self) -> &Arc<EndpointGate> {
        &self.gate
    }
}

fn basic(credentials: &str) -> Result<HeaderValue, BadUrl> {
    let mut value = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(unescape(credentials))))
        .map_err(|_| BadUrl("user and password cannot be sent"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Undoes percent-encoding; what is no valid escape stays as it is.
pub(super) fn unescape(text: &str) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'%').then(|| after.get(..2).and_then(|digits| hex::decode(digits).ok())).flatten();
        plain.push(escaped.as_ref().map_or(byte, |escaped| escaped[0]));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    plain
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostOutcome {
    /// The endpoint answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
        /// The first bytes of the body, for people.
        excerpt: String,
    },
    /// No answer came.
    Failed {
        /// Why, for people.
        reason: String,
        /// Whether there was a connection.
        connected: bool,
    },
}

/// The client for endpoints. It cannot change threads.
pub struct RouteClient {
    any: Client,
    public: Client,
}

impl Default for RouteClient {
    fn default() -> Self {
        Self { any: client::build(CONNECT, Addresses::Any), public: client::build(CONNECT, Addresses::Public) }
    }
}

impl RouteClient {
    /// Posts `body`; whoever calls holds a permit of the endpoint's gate. Redirects are not followed.
    pub async fn post(
        &self,
        endpoint: &Endpoint,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Bytes,
        timeout: Duration,
    ) -> PostOutcome {
        let deadline = Instant::now() + timeout;
        let client = match endpoint.reach {
            Addresses::Any => &self.any,
            Addresses::Public => &self.public,
        };
        let mut request = client.post(endpoint.uri.clone());
        fill(request.headers_mut(), headers, endpoint.authorization.clone());
        let written = Written::default();
        match timeout_at(deadline, request.send_body(written.watch(body))).await {
            Ok(Ok(response)) => answered(response, deadline).await,
            Ok(Err(error)) => {
                let connected = client::reach(&error) == Reach::Connected;
                PostOutcome::Failed { reason: error.to_string(), connected }
            }
            Err(_) => {
                let reason = format!("no answer within {timeout:?}");
                PostOutcome::Failed { reason, connected: written.may_have_left() }
            }
        }
    }
}

fn fill(map: &mut HeaderMap, headers: Vec<(HeaderName, HeaderValue)>, authorization: Option<HeaderValue>) {
    for (name, value) in headers {
        map.insert(name, value);
    }
    if let Some(value) = authorization {
        map.insert(AUTHORIZATION, value);
    }
}

/// The status stands once it came: a body that stalls or breaks off changes nothing about it.
async fn answered(response: ClientResponse, deadline: Instant) -> PostOutcome {
    let status = response.status().as_u16();
    let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = wait.and_then(|text| retry_after(text, SystemTime::now()));
    let mut excerpt = Vec::new();
    let _ = timeout_at(deadline, drain(response, &mut excerpt)).await;
    PostOutcome::Answered { status, retry_after, excerpt: readable(&excerpt) }
}

async fn drain(mut response: ClientResponse, excerpt: &mut Vec<u8>) {
    let mut seen = 0;
    while let Some(Ok(chunk)) = response.next().await {
        let wanted = EXCERPT_BYTES.saturating_sub(excerpt.len()).min(chunk.len());
        excerpt.extend_from_slice(&chunk[..wanted]);
        seen += chunk.len();
        if seen > DRAINED_BYTES {
            return;
        }
    }
}

/// `bytes` as text on one line.
fn readable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Reads `Retry-After`: seconds, or a date of which the past means at once.
fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
