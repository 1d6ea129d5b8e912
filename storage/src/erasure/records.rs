//! The records of a customer: found by walking over them in pages, removed by ordinary changes. Engines add to it what
//! becomes of events, and of old bytes.

use super::{ERASED, Erased, Erasure, Known};
use crate::{
    Alias, Change, DeadLetter, Desk, Dialog, Key, Kind, MessageRecord, MessageState, MessageTally, Noun, Outbox,
    Outcome, PairDebt, Preference, Reached, Receipt, Store, StoreError, Tally, Trail, Wamid,
};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

/// Records looked at at once.
const PAGE: usize = 500;
/// Walks over dialogs and names at most: each finds the next id of a customer whose ids changed.
const WALKS: usize = 8;

/// Finds the customer's other ids and their dialogs, in every account within reach. *Disk.*
pub fn widen(store: &dyn Store, mut erasure: Erasure) -> Result<Erasure, StoreError> {
    for _ in 0..WALKS {
        let before = erasure.known.clone();
        each(store, &erasure.clone(), Kind::Dialog, &mut |key, bytes, _| {
            let dialog = Dialog::from_bytes(bytes)?;
            let ids = [&dialog.wa_id, &dialog.user_id];
            let own = own_id(key);
            let named = ids.into_iter().flatten().any(|id| erasure.names(&dialog.account, id));
            if named || erasure.has_dialog(&dialog.account, dialog.id) || erasure.has_dialog(&dialog.account, own) {
                let known = erasure.known.entry(dialog.account.clone()).or_default();
                known.dialogs.extend([own, dialog.id]);
                known.ids.extend(ids.into_iter().flatten().cloned());
            }
            Ok(())
        })?;
        each(store, &erasure.clone(), Kind::Alias, &mut |_, bytes, _| {
            let alias = Alias::from_bytes(bytes)?;
            let Some(id) = customer_of(&alias.name) else { return Ok(()) };
            if erasure.names(&alias.account, id) || erasure.has_dialog(&alias.account, alias.dialog) {
                let Known { ids, dialogs } = erasure.known.entry(alias.account.clone()).or_default();
                ids.insert(id.into());
                dialogs.insert(alias.dialog);
            }
            Ok(())
        })?;
        if erasure.known == before {
            break;
        }
    }
    Ok(erasure)
}

/// Removes the customer's records, durable when this returns; says how many there were. *Disk.*
pub(crate) fn remove(store: &dyn Store, erasure: &Erasure) -> Result<Erased, StoreError> {
    let mut erased = Erased::default();
    walk(store, erasure, &mut erased)?;
    Ok(erased)
}

/// How many records of the customer there are, all kinds together. *Disk.*
pub(crate) fn left(store: &dyn Store, erasure: &Erasure) -> Result<u64, StoreError> {
    let mut count = 0;
    for kind in KINDS {
        each(store, erasure, kind, &mut |key, bytes, _| {
            let mut change = Change::default();
            judge(store, kind, key, bytes, erasure, &mut Erased::default(), &mut change)?;
            count += u64::from(!change.is_empty());
            Ok(())
        })?;
    }
    Ok(count)
}

const KINDS: [Kind; 9] = [
    Kind::Outbox,
    Kind::Message,
    Kind::Dead,
    Kind::Trail,
    Kind::PairDebt,
    Kind::Preference,
    Kind::Reached,
    Kind::Alias,
    Kind::Dialog,
];

fn walk(store: &dyn Store, erasure: &Erasure, erased: &mut Erased) -> Result<(), StoreError> {
    for kind in KINDS {
        each(store, erasure, kind, &mut |key, bytes, change| judge(store, kind, key, bytes, erasure, erased, change))?;
    }
    Ok(())
}

/// What becomes of one record.
fn judge(
    store: &dyn Store,
    kind: Kind,
    key: &Key,
    bytes: &[u8],
    erasure: &Erasure,
    erased: &mut Erased,
    change: &mut Change,
) -> Result<(), StoreError> {
    match kind {
        Kind::Dialog => {
            let dialog = Dialog::from_bytes(bytes)?;
            let account = &dialog.account;
            if erasure.has_dialog(account, own_id(key)) && dialog.since_ms <= erasure.until_ms {
                erased.of(account).dialogs += 1;
                change.remove(kind, key.clone());
            }
        }
        Kind::Alias => {
            let alias = Alias::from_bytes(bytes)?;
            if erasure.has_dialog(&alias.account, alias.dialog) {
                erased.of(&alias.account).aliases += 1;
                change.remove(kind, key.clone());
            }
        }
        Kind::Message => {
            message(kind, key, &MessageRecord::from_bytes(bytes)?, erasure, erased, change);
        }
        Kind::Outbox => {
            let Outbox(record) = Outbox::from_bytes(bytes)?;
            if message(kind, key, &record, erasure, erased, change) {
                change.tallies.push((Arc::from(&*record.account), cancelled(record.state)));
            }
        }
        Kind::Dead => dead(key, DeadLetter::from_bytes(bytes)?, erasure, erased, change),
        Kind::Trail => trail(store, &Trail::from_bytes(bytes)?, erasure, change)?,
        Kind::PairDebt => {
            // It would be gone within minutes: not counted.
            let debt = PairDebt::from_bytes(bytes)?;
            if erasure.names(&debt.account, &debt.lane) {
                change.remove(kind, key.clone());
            }
        }
        Kind::Preference => {
            let said = Preference::from_bytes(bytes)?;
            if erasure.names(&said.account, &said.id) && said.said_at_s * 1000 <= erasure.until_ms {
                erased.of(&said.account).preferences += 1;
                change.remove(kind, key.clone());
            }
        }
        Kind::Reached => {
            // Gone within a day by itself: not counted.
            let reached = Reached::from_bytes(bytes)?;
            if erasure.names(&reached.account, &reached.customer) {
                change.remove(kind, key.clone());
            }
        }
        Kind::Account
        | Kind::Progress
        | Kind::Claim
        | Kind::Life
        | Kind::Hold
        | Kind::Routes
        | Kind::Token
        | Kind::Wamid
        | Kind::Media
        | Kind::Body
        | Kind::Twin
        | Kind::SendHold
        | Kind::Replay
        | Kind::DeliveryHold
        | Kind::ApiKey
        | Kind::Submitted
        | Kind::Audit => {}
    }
    Ok(())
}

/// Removes a message to the customer; says whether it is one.
fn message(
    kind: Kind,
    key: &Key,
    record: &MessageRecord,
    erasure: &Erasure,
    erased: &mut Erased,
    change: &mut Change,
) -> bool {
    if !erasure.has_message(record) {
        return false;
    }
    erased.of(&record.account).messages += 1;
    if let Some(wamid) = record.wamid.clone() {
        let index = Wamid { account: record.account.clone(), wamid, message: record.id.clone() };
        change.remove(Kind::Wamid, index.key());
    }
    change.remove(Kind::Body, key.clone());
    change.remove(Kind::Submitted, record.submitted().key());
    change.remove(kind, key.clone());
    true
}

/// A message without an actor that never leaves counts as cancelled.
fn cancelled(state: MessageState) -> Tally {
    let mut messages = MessageTally { cancelled: 1, ..MessageTally::default() };
    match state {
        MessageState::Queued => messages.queued -= 1,
        MessageState::Sending => messages.sending -= 1,
        MessageState::Unknown => messages.unknown -= 1,
        MessageState::Accepted
        | MessageState::Sent
        | MessageState::Delivered
        | MessageState::Read
        | MessageState::Played
        | MessageState::Failed
        | MessageState::Expired
        | MessageState::Cancelled => messages.cancelled -= 1,
    }
    Tally { messages, ..Tally::default() }
}

fn dead(key: &Key, letter: DeadLetter, erasure: &Erasure, erased: &mut Erased, change: &mut Change) {
    let account = &letter.account;
    let in_reach = erasure.reaches(account) && letter.at_ms <= erasure.until_ms && !letter.bytes.is_empty();
    if !in_reach || !erasure.is_mentioned(account, &letter.bytes) {
        return;
    }
    erased.of(account).dead += 1;
    let stub = DeadLetter { bytes: Bytes::new(), reason: ERASED.into(), ..letter };
    debug_assert_eq!(stub.key(), *key);
    change.put(&stub);
}

/// Takes what an application wrote about a customer's event out of its trail. It is the event's, and not counted beside it.
fn trail(store: &dyn Store, trail: &Trail, erasure: &Erasure, change: &mut Change) -> Result<(), StoreError> {
    let unquoted = trail.clone().unquoted();
    if unquoted == *trail || trail.at_ms > erasure.until_ms || !erasure.reaches(&trail.account) {
        return Ok(());
    }
    let event = store.event(&trail.account, trail.seq)?;
    let is_theirs = event.is_none_or(|event| event.is_erased() || erasure.concerns(&event));
    if is_theirs || erasure.is_mentioned(&trail.account, trail.reason.as_bytes()) {
        change.put(&unquoted);
    }
    Ok(())
}

/// What is done about one record.
type Visit<'a> = &'a mut dyn FnMut(&Key, &[u8], &mut Change) -> Result<(), StoreError>;

/// Walks over the records of `kind` within reach, page by page; what `visit` changes is durable before the next page.
fn each(store: &dyn Store, erasure: &Erasure, kind: Kind, visit: Visit<'_>) -> Result<(), StoreError> {
    let by_account = matches!(
        kind,
        Kind::Dialog | Kind::Alias | Kind::Dead | Kind::Trail | Kind::PairDebt | Kind::Preference | Kind::Reached
    );
    let prefixes = if by_account { erasure.prefixes() } else { vec![Vec::new()] };
    for prefix in prefixes {
        let mut after: Option<Key> = None;
        loop {
            let page = store.page(kind, &prefix, after.as_ref().map(|key| &*key.0), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            let mut change = Change::default();
            for (key, bytes) in &page {
                visit(key, bytes, &mut change)?;
            }
            keep(store, change)?;
        }
    }
    Ok(())
}

/// Commits `change` and waits for it.
fn keep(store: &dyn Store, change: Change) -> Result<(), StoreError> {
    if change.is_empty() {
        return Ok(());
    }
    let (tell, told) = channel();
    store.commit(change, vec![Receipt { desk: Arc::new(Waiting(tell)), number: 0 }]);
    match told.recv() {
        Ok(Outcome::Durable) => Ok(()),
        Ok(Outcome::Lost { reason }) => Err(StoreError::Database(reason.to_string())),
        Err(_) => Err(StoreError::Database("the store ended".into())),
    }
}

/// Where one thread waits for one change.
struct Waiting(Sender<Outcome>);

impl Desk for Waiting {
    fn settle(&self, _: &[u64], outcome: &Outcome) {
        // Who waited may have gone.
        drop(self.0.send(outcome.clone()));
    }
}

/// The dialog that a record is filed under: one that became another one leads on to it.
fn own_id(key: &Key) -> u64 {
    key.0.last_chunk().map_or(0, |id| u64::from_be_bytes(*id))
}

/// The customer's id in a name `{number}|u|{id}`; none in a group's.
fn customer_of(name: &str) -> Option<&str> {
    let (_, rest) = name.split_once('|')?;
    let (kind, id) = rest.split_once('|')?;
    (kind != "g").then_some(id)
}
