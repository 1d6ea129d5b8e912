//! What nobody needs any more leaves the disk: dialogs after their silence and the names that led to them, outbound
//! messages long after their end, what is remembered of deliveries with the journal, audit records after more than a year. Each run goes on where the last one stopped and
//! looks at so many records at most, so that no run costs more for what is kept.

use crate::account::TWIN_FOR_MS;
use crate::rules::portfolio::DAY_MS;
use std::time::Duration;
use wharf_storage::{
    Alias, AuditRecord, Change, Dialog, Key, KeyBuilder, Kind, MessageRecord, Noun, PairDebt, Preference, Progress,
    Reached, Store, StoreError, Trail, Twin, Wamid, Wish,
};

/// Records of one kind looked at in one run.
const LOOKED_AT: usize = 5000;
/// Records looked at at once.
const BATCH: usize = 500;
/// A dialog is kept this much longer than it is known, in ms: what is kept of `seen_at_ms` lags behind, and whoever was
/// just heard of again must not lose the name that was just kept.
const GRACE_MS: u64 = 86_400_000;
/// A message is looked up for at least this long after its state last changed.
pub(in crate::supervisor) const MESSAGES_AT_LEAST: Duration = Duration::from_secs(30 * 86_400);
/// Audit records are kept for 400 days: a year can be looked at whole, and a month is left to do so.
pub(in crate::supervisor) const AUDIT_MS: u64 = 400 * 86_400_000;

/// What a pair had borrowed stays this long after it is paid back, in ms, where no account forgets it.
const DEBTS_STAY_MS: u64 = 3_600_000;

/// Where the walk over each kind goes on.
#[derive(Debug, Default)]
pub(super) struct Walks {
    dialogs: Option<Key>,
    aliases: Option<Key>,
    messages: Option<Key>,
    twins: Option<Key>,
    trails: Option<Key>,
    preferences: Option<Key>,
    reached: Option<Key>,
    audit: Option<Key>,
}

/// How long each kind is kept, in ms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ages {
    pub(super) dialogs: u64,
    pub(super) messages: u64,
    pub(super) trails: u64,
    pub(super) audit: u64,
}

/// Whether a walk goes on to the next record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Onwards {
    Yes,
    /// All further ones are younger.
    No,
}

impl Walks {
    /// One run over each kind; says how many records went.
    pub(super) fn run(&mut self, store: &dyn Store, ages: Ages, now: u64) -> Result<usize, StoreError> {
        let is_old = |at_ms: u64, age_ms: u64| at_ms.saturating_add(age_ms) < now;
        let mut removed = walk(store, Kind::Dialog, &mut self.dialogs, |key, bytes, change| {
            let dialog = Dialog::from_bytes(bytes)?;
            if is_old(dialog.seen_at_ms, ages.dialogs.saturating_add(GRACE_MS)) {
                forget(store, key, &dialog, change)?;
            }
            Ok(Onwards::Yes)
        })?;
        removed += walk(store, Kind::Alias, &mut self.aliases, |key, bytes, change| {
            let alias = Alias::from_bytes(bytes)?;
            if store.get(Kind::Dialog, &dialog_key(&alias.account, alias.dialog).0)?.is_none() {
                change.remove(Kind::Alias, key.clone());
            }
            Ok(Onwards::Yes)
        })?;
        removed += walk(store, Kind::Message, &mut self.messages, |key, bytes, change| {
            let record = MessageRecord::from_bytes(bytes)?;
            if is_old(record.changed_at_ms, ages.messages) {
                change.remove(Kind::Message, key.clone());
                change.remove(Kind::Body, key.clone());
                change.remove(Kind::Submitted, record.submitted().key());
                let index = |wamid| Wamid { account: record.account.clone(), wamid, message: record.id.clone() };
                record.wamid.clone().map(index).iter().for_each(|index| change.remove(Kind::Wamid, index.key()));
            }
            // Ids ascend with the time of submission.
            Ok(if is_old(record.created_at_ms, ages.messages) { Onwards::Yes } else { Onwards::No })
        })?;
        removed += walk(store, Kind::Twin, &mut self.twins, |key, bytes, change| {
            if is_old(Twin::from_bytes(bytes)?.at_ms, TWIN_FOR_MS) {
                change.remove(Kind::Twin, key.clone());
            }
            Ok(Onwards::Yes)
        })?;
        removed += walk(store, Kind::Trail, &mut self.trails, |key, bytes, change| {
            let trail = Trail::from_bytes(bytes)?;
            if is_old(trail.at_ms, ages.trails) && !is_open(store, &trail)? {
                change.remove(Kind::Trail, key.clone());
            }
            Ok(Onwards::Yes)
        })?;
        removed += walk(store, Kind::Preference, &mut self.preferences, |key, bytes, change| {
            let said = Preference::from_bytes(bytes)?;
            // A customer's no stays for as long as the account is engaged.
            let stays = said.wish == Wish::Stop && store.get(Kind::Account, &account_key(&said.account).0)?.is_some();
            if !stays && is_old(said.said_at_s.saturating_mul(1000), ages.messages) {
                change.remove(Kind::Preference, key.clone());
            }
            Ok(Onwards::Yes)
        })?;
        removed += walk(store, Kind::Reached, &mut self.reached, |key, bytes, change| {
            if is_old(Reached::from_bytes(bytes)?.at_ms, DAY_MS) {
                change.remove(Kind::Reached, key.clone());
            }
            Ok(Onwards::Yes)
        })?;
        removed += walk(store, Kind::Audit, &mut self.audit, |key, bytes, change| {
            if !is_old(AuditRecord::from_bytes(bytes)?.at_ms, ages.audit) {
                return Ok(Onwards::No);
            }
            change.remove(Kind::Audit, key.clone());
            Ok(Onwards::Yes)
        })?;
        Ok(removed + debts(store, now)?)
    }
}

/// Forgets what pairs of accounts that are no longer engaged had borrowed: an account that is pays its debts itself.
fn debts(store: &dyn Store, now: u64) -> Result<usize, StoreError> {
    let mut change = Change::default();
    for (key, bytes) in store.hot(Kind::PairDebt, &[]) {
        if PairDebt::from_bytes(&bytes)?.paid_at_ms.saturating_add(DEBTS_STAY_MS) < now {
            change.remove(Kind::PairDebt, key);
        }
    }
    let removed = change.writes.len();
    if removed > 0 {
        store.commit(change, Vec::new());
    }
    Ok(removed)
}

/// Looks at the next records of `kind`, and commits what `visit` changes.
fn walk(
    store: &dyn Store,
    kind: Kind,
    at: &mut Option<Key>,
    mut visit: impl FnMut(&Key, &[u8], &mut Change) -> Result<Onwards, StoreError>,
) -> Result<usize, StoreError> {
    let mut removed = 0;
    for _ in 0..LOOKED_AT / BATCH {
        let page = store.page(kind, &[], at.as_ref().map(|key| &*key.0), BATCH)?;
        let mut change = Change::default();
        let mut onwards = if page.len() == BATCH { Onwards::Yes } else { Onwards::No };
        for (key, bytes) in &page {
            *at = Some(key.clone());
            if visit(key, bytes, &mut change)? == Onwards::No {
                onwards = Onwards::No;
                break;
            }
        }
        removed += change.writes.len();
        if !change.is_empty() {
            store.commit(change, Vec::new());
        }
        if onwards == Onwards::No {
            *at = None;
            break;
        }
    }
    Ok(removed)
}

/// Forgets a dialog and the names that still lead to it; one that only leads on stays while that one is there.
fn forget(store: &dyn Store, key: &Key, dialog: &Dialog, change: &mut Change) -> Result<(), StoreError> {
    let leads_on = dialog.key() != *key;
    if leads_on && store.get(Kind::Dialog, &dialog.key().0)?.is_some() {
        return Ok(());
    }
    change.remove(Kind::Dialog, key.clone());
    let ids = [("|u|", &dialog.user_id), ("|p|", &dialog.wa_id), ("|g|", &dialog.group_id)];
    for (kind, id) in ids.into_iter().filter_map(|(kind, id)| Some((kind, id.as_deref()?))) {
        let name = format!("{}{kind}{id}", dialog.number).into();
        let alias = Alias { account: dialog.account.clone(), name, dialog: dialog.id };
        let kept = store.get(Kind::Alias, &alias.key().0)?;
        if kept.is_some_and(|kept| *kept == *alias.to_bytes()) {
            change.remove(Kind::Alias, alias.key());
        }
    }
    Ok(())
}

/// Whether the delivery that a trail is of has not ended: the journal keeps its event too.
fn is_open(store: &dyn Store, trail: &Trail) -> Result<bool, StoreError> {
    let key = KeyBuilder::new().text(&trail.account).text(&trail.route).build();
    let Some(kept) = store.get(Kind::Progress, &key.0)? else { return Ok(false) };
    Ok(Progress::from_bytes(&kept)?.open.iter().any(|open| open.seq == trail.seq))
}

fn account_key(id: &str) -> Key {
    KeyBuilder::new().text(id).build()
}

fn dialog_key(account: &str, id: u64) -> Key {
    KeyBuilder::new().text(account).number(id).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_storage::{MemoryStore, MessageState, OnUnknown, OpenDelivery, Priority, TrailResult};

    const AGES: Ages = Ages { dialogs: 30 * DAY_MS, messages: 30 * DAY_MS, trails: 7 * DAY_MS, audit: AUDIT_MS };

    fn dialog(id: u64, wa_id: &str, seen_at_ms: u64) -> Dialog {
        Dialog {
            account: "1".into(),
            id,
            number: "10".into(),
            user_id: None,
            wa_id: Some(wa_id.into()),
            group_id: None,
            display: None,
            since_ms: 0,
            seen_at_ms,
            window_expires_at_ms: None,
        }
    }

    fn alias(name: &str, dialog: u64) -> Alias {
        Alias { account: "1".into(), name: name.into(), dialog }
    }

    fn count(store: &dyn Store, kind: Kind) -> usize {
        store.page(kind, &[], None, 100_000).expect("reads").len()
    }

    #[test]
    fn a_silent_dialog_goes_with_all_its_names_and_a_living_one_keeps_the_names_it_took_over() {
        let store = MemoryStore::new();
        let mut change = Change::default();
        change.put(&dialog(1, "491", 0));
        change.put(&dialog(2, "492", 20 * DAY_MS));
        // What became of a dialog that was merged into the living one, long ago.
        let merged = Dialog { id: 2, wa_id: None, ..dialog(3, "", 0) };
        change.writes.push(wharf_storage::Write {
            kind: Kind::Dialog,
            key: dialog(3, "", 0).key(),
            value: Some(merged.to_bytes()),
        });
        for (name, dialog) in [("10|p|491", 1), ("10|u|of.491", 1), ("10|p|492", 2), ("10|p|before492", 3)] {
            change.put(&alias(name, dialog));
        }
        store.commit(change, Vec::new());
        let mut walks = Walks::default();
        assert_eq!(walks.run(&store, AGES, 31 * DAY_MS).expect("reads"), 0, "not to the minute");
        assert_eq!(walks.run(&store, AGES, 32 * DAY_MS).expect("reads"), 3, "the dialog and both its names");
        assert_eq!((count(&store, Kind::Dialog), count(&store, Kind::Alias)), (2, 2));
        for _ in 0..2 {
            walks.run(&store, AGES, 52 * DAY_MS).expect("reads");
        }
        assert_eq!((count(&store, Kind::Dialog), count(&store, Kind::Alias)), (0, 0), "then the other one too");
    }

    #[test]
    fn what_a_removed_account_had_borrowed_goes_when_it_is_long_paid_back() {
        let store = MemoryStore::new();
        let mut change = Change::default();
        for (lane, paid_at_ms) in [("491", DAY_MS), ("492", 2 * DAY_MS)] {
            change.put(&PairDebt { account: "1".into(), number: "10".into(), lane: lane.into(), paid_at_ms });
        }
        store.commit(change, Vec::new());
        let mut walks = Walks::default();
        assert_eq!(walks.run(&store, AGES, DAY_MS + DEBTS_STAY_MS).expect("reads"), 0);
        assert_eq!(walks.run(&store, AGES, DAY_MS + DEBTS_STAY_MS + 1).expect("reads"), 1);
        assert_eq!(store.hot(Kind::PairDebt, &[]).len(), 1);
    }

    #[test]
    fn old_messages_go_with_their_ids_and_old_audit_records_go() {
        let store = MemoryStore::new();
        let mut change = Change::default();
        for day in 0..450 {
            let record = MessageRecord {
                id: format!("msg_{day:04}").into(),
                account: "1".into(),
                number: "10".into(),
                to: "491".into(),
                lane: "491".into(),
                path: "messages".into(),
                version: "v25.0".into(),
                state: MessageState::Read,
                kind: "text".into(),
                template: None,
                priority: Priority::Normal,
                on_unknown: OnUnknown::Fail,
                opaque: None,
                expires_at_ms: 0,
                wamid: Some(format!("wamid.{day}").into()),
                error: None,
                attempts: Vec::new(),
                doubted_at_ms: 0,
                created_at_ms: day * DAY_MS,
                changed_at_ms: day * DAY_MS + DAY_MS / 2,
                due_at_ms: 0,
                place: day,
            };
            change.put(&Wamid {
                account: "1".into(),
                wamid: format!("wamid.{day}").into(),
                message: record.id.clone(),
            });
            change.put(&record);
            change.put(&record.submitted());
            let (who, address, gateway, verb, result) = ("a".into(), "b".into(), "c".into(), "d".into(), "e".into());
            let (at_ms, nonce, ids) = (day * DAY_MS, day, Vec::new());
            change.put(&AuditRecord { at_ms, nonce, who, address, gateway, verb, ids, result });
        }
        store.commit(change, Vec::new());
        Walks::default().run(&store, AGES, 450 * DAY_MS).expect("reads");
        assert_eq!((count(&store, Kind::Message), count(&store, Kind::Wamid)), (30, 30));
        assert_eq!(count(&store, Kind::Submitted), 30);
        assert_eq!(count(&store, Kind::Audit), 400);
    }

    #[test]
    fn what_is_remembered_of_a_delivery_goes_with_the_journal_unless_it_has_not_ended() {
        let store = MemoryStore::new();
        let mut change = Change::default();
        for (seq, at_ms) in [(1, 0), (2, 0), (3, 5 * DAY_MS)] {
            change.put(&Trail {
                account: "1".into(),
                seq,
                route: "main/bot".into(),
                attempt: 1,
                at_ms,
                took_ms: 1,
                result: TrailResult::Failed,
                status: Some(500),
                reason: "HTTP 500".into(),
            });
        }
        let open = vec![OpenDelivery { seq: 2, attempts: 1, ..OpenDelivery::default() }];
        change.put(&Progress { account: "1".into(), route: "main/bot".into(), high: 3, open });
        store.commit(change, Vec::new());
        assert_eq!(Walks::default().run(&store, AGES, 8 * DAY_MS).expect("reads"), 1);
        let left = store.page(Kind::Trail, &[], None, 10).expect("reads");
        let left: Vec<u64> = left.iter().map(|(_, bytes)| Trail::from_bytes(bytes).expect("readable").seq).collect();
        assert_eq!(left, [2, 3], "the open one and the young one stay");
    }

    #[test]
    fn a_run_looks_at_so_many_records_and_the_next_one_goes_on() {
        let store = MemoryStore::new();
        let mut change = Change::default();
        let total = 2 * LOOKED_AT as u64 + 7;
        (0..total).for_each(|id| change.put(&dialog(id, &format!("49{id}"), 0)));
        store.commit(change, Vec::new());
        let mut walks = Walks::default();
        let removed: Vec<usize> = (0..4).map(|_| walks.run(&store, AGES, 90 * DAY_MS).expect("reads")).collect();
        assert_eq!(removed, [LOOKED_AT, LOOKED_AT, 7, 0]);
    }
}
