//! Dead letters are kept for a while and no longer: an hourly walk over them, on a thread that may block.

use std::time::Duration;
use wharf_storage::{Change, DeadLetter, Kind, Noun, Store, StoreError};

/// How often the walk begins.
pub(super) const EVERY: Duration = Duration::from_secs(3600);
/// Dead letters looked at at once.
const BATCH: usize = 500;

/// Removes the dead letters that are older than `kept_ms`; says how many.
pub(super) fn dead_letters(store: &dyn Store, kept_ms: u64, now: u64) -> Result<usize, StoreError> {
    let mut removed = 0;
    let mut after = None;
    loop {
        let batch = store.page(Kind::Dead, &[], after.as_deref(), BATCH)?;
        let Some((last, _)) = batch.last() else { return Ok(removed) };
        after = Some(last.0.clone());
        let mut change = Change::default();
        for (key, bytes) in batch {
            if DeadLetter::from_bytes(&bytes)?.at_ms.saturating_add(kept_ms) < now {
                change.remove(Kind::Dead, key);
            }
        }
        removed += change.writes.len();
        store.commit(change, Vec::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_storage::MemoryStore;

    fn letter(account: &str, at_ms: u64) -> DeadLetter {
        DeadLetter {
            account: account.into(),
            route: None,
            event: None,
            message: Some(format!("msg_{at_ms}").into()),
            reason: "test".into(),
            status: None,
            at_ms,
            bytes: bytes::Bytes::new(),
        }
    }

    #[test]
    fn dead_letters_go_when_they_are_older_than_asked_for_and_not_before() {
        let store = MemoryStore::new();
        let mut change = Change::default();
        (0..600).for_each(|at_ms| change.put(&letter("1", at_ms)));
        (0..600).for_each(|at_ms| change.put(&letter("2", at_ms)));
        store.commit(change, Vec::new());
        assert_eq!(dead_letters(&store, 100, 600).expect("reads"), 1000);
        let left = store.page(Kind::Dead, &[], None, 1000).expect("reads");
        assert_eq!(left.len(), 200);
        assert_eq!(DeadLetter::from_bytes(&left[0].1).expect("a letter").at_ms, 500);
    }
}
