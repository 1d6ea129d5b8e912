//! The two listeners over one house: the ops listener answers from the first moment, the public one only when every
//! account is restored.

use crate::config::Settings;
use crate::door::{Door, Side};
use crate::edge::{Edge, Late};
use crate::ops::rates;
use crate::reload::{self, Reloaded};
use crate::tls::{self, Live, Material, TlsFault};
use actix_rt::ArbiterHandle;
use actix_web::dev::ServerHandle;
use actix_web::web;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use wharf_actors::account::Guards;
use wharf_actors::messages::Drain;
use wharf_actors::rules::gate::Limits;
use wharf_actors::supervisor::{Plan, build};
use wharf_actors::vault::Vault;
use wharf_storage::{Store, StoreError};

/// Connections that wait to be accepted: Meta opens many at once.
pub(crate) const BACKLOG: u32 = 4096;
/// A request's head must be whole after this long.
pub(crate) const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// What is under way when the server stops has this long to end.
pub(crate) const DRAIN_S: u64 = 10;
/// Threads of each worker that may block: for accounts that ask what only the disk knows, and for large webhooks. More
/// would only wait for the same disk, each with a stack and a heap of its own.
pub(crate) const READERS: usize = 4;

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}; change {setting}, or stop what uses it")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The setting that names it.
        setting: &'static str,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file of TLS cannot serve.
    #[error(transparent)]
    Tls(#[from] TlsFault),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A thread ended early.
    #[error("the store could not be opened: its thread ended")]
    Thread,
}

/// A running server.
pub struct Running {
    /// The public listener's address.
    pub public: SocketAddr,
    /// The ops listener's address.
    pub ops: SocketAddr,
    /// What the handlers share.
    pub edge: web::Data<Edge>,
    handles: [ServerHandle; 2],
    started: Arc<Settings>,
}

/// Starts both listeners; `open` opens the store, on a thread that may block.
pub async fn start(
    settings: &Settings,
    open: impl FnOnce() -> Result<Arc<dyn Store>, StoreError> + Send + 'static,
) -> Result<Running, StartError> {
    let late: Late = web::Data::new(OnceLock::new());
    let tls = settings.server.tls.as_ref().map(Material::load).transpose()?.map(Live::new);
    let (ops, ops_handle) = listen_ops(settings, &late)?;
    let opened = web::block(open).await.map_err(|_| StartError::Thread)?;
    let store = opened.map_err(StartError::Store)?;
    let (public, public_handle, arbiters) = listen_public(settings, &late, tls.clone()).await?;
    let loops = arbiters.clone();
    let plan = Plan {
        store,
        gateways: settings.gateways.clone(),
        graph: settings.graph.clone(),
        arbiters,
        dialog_ttl: settings.storage.dialog_ttl,
        retention: settings.storage.retention,
        keep_body: settings.storage.keep_body,
        quarantine: Limits {
            bytes: settings.storage.quarantine_bytes,
            age_ms: settings.storage.quarantine_retention.as_millis() as u64,
        },
        dead_bytes: settings.storage.dead_bytes,
        dead_retention: settings.storage.dead_retention,
        unknown_wait: settings.send.unknown_wait,
        guards: Guards { duplicates: settings.send.duplicate_guard, window: settings.send.strict_window },
        reconcile_every: settings.reconcile_every,
        vault: Arc::new(Vault::new(&settings.storage.secret_key)),
    };
    let edge = web::Data::new(Edge::new(build(plan)?, settings, tls.clone()));
    let _ = late.set(edge.clone());
    actix_web::rt::spawn(rates::watch(Arc::downgrade(&edge)));
    if let Some(live) = &tls {
        actix_web::rt::spawn(tls::watch(Arc::downgrade(live)));
    }
    caught_up(&loops).await;
    public_handle.resume().await;
    log::info!("listening public={public} ops={ops} gateways={}", settings.gateways.len());
    Ok(Running { public, ops, edge, handles: [public_handle, ops_handle], started: Arc::new(settings.clone()) })
}

/// Waits until each event loop has done what it was given so far: a request may need what an account's actor needs.
async fn caught_up(arbiters: &[ArbiterHandle]) {
    for arbiter in arbiters {
        let (tell, told) = tokio::sync::oneshot::channel();
        arbiter.spawn_fn(move || {
            let _ = tell.send(());
        });
        let _ = told.await;
    }
}

/// Listens without accepting: connections wait until the house stands. Gives the event loops of the workers, on which
/// the accounts will live too.
async fn listen_public(
    settings: &Settings,
    late: &Late,
    tls: Option<Arc<Live>>,
) -> Result<(SocketAddr, ServerHandle, Vec<ArbiterHandle>), StartError> {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let door =
        Door { settings: settings.server.clone(), late: late.clone(), side: Side::Public { tls, started: tell } };
    let (bound, server) = door.open()?;
    let handle = server.handle();
    actix_web::rt::spawn(server);
    handle.pause().await;
    let mut arbiters = Vec::new();
    while arbiters.len() < settings.server.workers {
        arbiters.push(told.recv().await.ok_or(StartError::Thread)?);
    }
    Ok((bound, handle, arbiters))
}

fn listen_ops(settings: &Settings, late: &Late) -> Result<(SocketAddr, ServerHandle), StartError> {
    let door = Door { settings: settings.server.clone(), late: late.clone(), side: Side::Ops };
    let (bound, server) = door.open()?;
    let handle = server.handle();
    actix_web::rt::spawn(server);
    Ok((bound, handle))
}

impl Running {
    /// Takes over from `new` what can be changed while everything runs.
    pub async fn reload(&self, new: Settings) -> Result<Reloaded, StartError> {
        let (edge, started) = (self.edge.clone(), Arc::clone(&self.started));
        let new = Arc::new(new);
        let settings = Arc::clone(&new);
        let reloaded = web::block(move || reload::reload(&edge, &started, &settings)).await;
        let mut reloaded = reloaded.map_err(|_| StartError::Thread)??;
        reloaded.needs_restart.extend(reload::set_gateways(&self.edge, &new).await);
        Ok(reloaded)
    }

    /// `http` or `https`: what the public listener speaks.
    pub fn scheme(&self) -> &'static str {
        if self.edge.tls.is_some() { "https" } else { "http" }
    }

    /// Drains: takes nothing new, ends what is under way, writes what is queued, closes the store.
    pub async fn stop(self) {
        let [public, ops] = self.handles;
        public.pause().await;
        let _ = self.edge.wharf.supervisor.send(Drain { within: Duration::from_secs(DRAIN_S) }).await;
        let store = Arc::clone(&self.edge.wharf.store);
        let _ = web::block(move || store.close()).await;
        public.stop(true).await;
        ops.stop(true).await;
    }
}
