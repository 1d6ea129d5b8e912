//! An account as storage remembers it. Used at start, and whenever its actor died.

use crate::gateway::{self, Route};
use crate::rules::account::{AccountMachine, Entry, Setting, hearing};
use crate::rules::deliveries::{Deliveries, is_own};
use crate::rules::life::Life;
use crate::rules::outbox::{Outbox, Remains, Step};
use crate::rules::portfolio::DAY_MS;
use crate::rules::reader::{Reader, Standing};
use crate::rules::replay::Replays;
use std::sync::Arc;
use wharf_storage::{
    AccountRecord, Change, Key, KeyBuilder, Kind, LifeRecord, MessageRecord, MessageTally, Noun, PairDebt, Progress,
    Reached, SendHold, Store, StoreError, Tally,
};

/// Customers read from disk at once.
const REACHED_AT_ONCE: usize = 1000;

/// Rebuilds an account; `messages` are those of its outbox, `routes` its gateway's and its own.
pub fn restore(
    store: &dyn Store,
    routes: &[Arc<Route>],
    record: AccountRecord,
    messages: Vec<MessageRecord>,
    setting: &Setting,
    now: u64,
) -> Result<AccountMachine, StoreError> {
    let stream: Arc<str> = record.id.as_ref().into();
    let seq = store.last_seq(&stream);
    let mut opening = Change::default();
    let readers = readers(store, &stream, routes, seq, setting, &mut opening)?;
    let entry = Entry::new(record);
    let outbox = outbox(store, &entry, messages, setting, &mut opening, now)?;
    let deliveries = Deliveries::new(stream, readers).keeping(setting.keep_body);
    let deliveries = deliveries.held_by(kept(store, &entry.record.id)?);
    let replays = Replays::restored(kept(store, &entry.record.id)?);
    let life = store.get(Kind::Life, &entry.record.key().0)?.map(|kept| LifeRecord::from_bytes(&kept)).transpose()?;
    let life = life.as_ref().map(Life::read).unwrap_or_default();
    let account = entry.record.id.clone();
    let machine = AccountMachine::new(entry, seq, deliveries, outbox, opening, setting);
    let mut machine = machine.with_replays(replays).with_life(life, now);
    if machine.outbox().customers_a_day().is_some() {
        machine.recall_reached(reached(store, &account, now)?, now);
    }
    Ok(machine)
}

fn outbox(
    store: &dyn Store,
    entry: &Entry,
    messages: Vec<MessageRecord>,
    setting: &Setting,
    opening: &mut Change,
    now: u64,
) -> Result<Outbox, StoreError> {
    let account = &entry.record.id;
    let (holds, debts) = (kept::<SendHold>(store, account)?, kept::<PairDebt>(store, account)?);
    let mut outbox = Outbox::new(account, setting.patience, now);
    let mut step = Step::default();
    outbox.set_limits(entry.limits.clone(), now);
    outbox.set_hearing(hearing(&entry.record));
    outbox.restore(Remains { messages, holds, debts }, &mut step, now);
    opening.writes.append(&mut step.change.writes);
    if step.tally != MessageTally::default() {
        let tally = Tally { messages: step.tally, ..Tally::default() };
        opening.tallies.push((account.as_ref().into(), tally));
    }
    Ok(outbox)
}

/// The customers whom the account began to write to within a day. Read where a limit is known alone: at most as many as
/// that, and what the sweep has not removed yet.
fn reached(store: &dyn Store, account: &str, now: u64) -> Result<Vec<Reached>, StoreError> {
    let prefix = KeyBuilder::new().text(account).build();
    let mut reached = Vec::new();
    let mut after: Option<Key> = None;
    loop {
        let page = store.page(Kind::Reached, &prefix.0, after.as_ref().map(|key| &*key.0), REACHED_AT_ONCE)?;
        let Some((last, _)) = page.last() else { return Ok(reached) };
        after = Some(last.clone());
        for (_, bytes) in &page {
            reached.extend(Some(Reached::from_bytes(bytes)?).filter(|one| one.at_ms + DAY_MS > now));
        }
    }
}

/// The hot records of one kind that are filed under an account.
fn kept<N: Noun>(store: &dyn Store, account: &str) -> Result<Vec<N>, StoreError> {
    let records = store.hot(N::KIND, &KeyBuilder::new().text(account).build().0);
    records.iter().map(|(_, bytes)| N::from_bytes(bytes)).collect()
}

/// The readers of `routes`, and of those that are no more but left something behind: what was the settings' waits for
/// them to come back, what was the account's own is given up.
pub(crate) fn readers(
    store: &dyn Store,
    stream: &Arc<str>,
    routes: &[Arc<Route>],
    seq: u64,
    setting: &Setting,
    opening: &mut Change,
) -> Result<Vec<Reader>, StoreError> {
    let mut readers = Vec::new();
    for route in routes {
        readers.push(reader(store, stream, route, seq, setting, opening)?);
    }
    for (_, kept) in store.hot(Kind::Progress, &KeyBuilder::new().text(stream).build().0) {
        let name = Progress::from_bytes(&kept)?.route;
        if routes.iter().any(|route| *route.name == *name) {
            continue;
        }
        let route = Arc::new(gateway::kept::removed(&name));
        let standing = if is_own(&name, stream) { Standing::Ending { until: seq } } else { Standing::Removed };
        readers.push(reader(store, stream, &route, seq, setting, opening)?.standing_as(standing));
    }
    Ok(readers)
}

/// A route's reader where it was; a route that is new to the stream begins at its end, and that is kept first.
fn reader(
    store: &dyn Store,
    stream: &Arc<str>,
    route: &Arc<Route>,
    seq: u64,
    setting: &Setting,
    opening: &mut Change,
) -> Result<Reader, StoreError> {
    let key = KeyBuilder::new().text(stream).text(&route.name).build();
    let budget = setting.body_budget();
    let Some(kept) = store.get(Kind::Progress, &key.0)? else {
        let reader = Reader::new(Arc::clone(route), seq, budget);
        opening.put(&reader.progress(stream));
        return Ok(reader);
    };
    let progress = Progress::from_bytes(&kept)?;
    let mut reader = Reader::new(Arc::clone(route), progress.high, budget);
    for open in progress.open {
        reader.restore(open);
    }
    Ok(reader)
}
