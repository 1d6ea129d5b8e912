//! The pause of an endpoint, shared by all gates of it and remembered over a restart. It does not know why it pauses.

use crate::rules::hold;
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use wharf_storage::{Change, Hold, Kind, Noun, Store, StoreError};
use xxhash_rust::xxh3::xxh3_128;

/// What holds one endpoint.
#[derive(Debug)]
pub struct EndpointHold {
    hold: Mutex<Hold>,
    /// Where it is kept. Weak: a client that lives on does not keep a store open.
    store: Option<Weak<dyn Store>>,
}

impl EndpointHold {
    /// As it was kept; without a store nothing is remembered.
    pub fn restored(url: &str, store: Option<&Weak<dyn Store>>) -> Self {
        // The name of a place on disk: a URL may hold a password.
        let free = hold::free(&format!("endpoint:{:032x}", xxh3_128(url.as_bytes())));
        let kept = store.and_then(Weak::upgrade).map(|store| read(store.as_ref(), &free));
        let kept = match kept {
            Some(Ok(kept)) => kept,
            Some(Err(why)) => {
                log::error!("pause_unreadable place={} why=\"{why}\"", free.place);
                None
            }
            None => None,
        };
        Self { hold: Mutex::new(kept.unwrap_or(free)), store: store.cloned() }
    }

    /// Since when it is paused, in ms since 1970.
    pub fn since_ms(&self) -> Option<u64> {
        self.locked().since_ms
    }

    /// Whether it is paused, or ever was.
    pub fn has_history(&self) -> bool {
        let hold = self.locked();
        hold.since_ms.is_some() || !hold.past.is_empty()
    }

    /// How much of the time since `from` it was paused, in ms.
    pub fn held_ms(&self, from: u64, now: u64) -> u64 {
        hold::held_ms(&self.locked(), from, now)
    }

    /// Pauses it; says whether that is new.
    pub fn begin(&self, why: &str, now: u64) -> bool {
        self.change(|held| hold::begin(held, why, now))
    }

    /// Ends the pause; says whether there was one. Durable before whatever is committed after it.
    pub fn end(&self, now: u64) -> bool {
        self.change(|held| hold::end(held, now))
    }

    fn change(&self, change: impl FnOnce(&mut Hold) -> bool) -> bool {
        let mut hold = self.locked();
        let changed = change(&mut hold);
        // Queued under the lock, so that the disk sees the changes in their order.
        if let Some(store) = self.store.as_ref().and_then(Weak::upgrade).filter(|_| changed) {
            let mut kept = Change::default();
            kept.put(&*hold);
            store.commit(kept, Vec::new());
        }
        changed
    }

    fn locked(&self) -> MutexGuard<'_, Hold> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(store: &dyn Store, free: &Hold) -> Result<Option<Hold>, StoreError> {
    store.get(Kind::Hold, &free.key().0)?.map(|bytes| Hold::from_bytes(&bytes)).transpose()
}
