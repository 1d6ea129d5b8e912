//! Something that becomes ready later, on another thread: readers wait for it, or look whether it is there.

use crate::StoreError;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// How often it is looked whether a value is held no more.
const HELD: std::time::Duration = std::time::Duration::from_millis(1);

/// A value that is made, and now and then made anew.
#[derive(Debug)]
pub(super) struct Gate<T> {
    state: Mutex<State<T>>,
    turned: Condvar,
}

#[derive(Debug)]
enum State<T> {
    Shut,
    Open(Arc<T>),
    Failed(Arc<str>),
}

impl<T> Gate<T> {
    /// Nothing there yet.
    pub(super) fn shut() -> Self {
        Self { state: Mutex::new(State::Shut), turned: Condvar::new() }
    }

    /// Already there.
    pub(super) fn ready(value: T) -> Self {
        Self { state: Mutex::new(State::Open(Arc::new(value))), turned: Condvar::new() }
    }

    /// Lets readers in.
    pub(super) fn open(&self, value: T) {
        *self.lock() = State::Open(Arc::new(value));
        self.turned.notify_all();
    }

    /// Sends readers away, unless they are already in.
    pub(super) fn fail(&self, reason: &str) {
        let mut state = self.lock();
        if matches!(*state, State::Shut) {
            *state = State::Failed(reason.into());
        }
        drop(state);
        self.turned.notify_all();
    }

    /// The value, if it is there.
    pub(super) fn peek(&self) -> Option<Arc<T>> {
        match &*self.lock() {
            State::Open(value) => Some(value.clone()),
            State::Shut | State::Failed(_) => None,
        }
    }

    /// Takes the value back once nobody else holds it; whoever comes meanwhile waits for the next.
    pub(super) fn take_back(&self) -> Option<T> {
        let taken = std::mem::replace(&mut *self.lock(), State::Shut);
        let State::Open(mut value) = taken else { return None };
        loop {
            match Arc::try_unwrap(value) {
                Ok(value) => return Some(value),
                Err(held) => value = held,
            }
            std::thread::sleep(HELD);
        }
    }

    /// The value, once it is there.
    pub(super) fn wait(&self) -> Result<Arc<T>, StoreError> {
        let shut = |state: &mut State<T>| matches!(state, State::Shut);
        let state = self.turned.wait_while(self.lock(), shut).unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Open(value) => Ok(value.clone()),
            State::Shut => Err(StoreError::Database("waited for nothing".into())),
            State::Failed(reason) => Err(StoreError::Database(reason.to_string())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
