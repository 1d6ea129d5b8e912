//! What the actors are told about gateways, routes and Graph. Plain data; knows no file and no environment.

pub mod kept;
pub mod own_tokens;
pub mod signing;
pub mod subject;
pub mod template;

use own_tokens::OwnTokens;
use serde::{Deserialize, Serialize};
use signing::Signing;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use subject::Subject;

/// A token, secret or password: it never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What may be replaced while everything runs. A reader takes a whole value; the next one may see another.
pub struct Rotating<T>(RwLock<Arc<T>>);

impl<T> Rotating<T> {
    /// What holds now.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Holds `value` from now on.
    pub fn set(&self, value: impl Into<Arc<T>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = value.into();
    }
}

impl<T> From<T> for Rotating<T> {
    fn from(value: T) -> Self {
        Self(RwLock::new(Arc::new(value)))
    }
}

impl<T> Clone for Rotating<T> {
    fn clone(&self) -> Self {
        Self(RwLock::new(self.get()))
    }
}

impl<T: fmt::Debug> fmt::Debug for Rotating<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// One Meta app's callback. Its token, secrets and routes may be replaced while everything runs; nothing else may.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// The callback's path, without the slash; its name everywhere.
    pub uri: Arc<str>,
    /// The token for Graph.
    pub token: Rotating<Secret>,
    /// Any of them may have signed a webhook, the current one first. Empty only where `dev` allowed it.
    pub app_secrets: Rotating<Vec<Secret>>,
    /// Meta's id of the app.
    pub app_id: Option<String>,
    /// What Meta must say in the handshake.
    pub verify_token: Rotating<Option<Secret>>,
    /// The business whose accounts `setup` may list.
    pub business_id: Option<String>,
    /// Whether subscribed accounts get our callback as an override of their own.
    pub overrides: Overrides,
    /// How Meta reaches this gateway, where `public_url` is known.
    pub callback_url: Option<String>,
    /// Where its events go.
    pub routes: Rotating<Vec<Arc<Route>>>,
    /// The tokens of those accounts that have one of their own.
    pub own_tokens: OwnTokens,
    /// Which listener takes its verbs.
    pub verbs: VerbsAt,
    /// The origin of the page that may open a login and hears how it ended.
    pub admin_origin: Option<String>,
}

/// Which listener takes a gateway's verbs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VerbsAt {
    /// The public one, at the callback's path.
    #[default]
    Public,
    /// The one for operators, at the same path; the public one does not know them.
    Ops,
}

/// Whether an account's webhooks are pointed at us one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overrides {
    /// The app's callback serves.
    App,
    /// Each account gets `override_callback_uri`.
    Account,
}

/// Where events go.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// `{gateway}/{route}`: its name in ledgers and progress.
    pub name: Arc<str>,
    /// The endpoint, credentials and query included; a [`template`] where it varies.
    pub url: String,
    /// Signs deliveries.
    pub signing: Signing,
    /// The body's shape.
    pub format: Format,
    /// Webhook fields it wants; empty means all.
    pub fields: Vec<String>,
    /// Kinds it wants, by their words; empty means all.
    pub types: Vec<String>,
    /// Accounts it wants; empty means all.
    pub accounts: Vec<String>,
    /// Phone number ids it wants; empty means all.
    pub numbers: Vec<String>,
    /// Deliveries under way at once, all accounts together.
    pub concurrency: usize,
    /// How long a delivery is tried.
    pub max_age: Duration,
    /// Whether test payloads come too.
    pub tests: bool,
    /// What becomes of a status when a later one of its message was accepted before.
    pub rank_guard: RankGuard,
    /// What must not overtake what.
    pub order: Order,
    /// HTTP statuses that make a delivery a dead letter at once.
    pub finals: Vec<u16>,
    /// Several events in one POST.
    pub batch: Option<Batch>,
    /// Whether the endpoint may have a private, loopback or link-local address.
    pub allow_private: bool,
    /// When it ends by itself, in ms since 1970.
    pub expires_at_ms: Option<u64>,
    /// What a queue needs besides; an HTTP endpoint has none.
    pub queue: Option<Queue>,
    /// Why nothing can be delivered there at present.
    pub unusable: Option<Arc<str>>,
}

/// How events go to a queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// Under which subject.
    pub subject: Subject,
    /// A token, or `user:password`; it goes before what the URL says.
    pub credential: Option<Secret>,
}

/// When events go together in one POST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// Events in one POST at most.
    pub max: usize,
    /// How long the first waits for others.
    pub wait: Duration,
}

/// What must not overtake what on its way to a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Within a dialog, deliveries start one after another.
    Dialog,
    /// Nothing waits for anything.
    None,
}

/// What a route does with a status when a later one of the same message was accepted before it: `sent` after `read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RankGuard {
    /// It is delivered like any other.
    Off,
    /// It is delivered with the header `X-Wharf-Superseded: true`.
    Mark,
    /// It is not delivered, and counts as filtered.
    Drop,
}

/// The shape of a delivery's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Meta's envelope holding one item.
    Meta,
    /// The item with its dialog and variables.
    Dialog,
}

/// Where Graph is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphSettings {
    /// Scheme and host, without a slash at the end.
    pub base_url: String,
    /// Such as `v25.0`.
    pub version: String,
}
