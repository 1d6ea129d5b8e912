//! Erasing one customer, from the wish to nothing left: the wish is durable first, then every account within reach lets
//! go of them, then the store erases. A start takes up what a stop left unfulfilled.

use crate::clock::now_ms;
use crate::directory::Directory;
use crate::messages::{Erase, Erased};
use actix::Addr;
use futures_util::future::join_all;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Mutex as Turn, watch};
use wharf_storage::{Erased as Found, Erasure, Standing, Store, StoreError, widen};

/// Accounts asked at once.
const AT_ONCE: usize = 256;

/// What came of an erasure; `None` while it goes on.
pub type Outcome = Option<Result<Found, String>>;

/// Erases customers, one after the other.
pub struct Eraser {
    store: Arc<dyn Store>,
    directory: Arc<Directory>,
    turn: Turn<()>,
    /// What goes on, by who and where.
    going: Mutex<HashMap<Whom, watch::Receiver<Outcome>>>,
}

/// Who is to be erased, and where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Whom {
    /// The customer's `wa_id` or user id.
    pub id: Box<str>,
    /// Only in these accounts; `None` means in all.
    pub accounts: Option<Vec<Box<str>>>,
    /// Only in the quarantines of these gateways; `None` means in all.
    pub gateways: Option<Vec<Box<str>>>,
}

impl Eraser {
    /// Nothing goes on yet.
    pub fn new(store: Arc<dyn Store>, directory: Arc<Directory>) -> Arc<Self> {
        Arc::new(Self { store, directory, turn: Turn::new(()), going: Mutex::default() })
    }

    /// Begins to erase `whom`, or follows who began before.
    pub fn erase(self: &Arc<Self>, whom: Whom) -> watch::Receiver<Outcome> {
        let mut going = self.lock();
        if let Some(follow) = going.get(&whom) {
            return follow.clone();
        }
        let (tell, follow) = watch::channel(None);
        going.insert(whom.clone(), follow.clone());
        drop(going);
        let eraser = Arc::clone(self);
        actix_rt::spawn(async move {
            let outcome = eraser.run(&whom).await;
            eraser.lock().remove(&whom);
            say(&outcome);
            let _ = tell.send(Some(outcome));
        });
        follow
    }

    /// Takes up what a stop left unfulfilled.
    pub fn resume(self: &Arc<Self>) {
        let eraser = Arc::clone(self);
        actix_rt::spawn(async move {
            let store = Arc::clone(&eraser.store);
            let wishes = block(move || store.wishes()).await.unwrap_or_else(|error| {
                log::error!("erasures_unreadable why={error:?}");
                Vec::new()
            });
            let whom =
                wishes.into_iter().map(|wish| Whom { id: wish.id, accounts: wish.accounts, gateways: wish.gateways });
            for whom in whom {
                log::info!("erasure_resumed");
                let mut follow = eraser.erase(whom);
                // Whoever erases says how it ends.
                let _ = follow.wait_for(Option::is_some).await;
            }
        });
    }

    async fn run(&self, whom: &Whom) -> Result<Found, String> {
        let _turn = self.turn.lock().await;
        if let Standing::Closed { reason, .. } = self.store.standing() {
            return Err(reason);
        }
        let (store, wanted) = (Arc::clone(&self.store), whom.clone());
        let (erasure, older) = block(move || wish(store.as_ref(), &wanted)).await?;
        let erasure = Arc::new(erasure);
        let actors = self.actors(&erasure);
        let mut found = Found::default();
        for part in actors.chunks(AT_ONCE) {
            let asked = part.iter().map(async |(id, actor)| (id, actor.send(Erase(Arc::clone(&erasure))).await));
            for (id, answer) in join_all(asked).await {
                let messages = answer.unwrap_or_else(|error| Err(error.to_string()))?;
                if messages > 0 {
                    found.of(id).messages += messages;
                }
            }
        }
        let (store, wanted) = (Arc::clone(&self.store), Arc::clone(&erasure));
        let erased = block(move || {
            let erased = store.erase(&wanted)?;
            older.iter().try_for_each(|older| store.erase(older).map(|_| ()))?;
            Ok(erased)
        });
        let erased = erased.await?;
        actors.iter().for_each(|(_, actor)| actor.do_send(Erased(Arc::clone(&erasure))));
        erased.found.into_iter().for_each(|(owner, more)| found.add(&owner, more));
        Ok(Found { verified: erased.verified, ..found })
    }

    fn actors(&self, erasure: &Erasure) -> Vec<(Arc<str>, Addr<crate::account::Account>)> {
        let all = self.directory.gateways().into_iter().flat_map(|desks| desks.everybody());
        all.filter(|(id, _)| erasure.reaches(id)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Whom, watch::Receiver<Outcome>>> {
        self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the wish durable, with all that is known of the customer; also says which older ones it takes over. Blocks.
fn wish(store: &dyn Store, whom: &Whom) -> Result<(Erasure, Vec<Erasure>), StoreError> {
    let Whom { id, accounts, gateways } = whom.clone();
    let mut older = store.wishes()?;
    older.retain(|wish| (&wish.id, &wish.accounts, &wish.gateways) == (&id, &accounts, &gateways));
    let mut wanted = Erasure { id, accounts, gateways, until_ms: now_ms(), ..Erasure::default() };
    for (account, known) in older.iter().flat_map(|wish| wish.known.clone()) {
        let all = wanted.known.entry(account).or_default();
        all.ids.extend(known.ids);
        all.dialogs.extend(known.dialogs);
    }
    let wanted = widen(store, wanted)?;
    store.wish(&wanted)?;
    older.retain(|older| *older != wanted);
    Ok((wanted, older))
}

fn say(outcome: &Result<Found, String>) {
    match outcome {
        Ok(found) => {
            let count: u64 = found.found.values().map(wharf_storage::Findings::total).sum();
            log::info!("customer_erased count={count} verified={}", found.verified);
        }
        Err(reason) => log::error!("customer_not_erased why={reason:?}: ask again, or restart"),
    }
}

async fn block<T: Send + 'static>(work: impl FnOnce() -> Result<T, StoreError> + Send + 'static) -> Result<T, String> {
    let done = actix_rt::task::spawn_blocking(work).await.map_err(|_| "wharf is stopping".to_owned())?;
    done.map_err(|error| error.to_string())
}
