//! The client for Graph: one per arbiter. Knows how to ask and how an asking can fail, nothing of accounts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use awc::error::{PayloadError, SendRequestError};
use awc::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use awc::http::{self, Uri};
use awc::{Client, ClientRequest};
use bytes::Bytes;
use tokio::time::timeout;

use super::call::{Access, Answer, Body, Call, Method};
use super::client::{self, Reach};
use super::fault::Fault;
use super::permits::Permits;
use super::written::{Watched, Written};
use crate::cloud::refusal::Refusal;
use crate::gateway::GraphSettings;
use crate::meters::Meters;

/// What one arbiter may ask of Graph at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GraphLimits {
    /// Sends under way.
    pub sends: usize,
    /// Management calls under way.
    pub management: usize,
    /// How long a call waits for its turn.
    pub permit_wait: Duration,
    /// How long resolving and connecting may take, and again the TLS handshake.
    pub connect: Duration,
    /// Bytes of an answer that are read.
    pub answer_bytes: usize,
}

impl Default for GraphLimits {
    fn default() -> Self {
        Self {
            // 1000 messages a second, the highest rate of a number, at the 350 ms that Meta reckons with, are 350.
            sends: 1024,
            management: 16,
            permit_wait: Duration::from_secs(10),
            connect: Duration::from_secs(5),
            // Fifty accounts with their first numbers are well below 1 MiB.
            answer_bytes: 4 << 20,
        }
    }
}

/// The client for Graph. It cannot change threads.
pub struct Graph {
    client: Client,
    settings: GraphSettings,
    permits: Permits,
    limits: GraphLimits,
    meters: Arc<Meters>,
}

impl Graph {
    /// A client for this arbiter.
    pub fn new(settings: &GraphSettings, limits: GraphLimits) -> Self {
        Self {
            client: client::build(limits.connect, super::address::Addresses::Any),
            settings: settings.clone(),
            permits: Permits::new(limits.sends, limits.management, limits.permit_wait),
            limits,
            meters: Arc::default(),
        }
    }

    /// Counts its calls in `meters`.
    #[must_use]
    pub fn metered(self, meters: &Arc<Meters>) -> Self {
        Self { meters: Arc::clone(meters), ..self }
    }

    /// Asks Graph once. Anything but a 2xx without an error object is a fault.
    pub async fn call(&self, access: &Access, call: Call) -> Result<Answer, Fault> {
        self.counted(Some(access), call).await
    }

    /// Asks Graph once, without a token: what is asked says itself on whose behalf.
    pub async fn call_without_token(&self, call: Call) -> Result<Answer, Fault> {
        self.counted(None, call).await
    }

    async fn counted(&self, access: Option<&Access>, call: Call) -> Result<Answer, Fault> {
        let (kind, begun) = (call.kind, Instant::now());
        let answer = self.ask(access, call).await;
        self.meters.called(kind, &answer, begun.elapsed());
        answer
    }

    async fn ask(&self, access: Option<&Access>, call: Call) -> Result<Answer, Fault> {
        let request = self.request(access, &call)?;
        let (request, body) = with_body(request, call.body);
        let _permit = self.permits.acquire(call.kind).await?;
        let written = Written::default();
        let empty = body.is_empty();
        let exchange = self.exchange(request, written.watch(body));
        match timeout(call.timeout, exchange).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Broken::Fault(fault))) => Err(fault),
            Ok(Err(Broken::Unanswered(error))) => {
                Err(unanswered(may_have_left(&written, empty, client::reach(&error)), &error.to_string()))
            }
            Err(_) => {
                let reason = format!("no answer within {:?}", call.timeout);
                Err(unanswered(may_have_left(&written, empty, Reach::Connected), &reason))
            }
        }
    }

    fn request(&self, access: Option<&Access>, call: &Call) -> Result<ClientRequest, Fault> {
        let uri = self.uri(access, call)?;
        let method = match call.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Delete => http::Method::DELETE,
        };
        let request = self.client.request(method, uri);
        let Some(access) = access else { return Ok(request) };
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", access.token.reveal())).map_err(|_| {
            Fault::not_sent(
                "the token has characters that no HTTP header carries: check whatsapp_token for line breaks",
            )
        })?;
        bearer.set_sensitive(true);
        Ok(request.insert_header((AUTHORIZATION, bearer)))
    }

    fn uri(&self, access: Option<&Access>, call: &Call) -> Result<Uri, Fault> {
        let version = call.version.as_deref().unwrap_or(&self.settings.version);
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&call.query);
        if let Some(proof) = access.and_then(Access::proof) {
            query.append_pair("appsecret_proof", &proof);
        }
        let base = self.settings.base_url.trim_end_matches('/');
        let mut uri = format!("{base}/{version}");
        for (mark, part) in [('/', encode_path(&call.path)), ('?', query.finish())] {
            if !part.is_empty() {
                uri.push(mark);
                uri.push_str(&part);
            }
        }
        uri.parse().map_err(|error| Fault::not_sent(format!("[graph] base_url or version make no URL: {error}")))
    }

    async fn exchange(&self, request: ClientRequest, body: Watched) -> Result<Answer, Broken> {
        let mut response = request.send_body(body).await.map_err(Broken::Unanswered)?;
        let (status, limit) = (response.status(), self.limits.answer_bytes);
        let http_status = status.as_u16();
        let body =
            response.body().limit(limit).await.map_err(|error| match matches!(error, PayloadError::Overflow) {
                true => Fault::TooLarge { http_status, limit },
                false => Fault::unknown(format!("HTTP {http_status}, then {error}")),
            })?;
        if !status.is_success() {
            return Err(Fault::from(Refusal::read(http_status, &body)).into());
        }
        match Refusal::found(http_status, &body) {
            Some(refusal) => Err(Fault::from(refusal).into()),
            None => Ok(Answer { http_status, body }),
        }
    }
}

/// An exchange that ended without a good answer.
enum Broken {
    Unanswered(SendRequestError),
    Fault(Fault),
}

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// A body tells by itself whether it left; without one only the error can.
fn may_have_left(written: &Written, empty: bool, reach: Reach) -> bool {
    written.may_have_left() || (empty && reach == Reach::Connected)
}

fn unanswered(may_have_left: bool, reason: &str) -> Fault {
    match may_have_left {
        true => Fault::unknown(reason),
        false => Fault::not_sent(reason),
    }
}

fn with_body(request: ClientRequest, body: Body) -> (ClientRequest, Bytes) {
    match body {
        Body::Empty => (request, Bytes::new()),
        Body::Json(json) => (request.insert_header((CONTENT_TYPE, "application/json")), json),
        Body::Form(pairs) => {
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            (request.insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded")), Bytes::from(form))
        }
    }
}

/// Percent-encodes what a path cannot carry as it is; slashes and what is encoded already stay.
fn encode_path(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'/'
            | b'%'
            | b':'
            | b'@'
            | b'='
            | b'+'
            | b','
            | b'!'
            | b'$'
            | b'&'
            | b'\''
            | b'('
            | b')'
            | b'*'
            | b';' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
#[path = "graph_tests.rs"]
mod tests;
