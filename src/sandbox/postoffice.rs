//! Sends webhooks as Meta does: signed, in parallel, again until answered 200. Knows envelopes, not their contents.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use actix_rt::Arbiter;
use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use super::agenda::Agenda;
use super::customers::{Customers, Repeat, Traffic};
use super::envelope::{self, MAX_BYTES, MAX_ITEMS};
use super::item::{Item, Kind, Line, Place};
use super::signing::{SIGNATURE_HEADER, sign};
use super::stats::{SentLog, Stats};
use super::world::World;

/// How often the office looks what is due.
const TICK: Duration = Duration::from_millis(5);
/// A POST that is not answered within this time is sent again.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// The first retry; each following one waits twice as long.
const FIRST_RETRY: Duration = Duration::from_millis(250);
/// Retries never wait longer than this.
const LAST_RETRY: Duration = Duration::from_secs(60);
/// POSTs that may wait for a retry; customers fall silent at half of it.
const MAX_WAITING: usize = 8192;
/// Items that the Graph side may hand over ahead of the office.
const HANDED_OVER: usize = 65_536;
/// How long a stop waits for answers.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);

/// What the sandbox's parts share.
pub(super) struct Shared {
    pub(super) world: Mutex<World>,
    pub(super) stats: Arc<Stats>,
    pub(super) log: Arc<SentLog>,
}

impl Shared {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where work is handed to the office; any thread may.
#[derive(Clone)]
pub(super) struct Counter {
    orders: mpsc::Sender<Order>,
    shared: Arc<Shared>,
}

enum Order {
    Later(Vec<(Duration, Item)>),
    Traffic(Option<Box<Traffic>>),
    Stop(oneshot::Sender<()>),
}

impl Counter {
    /// Sends each item after its time.
    pub(super) fn send_later(&self, items: Vec<(Duration, Item)>) {
        let count = items.len() as u64;
        if self.orders.try_send(Order::Later(items)).is_err() {
            self.shared.stats.posts_lost.add(count);
        }
    }

    /// Lets the customers write, or falls silent.
    pub(super) async fn set_traffic(&self, traffic: Option<Traffic>) {
        // A closed office is a stopped sandbox: nobody writes any more.
        let _ = self.orders.send(Order::Traffic(traffic.map(Box::new))).await;
    }

    /// Closes the office once the POSTs in flight are answered.
    pub(super) async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.orders.send(Order::Stop(done)).await.is_ok() {
            let _ = stopped.await;
        }
    }
}

/// Opens the office on `arbiter`, with at most `connections` POSTs in flight.
pub(super) fn open(arbiter: &Arbiter, shared: &Arc<Shared>, connections: usize) -> Counter {
    let (orders, received) = mpsc::channel(HANDED_OVER);
    let at_work = Arc::clone(shared);
    arbiter.spawn_fn(move || {
        actix_rt::spawn(Office::new(at_work, connections).run(received));
    });
    Counter { orders, shared: Arc::clone(shared) }
}

struct Office {
    sender: Rc<Sender>,
    due: Agenda<Item>,
    writing: Option<Writing>,
}

/// The customers at work.
struct Writing {
    customers: Customers,
    lines: Vec<Arc<Line>>,
    revision: u64,
    owed: f64,
    next_size: usize,
    counted_at: Instant,
}

/// The part of the office that the POSTs in flight share.
struct Sender {
    shared: Arc<Shared>,
    client: awc::Client,
    connections: usize,
    permits: Arc<Semaphore>,
    retries: RefCell<Agenda<Posting>>,
    in_flight: Cell<usize>,
}

struct Posting {
    url: String,
    body: Bytes,
    signature: String,
    items: u64,
    attempt: u32,
}

impl Office {
    fn new(shared: Arc<Shared>, connections: usize) -> Self {
        let connector = awc::Connector::new().limit(0).conn_keep_alive(Duration::from_secs(4));
        let client = awc::Client::builder().connector(connector).timeout(ANSWER_TIMEOUT).disable_redirects().finish();
        let connections = connections.max(1);
        let sender = Sender {
            shared,
            client,
            connections,
            permits: Arc::new(Semaphore::new(connections)),
            retries: RefCell::default(),
            in_flight: Cell::new(0),
        };
        Self { sender: Rc::new(sender), due: Agenda::default(), writing: None }
    }

    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Later(items)) => self.put(items, Instant::now()),
                    Some(Order::Traffic(traffic)) => self.set_traffic(traffic, Instant::now()),
                    Some(Order::Stop(done)) => return self.stop(done).await,
                    None => return,
                },
                _ = tick.tick() => self.work(Instant::now()).await,
            }
        }
    }

    fn put(&mut self, items: Vec<(Duration, Item)>, now: Instant) {
        for (after, item) in items {
            self.due.put(now + after, item);
        }
    }

    fn set_traffic(&mut self, traffic: Option<Box<Traffic>>, now: Instant) {
        let business_id = self.sender.shared.world().business_id().to_owned();
        self.writing = traffic.map(|traffic| Writing::new(Customers::new(*traffic, &business_id), now));
    }

    async fn stop(self, done: oneshot::Sender<()>) {
        let all = u32::try_from(self.sender.connections).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(STOP_TIMEOUT, self.sender.permits.acquire_many(all)).await;
        let _ = done.send(());
    }

    /// Sends whatever is due: retries first, then what was put aside, then what the customers write.
    async fn work(&mut self, now: Instant) {
        loop {
            let Some(posting) = self.sender.retries.borrow_mut().take_due(now) else { break };
            self.sender.shared.stats.posts_retried.add(1);
            self.sender.send(posting).await;
        }
        let mut due = Vec::new();
        while let Some(item) = self.due.take_due(now) {
            due.push(item);
        }
        let (max_items, max_bytes) = self.bounds();
        self.sender.post(due, max_items, max_bytes).await;
        self.write(now, max_bytes).await;
        let waiting = self.due.len() + self.sender.retries.borrow().len() + self.sender.in_flight.get();
        self.sender.shared.stats.waiting.set(waiting as u64);
    }

    async fn write(&mut self, now: Instant, max_bytes: usize) {
        if self.sender.retries.borrow().len() > MAX_WAITING / 2 {
            return;
        }
        let Some(writing) = &mut self.writing else { return };
        writing.refresh(&self.sender.shared);
        writing.count(now);
        while let Some((items, repeats)) = writing.next_post() {
            for (after, item) in repeats {
                self.due.put(now + after, item);
            }
            self.sender.post(items, MAX_ITEMS, max_bytes).await;
        }
    }

    fn bounds(&self) -> (usize, usize) {
        let Some(writing) = &self.writing else { return (1, MAX_BYTES) };
        let traffic = writing.customers.traffic();
        (traffic.batch.clamp(1, MAX_ITEMS), traffic.max_bytes)
    }
}

impl Writing {
    fn new(mut customers: Customers, now: Instant) -> Self {
        let next_size = customers.next_size();
        Self { customers, lines: Vec::new(), revision: u64::MAX, owed: 0.0, next_size, counted_at: now }
    }

    /// Looks who is subscribed, if that may have changed.
    fn refresh(&mut self, shared: &Shared) {
        let world = shared.world();
        if world.revision() != self.revision {
            self.lines = world.active_lines();
            self.revision = world.revision();
        }
    }

    /// Counts what the customers owe; at most one second's worth, so that a pause is not followed by a flood.
    fn count(&mut self, now: Instant) {
        let rate = self.customers.traffic().rate_per_s.max(0.0);
        let most = rate.max(self.next_size as f64);
        self.owed = (self.owed + rate * now.duration_since(self.counted_at).as_secs_f64()).min(most);
        self.counted_at = now;
    }

    /// The next POST, and what comes again later; `None` when nothing is owed.
    fn next_post(&mut self) -> Option<(Vec<Item>, Vec<(Duration, Item)>)> {
        if self.owed < self.next_size as f64 || self.lines.is_empty() {
            return None;
        }
        let (mut items, mut repeats) = (Vec::with_capacity(self.next_size), Vec::new());
        while items.len() < self.next_size {
            let item = self.customers.write(&self.lines, unix_now())?;
            self.owed -= 1.0;
            match self.customers.repeat() {
                Some(Repeat::After(after)) => repeats.push((after, item.clone())),
                Some(Repeat::AtOnce) if items.len() + 1 < MAX_ITEMS => items.push(item.clone()),
                Some(Repeat::AtOnce) | None => {}
            }
            items.push(item);
        }
        self.next_size = self.customers.next_size();
        Some((items, repeats))
    }
}

impl Sender {
    /// Puts `items` into envelopes, by the URL they go to, and sends them.
    async fn post(self: &Rc<Self>, items: Vec<Item>, max_items: usize, max_bytes: usize) {
        for (url, items) in self.addressed(items) {
            for post in envelope::cut(items, max_items, max_bytes) {
                let posting = self.posting(&url, &post);
                self.send(posting).await;
            }
        }
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

    fn posting(&self, url: &str, items: &[Item]) -> Posting {
        let body = envelope::body(items);
        let signature = sign(&self.shared.world().options.app_secret, body.as_bytes());
        let now = Instant::now();
        let stats = &self.shared.stats;
        stats.items.add(items.len() as u64);
        for item in items {
            if !self.shared.log.record(&item.key, now) {
                stats.duplicates.add(1);
            }
            if item.kind == Kind::Status {
                stats.statuses.add(1);
            }
        }
        Posting { url: url.to_owned(), body: Bytes::from(body), signature, items: items.len() as u64, attempt: 0 }
    }

    /// Waits for a free connection, then sends in the background.
    async fn send(self: &Rc<Self>, posting: Posting) {
        let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else { return };
        let sender = Rc::clone(self);
        sender.in_flight.set(sender.in_flight.get() + 1);
        actix_rt::spawn(async move {
            sender.deliver(posting).await;
            sender.in_flight.set(sender.in_flight.get() - 1);
            drop(permit);
        });
    }

    async fn deliver(&self, mut posting: Posting) {
        let started = Instant::now();
        let stats = &self.shared.stats;
        if self.is_accepted(&posting).await {
            stats.answer_time.record(started.elapsed());
            stats.posts_accepted.add(1);
            stats.items_accepted.add(posting.items);
            return;
        }
        stats.posts_refused.add(1);
        let wait = (FIRST_RETRY * 2_u32.saturating_pow(posting.attempt.min(16))).min(LAST_RETRY);
        posting.attempt += 1;
        let mut retries = self.retries.borrow_mut();
        if retries.len() >= MAX_WAITING {
            stats.posts_lost.add(1);
            return;
        }
        // Half of the wait is left to chance, so that an outage does not end in a flood.
        retries.put(Instant::now() + wait.mul_f64(0.5 + rand::random::<f64>() / 2.0), posting);
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

pub(super) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
