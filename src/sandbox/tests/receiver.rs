//! Somebody who takes webhooks: answers the handshake, checks every signature, keeps what came.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde_json::Value;

use crate::sandbox::signing::{SIGNATURE_HEADER, verify};

pub(super) const VERIFY_TOKEN: &str = "receiver-verify-token";

/// A running receiver.
pub(super) struct Receiver {
    pub(super) url: String,
    book: Arc<Book>,
    server: ServerHandle,
}

/// A POST that came.
#[derive(Clone)]
pub(super) struct Post {
    pub(super) bytes: usize,
    pub(super) json: Value,
}

struct Book {
    secret: String,
    status: AtomicU16,
    posts: Mutex<Vec<Post>>,
    faults: Mutex<Vec<String>>,
}

impl Receiver {
    pub(super) fn start(secret: &str) -> Self {
        let book = Arc::new(Book {
            secret: secret.to_owned(),
            status: AtomicU16::new(200),
            posts: Mutex::default(),
            faults: Mutex::default(),
        });
        let data = Data::from(Arc::clone(&book));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(4 << 20))
                .route("/hook", web::get().to(handshake))
                .route("/hook", web::post().to(take))
        });
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_rt::spawn(server);
        Self { url, book, server: handle }
    }

    /// What every POST is answered with from now on.
    pub(super) fn answer_with(&self, status: u16) {
        self.book.status.store(status, Ordering::Relaxed);
    }

    /// The POSTs answered 200, so far; fails if any was not as Meta sends them.
    pub(super) fn posts(&self) -> Vec<Post> {
        let faults = self.book.faults.lock().unwrap();
        assert!(faults.is_empty(), "{faults:?}");
        self.book.posts.lock().unwrap().clone()
    }

    /// All elements of `list` (`messages` or `statuses`) that came, with their phone_number_id.
    pub(super) fn elements(&self, list: &str) -> Vec<Value> {
        self.posts().iter().flat_map(|post| elements(&post.json, list)).collect()
    }

    pub(super) async fn stop(self) {
        self.server.stop(false).await;
    }
}

pub(super) fn elements(envelope: &Value, list: &str) -> Vec<Value> {
    let entries = envelope["entry"].as_array().unwrap();
    let changes = entries.iter().flat_map(|entry| entry["changes"].as_array().unwrap());
    changes.filter_map(|change| change["value"][list].as_array()).flatten().cloned().collect()
}

async fn handshake(query: Query<HashMap<String, String>>) -> HttpResponse {
    if query.get("hub.mode").is_none_or(|mode| mode != "subscribe") || query["hub.verify_token"] != VERIFY_TOKEN {
        return HttpResponse::Forbidden().finish();
    }
    HttpResponse::Ok().body(query["hub.challenge"].clone())
}

async fn take(req: HttpRequest, body: web::Bytes, book: Data<Book>) -> HttpResponse {
    let status = StatusCode::from_u16(book.status.load(Ordering::Relaxed)).unwrap();
    if status != StatusCode::OK {
        return HttpResponse::build(status).finish();
    }
    match check(&req, &body, &book.secret) {
        Ok(json) => book.posts.lock().unwrap().push(Post { bytes: body.len(), json }),
        Err(fault) => book.faults.lock().unwrap().push(fault),
    }
    HttpResponse::Ok().finish()
}

fn check(req: &HttpRequest, body: &[u8], secret: &str) -> Result<Value, String> {
    let header = |name: &str| req.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !verify(secret, body, header(SIGNATURE_HEADER)) {
        return Err("a signature does not fit".into());
    }
    if !body.is_ascii() || body.windows(2).any(|pair| pair[1] == b'/' && pair[0] != b'\\') {
        return Err("a body is not escaped as Meta escapes".into());
    }
    if header("content-type") != "application/json" {
        return Err(format!("content-type is {}", header("content-type")));
    }
    let json: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if json["object"] != "whatsapp_business_account" || !json["entry"].is_array() {
        return Err(format!("not an envelope: {json}"));
    }
    Ok(json)
}
