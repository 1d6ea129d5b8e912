//! A call to Graph as plain data: what to ask, as whom, and what came back. Knows no HTTP client.

use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::fault::Fault;
use crate::gateway::{Gateway, Secret};

/// As whom Graph is called.
#[derive(Debug, Clone)]
pub struct Access {
    /// The token.
    pub token: Secret,
    /// The secret of the app that the token belongs to: proves that we are it.
    pub app_secret: Option<Secret>,
}

impl Access {
    /// With a gateway's own token, and its current app secret.
    pub fn of(gateway: &Gateway) -> Self {
        Self { token: Secret::clone(&gateway.token.get()), app_secret: gateway.app_secrets.get().first().cloned() }
    }

    /// As the app itself, for what concerns it and no account; `None` where its id or its secret is not known.
    pub fn of_app(gateway: &Gateway) -> Option<Self> {
        let app_secret = gateway.app_secrets.get().first().cloned()?;
        let token = Secret::new(format!("{}|{}", gateway.app_id.as_ref()?, app_secret.reveal()));
        Some(Self { token, app_secret: Some(app_secret) })
    }

    /// With the account's own token, where it has one, else with its gateway's. One that cannot be opened is a fault:
    /// the gateway's may not be the client's to act with.
    pub fn for_account(gateway: &Gateway, account: &str) -> Result<Self, Fault> {
        match gateway.own_tokens.secret(account) {
            None => Ok(Self::of(gateway)),
            Some(Ok(token)) => Ok(Self { token, ..Self::of(gateway) }),
            Some(Err(why)) => Err(Fault::not_sent(format!("the token of account {account} cannot be opened: {why}"))),
        }
    }

    /// `appsecret_proof`: HMAC-SHA256 of the token under the app secret, in hexadecimal.
    pub fn proof(&self) -> Option<String> {
        let secret = self.app_secret.as_ref()?;
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).expect("HMAC takes a key of any length");
        mac.update(self.token.reveal().as_bytes());
        Some(hex::encode(mac.finalize().into_bytes()))
    }
}

/// What a call asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Create, change or send.
    Post,
    /// Remove.
    Delete,
}

/// Which permits a call takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Reading and changing accounts, numbers, subscriptions.
    Management,
    /// Messages and receipts.
    Send,
}

/// What a call carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// JSON, sent as it is.
    Json(Bytes),
    /// A form.
    Form(Vec<(String, String)>),
}

/// A call to Graph.
#[derive(Debug, Clone)]
pub struct Call {
    /// What it asks.
    pub method: Method,
    /// The path below the version, without a slash in front: `102/phone_numbers`.
    pub path: String,
    /// The query, unencoded. Tokens and secrets have no place here; the proof is added by the courier.
    pub query: Vec<(String, String)>,
    /// What it carries.
    pub body: Body,
    /// Another version than the settings'.
    pub version: Option<String>,
    /// From the permit to the last byte of the answer.
    pub timeout: Duration,
    /// Which permits it takes.
    pub kind: Kind,
}

/// Long enough for Graph's slowest lists.
const MANAGEMENT_TIMEOUT: Duration = Duration::from_secs(20);

/// Graph answers a send within a few seconds; after this its outcome is unknown.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

impl Call {
    /// Reads `path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::management(Method::Get, path.into(), Body::Empty)
    }

    /// Posts to `path`.
    pub fn post(path: impl Into<String>, body: Body) -> Self {
        Self::management(Method::Post, path.into(), body)
    }

    /// Deletes `path`.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::management(Method::Delete, path.into(), Body::Empty)
    }

    /// Sends a message or a receipt: `{number}/messages`.
    pub fn send(path: impl Into<String>, body: Bytes) -> Self {
        Self { kind: Kind::Send, timeout: SEND_TIMEOUT, ..Self::post(path, Body::Json(body)) }
    }

    /// With `name=value` in the query.
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// Under another version, such as `v24.0`.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// With another time-out.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn management(method: Method, path: String, body: Body) -> Self {
        let (query, version) = (Vec::new(), None);
        Self { method, path, query, body, version, timeout: MANAGEMENT_TIMEOUT, kind: Kind::Management }
    }
}

/// Graph's answer to a call that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// 2xx.
    pub http_status: u16,
    /// The body, byte for byte.
    pub body: Bytes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_the_tokens_hmac_under_the_app_secret() {
        // RFC 4231, case 2.
        let access =
            Access { token: Secret::new("what do ya want for nothing?"), app_secret: Some(Secret::new("Jefe")) };
        assert_eq!(access.proof().as_deref(), Some("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
        assert_eq!(Access { app_secret: None, ..access }.proof(), None);
    }
}
