//! The public listener: sockets become watched connections, with or without TLS, and those become requests. Knows what
//! is bounded, and nothing of what is asked.

use crate::config::ServerSettings;
use crate::connection::{Connection, Watch, Watched};
use crate::crowd::{Crowd, Place};
use crate::edge::Late;
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

/// What the public listener is made of.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) settings: ServerSettings,
    pub(crate) late: Late,
    pub(crate) tls: Option<Arc<Live>>,
    /// Hears of each worker's event loop.
    pub(crate) started: UnboundedSender<ArbiterHandle>,
}

impl Door {
    /// Listens. The server accepts once it is polled.
    pub(crate) fn open(self) -> Result<(SocketAddr, Server), StartError> {
        let address = self.settings.listen;
        let fault = |source| StartError::Listen { address, setting: "server.listen", source };
        let listener = listen(address).map_err(fault)?;
        let bound = listener.local_addr().map_err(fault)?;
        let workers = self.settings.workers;
        let builder = Server::build()
            .workers(workers)
            .worker_max_blocking_threads(READERS)
            .max_concurrent_connections(self.settings.max_connections.div_ceil(workers))
            .shutdown_timeout(DRAIN_S)
            .disable_signals();
        let stopping = builder.graceful_shutdown_signal();
        let crowd = Crowd::new(self.settings.max_connections_per_address);
        let service = move || {
            // Once in each worker: its event loop serves the accounts too.
            let _ = self.started.send(Arbiter::current());
            let app = App::new().app_data(self.late.clone()).wrap_fn(tell_watch).configure(router::public);
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
                .on_connect_ext(greeting(self.tls.clone()))
                .finish(map_config(app, |()| AppConfig::default()));
            let reception = Reception::new(&self, Arc::clone(&crowd));
            fn_service(move |socket| reception.clone().accept(socket)).and_then(http)
        };
        Ok((bound, builder.listen("public", listener, service).map_err(fault)?.run()))
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
}

impl Reception {
    fn new(door: &Door, crowd: Arc<Crowd>) -> Self {
        let tls = door.tls.as_ref().map(|live| TlsAcceptor::from(Arc::new(live.server_config())));
        Self { idle_at_most: door.settings.keep_alive + FAREWELL, tls, late: door.late.clone(), crowd }
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

    async fn accept(self, socket: TcpStream) -> Result<(Connection, Protocol, Option<SocketAddr>), DispatchError> {
        let peer = socket.peer_addr().ok();
        let place = self.place(peer)?;
        let watched = Watched::new(socket, Watch::new(HEAD_WITHIN, self.idle_at_most, Instant::now()), place);
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
