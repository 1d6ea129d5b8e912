//! The listeners: sockets become watched connections, with or without TLS, and those become requests. Knows what is
//! bounded, and nothing of what is asked.

use crate::config::ServerSettings;
use crate::connection::{Connection, Stay, Watch, Watched};
use crate::crowd::{Crowd, Place};
use crate::edge::{Counted, Late};
use crate::router;
use crate::server::{BACKLOG, DRAIN_S, HEAD_WITHIN, READERS, StartError};
use crate::tls::Live;
use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_rt::{Arbiter, ArbiterHandle};
use actix_server::Server;
use actix_service::{IntoServiceFactory, Service, ServiceFactoryExt, fn_service, map_config};
use actix_web::App;
use actix_web::dev::{AppConfig, Extensions, ServiceRequest};
use actix_web::rt::net::TcpStream;
use actix_web::rt::time::timeout;
use actix_web::web::ServiceConfig;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedSender;
use tokio_rustls::TlsAcceptor;

/// A TLS handshake must be done after this long.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// Who still writes when the connection ends has this long to read its answer.
const LAST_BYTES_WITHIN: Duration = Duration::from_secs(1);
/// The watch leaves an idle connection this much longer than the server does, which says farewell.
const FAREWELL: Duration = Duration::from_secs(5);

/// Connections to the ops listener at once: operators, scrapers and probes are few.
const OPS_CONNECTIONS: usize = 1024;

/// What a listener is made of.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) settings: ServerSettings,
    pub(crate) late: Late,
    pub(crate) side: Side,
}

/// Which of the two listeners.
#[derive(Clone)]
pub(crate) enum Side {
    /// What Meta and applications reach.
    Public {
        tls: Option<Arc<Live>>,
        /// Hears of each worker's event loop.
        started: UnboundedSender<ArbiterHandle>,
    },
    /// What operators reach.
    Ops,
}

impl Side {
    fn setting(&self) -> &'static str {
        match self {
            Side::Public { .. } => "server.listen",
            Side::Ops => "server.ops_listen",
        }
    }

    fn routes(&self) -> fn(&mut ServiceConfig) {
        match self {
            Side::Public { .. } => router::public,
            Side::Ops => router::ops,
        }
    }

    fn tls(&self) -> Option<Arc<Live>> {
        match self {
            Side::Public { tls, .. } => tls.clone(),
            Side::Ops => None,
        }
    }

    /// Workers, the most connections of all, and the most of one address.
    fn bounds(&self, settings: &ServerSettings) -> (usize, usize, usize) {
        match self {
            Side::Public { .. } => (settings.workers, settings.max_connections, settings.max_connections_per_address),
            Side::Ops => (1, OPS_CONNECTIONS, OPS_CONNECTIONS),
        }
    }

    fn address(&self, settings: &ServerSettings) -> SocketAddr {
        match self {
            Side::Public { .. } => settings.listen,
            Side::Ops => settings.ops_listen,
        }
    }

    /// A worker has started: the event loop of a public one serves the accounts too.
    fn tell(&self) {
        match self {
            Side::Public { started, .. } => drop(started.send(Arbiter::current())),
            Side::Ops => {}
        }
    }
}

impl Door {
    /// Listens. The server accepts once it is polled.
    pub(crate) fn open(self) -> Result<(SocketAddr, Server), StartError> {
        let (address, setting) = (self.side.address(&self.settings), self.side.setting());
        let fault = |source| StartError::Listen { address, setting, source };
        let listener = listen(address).map_err(fault)?;
        let bound = listener.local_addr().map_err(fault)?;
        let (workers, connections, of_one) = self.side.bounds(&self.settings);
        let builder = Server::build()
            .workers(workers)
            .worker_max_blocking_threads(READERS)
            .max_concurrent_connections(connections.div_ceil(workers))
            .shutdown_timeout(DRAIN_S)
            .disable_signals();
        let stopping = builder.graceful_shutdown_signal();
        let crowd = Crowd::new(of_one);
        let service = move || {
            // Once in each worker.
            self.side.tell();
            let app = App::new().app_data(self.late.clone()).wrap_fn(tell_watch).configure(self.side.routes());
            let app = app.into_factory().map_err(|error: actix_web::Error| error.error_response());
            let stopping = stopping.clone();
            let stops = move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            };
            let http = HttpService::build()
                .keep_alive(self.settings.keep_alive)
                .client_request_timeout(HEAD_WITHIN)
                .client_disconnect_timeout(LAST_BYTES_WITHIN)
                .graceful_shutdown_signal(stops)
                .on_connect_ext(greeting(self.side.tls()))
                .finish(map_config(app, |()| AppConfig::default()));
            let reception = Reception::new(&self, Arc::clone(&crowd));
            fn_service(move |socket| reception.clone().accept(socket)).and_then(http)
        };
        Ok((bound, builder.listen(setting, listener, service).map_err(fault)?.run()))
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    let backlog = i32::try_from(BACKLOG).expect("the backlog is a few thousand");
    rustix::net::listen(&listener, backlog)?;
    Ok(listener)
}

/// Tells the connection's watch from when to when a request is answered.
fn tell_watch<S: Service<ServiceRequest>>(
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<S::Response, S::Error>> + use<S> {
    let answering = request.request().conn_data::<Rc<Watch>>().map(Watch::answer);
    let answer = service.call(request);
    async move {
        let answered = answer.await;
        drop(answering);
        answered
    }
}

/// Keeps with each new connection its watch, and what its other side has shown.
fn greeting(tls: Option<Arc<Live>>) -> impl Fn(&Connection, &mut Extensions) {
    move |connection, data| {
        data.insert(Rc::clone(connection.watch()));
        if let (Some(live), Connection::Tls(stream)) = (&tls, connection) {
            data.insert(live.judge(stream.get_ref().1.peer_certificates()));
        }
    }
}

/// Receives sockets: watched from their first byte on, and past the TLS handshake where there is one.
#[derive(Clone)]
struct Reception {
    idle_at_most: Duration,
    tls: Option<TlsAcceptor>,
    late: Late,
    crowd: Arc<Crowd>,
    side: Listener,
}

/// Which listener a connection counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listener {
    Public,
    Ops,
}

impl Reception {
    fn new(door: &Door, crowd: Arc<Crowd>) -> Self {
        let tls = door.side.tls().map(|live| TlsAcceptor::from(Arc::new(live.server_config())));
        let side = match door.side {
            Side::Public { .. } => Listener::Public,
            Side::Ops => Listener::Ops,
        };
        Self { idle_at_most: door.settings.keep_alive + FAREWELL, tls, late: door.late.clone(), crowd, side }
    }

    /// A place for a connection from `peer`, `None` for a trusted proxy, whose callers are many.
    fn place(&self, peer: Option<SocketAddr>) -> io::Result<Option<Place>> {
        let (Some(peer), Some(edge)) = (peer, self.late.get()) else { return Ok(None) };
        if edge.proxies.get().trusts(peer.ip()) {
            return Ok(None);
        }
        let place = self.crowd.enter(peer.ip());
        if place.is_none() {
            edge.counters.crowded.fetch_add(1, Ordering::Relaxed);
        }
        place.map(Some).ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
    }

    /// Counts one more connection.
    fn counted(&self) -> Option<Counted> {
        let open = &self.late.get()?.counters.connections;
        Some(match self.side {
            Listener::Public => Counted::among(&open.public),
            Listener::Ops => Counted::among(&open.ops),
        })
    }

    async fn accept(self, socket: TcpStream) -> Result<(Connection, Protocol, Option<SocketAddr>), DispatchError> {
        let peer = socket.peer_addr().ok();
        let stay = Stay { place: self.place(peer)?, counted: self.counted() };
        let watched = Watched::new(socket, Watch::new(HEAD_WITHIN, self.idle_at_most, Instant::now()), stay);
        let connection = match self.tls {
            None => Connection::Plain(watched),
            Some(tls) => {
                let shaken = timeout(HANDSHAKE_WITHIN, tls.accept(watched)).await;
                let stream = shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
                Connection::Tls(Box::new(stream))
            }
        };
        Ok((connection, Protocol::Http1, peer))
    }
}
