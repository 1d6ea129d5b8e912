//! Sends webhooks as Meta does: signed, in parallel, again until answered 200. Knows envelopes, not their contents.

mod sender;
mod writing;

use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use actix_rt::Arbiter;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use super::agenda::Agenda;
use super::customers::Traffic;
use super::envelope::MAX_ITEMS;
use super::item::Item;
use super::stats::{SentLog, Stats};
use super::world::World;
use sender::Sender;
use writing::Writing;

/// How often the office looks what is due.
const TICK: Duration = Duration::from_millis(5);
/// How long the customers may keep the office busy before it looks for orders again.
const SLICE: Duration = Duration::from_millis(20);
/// Items that the Graph side may hand over ahead of the office.
const HANDED_OVER: usize = 65_536;

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
    permits: Arc<Semaphore>,
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

    /// Closes the office: nothing new leaves, and what is in flight gets a moment to be answered.
    pub(super) async fn stop(&self) {
        self.permits.close();
        let (done, stopped) = oneshot::channel();
        if self.orders.send(Order::Stop(done)).await.is_ok() {
            let _ = stopped.await;
        }
    }
}

/// Opens the office on `arbiter`; the customers are silent until told to write.
pub(super) fn open(arbiter: &Arbiter, shared: &Arc<Shared>, traffic: Traffic) -> Counter {
    let (orders, received) = mpsc::channel(HANDED_OVER);
    let permits = Arc::new(Semaphore::new(traffic.connections.max(1)));
    let (at_work, its_permits) = (Arc::clone(shared), Arc::clone(&permits));
    arbiter.spawn_fn(move || {
        let office = Office::new(at_work, its_permits, traffic, Instant::now());
        actix_rt::spawn(office.run(received));
    });
    Counter { orders, permits, shared: Arc::clone(shared) }
}

struct Office {
    shared: Arc<Shared>,
    sender: Rc<Sender>,
    due: Agenda<Item>,
    writing: Writing,
}

impl Office {
    fn new(shared: Arc<Shared>, permits: Arc<Semaphore>, traffic: Traffic, now: Instant) -> Self {
        let writing = Writing::silent(traffic, shared.world().business_id(), now);
        let sender = Sender::new(Arc::clone(&shared), permits);
        Self { shared, sender, due: Agenda::default(), writing }
    }

    async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Order::Later(items)) => self.put(items, Instant::now()),
                    Some(Order::Traffic(traffic)) => self.writing.change(traffic.map(|traffic| *traffic), Instant::now()),
                    Some(Order::Stop(done)) => {
                        self.sender.settle().await;
                        let _ = done.send(());
                        return;
                    }
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

    /// Sends whatever is due: retries first, then what was put aside, then what the customers write.
    async fn work(&mut self, now: Instant) {
        self.sender.retry(now).await;
        let mut due = Vec::new();
        while let Some(item) = self.due.take_due(now) {
            due.push(item);
        }
        let traffic = self.writing.traffic();
        let (max_items, max_bytes) = (traffic.batch.clamp(1, MAX_ITEMS), traffic.max_bytes);
        self.sender.post(due, max_items, max_bytes).await;
        self.write(max_items, max_bytes, now).await;
        self.shared.stats.waiting.set((self.due.waiting() + self.sender.waiting()) as u64);
    }

    async fn write(&mut self, max_items: usize, max_bytes: usize, now: Instant) {
        if self.sender.is_congested() {
            return;
        }
        self.writing.refresh(&self.shared);
        self.writing.count(now);
        while now.elapsed() < SLICE {
            let Some(written) = self.writing.next_post() else { return };
            self.put(written.again, now);
            self.sender.post(written.items, max_items, max_bytes).await;
        }
    }
}

/// Milliseconds since 1970.
pub(super) fn unix_now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// Seconds since 1970.
pub(super) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
