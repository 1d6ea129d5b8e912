//! POSTs on their way: signed, in parallel up to a limit, put aside for a retry until answered 200.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Shared;
use crate::sandbox::agenda::Agenda;
use crate::sandbox::envelope;
use crate::sandbox::item::{Item, Kind, Place};
use crate::sandbox::signing::{SIGNATURE_HEADER, sign};

/// A POST that is not answered within this time is sent again.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// The first retry; each following one waits twice as long.
const FIRST_RETRY: Duration = Duration::from_millis(250);
/// Retries never wait longer than this.
const LAST_RETRY: Duration = Duration::from_secs(60);
/// Bytes of POSTs that may wait for a retry; customers fall silent at half of it.
const MAX_WAITING_BYTES: usize = 256 * 1024 * 1024;
/// How long a stop waits for answers, and how often it looks.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);
const STOP_TICK: Duration = Duration::from_millis(5);

/// The part of the office that the POSTs in flight share.
pub(super) struct Sender {
    shared: Arc<Shared>,
    client: awc::Client,
    permits: Arc<Semaphore>,
    retries: RefCell<Agenda<Posting>>,
    waiting_bytes: Cell<usize>,
    in_flight: Cell<usize>,
}

/// One POST.
struct Posting {
    url: String,
    body: Bytes,
    signature: String,
    items: u64,
    attempt: u32,
}

impl Sender {
    /// A sender with as many POSTs in flight as there are `permits`; none at all once they are closed.
    pub(super) fn new(shared: Arc<Shared>, permits: Arc<Semaphore>) -> Rc<Self> {
        let connector = awc::Connector::new().limit(0).conn_keep_alive(Duration::from_secs(4));
        let client = awc::Client::builder().connector(connector).timeout(ANSWER_TIMEOUT).disable_redirects().finish();
        let (retries, waiting_bytes, in_flight) = (RefCell::default(), Cell::new(0), Cell::new(0));
        Rc::new(Self { shared, client, permits, retries, waiting_bytes, in_flight })
    }

    /// Puts `items` into envelopes, by the URL they go to, and sends them.
    pub(super) async fn post(self: &Rc<Self>, items: Vec<Item>, max_items: usize, max_bytes: usize) {
        for (url, items) in self.addressed(items) {
            for post in envelope::cut(items, max_items, max_bytes) {
                let Some(permit) = self.permit().await else { return };
                self.launch(self.posting(&url, &post), permit);
            }
        }
    }

    /// Sends again what is due.
    pub(super) async fn retry(self: &Rc<Self>, now: Instant) {
        loop {
            let Some(posting) = self.retries.borrow_mut().take_due(now) else { return };
            let Some(permit) = self.permit().await else { return };
            self.waiting_bytes.set(self.waiting_bytes.get() - posting.body.len());
            self.shared.stats.posts_retried.add(1);
            self.launch(posting, permit);
        }
    }

    /// POSTs that wait for an answer or for a retry.
    pub(super) fn waiting(&self) -> usize {
        self.in_flight.get() + self.retries.borrow().waiting()
    }

    /// Whether so much waits for a retry that nothing new should come.
    pub(super) fn is_congested(&self) -> bool {
        self.waiting_bytes.get() > MAX_WAITING_BYTES / 2
    }

    /// Waits for the answers to what is in flight, though not for ever.
    pub(super) async fn settle(&self) {
        let started = Instant::now();
        while self.in_flight.get() > 0 && started.elapsed() < STOP_TIMEOUT {
            actix_rt::time::sleep(STOP_TICK).await;
        }
    }

    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).acquire_owned().await.ok()
    }

    /// The items by URL, those of an account and number together.
    fn addressed(&self, items: Vec<Item>) -> Vec<(String, Vec<Item>)> {
        let mut groups: Vec<(String, Vec<Item>)> = Vec::new();
        let world = self.shared.world();
        for item in items {
            let Some(url) = world.url_of(&item) else {
                self.shared.stats.unsubscribed.add(1);
                continue;
            };
            match groups.iter_mut().find(|(known, _)| known == url) {
                Some((_, group)) => group.push(item),
                None => groups.push((url.to_owned(), vec![item])),
            }
        }
        groups.iter_mut().for_each(|(_, group)| group.sort_by(|a, b| sort_key(a).cmp(&sort_key(b))));
        groups
    }

    /// Writes and signs the POST with `items`, and counts them as sent.
    fn posting(&self, url: &str, items: &[Item]) -> Posting {
        let body = envelope::body(items);
        let signature = sign(&self.shared.world().options.app_secret, body.as_bytes());
        self.count(items, Instant::now());
        Posting { url: url.to_owned(), body: Bytes::from(body), signature, items: items.len() as u64, attempt: 0 }
    }

    fn count(&self, items: &[Item], now: Instant) {
        let stats = &self.shared.stats;
        stats.items.add(items.len() as u64);
        for item in items {
            if !self.shared.log.record(&item.key, now) {
                stats.duplicates.add(1);
            } else if let (Kind::Message, Place::Number(line)) = (item.kind, &item.place) {
                self.shared.world().limits.receive(&line.number, now);
            }
            if item.kind == Kind::Status {
                stats.statuses.add(1);
            }
        }
    }

    /// Sends in the background.
    fn launch(self: &Rc<Self>, posting: Posting, permit: OwnedSemaphorePermit) {
        let sender = Rc::clone(self);
        sender.in_flight.set(sender.in_flight.get() + 1);
        actix_rt::spawn(async move {
            sender.deliver(posting).await;
            sender.in_flight.set(sender.in_flight.get() - 1);
            drop(permit);
        });
    }

    async fn deliver(&self, posting: Posting) {
        let started = Instant::now();
        let stats = &self.shared.stats;
        if self.is_accepted(&posting).await {
            stats.answer_time.record(started.elapsed());
            stats.posts_accepted.add(1);
            stats.items_accepted.add(posting.items);
            return;
        }
        stats.posts_refused.add(1);
        self.put_aside(posting, rand::random(), Instant::now());
    }

    /// Keeps a refused POST for later; half of the wait is left to `chance`, so that an outage ends in no flood.
    fn put_aside(&self, mut posting: Posting, chance: f64, now: Instant) {
        let waiting_bytes = self.waiting_bytes.get() + posting.body.len();
        if waiting_bytes > MAX_WAITING_BYTES {
            self.shared.stats.posts_lost.add(1);
            return;
        }
        self.waiting_bytes.set(waiting_bytes);
        let wait = (FIRST_RETRY * 2_u32.saturating_pow(posting.attempt.min(16))).min(LAST_RETRY);
        posting.attempt += 1;
        self.retries.borrow_mut().put(now + wait.mul_f64(0.5 + chance / 2.0), posting);
    }

    /// Whether the POST was answered 200: nothing else counts.
    async fn is_accepted(&self, posting: &Posting) -> bool {
        let request = self.client.post(&posting.url).insert_header((SIGNATURE_HEADER, posting.signature.as_str()));
        let request = request.content_type("application/json").insert_header(("User-Agent", "facebookexternalua"));
        let Ok(mut response) = request.send_body(posting.body.clone()).await else { return false };
        let accepted = response.status() == awc::http::StatusCode::OK;
        // Read to the end, so that the connection can be used again.
        response.body().await.is_ok() && accepted
    }
}

fn sort_key(item: &Item) -> (&str, &str, Kind) {
    match &item.place {
        Place::Number(line) => (&line.waba, &line.number, item.kind),
        Place::Account { waba, .. } => (waba, "", item.kind),
    }
}
