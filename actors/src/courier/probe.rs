//! One request of the doctor's to any address, and what came back, plainly. Judges nothing, follows nothing, repeats
//! nothing.

use std::time::{Duration, SystemTime};

use awc::http::header::{CONTENT_TYPE, DATE, LOCATION};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::timeout;

use super::address::Addresses;
use super::client;

/// How long resolving and connecting may take, and again the TLS handshake.
const CONNECT: Duration = Duration::from_secs(5);
/// From the first step to the last byte that is read.
const WHOLE: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
const READ_BYTES: usize = 64 << 10;

/// A request.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The whole URL.
    pub url: String,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// What is posted; `None` is a GET.
    pub post: Option<Bytes>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// An answer.
    Answer(Answered),
    /// None.
    Nothing {
        /// Why, for people.
        reason: String,
    },
}

/// An answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// Where it sends us.
    pub location: Option<String>,
    /// `Content-Type`.
    pub content_type: String,
    /// `Date`, in s since 1970.
    pub date_s: Option<i64>,
    /// The first bytes of the body.
    pub body: Bytes,
}

impl Probe {
    /// A GET of `url`.
    pub fn get(url: impl Into<String>) -> Self {
        Self { url: url.into(), headers: Vec::new(), post: None }
    }

    /// A POST of `body`.
    pub fn post(url: impl Into<String>, headers: Vec<(&'static str, String)>, body: impl Into<Bytes>) -> Self {
        Self { url: url.into(), headers, post: Some(body.into()) }
    }

    /// Asks, on a connection of its own.
    pub async fn ask(self) -> Heard {
        let nothing = |reason: String| Heard::Nothing { reason };
        match timeout(WHOLE, self.exchange()).await {
            Ok(Ok(answered)) => Heard::Answer(answered),
            Ok(Err(reason)) => nothing(reason),
            Err(_) => nothing(format!("no answer within {} s", WHOLE.as_secs())),
        }
    }

    async fn exchange(self) -> Result<Answered, String> {
        let client = client::build(CONNECT, Addresses::Any);
        let mut request = match self.post.is_some() {
            true => client.post(&self.url),
            false => client.get(&self.url),
        };
        for (name, value) in self.headers {
            request = request.insert_header((name, value));
        }
        let sent = match self.post {
            Some(body) => request.send_body(body).await,
            None => request.send().await,
        };
        let mut response = sent.map_err(|error| error.to_string())?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut answered = Answered {
            status: response.status().as_u16(),
            location: header(LOCATION),
            content_type: header(CONTENT_TYPE).unwrap_or_default(),
            date_s: header(DATE).as_deref().and_then(seconds),
            body: Bytes::new(),
        };
        let mut body = Vec::new();
        while let Some(Ok(chunk)) = response.next().await {
            body.extend_from_slice(&chunk[..chunk.len().min(READ_BYTES - body.len())]);
            if body.len() == READ_BYTES {
                break;
            }
        }
        answered.body = body.into();
        Ok(answered)
    }
}

fn seconds(date: &str) -> Option<i64> {
    let since = httpdate::parse_http_date(date).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::courier::fake::{Fake, Reply};

    #[actix_rt::test]
    async fn an_answer_is_told_as_it_is_and_a_redirect_is_not_followed() {
        let fake = Fake::start(|_| {
            Reply::Raw(302, vec![("Location", "/elsewhere".into()), ("Content-Type", "text/html".into())], b"x".into())
        });
        let heard = Probe::get(format!("{}/a", fake.url)).ask().await;
        let Heard::Answer(answered) = heard else { panic!("{heard:?}") };
        assert_eq!((answered.status, answered.location.as_deref()), (302, Some("/elsewhere")));
        assert_eq!((answered.content_type.as_str(), &answered.body[..]), ("text/html", &b"x"[..]));
        assert!(answered.date_s.is_some());
        assert_eq!(fake.seen().len(), 1);
    }

    #[actix_rt::test]
    async fn where_nobody_listens_nothing_is_heard_and_why() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let heard = Probe::get(format!("http://{address}/")).ask().await;
        assert!(matches!(&heard, Heard::Nothing { reason } if !reason.is_empty()), "{heard:?}");
    }
}
