//! A fake application: records what is delivered and answers as it is told. Checks nothing itself.

use super::until;
use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    /// Method, path and query.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    pub(crate) at: Instant,
}

impl Delivery {
    /// The header `name`, in lower case; empty without one.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a delivery of JSON")
    }

    /// The id of the one message or status in Meta's envelope.
    pub(crate) fn item_id(&self) -> String {
        let told = self.json();
        let value = &told["entry"][0]["changes"][0]["value"];
        let item = ["messages", "statuses"].iter().find_map(|list| value[list][0]["id"].as_str());
        item.unwrap_or_default().to_owned()
    }
}

/// How it answers.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Status(u16),
    With(u16, &'static str, String),
    Json(u16, String),
    Slowly(Duration, u16),
    SlowJson(Duration, u16, String),
    Never,
}

type Manner = Arc<dyn Fn(&Delivery) -> Reply + Send + Sync>;

struct State {
    deliveries: Mutex<Vec<Delivery>>,
    manner: Mutex<Manner>,
}

/// A fake application.
pub(crate) struct Application {
    state: Arc<State>,
    pub(crate) address: SocketAddr,
    handle: ServerHandle,
}

impl Application {
    /// Answers 200 until told otherwise.
    pub(crate) async fn start() -> Self {
        Self::on(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// The same on an address of choice.
    pub(crate) fn on(address: SocketAddr) -> Self {
        let manner: Manner = Arc::new(|_| Reply::Status(200));
        let state = Arc::new(State { deliveries: Mutex::default(), manner: Mutex::new(manner) });
        let data = Data::from(Arc::clone(&state));
        let limit = web::PayloadConfig::new(16 << 20);
        let app = move || App::new().app_data(data.clone()).app_data(limit.clone()).default_service(web::to(take));
        let server =
            HttpServer::new(app).workers(1).shutdown_timeout(0).disable_signals().bind(address).expect("a port");
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { state, address, handle }
    }

    /// Answers as `manner` says, from now on.
    pub(crate) fn answer(&self, manner: impl Fn(&Delivery) -> Reply + Send + Sync + 'static) {
        *lock(&self.state.manner) = Arc::new(manner);
    }

    /// Everything it was sent so far.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.state.deliveries).clone()
    }

    /// Waits until it was sent `count` deliveries, and gives all there are.
    pub(crate) async fn until(&self, count: usize) -> Vec<Delivery> {
        until(&format!("{count} deliveries"), async || Some(self.deliveries()).filter(|all| all.len() >= count)).await
    }

    /// Forgets what it was sent.
    pub(crate) fn forget(&self) {
        lock(&self.state.deliveries).clear();
    }

    /// Its URL, with `path`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Hangs up.
    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
    }
}

async fn take(request: HttpRequest, body: Bytes, state: Data<State>) -> HttpResponse {
    let read = |value: &actix_web::http::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), read(value))).collect();
    let target = format!("{} {}", request.method(), request.uri());
    let delivery = Delivery { target, headers, body, at: Instant::now() };
    let manner = Arc::clone(&lock(&state.manner));
    let reply = manner(&delivery);
    lock(&state.deliveries).push(delivery);
    let status = |status| HttpResponse::build(StatusCode::from_u16(status).expect("a status"));
    match reply {
        Reply::Status(code) => status(code).finish(),
        Reply::With(code, name, text) => status(code).insert_header((name, text)).finish(),
        Reply::Json(code, text) => status(code).content_type("application/json").body(text),
        Reply::Slowly(wait, code) => {
            actix_web::rt::time::sleep(wait).await;
            status(code).finish()
        }
        Reply::SlowJson(wait, code, text) => {
            actix_web::rt::time::sleep(wait).await;
            status(code).content_type("application/json").body(text)
        }
        Reply::Never => std::future::pending().await,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An address that nobody listens on.
pub(crate) fn nobody() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("its address")
}
