//! Whose a media id is, as the store remembers it. Blocks: it reads the disk. Knows neither HTTP nor Graph.

use wharf_storage::{Change, Kind, MediaRecord, Noun, Store, StoreError};

/// Accounts that may share one media id and are looked at.
const OWNERS: usize = 32;
/// Records looked at at once when the oldest are forgotten.
const BATCH: usize = 500;

/// Everything that is remembered of `media`, the newest first.
pub fn owners(store: &dyn Store, media: &str, now: u64) -> Result<Vec<MediaRecord>, StoreError> {
    let mut owners = Vec::new();
    for place in MediaRecord::places(media, now) {
        let found = store.page(Kind::Media, &place.0, None, OWNERS)?;
        for (_, bytes) in found {
            owners.push(MediaRecord::from_bytes(&bytes)?);
        }
    }
    Ok(owners)
}

/// Forgets ids that Meta has forgotten too; says how many.
pub fn forget_old(store: &dyn Store, now: u64) -> Result<usize, StoreError> {
    let (mut forgotten, mut after) = (0, None::<Vec<u8>>);
    loop {
        let batch = store.page(Kind::Media, &[], after.as_deref(), BATCH)?;
        let mut change = Change::default();
        for (key, bytes) in batch {
            // The oldest stand first.
            if !MediaRecord::from_bytes(&bytes)?.is_over(now) {
                break;
            }
            after = Some(key.0.clone());
            change.remove(Kind::Media, key);
        }
        let removed = change.writes.len();
        forgotten += removed;
        if removed > 0 {
            store.commit(change, Vec::new());
        }
        if removed < BATCH {
            return Ok(forgotten);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_storage::MemoryStore;

    const DAY_MS: u64 = 86_400_000;

    fn seen(media: &str, account: &str, at_ms: u64) -> MediaRecord {
        MediaRecord { media: media.into(), account: account.into(), number: None, at_ms }
    }

    #[test]
    fn an_id_that_two_accounts_saw_is_both_accounts_and_the_newest_stands_first() {
        let store = MemoryStore::new();
        let mut change = Change::default();
        change.put(&seen("2001", "100", 100 * DAY_MS));
        change.put(&seen("2001", "200", 110 * DAY_MS));
        change.put(&seen("2002", "300", 110 * DAY_MS));
        store.commit(change, Vec::new());
        let accounts = |media, now| -> Vec<String> {
            owners(&store, media, now).expect("reads").iter().map(|owner| owner.account.to_string()).collect()
        };
        assert_eq!(accounts("2001", 111 * DAY_MS), ["200", "100"]);
        assert_eq!(accounts("2001", 200 * DAY_MS), [""; 0]);
        assert_eq!(accounts("200", 111 * DAY_MS), [""; 0]);
    }

    #[test]
    fn old_ids_are_forgotten_and_young_ones_stay() {
        let store = MemoryStore::new();
        let mut change = Change::default();
        (0..1200).for_each(|nth| change.put(&seen(&format!("{nth}"), "100", DAY_MS)));
        (0..10).for_each(|nth| change.put(&seen(&format!("{nth}"), "100", 80 * DAY_MS)));
        store.commit(change, Vec::new());
        assert_eq!(forget_old(&store, 81 * DAY_MS).expect("reads"), 1200);
        assert_eq!(store.page(Kind::Media, &[], None, 100).expect("reads").len(), 10);
        assert_eq!(forget_old(&store, 81 * DAY_MS).expect("reads"), 0);
    }
}
