//! Dialogs of one account: who is at the other end of a number, under which of two ids that can both change.
//!
//! The most recently used dialogs are in memory; the others are recalled from storage before a decision needs them.
//! What storage does not know yet is never forgotten: only what rests on durable changes makes room.

use crate::cloud::item::{Customer, Item};
use lru::LruCache;
use wharf_storage::{Alias, Change, Dialog, EventDialog};
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

/// The names under which an item's dialog may be known: number and user id, number and phone id, then those that they
/// replace; or number and group.
pub fn names(item: &Item) -> impl Iterator<Item = Name<'_>> {
    let Customer { user_id, wa_id, group_id, previous_user_id, previous_wa_id } = &item.customer;
    let ids = match group_id {
        Some(_) => [("|g|", group_id), ("", &None), ("", &None), ("", &None)],
        None => [("|u|", user_id), ("|p|", wa_id), ("|u|", previous_user_id), ("|p|", previous_wa_id)],
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
        let (capacity, scratch) = (capacity.max(1), String::new());
        Self { account: account.into(), ttl_ms, capacity, dialogs, aliases, scratch }
    }

    /// Whether a name is known in memory; one that is not must be recalled before [`Dialogs::meet`].
    pub fn knows(&mut self, name: Name<'_>) -> bool {
        let named = self.aliases.get(name.write(&mut self.scratch)).copied();
        named.is_some_and(|named| self.dialogs.get(&named.dialog).is_some())
    }

    /// Takes what storage remembered of a dialog when it was asked; what memory knows is newer.
    pub fn recall(&mut self, dialog: &Dialog, name: &str) {
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
        let (id, new) = match self.find(item, now) {
            Some(id) => (id, false),
            None => (self.begin(item, first, now), true),
        };
        let changed = Changed { ticket, at_ms: now };
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

    fn find(&mut self, item: &Item, now: u64) -> Option<u64> {
        let Self { ttl_ms, dialogs, aliases, scratch, .. } = self;
        let mut named = names(item).filter_map(|name| Some(aliases.get(name.write(scratch))?.dialog));
        named.find(|id| dialogs.get(id).is_some_and(|known| known.dialog.seen_at_ms + *ttl_ms >= now))
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
