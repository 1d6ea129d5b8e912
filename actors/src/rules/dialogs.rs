//! Dialogs of one account: who is at the other end of a number, under which of two ids that can both change.
//!
//! The most recently used dialogs are in memory; the others are recalled from storage before a decision needs them.
//! What storage does not know yet is never forgotten: only what rests on durable changes makes room.
//!
//! An item that names several ids says that they are one customer's: whoever is known by an old one is known by the new
//! one too. Where two dialogs turn out to be one customer's, the one that began first goes on under its id, with the
//! longer window; the other's names lead to it and so does what is left of its record. A phone number that comes with another user id than
//! the one we knew is no such case: numbers are given to new people, so the number changes hands and the dialogs stay
//! two, unless the item itself says that one id replaces the other.
//!
//! Order across a merge: the lane of an accepted event is fixed, so the events of both dialogs stay in two lanes in the
//! journal. Readers treat the two as one lane from the moment at which the merge is durable (`Dialogs::take_joined`):
//! whatever was accepted after it is first tried when nothing of either is left. Two deliveries that were under way when
//! it happened stay so. A restart forgets it for what neither was read nor kept by then: those lanes are two again.

use crate::cloud::item::{Customer, Item};
use crate::rules::recent::Recent;
use lru::LruCache;
use wharf_storage::{Alias, Change, Dialog, Erasure, EventDialog, Noun, Write};
use xxhash_rust::xxh3::xxh3_64;

/// A customer may be written to freely for this long after they wrote, in ms: Meta's customer-service window of 24 h.
const WINDOW_MS: u64 = 24 * 3600 * 1000;
/// A kept window may lag behind the true one by this much, in ms: a chatty customer costs a write a minute.
const WINDOW_GRAIN_MS: u64 = 60 * 1000;
/// A kept `seen_at_ms` may lag behind by this much, in ms.
const SEEN_GRAIN_MS: u64 = 3600 * 1000;
/// What changed within this time is not forgotten, in ms: whoever asked storage before the change was durable must
/// have been answered by then, else a customer's dialog would begin twice. A look at the disk takes milliseconds.
const FRESH_MS: u64 = 10_000;
/// Merged dialogs whose ids still lead to the one that goes on, for whoever asked storage before.
const MERGED: usize = 256;

/// The dialogs of one account.
#[derive(Debug)]
pub struct Dialogs {
    account: Box<str>,
    /// How long a silent dialog is remembered, in ms.
    ttl_ms: u64,
    /// Dialogs in memory once everything is durable; names are twice as many.
    capacity: usize,
    dialogs: LruCache<u64, Known>,
    aliases: LruCache<Box<str>, Named>,
    /// The name that is looked up, so that a look-up allocates nothing.
    scratch: String,
    /// By the id of a dialog that is no more: the one it became.
    merged: Recent<u64, u64>,
    /// What was merged since that was last asked.
    joined: Vec<Joined>,
}

/// A dialog became another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// The dialog that is no more, and its lane.
    pub from: u64,
    /// The dialog that goes on, and its lane.
    pub into: u64,
}

#[derive(Debug)]
struct Known {
    dialog: Dialog,
    kept_window_ms: u64,
    kept_seen_ms: u64,
    changed: Changed,
}

#[derive(Debug, Clone, Copy)]
struct Named {
    dialog: u64,
    changed: Changed,
}

/// The last change of something that is kept.
#[derive(Debug, Clone, Copy, Default)]
struct Changed {
    /// What storage must have before this may be forgotten here.
    ticket: u64,
    at_ms: u64,
}

impl Changed {
    /// Whether storage knows it, and everybody who asked storage knows it too.
    fn is_settled(self, ticket: u64, now: u64) -> bool {
        self.ticket <= ticket && self.at_ms + FRESH_MS <= now
    }
}

/// In a name: a business-scoped user id follows.
const USER: &str = "|u|";
/// In a name: a phone id follows.
const PHONE: &str = "|p|";
/// In a name: a group's id follows.
const GROUP: &str = "|g|";

/// The names under which the dialog of a number of ours with a recipient may be known.
pub fn names_of_recipient<'a>(number: &'a str, id: &'a str) -> [Name<'a>; 2] {
    [PHONE, USER].map(|kind| Name { number, kind, id })
}

/// The names under which an item's dialog may be known: number and user id, number and phone id, then those that they
/// replace; or number and group.
pub fn names(item: &Item) -> impl Iterator<Item = Name<'_>> {
    let Customer { user_id, wa_id, group_id, previous_user_id, previous_wa_id } = &item.customer;
    let ids = match group_id {
        Some(_) => [(GROUP, group_id), ("", &None), ("", &None), ("", &None)],
        None => [(USER, user_id), (PHONE, wa_id), (USER, previous_user_id), (PHONE, previous_wa_id)],
    };
    let number = item.number.id.as_deref();
    ids.into_iter().filter_map(move |(kind, id)| Some(Name { number: number?, kind, id: id.as_deref()? }))
}

/// One name of a dialog: a number of ours, and an id of who is at the other end.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    number: &'a str,
    kind: &'static str,
    id: &'a str,
}

impl Name<'_> {
    /// The name as it is kept, written over `text`.
    fn write<'t>(&self, text: &'t mut String) -> &'t str {
        text.clear();
        [self.number, self.kind, self.id].into_iter().for_each(|part| text.push_str(part));
        text
    }
}

impl From<Name<'_>> for Box<str> {
    fn from(Name { number, kind, id }: Name<'_>) -> Self {
        [number, kind, id].concat().into()
    }
}

impl Dialogs {
    /// No dialogs yet; about `capacity` in memory.
    pub fn new(account: &str, ttl_ms: u64, capacity: usize) -> Self {
        let (dialogs, aliases) = (LruCache::unbounded(), LruCache::unbounded());
        let (capacity, scratch, merged) = (capacity.max(1), String::new(), Recent::new(MERGED));
        let (account, joined) = (account.into(), Vec::new());
        Self { account, ttl_ms, capacity, dialogs, aliases, scratch, merged, joined }
    }

    /// Whether a name is known in memory; one that is not must be recalled before [`Dialogs::meet`].
    pub fn knows(&mut self, name: Name<'_>) -> bool {
        let named = self.aliases.get(name.write(&mut self.scratch)).copied();
        named.is_some_and(|named| self.dialogs.get(&named.dialog).is_some())
    }

    /// Until when the window of a recipient of one of our numbers is open, as far as memory knows, in ms since 1970.
    pub fn window_until_ms(&self, number: &str, id: &str) -> Option<u64> {
        let named = |name: Name<'_>| self.aliases.peek(&Box::<str>::from(name));
        let known = names_of_recipient(number, id).into_iter().find_map(named)?;
        self.dialogs.peek(&known.dialog)?.dialog.window_expires_at_ms
    }

    /// Takes what storage remembered of a dialog when it was asked; what memory knows is newer.
    pub fn recall(&mut self, dialog: &Dialog, name: &str) {
        let mut id = dialog.id;
        while let Some(into) = self.merged.get(&id) {
            id = *into;
        }
        if id != dialog.id {
            self.aliases.get_or_insert(name.into(), || Named { dialog: id, changed: Changed::default() });
            return;
        }
        let named =
            *self.aliases.get_or_insert(name.into(), || Named { dialog: dialog.id, changed: Changed::default() });
        if named.dialog == dialog.id && !self.dialogs.contains(&dialog.id) {
            let kept_window_ms = dialog.window_expires_at_ms.unwrap_or(0);
            let known = Known {
                kept_window_ms,
                kept_seen_ms: dialog.seen_at_ms,
                dialog: dialog.clone(),
                changed: Changed::default(),
            };
            self.dialogs.put(dialog.id, known);
        }
    }

    /// Everything up to change `ticket` is durable: what was not used for long makes room.
    pub fn settled(&mut self, ticket: u64, now: u64) {
        let oldest = |dialogs: &LruCache<u64, Known>| dialogs.peek_lru().map(|(_, known)| known.changed);
        while self.dialogs.len() > self.capacity
            && oldest(&self.dialogs).is_some_and(|changed| changed.is_settled(ticket, now))
        {
            self.dialogs.pop_lru();
        }
        let oldest = |aliases: &LruCache<Box<str>, Named>| aliases.peek_lru().map(|(_, named)| named.changed);
        while self.aliases.len() > self.capacity * 2
            && oldest(&self.aliases).is_some_and(|changed| changed.is_settled(ticket, now))
        {
            self.aliases.pop_lru();
        }
    }

    /// The dialog of `item`, begun if there is none; what must be kept of it goes into `change`, which is `ticket`.
    pub fn meet(&mut self, item: &Item, change: &mut Change, ticket: u64, now: u64) -> Option<EventDialog> {
        let first = names(item).next()?;
        let changed = Changed { ticket, at_ms: now };
        let (id, new) = match self.find(item, now) {
            Some(id) => (self.unite(id, item, change, changed), false),
            None => (self.begin(item, first, now), true),
        };
        let named = self.name_all(item, id, change, changed);
        let known = self.dialogs.get_mut(&id).expect("found or begun just now");
        let renamed = known.rename(&item.customer);
        known.hear(item, now);
        if new || renamed || known.lags() {
            known.keep(change);
            known.changed = changed;
        }
        if named {
            known.changed = changed;
        }
        Some(known.as_event_dialog(new))
    }

    /// Forgets the dialogs of a customer who is erased, and all their names.
    pub fn forget(&mut self, erasure: &Erasure) {
        let theirs = |dialog: u64| erasure.has_dialog(&self.account, dialog);
        let names = self.aliases.iter().filter(|(_, named)| theirs(named.dialog));
        let names: Vec<Box<str>> = names.map(|(name, _)| name.clone()).collect();
        let dialogs: Vec<u64> = self.dialogs.iter().map(|(id, _)| *id).filter(|id| theirs(*id)).collect();
        for name in names {
            self.aliases.pop(&name);
        }
        for id in dialogs {
            self.dialogs.pop(&id);
        }
    }

    /// What was merged since this was last asked, in order.
    pub fn take_joined(&mut self) -> Vec<Joined> {
        std::mem::take(&mut self.joined)
    }

    /// The first dialog that a name of `item` leads to.
    fn find(&mut self, item: &Item, now: u64) -> Option<u64> {
        self.found(item, now).next()
    }

    fn found(&mut self, item: &Item, now: u64) -> impl Iterator<Item = u64> {
        let Self { ttl_ms, dialogs, aliases, scratch, .. } = self;
        let named = names(item).filter_map(|name| Some(aliases.get(name.write(scratch))?.dialog));
        named.filter(move |id| dialogs.get(id).is_some_and(|known| known.dialog.seen_at_ms + *ttl_ms >= now))
    }

    /// Makes one of all dialogs of the customer of `item`, of which `first` is one; the id of the one that goes on.
    fn unite(&mut self, first: u64, item: &Item, change: &mut Change, changed: Changed) -> u64 {
        let mut others: Vec<u64> = self.found(item, changed.at_ms).filter(|id| *id != first).collect();
        others.retain(|id| self.is_of(*id, item, change, changed));
        if others.is_empty() {
            return first;
        }
        let since_ms = |id: &u64| self.dialogs.peek(id).map_or(u64::MAX, |known| known.dialog.since_ms);
        let all = std::iter::once(first).chain(others);
        let into = all.clone().min_by_key(since_ms).expect("there is a first one");
        for from in all.filter(|id| *id != into) {
            self.merge(from, into, change, changed);
        }
        into
    }

    /// Whether dialog `id`, found by a name of `item`, is of the same customer; else that name is no longer its.
    fn is_of(&mut self, id: u64, item: &Item, change: &mut Change, changed: Changed) -> bool {
        let known = self.dialogs.get_mut(&id).expect("found just now");
        let is_of = known.is_of(&item.customer);
        if !is_of && known.dialog.wa_id == item.customer.wa_id {
            known.dialog.wa_id = None;
            known.keep(change);
            known.changed = changed;
        }
        is_of
    }

    /// Lets `from` become `into`.
    fn merge(&mut self, from: u64, into: u64, change: &mut Change, changed: Changed) {
        let Some(Known { dialog: lost, .. }) = self.dialogs.pop(&from) else { return };
        let led = self.aliases.iter().filter(|(_, named)| named.dialog == from);
        let names: Vec<Box<str>> = led.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.aliases.put(name.clone(), Named { dialog: into, changed });
            change.put(&Alias { account: self.account.clone(), name, dialog: into });
        }
        // Names that only storage knows lead to the lost dialog: its record, without anybody's ids, leads on.
        let leads_on = Dialog { id: into, user_id: None, wa_id: None, seen_at_ms: changed.at_ms, ..lost.clone() };
        change.writes.push(Write { kind: Dialog::KIND, key: lost.key(), value: Some(leads_on.to_bytes()) });
        let known = self.dialogs.get_mut(&into).expect("found just now");
        known.inherit(lost);
        known.keep(change);
        known.changed = changed;
        self.merged.put(from, into);
        self.joined.push(Joined { from, into });
    }

    fn begin(&mut self, item: &Item, name: Name<'_>, now: u64) -> u64 {
        let number = item.number.id.clone().expect("a dialog has a number");
        let id = xxh3_64(format!("{}|{now}", name.write(&mut self.scratch)).as_bytes()) >> 1;
        let dialog = Dialog {
            account: self.account.clone(),
            id,
            number,
            user_id: None,
            wa_id: None,
            group_id: item.customer.group_id.clone(),
            display: item.number.display.clone(),
            since_ms: now,
            seen_at_ms: now,
            window_expires_at_ms: None,
        };
        self.dialogs.put(id, Known { dialog, kept_window_ms: 0, kept_seen_ms: now, changed: Changed::default() });
        id
    }

    /// Lets all names lead to dialog `id`; says whether one did not.
    fn name_all(&mut self, item: &Item, id: u64, change: &mut Change, changed: Changed) -> bool {
        let mut named_anew = false;
        for name in names(item) {
            if self.aliases.get(name.write(&mut self.scratch)).is_none_or(|named| named.dialog != id) {
                let name = Box::<str>::from(name);
                self.aliases.put(name.clone(), Named { dialog: id, changed });
                change.put(&Alias { account: self.account.clone(), name, dialog: id });
                named_anew = true;
            }
        }
        named_anew
    }
}

impl Known {
    /// Whether this is a dialog of `customer`, and not of somebody who had one of the ids before.
    fn is_of(&self, customer: &Customer) -> bool {
        let Dialog { user_id, wa_id, .. } = &self.dialog;
        let is_replaced = |kept: &Option<Box<str>>, previous: &Option<Box<str>>| previous.is_some() && kept == previous;
        let differs = user_id.is_some() && customer.user_id.is_some() && *user_id != customer.user_id;
        !differs || is_replaced(user_id, &customer.previous_user_id) || is_replaced(wa_id, &customer.previous_wa_id)
    }

    /// Takes over what was known of a dialog that became this one.
    fn inherit(&mut self, lost: Dialog) {
        let dialog = &mut self.dialog;
        dialog.user_id = dialog.user_id.take().or(lost.user_id);
        dialog.wa_id = dialog.wa_id.take().or(lost.wa_id);
        dialog.since_ms = dialog.since_ms.min(lost.since_ms);
        dialog.seen_at_ms = dialog.seen_at_ms.max(lost.seen_at_ms);
        dialog.window_expires_at_ms = dialog.window_expires_at_ms.max(lost.window_expires_at_ms);
    }

    fn hear(&mut self, item: &Item, now: u64) {
        self.dialog.seen_at_ms = self.dialog.seen_at_ms.max(now);
        if item.opens_window {
            let since_ms = item.sent_at_s.map_or(now, |sent_at_s| (sent_at_s.saturating_mul(1000)).min(now));
            let expires_ms = since_ms + WINDOW_MS;
            self.dialog.window_expires_at_ms = self.dialog.window_expires_at_ms.max(Some(expires_ms));
        }
    }

    /// Takes the customer's ids as the newest item has them; says whether one changed.
    fn rename(&mut self, customer: &Customer) -> bool {
        let renew = |kept: &mut Option<Box<str>>, named: &Option<Box<str>>| {
            let renewed = named.is_some() && named != kept;
            if renewed {
                kept.clone_from(named);
            }
            renewed
        };
        let by_user = renew(&mut self.dialog.user_id, &customer.user_id);
        let by_phone = renew(&mut self.dialog.wa_id, &customer.wa_id);
        by_user || by_phone
    }

    /// Whether what is kept is too far behind what is known.
    fn lags(&self) -> bool {
        let window_ms = self.dialog.window_expires_at_ms.unwrap_or(0);
        window_ms >= self.kept_window_ms + WINDOW_GRAIN_MS
            || self.dialog.seen_at_ms >= self.kept_seen_ms + SEEN_GRAIN_MS
    }

    fn keep(&mut self, change: &mut Change) {
        self.kept_window_ms = self.dialog.window_expires_at_ms.unwrap_or(0);
        self.kept_seen_ms = self.dialog.seen_at_ms;
        change.put(&self.dialog);
    }

    fn as_event_dialog(&self, new: bool) -> EventDialog {
        let dialog = &self.dialog;
        EventDialog {
            id: dialog.id,
            new,
            user_id: dialog.user_id.clone(),
            wa_id: dialog.wa_id.clone(),
            group_id: dialog.group_id.clone(),
            window_expires_at_ms: dialog.window_expires_at_ms,
        }
    }
}

#[cfg(test)]
mod tests;
