//! One at a time for what engages or removes an account: two operators who set up the same account at once must not
//! start two actors for it, and a `setup` waits until a `remove` of it has ended.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// One account's turn.
type Turn = Arc<Mutex<()>>;

/// Whose turn it is, account by account.
#[derive(Clone, Default)]
pub(crate) struct Turns(Rc<RefCell<HashMap<Box<str>, Turn>>>);

impl Turns {
    /// Waits for the turn at `account`; it ends with the guard.
    pub(crate) async fn of(&self, account: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.borrow_mut();
            // Swept whenever their number has doubled: many at once cost no more each than few.
            if turns.len().is_power_of_two() {
                turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            }
            Arc::clone(turns.entry(account.into()).or_default())
        };
        turn.lock_owned().await
    }
}
