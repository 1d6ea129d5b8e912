//! An application that a route leads to: answers 200 and remembers what it got. Knows no gateway.

use actix_web::dev::ServerHandle;
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use wharf_actors::cloud::signature::verify;
use wharf_actors::gateway::Secret;

/// What the route signs with.
pub(crate) const SECRET: &str = "between the gateway and the application";

/// One delivery.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    /// The event's id.
    pub(crate) webhook_id: String,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// A running application.
pub(crate) struct Application {
    pub(crate) address: SocketAddr,
    taken: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    server: ServerHandle,
}

impl Application {
    pub(crate) fn start() -> Self {
        let taken: Arc<Mutex<BTreeMap<String, Vec<u8>>>> = Arc::default();
        let shared = Data::from(Arc::clone(&taken));
        let app = move || {
            App::new()
                .app_data(shared.clone())
                .app_data(web::PayloadConfig::new(8 << 20))
                .default_service(web::post().to(take))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).expect("a free port");
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { address, taken, server: handle }
    }

    /// Everything delivered so far; a delivery made twice counts once.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        let taken = self.taken.lock().expect("no handler panicked");
        taken.iter().map(|(id, body)| Delivery { webhook_id: id.clone(), body: body.clone() }).collect()
    }

    pub(crate) async fn stop(&self) {
        self.server.stop(false).await;
    }
}

/// Believes signed deliveries only; a wrong one becomes a delivery that never succeeds.
async fn take(request: HttpRequest, body: Bytes, taken: Data<Mutex<BTreeMap<String, Vec<u8>>>>) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).map(|value| value.as_bytes().to_vec());
    let signature = header("X-Hub-Signature-256");
    let id = header("webhook-id").and_then(|id| String::from_utf8(id).ok());
    match (verify(signature.as_deref(), &body, &[Secret::new(SECRET)]), id) {
        (Ok(_), Some(id)) => {
            taken.lock().expect("no handler panicked").insert(id, body.to_vec());
            HttpResponse::Ok().finish()
        }
        (Ok(_), None) | (Err(_), _) => HttpResponse::Unauthorized().finish(),
    }
}
