//! A small echo bot: takes deliveries, answers texts through a Cloud API base URL. Knows that API, not who offers it.

mod envelope;
mod mood;
mod replies;

use std::collections::{HashSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde::Serialize;

use super::histogram::Histogram;
use super::signing::{SIGNATURE_HEADER, verify};
use super::stats::{Counter, SentLog, millis};
use mood::Mood;
use replies::Replies;

/// Wamids that the bot remembers, so as to answer each once.
const REMEMBERED: usize = 100_000;
/// Largest delivery: Meta's largest webhook, and room.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// How to start a bot.
#[derive(Clone)]
pub struct BotOptions {
    /// Where it listens; port 0 for any free one.
    pub listen: SocketAddr,
    /// The secret that deliveries are signed with.
    pub secret: String,
    /// The Cloud API to answer through, with no version and no slash at the end.
    pub base_url: String,
    /// The version in its paths, such as `v25.0`.
    pub version: String,
    /// The bearer key for it.
    pub key: String,
    /// When the sandbox sent what, to measure how long deliveries take.
    pub sent_log: Option<Arc<SentLog>>,
}

/// What a bot has counted.
#[derive(Debug, Default)]
pub struct BotStats {
    /// Deliveries taken.
    pub deliveries: Counter,
    /// Deliveries turned away, because somebody asked the bot to.
    pub refused: Counter,
    /// Deliveries whose signature did not fit.
    pub forged: Counter,
    /// Messages seen for the first time.
    pub messages: Counter,
    /// Messages seen before.
    pub duplicates: Counter,
    /// Statuses.
    pub statuses: Counter,
    /// Texts answered: the API took the answer, or promised to.
    pub answered: Counter,
    /// Texts whose answer was refused for good.
    pub unanswered: Counter,
    /// From the webhook's POST to the delivery.
    pub latency: Histogram,
}

/// A snapshot of [`BotStats`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields of BotStats, which explains them")]
pub struct BotView {
    pub deliveries: u64,
    pub forged: u64,
    pub messages: u64,
    pub duplicates: u64,
    pub statuses: u64,
    pub answered: u64,
    pub unanswered: u64,
    pub latency_p50_ms: f64,
    pub latency_p99_ms: f64,
}

/// A running bot.
pub struct Bot {
    address: SocketAddr,
    stats: Arc<BotStats>,
    server: ServerHandle,
}

impl Bot {
    /// Starts a bot on the current actix system.
    pub async fn start(options: BotOptions) -> io::Result<Self> {
        let stats = Arc::<BotStats>::default();
        let (seen, mood) = (Arc::<Mutex<Seen>>::default(), Data::new(Mood::default()));
        let listen = options.listen;
        let counted = Arc::clone(&stats);
        let server = HttpServer::new(move || {
            let desk = Desk {
                replies: Replies::new(&options, Arc::clone(&counted)),
                secret: options.secret.clone(),
                sent_log: options.sent_log.clone(),
                stats: Arc::clone(&counted),
                seen: Arc::clone(&seen),
            };
            App::new()
                .app_data(Data::new(desk))
                .app_data(mood.clone())
                .app_data(web::PayloadConfig::new(MAX_BODY))
                .route("/bot", web::post().to(take))
                .route("/bot/mood", web::post().to(change_mood))
        });
        let server = server.workers(1).shutdown_timeout(1).disable_signals().bind(listen)?;
        let address = server.addrs().first().copied().unwrap_or(listen);
        let server = server.run();
        let handle = server.handle();
        actix_rt::spawn(server);
        Ok(Self { address, stats, server: handle })
    }

    /// Where deliveries go.
    pub fn url(&self) -> String {
        format!("http://{}/bot", self.address)
    }

    /// What it has counted so far.
    pub fn stats(&self) -> Arc<BotStats> {
        Arc::clone(&self.stats)
    }

    /// Closes it; answers on their way are dropped.
    pub async fn stop(self) {
        self.server.stop(false).await;
    }
}

impl BotStats {
    /// The counts now.
    pub fn view(&self) -> BotView {
        BotView {
            deliveries: self.deliveries.get(),
            forged: self.forged.get(),
            messages: self.messages.get(),
            duplicates: self.duplicates.get(),
            statuses: self.statuses.get(),
            answered: self.answered.get(),
            unanswered: self.unanswered.get(),
            latency_p50_ms: millis(self.latency.quantile(0.5)),
            latency_p99_ms: millis(self.latency.quantile(0.99)),
        }
    }
}

/// What the handler needs; one per worker.
struct Desk {
    replies: Replies,
    secret: String,
    sent_log: Option<Arc<SentLog>>,
    stats: Arc<BotStats>,
    seen: Arc<Mutex<Seen>>,
}

/// `POST /bot`
async fn take(req: HttpRequest, body: web::Bytes, desk: Data<Desk>, mood: Data<Mood>) -> HttpResponse {
    if let Some(status) = mood.trouble() {
        desk.stats.refused.add(1);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return HttpResponse::build(status).body("the bot was asked to be in trouble");
    }
    let signature = req.headers().get(SIGNATURE_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !verify(&desk.secret, &body, signature) {
        desk.stats.forged.add(1);
        return HttpResponse::Unauthorized().body("the signature does not fit the bot's secret");
    }
    let Some(delivery) = envelope::read(&body) else {
        return HttpResponse::BadRequest().body("not a webhook envelope");
    };
    desk.stats.deliveries.add(1);
    desk.stats.statuses.add(delivery.statuses.len() as u64);
    delivery.statuses.iter().for_each(|key| desk.measure(key, Instant::now()));
    for message in delivery.messages {
        desk.measure(&message.wamid, Instant::now());
        if !desk.seen.lock().unwrap_or_else(PoisonError::into_inner).is_new(&message.wamid) {
            desk.stats.duplicates.add(1);
            continue;
        }
        desk.stats.messages.add(1);
        if let Some(answer) = message.answer() {
            desk.replies.send(answer);
        }
    }
    HttpResponse::Ok().finish()
}

/// `POST /bot/mood`: the body is the HTTP status that every delivery gets from now on.
async fn change_mood(wish: String, mood: Data<Mood>) -> HttpResponse {
    match mood.become_as(&wish) {
        Ok(told) => HttpResponse::Ok().body(told),
        Err(why) => HttpResponse::BadRequest().body(why),
    }
}

impl Desk {
    fn measure(&self, key: &str, now: Instant) {
        if let Some(sent_at) = self.sent_log.as_ref().and_then(|log| log.sent_at(key)) {
            self.stats.latency.record(now.saturating_duration_since(sent_at));
        }
    }
}

/// The wamids seen lately.
#[derive(Default)]
struct Seen {
    known: HashSet<String>,
    order: VecDeque<String>,
}

impl Seen {
    fn is_new(&mut self, wamid: &str) -> bool {
        if !self.known.insert(wamid.to_owned()) {
            return false;
        }
        self.order.push_back(wamid.to_owned());
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}
