//! What is kept for a while and no longer, looked through on a thread that may block: dead letters and media ids once an hour, and as
//! soon as so many bytes of letters came that there may be too many; everything else a part at a time.

mod silent;

use super::Plan;
use silent::{AUDIT_MS, Ages, MESSAGES_AT_LEAST, Walks};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wharf_storage::{Change, DeadLetter, Kind, Noun, Store, StoreError};

/// How often it is looked whether there is something to do.
pub(super) const EVERY: Duration = Duration::from_secs(10);
/// How often all dead letters are walked over, in ms.
const DEAD_EVERY_MS: u64 = 3_600_000;
/// How often the next part of everything else is, in ms: five thousand dialogs a minute are seven million a day.
const SILENT_EVERY_MS: u64 = 60_000;
/// Dead letters looked at at once.
const BATCH: usize = 500;

/// Letters of so much time are one column of the picture by which the oldest are found, in ms: 10 minutes.
const COLUMN_MS: u64 = 600_000;

/// What dead letters may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// How long one is kept, in ms.
    pub(super) age_ms: u64,
    /// Bytes of all of them together.
    pub(super) bytes: u64,
}

/// Sweeps, bit by bit.
pub(super) struct Sweeper {
    bounds: Bounds,
    ages: Ages,
    walks: Walks,
    /// Bytes of dead letters after the last walk over them, and how many had come until then.
    dead: (u64, u64),
    dead_due_ms: u64,
    silent_due_ms: u64,
}

impl Sweeper {
    /// What `plan` says about keeping.
    pub(super) fn new(plan: &Plan) -> Arc<Mutex<Self>> {
        let ms = |age: Duration| u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        let bounds = Bounds { age_ms: ms(plan.dead_retention), bytes: plan.dead_bytes };
        let messages = ms(plan.retention.max(MESSAGES_AT_LEAST));
        let ages = Ages { dialogs: ms(plan.dialog_ttl), messages, trails: ms(plan.retention), audit: AUDIT_MS };
        let (walks, dead, dead_due_ms, silent_due_ms) = (Walks::default(), (0, 0), 0, 0);
        Arc::new(Mutex::new(Self { bounds, ages, walks, dead, dead_due_ms, silent_due_ms }))
    }

    /// Whatever is due. Blocks.
    pub(super) fn run(&mut self, store: &dyn Store, now: u64) -> Result<(), StoreError> {
        if self.may_be_too_many(store) || now >= self.dead_due_ms {
            self.dead_due_ms = now + DEAD_EVERY_MS;
            let came = store.figures().dead_bytes;
            let (removed, left) = dead_letters(store, self.bounds, now)?;
            self.dead = (left, came);
            media_ids(store, now);
            if removed > 0 {
                log::info!("dead_letters_removed count={removed}");
            }
        }
        if now >= self.silent_due_ms {
            self.silent_due_ms = now + SILENT_EVERY_MS;
            let removed = self.walks.run(store, self.ages, now)?;
            if removed > 0 {
                log::info!("silent_records_removed count={removed}");
            }
        }
        Ok(())
    }

    /// Whether what was left by the last walk and what came since are too many bytes together.
    fn may_be_too_many(&self, store: &dyn Store) -> bool {
        let (left, came) = self.dead;
        left + store.figures().dead_bytes.saturating_sub(came) > self.bounds.bytes
    }
}

/// Removes the dead letters that are too old, and the oldest of the others where there are too many bytes; says how many,
/// and how many bytes are left.
fn dead_letters(store: &dyn Store, bounds: Bounds, now: u64) -> Result<(usize, u64), StoreError> {
    let is_old = |at_ms: u64| at_ms.saturating_add(bounds.age_ms) < now;
    let mut columns: BTreeMap<u64, u64> = BTreeMap::new();
    let mut removed = remove(store, |letter, size| {
        if is_old(letter.at_ms) {
            return true;
        }
        *columns.entry(letter.at_ms / COLUMN_MS).or_default() += size;
        false
    })?;
    let total = columns.values().sum::<u64>();
    let all_excess = total.saturating_sub(bounds.bytes);
    let mut excess = all_excess;
    while let (true, Some((column, bytes))) = (excess > 0, columns.pop_first()) {
        removed += remove(store, |letter, size| {
            let goes = letter.at_ms / COLUMN_MS == column && excess > 0;
            if goes {
                excess = excess.saturating_sub(size);
            }
            goes
        })?;
        log::warn!("dead_letters_evicted for want of room: bytes={bytes}");
    }
    Ok((removed, total - all_excess))
}

/// Forgets media ids that Meta has forgotten too.
fn media_ids(store: &dyn Store, now: u64) {
    match crate::media_ids::forget_old(store, now) {
        Ok(0) => {}
        Ok(forgotten) => log::info!("media_ids_forgotten count={forgotten}"),
        Err(error) => log::error!("media_ids_unreadable why=\"{error}\""),
    }
}

/// Walks over all dead letters in steps, and removes those that `goes` says so of, with their size.
fn remove(store: &dyn Store, mut goes: impl FnMut(&DeadLetter, u64) -> bool) -> Result<usize, StoreError> {
    let mut removed = 0;
    let mut after = None;
    loop {
        let batch = store.page(Kind::Dead, &[], after.as_deref(), BATCH)?;
        let Some((last, _)) = batch.last() else { return Ok(removed) };
        after = Some(last.0.clone());
        let mut change = Change::default();
        for (key, bytes) in batch {
            if goes(&DeadLetter::from_bytes(&bytes)?, bytes.len() as u64) {
                change.remove(Kind::Dead, key);
            }
        }
        if change.is_empty() {
            continue;
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
        assert_eq!(dead_letters(&store, Bounds { age_ms: 100, bytes: 1 << 20 }, 600).expect("reads").0, 1000);
        let left = store.page(Kind::Dead, &[], None, 1000).expect("reads");
        assert_eq!(left.len(), 200);
        assert_eq!(DeadLetter::from_bytes(&left[0].1).expect("a letter").at_ms, 500);
    }

    #[test]
    fn the_oldest_dead_letters_of_all_accounts_go_when_there_are_too_many_bytes() {
        let store = MemoryStore::new();
        let mut change = Change::default();
        for nth in 0..100 {
            let account = if nth % 2 == 0 { "1" } else { "2" };
            let bytes = bytes::Bytes::from(vec![0; 1000]);
            change.put(&DeadLetter { bytes, ..letter(account, nth * COLUMN_MS / 2) });
        }
        store.commit(change, Vec::new());
        let bounds = Bounds { age_ms: u64::MAX, bytes: 41_500 };
        let (removed, bytes) = dead_letters(&store, bounds, 0).expect("reads");
        assert!(bytes <= bounds.bytes);
        let left = store.page(Kind::Dead, &[], None, 1000).expect("reads");
        let at_ms = left.iter().map(|(_, bytes)| DeadLetter::from_bytes(bytes).expect("a letter").at_ms);
        assert!((38..=41).contains(&left.len()), "{} are left", left.len());
        assert_eq!(removed + left.len(), 100);
        assert!(at_ms.min().expect("some") >= 59 * COLUMN_MS / 2, "the young ones stay");
        assert_eq!(dead_letters(&store, bounds, 0).expect("reads").0, 0);
    }

    #[test]
    fn too_many_bytes_of_dead_letters_are_noticed_at_the_next_look_and_nothing_is_walked_over_before() {
        let store = MemoryStore::new();
        let (bounds, ages) =
            (Bounds { age_ms: u64::MAX, bytes: 10_500 }, Ages { dialogs: 0, messages: 0, trails: 0, audit: 0 });
        let (walks, dead) = (Walks::default(), (0, 0));
        let mut sweeper = Sweeper { bounds, ages, walks, dead, dead_due_ms: 0, silent_due_ms: u64::MAX };
        sweeper.run(&store, 1).expect("reads");
        for nth in 0..30 {
            let mut change = Change::default();
            change.put(&DeadLetter { bytes: vec![0; 1000].into(), ..letter("1", nth * COLUMN_MS) });
            store.commit(change, Vec::new());
            sweeper.run(&store, 2).expect("reads");
            let left = store.page(Kind::Dead, &[], None, 100).expect("reads").len();
            assert!(left <= 10, "{left} letters of 1000 bytes after {nth}");
        }
        assert_eq!(sweeper.dead_due_ms, 2 + DEAD_EVERY_MS);
    }
}
