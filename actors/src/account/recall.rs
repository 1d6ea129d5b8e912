//! What an account must look up before it can decide about items: older copies, dialogs, messages. From memory where
//! memory is sure; else on a thread that may block, while the account goes on with other mail.

use super::Account;
use crate::cloud::item::Item;
use crate::rules::account::Accept;
use actix::prelude::*;
use std::sync::Arc;
use wharf_storage::{
    Alias, Dialog, Disposition, Event, EventKind, Glance, Kind, MessageRecord, Noun, NumberRef, Preference, Seen,
    Stamp, Store, StoreError, Wamid,
};

/// What only the disk knows.
pub struct Recalled {
    /// For each asked key: the copy that it duplicates.
    pub copies: Vec<Option<Seen>>,
    /// Dialogs by the name under which they were looked for.
    pub dialogs: Vec<(Box<str>, Dialog)>,
    /// Messages that statuses speak of.
    pub messages: Vec<MessageRecord>,
    /// What customers said about marketing.
    pub preferences: Vec<Preference>,
}

/// What must be asked of the disk.
pub struct Questions {
    /// Who asks.
    pub account: Arc<str>,
    /// Dedupe keys; empty where memory is sure of all.
    pub keys: Vec<(u128, Stamp)>,
    /// Names of dialogs.
    pub names: Vec<Box<str>>,
    /// Meta's ids of messages.
    pub wamids: Vec<Box<str>>,
    /// Our ids of messages.
    pub messages: Vec<Box<str>>,
    /// Ids of customers who say something about marketing.
    pub customers: Vec<Box<str>>,
}

impl Account {
    /// Completes `items` with all that is known of them and goes on with `decide`, at once where memory suffices. On a
    /// store that cannot be read nothing is decided, nor once the account is about to be forgotten; whoever waits is
    /// told so by their receipt's silence.
    pub(super) fn recall(
        &mut self,
        gateway: Arc<str>,
        secret: u8,
        items: Vec<Item>,
        ctx: &mut Context<Self>,
        decide: impl FnOnce(&mut Self, Accept, &mut Context<Self>) + 'static,
    ) {
        if self.leaving {
            return;
        }
        let keys = self.machine.keys(&items);
        let glances = self.house.store.glance(&keys);
        let wamids = self.machine.unknown_messages(&items);
        let marks = self.machine.unknown_marks(&items);
        let customers = self.machine.unknown_preferences(&items);
        if self.machine.knows_names(&items)
            && wamids.is_empty()
            && marks.is_empty()
            && customers.is_empty()
            && !glances.contains(&Glance::Unsure)
        {
            let copies = glances.into_iter().map(copy_seen).collect();
            let (dialogs, messages, preferences) = (Vec::new(), Vec::new(), Vec::new());
            return decide(self, Accept { gateway, secret, items, copies, dialogs, messages, preferences }, ctx);
        }
        let store = Arc::clone(&self.house.store);
        let unsure = glances.contains(&Glance::Unsure);
        let asked = if unsure { keys } else { Vec::new() };
        let names = self.machine.names(&items);
        let account = Arc::clone(&self.id);
        let questions = Questions { account, keys: asked, names, wamids, messages: marks, customers };
        let asking = actix_rt::task::spawn_blocking(move || questions.ask(store.as_ref()));
        self.recalls += 1;
        let heard =
            move |recalled: Result<Result<Recalled, StoreError>, _>, account: &mut Self, ctx: &mut Context<Self>| {
                account.recalls -= 1;
                let recalled = match recalled {
                    Ok(Ok(recalled)) => recalled,
                    other => return log::error!("recall_failed account={} why={:?}", account.id, other.map(|_| ())),
                };
                if account.leaving {
                    return;
                }
                let copies = account.copies(&items, recalled.copies);
                let Recalled { dialogs, messages, preferences, .. } = recalled;
                decide(account, Accept { gateway, secret, items, copies, dialogs, messages, preferences }, ctx);
            };
        ctx.spawn(asking.into_actor(self).map(heard));
    }

    /// What memory knows now, and what the disk said where memory is not sure: a copy may have become durable while
    /// the disk was asked.
    fn copies(&self, items: &[Item], looked: Vec<Option<Seen>>) -> Vec<Option<Seen>> {
        let glances = self.house.store.glance(&self.machine.keys(items));
        let looked = looked.into_iter().chain(std::iter::repeat(None));
        glances.into_iter().zip(looked).map(|(glance, looked)| copy_seen(glance).or(looked)).collect()
    }
}

impl Questions {
    /// Asks. Blocks.
    pub fn ask(&self, store: &dyn Store) -> Result<Recalled, StoreError> {
        let copies = if self.keys.is_empty() { Vec::new() } else { store.look(&self.keys)? };
        let mut dialogs = Vec::new();
        for name in &self.names {
            dialogs.extend(self.dialog(store, name)?.map(|dialog| (name.clone(), dialog)));
        }
        let mut messages = Vec::new();
        for wamid in &self.wamids {
            messages.extend(self.message_of(store, wamid)?);
        }
        for id in &self.messages {
            messages.extend(self.message(store, id)?);
        }
        let mut preferences = Vec::new();
        for id in &self.customers {
            preferences.extend(self.preference(store, id)?);
        }
        Ok(Recalled { copies, dialogs, messages, preferences })
    }

    /// What the customer with this id said about marketing. Blocks.
    pub(super) fn preference(&self, store: &dyn Store, id: &str) -> Result<Option<Preference>, StoreError> {
        let kept = store.get(Kind::Preference, &Preference::key_of(&self.account, id).0)?;
        kept.map(|bytes| Preference::from_bytes(&bytes)).transpose()
    }

    fn dialog(&self, store: &dyn Store, name: &str) -> Result<Option<Dialog>, StoreError> {
        let alias = Alias { account: self.account.as_ref().into(), name: name.into(), dialog: 0 };
        let Some(alias) = store.get(Kind::Alias, &alias.key().0)? else { return Ok(None) };
        let mut id = Alias::from_bytes(&alias)?.dialog;
        loop {
            let key = wharf_storage::KeyBuilder::new().text(&self.account).number(id).build();
            let Some(bytes) = store.get(Kind::Dialog, &key.0)? else { return Ok(None) };
            let dialog = Dialog::from_bytes(&bytes)?;
            // The record of a dialog that became another one leads on to it; never back, so this ends.
            if dialog.id == id {
                return Ok(Some(dialog));
            }
            id = dialog.id;
        }
    }

    fn message_of(&self, store: &dyn Store, wamid: &str) -> Result<Option<MessageRecord>, StoreError> {
        let named = Wamid { account: self.account.as_ref().into(), wamid: wamid.into(), message: "".into() };
        let Some(found) = store.get(Kind::Wamid, &named.key().0)? else { return Ok(None) };
        self.message(store, &Wamid::from_bytes(&found)?.message)
    }

    /// One of this account: a mark may name another's.
    fn message(&self, store: &dyn Store, id: &str) -> Result<Option<MessageRecord>, StoreError> {
        let key = wharf_storage::KeyBuilder::new().text(id).build();
        let found = store.get(Kind::Message, &key.0)?.map(|bytes| MessageRecord::from_bytes(&bytes)).transpose()?;
        Ok(found.filter(|record| *record.account == *self.account))
    }
}

/// A stand-in for an event that cannot be read: only its name.
pub(crate) fn nameless(stream: &Arc<str>, seq: u64) -> Event {
    Event {
        stream: Arc::clone(stream),
        seq,
        received_at_ms: 0,
        kind: EventKind::Account,
        disposition: Disposition::Routed,
        gateway: "".into(),
        secret: 0,
        field: "".into(),
        claimed: None,
        number: NumberRef::default(),
        dialog: None,
        lane: 0,
        message_id: None,
        outbound: None,
        wanted_by: Vec::new(),
        body: bytes::Bytes::new(),
        item: (0, 0),
    }
}

fn copy_seen(glance: Glance) -> Option<Seen> {
    match glance {
        Glance::Seen(seen) => Some(seen),
        Glance::New | Glance::Unsure => None,
    }
}
