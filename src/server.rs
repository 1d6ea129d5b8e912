//! The two listeners over one house: the ops listener answers from the first moment, the public one only when every
//! account is restored.

use crate::config::Settings;
use crate::edge::{Edge, Late};
use crate::router;
use actix_rt::{Arbiter, ArbiterHandle};
use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use wharf_actors::messages::Drain;
use wharf_actors::supervisor::{Plan, build};
use wharf_storage::{Store, StoreError};

/// Connections that wait to be accepted: Meta opens many at once.
pub(crate) const BACKLOG: u32 = 4096;
/// A request's head must be whole after this long.
pub(crate) const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// An idle connection is kept this long.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// What is under way when the server stops has this long to end.
const DRAIN_S: u64 = 10;

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
}

/// Starts both listeners; `open` opens the store, on a thread that may block.
pub async fn start(
    settings: &Settings,
    open: impl FnOnce() -> Result<Arc<dyn Store>, StoreError> + Send + 'static,
) -> Result<Running, StartError> {
    let late: Late = web::Data::new(OnceLock::new());
    let (ops, ops_handle) = listen_ops(settings.server.ops_listen, &late)?;
    let opened = web::block(open).await.map_err(|_| StartError::Thread)?;
    let store = opened.map_err(StartError::Store)?;
    let (public, public_handle, arbiters) = listen_public(settings, &late).await?;
    let plan = Plan {
        store,
        gateways: settings.gateways.clone(),
        graph: settings.graph.clone(),
        arbiters,
        dialog_ttl: settings.storage.dialog_ttl,
        dead_retention: settings.storage.dead_retention,
        send_max_age: settings.send.send_max_age,
        reconcile_every: settings.reconcile_every,
    };
    let edge = web::Data::new(Edge::new(build(plan)?, settings));
    let _ = late.set(edge.clone());
    public_handle.resume().await;
    log::info!("listening public={public} ops={ops} gateways={}", settings.gateways.len());
    Ok(Running { public, ops, edge, handles: [public_handle, ops_handle] })
}

/// Listens without accepting: connections wait until the house stands. Gives the event loops of the workers, on which
/// the accounts will live too.
async fn listen_public(
    settings: &Settings,
    late: &Late,
) -> Result<(SocketAddr, ServerHandle, Vec<ArbiterHandle>), StartError> {
    let shared = late.clone();
    let address = settings.server.listen;
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let app = move || {
        let _ = tell.send(Arbiter::current());
        App::new().app_data(shared.clone()).configure(router::public)
    };
    let server = HttpServer::new(app)
        .workers(settings.server.workers)
        .backlog(BACKLOG)
        .client_request_timeout(HEAD_WITHIN)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(DRAIN_S)
        .disable_signals()
        .bind(address)
        .map_err(|source| StartError::Listen { address, setting: "server.listen", source })?;
    let bound = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    handle.pause().await;
    let mut arbiters = Vec::new();
    while arbiters.len() < settings.server.workers {
        arbiters.push(told.recv().await.ok_or(StartError::Thread)?);
    }
    Ok((bound, handle, arbiters))
}

fn listen_ops(address: SocketAddr, late: &Late) -> Result<(SocketAddr, ServerHandle), StartError> {
    let shared = late.clone();
    let server = HttpServer::new(move || App::new().app_data(shared.clone()).configure(router::ops))
        .workers(1)
        .shutdown_timeout(DRAIN_S)
        .disable_signals()
        .bind(address)
        .map_err(|source| StartError::Listen { address, setting: "server.ops_listen", source })?;
    let bound = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    Ok((bound, handle))
}

impl Running {
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
