//! The bare edge: the gateway's HTTP server with its settings, and a handler that reads the body, checks the signature
//! and answers 200. What the durable path is compared with; it keeps nothing.

use super::child::{Listening, say, words};
use super::stage::{LOOPBACK, SECRET, Special, settings};
use super::{BenchError, while_doing};
use crate::server::{BACKLOG, HEAD_WITHIN};
use actix_web::http::header::HeaderValue;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use std::path::Path;
use std::time::Duration;
use wharf_actors::cloud::signature::Verifier;
use wharf_actors::gateway::Secret;

/// Serves until it shall end.
pub(super) async fn run() -> Result<(), BenchError> {
    let workers = settings(LOOPBACK, Path::new("none"), None, &Special::default())?.server.workers;
    let verifier = Data::new(Verifier::new(&[Secret::new(SECRET)]));
    let app = move || App::new().app_data(verifier.clone()).service(web::resource("/{uri}").to(receive));
    let server = HttpServer::new(app)
        .workers(workers)
        .backlog(BACKLOG)
        .client_request_timeout(HEAD_WITHIN)
        .keep_alive(Duration::from_secs(75))
        .disable_signals()
        .bind(LOOPBACK)
        .map_err(while_doing("listen"))?;
    let public = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    say(&Listening { public })?;
    let mut words = words();
    while words.recv().await.is_some() {}
    handle.stop(false).await;
    Ok(())
}

async fn receive(request: HttpRequest, body: Bytes, verifier: Data<Verifier>) -> HttpResponse {
    let signature = request.headers().get("X-Hub-Signature-256").map(HeaderValue::as_bytes);
    match verifier.verify(signature, &body) {
        Ok(_) => HttpResponse::Ok().finish(),
        Err(_) => HttpResponse::Unauthorized().finish(),
    }
}
