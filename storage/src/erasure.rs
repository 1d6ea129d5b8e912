//! Erasing one customer: which kept nouns are theirs, and what stays of them. It knows nouns and the store's trait, but
//! neither engines nor files.
//!
//! An event stays as a stub: its place, time, kind and the routes that want it, so that order, ids, ledgers and dedupe go
//! on as before; its bytes, the customer's ids and Meta's id (which holds a phone number) go. A dead letter stays as a
//! stub too. Dialogs, names, outbound messages and their ids go, and what the customer said about marketing.

mod mention;
mod records;

use crate::{Event, KeyBuilder, MessageRecord};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub use records::widen;
pub(crate) use records::{left, remove};

/// What a stub of a dead letter says.
pub const ERASED: &str = "its bytes were erased";

/// The wish that one customer be erased.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The customer's `wa_id` or user id.
    pub id: Box<str>,
    /// Only in these accounts; `None` means in all.
    pub accounts: Option<Vec<Box<str>>>,
    /// Only in the quarantines of these gateways; `None` means in all.
    pub gateways: Option<Vec<Box<str>>>,
    /// Nothing that came later is touched, in ms since 1970.
    pub until_ms: u64,
    /// By account: the customer's other ids there, and their dialogs. [`widen`] finds them.
    pub known: BTreeMap<Box<str>, Known>,
}

/// What one account knows a customer by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Ids.
    pub ids: BTreeSet<Box<str>>,
    /// Internal ids of dialogs.
    pub dialogs: BTreeSet<u64>,
}

/// What was found and erased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// By account, or the stream of a quarantine (`q.{gateway}`): what was found.
    pub found: BTreeMap<Box<str>, Findings>,
    /// Whether a look through everything that is kept finds nothing of it any more, and the bytes are gone too.
    pub verified: bool,
}

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// Events whose bytes went.
    pub events: u64,
    /// Dialogs.
    pub dialogs: u64,
    /// Names of dialogs.
    pub aliases: u64,
    /// Outbound messages.
    pub messages: u64,
    /// What they said about marketing.
    pub preferences: u64,
    /// Dead letters whose bytes went.
    pub dead: u64,
}

impl Findings {
    /// All of them together.
    pub fn total(&self) -> u64 {
        self.events + self.dialogs + self.aliases + self.messages + self.preferences + self.dead
    }
}

impl Erased {
    /// The findings of one account or stream, to count on.
    pub fn of(&mut self, owner: &str) -> &mut Findings {
        self.found.entry(owner.into()).or_default()
    }

    /// Takes in what another look found.
    pub fn add(&mut self, owner: &str, found: Findings) {
        let sum = self.of(owner);
        sum.events += found.events;
        sum.dialogs += found.dialogs;
        sum.aliases += found.aliases;
        sum.messages += found.messages;
        sum.preferences += found.preferences;
        sum.dead += found.dead;
    }
}

impl Erasure {
    /// Whether `event` is the customer's and still has its bytes: it is of one of their dialogs, or names them.
    pub fn concerns(&self, event: &Event) -> bool {
        if event.is_erased() || event.received_at_ms > self.until_ms || !self.reaches_stream(event) {
            return false;
        }
        let account = event.claimed.as_deref().filter(|_| is_of_gateway(&event.stream)).unwrap_or(&event.stream);
        let of_theirs = event.dialog.as_ref().is_some_and(|dialog| {
            let ids = [&dialog.wa_id, &dialog.user_id];
            self.has_dialog(account, dialog.id) || ids.into_iter().flatten().any(|id| self.names(account, id))
        });
        of_theirs || self.is_mentioned(account, &event.body)
    }

    /// Whether dialog `id` of `account` is the customer's.
    pub fn has_dialog(&self, account: &str, id: u64) -> bool {
        self.known.get(account).is_some_and(|known| known.dialogs.contains(&id))
    }

    /// Whether `id` is one of the customer's in `account`.
    pub fn names(&self, account: &str, id: &str) -> bool {
        *self.id == *id || self.known.get(account).is_some_and(|known| known.ids.contains(id))
    }

    /// Whether what an application wrote to `to`, in any way of writing a number, went to the customer.
    fn is_written_to(&self, account: &str, to: &str) -> bool {
        mention::is_name(to.as_bytes(), &|id| self.names(account, id))
    }

    /// Whether an outbound message went, or goes, to the customer.
    pub fn has_message(&self, record: &MessageRecord) -> bool {
        let account = &record.account;
        record.created_at_ms <= self.until_ms
            && self.reaches(account)
            && (self.is_written_to(account, &record.to) || self.is_written_to(account, &record.lane))
    }

    /// Whether JSON in `bytes` names the customer.
    pub fn is_mentioned(&self, account: &str, bytes: &[u8]) -> bool {
        mention::mentions(bytes, &|id| self.names(account, id))
    }

    /// Whether `account` is within reach.
    pub fn reaches(&self, account: &str) -> bool {
        self.accounts.as_ref().is_none_or(|accounts| accounts.iter().any(|one| **one == *account))
    }

    fn reaches_stream(&self, event: &Event) -> bool {
        let Some((_, gateway)) = event.stream.split_once('.').filter(|_| is_of_gateway(&event.stream)) else {
            return self.reaches(&event.stream);
        };
        let claimed = event.claimed.as_deref();
        let gateway = self.gateways.as_ref().is_none_or(|gateways| gateways.iter().any(|one| **one == *gateway));
        gateway && claimed.map_or(self.accounts.is_none(), |claimed| self.reaches(claimed))
    }

    /// What the keys of an account's records start with, for each account within reach; nothing where that is all.
    fn prefixes(&self) -> Vec<Vec<u8>> {
        match &self.accounts {
            Some(accounts) => accounts.iter().map(|account| KeyBuilder::new().text(account).build().0).collect(),
            None => vec![Vec::new()],
        }
    }
}

/// Whether a stream is a gateway's and no account's.
fn is_of_gateway(stream: &str) -> bool {
    stream.starts_with("q.") || stream.starts_with("t.")
}

#[cfg(test)]
mod tests;
