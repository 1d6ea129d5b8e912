//! What every request handler shares: the house below, the settings it needs, and the bytes under way.

use crate::auth::{Keys, TrustedProxies};
use crate::callback::Logins;
use crate::cloud_api::Budgets;
use crate::config::Settings;
use crate::error::{ApiError, ErrorId};
use crate::ops::doctor::Chart;
use crate::ops::keys::made_keys;
use crate::ops::live::Audience;
use crate::ops::rates::Rates;
use crate::tls::Live;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use wharf_actors::clock::now_ms;
use wharf_actors::cloud::signature::Verifier;
use wharf_actors::gateway::{Gateway, Rotating};
use wharf_actors::supervisor::Wharf;
use wharf_storage::{KeepBody, Level, Room, Standing};

/// Shared by all handlers of both listeners.
pub struct Edge {
    /// The actors and the store.
    pub wharf: Wharf,
    /// Who may call.
    pub keys: Keys,
    /// The signatures each gateway accepts, by its URI.
    pub verifiers: Rotating<HashMap<Arc<str>, Verifier>>,
    /// Whose word on a caller's address is believed.
    pub proxies: Rotating<TrustedProxies>,
    /// What the public listener shows and demands, where it speaks TLS.
    pub tls: Option<Arc<Live>>,
    /// Webhook bytes under way.
    pub in_flight: InFlight,
    /// How long a verb may work before it answers 202.
    pub verb_wait: Duration,
    /// How long events show their bodies.
    pub keep_body: KeepBody,
    /// How long a send waits for Graph before it answers 202.
    pub send_wait: Duration,
    /// How long a message may wait in the queue.
    pub send_max_age: Duration,
    /// The Graph version where a path names none.
    pub graph_version: Arc<str>,
    /// Whether an account's own routes may lead to private addresses.
    pub private_routes: bool,
    /// How applications reach us, where the settings say so.
    pub public_url: Option<Arc<str>>,
    /// Where the store is: its file system is looked at.
    pub store_folder: PathBuf,
    /// What may be asked of Graph beside messages.
    pub budgets: Budgets,
    /// People on their way through Meta's login dialog.
    pub logins: Logins,
    /// What the doctor must know of the settings.
    pub chart: Chart,
    /// What is counted at the edge.
    pub counters: Counters,
    /// How much came and went of late.
    pub rates: Rates,
    /// Who listens to accounts.
    pub audience: Arc<Audience>,
    /// One edit of accounts' own routes at a time: what `If-Match` was compared with is what is replaced.
    pub route_edits: tokio::sync::Mutex<()>,
}

impl Edge {
    /// The edge of a house.
    pub fn new(wharf: Wharf, settings: &Settings, tls: Option<Arc<Live>>) -> Self {
        let rates = Rates::new(wharf.store.ledgers(), now_ms());
        Self {
            keys: Keys::new(&settings.keys, made_keys(wharf.store.as_ref())),
            route_edits: tokio::sync::Mutex::new(()),
            rates,
            verifiers: verifiers(settings.gateways.iter()).into(),
            proxies: settings.server.trusted_proxy.clone().into(),
            tls,
            in_flight: InFlight::new(settings.server.inflight_bytes),
            verb_wait: settings.server.verb_wait,
            keep_body: settings.storage.keep_body,
            send_wait: settings.send.send_wait,
            send_max_age: settings.send.send_max_age,
            graph_version: settings.graph.version.as_str().into(),
            private_routes: settings.server.private_routes,
            public_url: settings.server.public_url.as_deref().map(Into::into),
            store_folder: settings.storage.path.clone(),
            budgets: Budgets::default(),
            logins: Logins::default(),
            chart: Chart::new(settings),
            counters: Counters::default(),
            audience: Arc::default(),
            wharf,
        }
    }

    /// Refuses where nothing can be kept.
    pub fn require_open_store(&self) -> Result<(), ApiError> {
        match self.wharf.store.standing() {
            Standing::Open => Ok(()),
            Standing::Closed { .. } => Err(ApiError::plain(ErrorId::StoreClosed)),
        }
    }

    /// Refuses what is new where it cannot be kept: the store is closed, or full.
    pub fn require_room(&self) -> Result<(), ApiError> {
        self.require_open_store()?;
        let room = self.wharf.store.room();
        match room.level() {
            Level::Full => Err(ApiError::naming(ErrorId::StoreFull, space_text(&room))),
            Level::Ample | Level::Low | Level::Scarce => Ok(()),
        }
    }
}

/// Bytes taken, of those that may be, for people.
pub(crate) fn space_text(room: &Room) -> String {
    match room.max_bytes {
        Some(max) => format!("used_bytes={} max_bytes={max}", room.used_bytes),
        None => format!("used_bytes={}", room.used_bytes),
    }
}

/// The verifiers of these gateways, by URI.
pub fn verifiers<'g>(gateways: impl Iterator<Item = &'g Arc<Gateway>>) -> HashMap<Arc<str>, Verifier> {
    gateways.map(|gateway| (Arc::clone(&gateway.uri), Verifier::new(&gateway.app_secrets.get()))).collect()
}

/// The edge, once the house stands; before that every answer is 503.
pub type Late = web::Data<OnceLock<web::Data<Edge>>>;

/// The edge, as handlers of the public listener take it.
pub struct Ready(web::Data<Edge>);

impl std::ops::Deref for Ready {
    type Target = Edge;

    fn deref(&self) -> &Edge {
        &self.0
    }
}

impl FromRequest for Ready {
    type Error = ApiError;
    type Future = std::future::Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let edge = request.app_data::<Late>().and_then(|late| late.get());
        let not_ready = || ApiError::naming(ErrorId::NotReady, "accounts are being restored");
        std::future::ready(edge.cloned().map(Self).ok_or_else(not_ready))
    }
}

/// Requests counted at the edge, for metrics.
#[derive(Debug, Default)]
pub struct Counters {
    /// Webhooks answered 200.
    pub webhooks: AtomicU64,
    /// Webhooks refused for their signature.
    pub unsigned: AtomicU64,
    /// Webhooks answered 503.
    pub unavailable: AtomicU64,
    /// Other webhooks refused: too large, too slow, not JSON.
    pub refused: AtomicU64,
    /// Audit records: tells those of one millisecond apart, in their order.
    pub audits: AtomicU64,
    /// Wrong keys.
    pub wrong_keys: AtomicU64,
    /// Connections cut because their address had too many.
    pub crowded: AtomicU64,
    /// Open connections.
    pub connections: Connections,
}

/// Open connections of each listener.
#[derive(Debug, Default)]
pub struct Connections {
    /// What Meta and applications reach.
    pub public: Arc<AtomicU64>,
    /// What operators reach.
    pub ops: Arc<AtomicU64>,
}

/// A connection is open until this is dropped.
#[derive(Debug)]
pub struct Counted(Arc<AtomicU64>);

impl Counted {
    /// One more.
    pub fn among(open: &Arc<AtomicU64>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Bytes under way, bounded. Those of a body are set aside as they come: who announces much and sends little takes
/// room from nobody.
#[derive(Debug)]
pub struct InFlight {
    limit: u64,
    taken: AtomicU64,
}

/// Bytes set aside; given back when dropped.
#[derive(Debug)]
pub struct Reservation<'a> {
    of: &'a InFlight,
    bytes: u64,
}

impl InFlight {
    /// None under way, `limit` at most.
    pub fn new(limit: u64) -> Self {
        Self { limit, taken: AtomicU64::new(0) }
    }

    /// Sets `bytes` aside, if there is room.
    pub fn reserve(&self, bytes: u64) -> Option<Reservation<'_>> {
        let before = self.taken.fetch_add(bytes, Ordering::Relaxed);
        let reservation = Reservation { of: self, bytes };
        (before + bytes <= self.limit).then_some(reservation)
    }

    /// Bytes under way now.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Reservation<'_> {
    /// Sets `bytes` more aside; says whether there was room.
    pub fn grow(&mut self, bytes: u64) -> bool {
        self.bytes += bytes;
        let before = self.of.taken.fetch_add(bytes, Ordering::Relaxed);
        before + bytes <= self.of.limit
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.of.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_under_way_never_pass_the_limit_and_come_back() {
        let in_flight = InFlight::new(100);
        let first = in_flight.reserve(60).expect("room");
        assert!(in_flight.reserve(41).is_none());
        assert_eq!(in_flight.taken(), 60);
        let mut second = in_flight.reserve(30).expect("room");
        assert!(second.grow(10));
        assert!(!second.grow(1));
        drop((first, second));
        assert_eq!(in_flight.taken(), 0);
    }
}
