//! The desk of one event loop: hands out receipts for commits and hears, once per commit group, what became of them.
//!
//! Whoever waits is told on this loop's own thread, so a group that settles a hundred webhooks costs one wake-up.

use slab::Slab;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use wharf_storage::{Desk, Outcome, Receipt};

/// Receipts of one event loop; `T` is who waits.
pub struct LoopDesk<T> {
    counter: Arc<Counter>,
    waiting: RefCell<Slab<T>>,
}

/// The part of the desk that the committer's thread touches.
#[derive(Default)]
struct Counter {
    settled: Mutex<Vec<(u64, Outcome)>>,
    bell: Notify,
}

impl Desk for Counter {
    fn settle(&self, numbers: &[u64], outcome: &Outcome) {
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        settled.extend(numbers.iter().map(|number| (*number, outcome.clone())));
        drop(settled);
        self.bell.notify_one();
    }
}

impl<T: 'static> LoopDesk<T> {
    /// Opens the desk on the current event loop; `tell` hears of each group, in commit order.
    pub fn open(tell: impl Fn(Vec<(T, Outcome)>) + 'static) -> Rc<Self> {
        let desk = Rc::new(Self { counter: Arc::default(), waiting: RefCell::default() });
        let listener = Rc::downgrade(&desk);
        let counter = Arc::clone(&desk.counter);
        actix_rt::spawn(async move {
            loop {
                counter.bell.notified().await;
                let Some(desk) = listener.upgrade() else { return };
                tell(desk.collect());
            }
        });
        desk
    }

    /// A receipt for one change, for `who`.
    pub fn receipt(&self, who: T) -> Receipt {
        let number = self.waiting.borrow_mut().insert(who) as u64;
        Receipt { desk: Arc::clone(&self.counter) as Arc<dyn Desk>, number }
    }

    fn collect(&self) -> Vec<(T, Outcome)> {
        let settled = std::mem::take(&mut *self.counter.settled.lock().unwrap_or_else(PoisonError::into_inner));
        let mut waiting = self.waiting.borrow_mut();
        let who = |(number, outcome)| Some((waiting.try_remove(number as usize)?, outcome));
        settled.into_iter().filter_map(who).collect()
    }
}

/// Commits one change and waits for it: for the rare change that no actor owns. The error says why it is lost.
pub async fn commit(store: &dyn wharf_storage::Store, change: wharf_storage::Change) -> Result<(), Arc<str>> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let desk = Arc::new(Single(Mutex::new(Some(tell))));
    store.commit(change, vec![Receipt { desk, number: 0 }]);
    match told.await {
        Ok(Outcome::Durable) => Ok(()),
        Ok(Outcome::Lost { reason }) => Err(reason),
        Err(_) => Err("wharf is stopping".into()),
    }
}

/// A desk for one change.
struct Single(Mutex<Option<tokio::sync::oneshot::Sender<Outcome>>>);

impl Desk for Single {
    fn settle(&self, _: &[u64], outcome: &Outcome) {
        if let Some(tell) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = tell.send(outcome.clone());
        }
    }
}
