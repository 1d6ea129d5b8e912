//! One item of a webhook, ready to be put into an envelope; knows nothing of what it says.

use std::sync::Arc;

use serde_json::json;

use super::signing::meta_json;

/// A business number as its webhooks name it.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// The account's id.
    pub waba: String,
    /// `phone_number_id`.
    pub number: String,
    /// The display number, digits only.
    pub digits: String,
    /// The member `metadata`, written as Meta writes it.
    pub metadata: String,
}

/// What an item is about.
#[derive(Debug, Clone)]
pub enum Place {
    /// A number: the item stands in a value with `metadata`.
    Number(Arc<Line>),
    /// An account: the item is the whole value of `field`.
    Account {
        /// The account's id.
        waba: String,
        /// `entry.id`: the account's, or its business's for partner events.
        entry_id: String,
        /// The webhook field.
        field: &'static str,
        /// `entry.time`, in seconds.
        time: u64,
    },
}

/// Which list of its value an item stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `messages[]`.
    Message,
    /// `statuses[]`.
    Status,
    /// The value itself.
    Account,
}

/// One item. Its bytes never change, so that a duplicate is the same to the byte.
#[derive(Debug, Clone)]
pub struct Item {
    /// What tells it from every other: the wamid of a message, `wamid:status` of a status.
    pub key: String,
    /// What it is about.
    pub place: Place,
    /// Which list it stands in.
    pub kind: Kind,
    /// The element, written as Meta writes it.
    pub body: String,
    /// The element of `contacts` that belongs to it.
    pub contact: Option<String>,
}

impl Line {
    /// A line of account `waba`, whose webhooks show `digits`.
    pub fn new(waba: &str, number: &str, digits: &str) -> Self {
        let metadata = meta_json(&json!({"display_phone_number": digits, "phone_number_id": number}));
        Self { waba: waba.to_owned(), number: number.to_owned(), digits: digits.to_owned(), metadata }
    }
}

impl Item {
    /// A message with its contact.
    pub fn message(key: String, line: &Arc<Line>, body: String, contact: Option<String>) -> Self {
        Self { key, place: Place::Number(Arc::clone(line)), kind: Kind::Message, body, contact }
    }

    /// A status; one that failed has no contact.
    pub fn status(key: String, line: &Arc<Line>, body: String, contact: Option<String>) -> Self {
        Self { key, place: Place::Number(Arc::clone(line)), kind: Kind::Status, body, contact }
    }

    /// The account it is about.
    pub fn waba(&self) -> &str {
        match &self.place {
            Place::Number(line) => &line.waba,
            Place::Account { waba, .. } => waba,
        }
    }

    /// An upper bound of what it adds to a POST, in bytes: itself, and an entry of its own at worst.
    pub fn weight(&self) -> usize {
        const ENTRY: usize = 160;
        let metadata = match &self.place {
            Place::Number(line) => line.metadata.len(),
            Place::Account { entry_id, field, .. } => entry_id.len() + field.len(),
        };
        self.body.len() + self.contact.as_ref().map_or(0, String::len) + metadata + ENTRY
    }
}
