//! Stand-ins for a Wharf: one that answers requests as agreed, one with a live stream, one that is something else.

use crate::harness::application::{Application, Delivery, Reply};
use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Answers a request whose target begins as one of these with its status and body; everything else is unknown to it.
pub(super) async fn answering(answers: Vec<(&'static str, u16, Value)>) -> Application {
    let fake = Application::start().await;
    fake.answer(move |call: &Delivery| {
        let found = answers.iter().find(|(target, ..)| call.target.starts_with(target));
        match found {
            Some((_, status, body)) => Reply::Json(*status, body.to_string()),
            None => refusing(404, "wharf.path.unknown", &format!("nothing is served at {}", call.target)),
        }
    });
    fake
}

/// A refusal in Wharf's shape.
pub(super) fn refusing(status: u16, id: &str, detail: &str) -> Reply {
    let body = serde_json::json!({ "id": id, "code": status, "detail": detail, "status": "" });
    Reply::Json(status, body.to_string())
}

/// A live stream; the nth connection is given the nth text, and then it ends.
pub(super) fn live(texts: Vec<&'static str>) -> (String, ServerHandle) {
    let state = Data::new((AtomicUsize::new(0), texts));
    let app = move || App::new().app_data(state.clone()).default_service(web::to(stream));
    let server = HttpServer::new(app).workers(1).shutdown_timeout(0).disable_signals();
    let server = server.bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    (url, handle)
}

async fn stream(state: Data<(AtomicUsize, Vec<&'static str>)>) -> HttpResponse {
    let nth = state.0.fetch_add(1, Ordering::SeqCst);
    let text = state.1.get(nth).copied().unwrap_or_default();
    HttpResponse::Ok().content_type("text/event-stream").body(text)
}
