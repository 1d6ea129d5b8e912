//! The journal's noun: one item of a webhook as it is kept, with all that a delivery needs to know of it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EventKind {
    /// A customer's message.
    Message,
    /// The fate of a message that was sent.
    Status,
    /// An error of a value, without a message.
    Error,
    /// What the business sent from its own phone.
    Echo,
    /// A call event.
    Call,
    /// A change of a group.
    Group,
    /// A chunk of past conversations.
    History,
    /// A change of the business's contact book.
    Contact,
    /// A customer's wish about marketing.
    Preference,
    /// A customer's ids changed.
    UserId,
    /// An event of Meta's automatic event detection.
    Automatic,
    /// Anything else: a change of the account, a template, a number, or a field nobody knows yet.
    Account,
}

impl EventKind {
    /// The word used in filters, deliveries and answers.
    pub fn word(self) -> &'static str {
        match self {
            EventKind::Message => "message",
            EventKind::Status => "status",
            EventKind::Error => "error",
            EventKind::Echo => "echo",
            EventKind::Call => "call",
            EventKind::Group => "group",
            EventKind::History => "history",
            EventKind::Contact => "contact",
            EventKind::Preference => "preference",
            EventKind::UserId => "user_id",
            EventKind::Automatic => "automatic",
            EventKind::Account => "account",
        }
    }

    /// Every kind, in the order of the design's list.
    pub const ALL: [EventKind; 12] = [
        EventKind::Message,
        EventKind::Status,
        EventKind::Error,
        EventKind::Echo,
        EventKind::Call,
        EventKind::Group,
        EventKind::History,
        EventKind::Contact,
        EventKind::Preference,
        EventKind::UserId,
        EventKind::Automatic,
        EventKind::Account,
    ];
}

/// How the ledger counts an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Disposition {
    /// Owned by an active account and offered to its routes.
    Routed,
    /// Owned by an engaged account that is not active: kept, not offered.
    Inactive,
    /// A test payload of Meta's dashboard.
    Test,
    /// Owned by nobody here.
    Quarantined,
}

impl Disposition {
    /// All of them.
    pub const ALL: [Disposition; 4] =
        [Disposition::Routed, Disposition::Inactive, Disposition::Test, Disposition::Quarantined];

    /// The word used in answers.
    pub fn word(self) -> &'static str {
        match self {
            Disposition::Routed => "routed",
            Disposition::Inactive => "inactive",
            Disposition::Test => "test",
            Disposition::Quarantined => "quarantined",
        }
    }
}

/// A business phone number, as an item names it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NumberRef {
    /// Meta's `phone_number_id`, where the item has one.
    pub id: Option<Box<str>>,
    /// The display number, where it is known: as Graph shows it, else as the webhook does.
    pub display: Option<Box<str>>,
}

/// The dialog as it stood when the event was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventDialog {
    /// The dialog's internal id, unique within the account.
    pub id: u64,
    /// Whether this event is the dialog's first.
    pub new: bool,
    /// The customer's business-scoped id.
    pub user_id: Option<Box<str>>,
    /// The customer's phone id.
    pub wa_id: Option<Box<str>>,
    /// The group's id, where the dialog is a group.
    pub group_id: Option<Box<str>>,
    /// When the customer-service window closes, in ms since 1970; `None` before the customer wrote.
    pub window_expires_at_ms: Option<u64>,
}

/// One item in the journal. Its id towards people is `{stream}.{seq}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The WABA id; `q.{gateway}` for quarantine, `t.{gateway}` for test payloads.
    pub stream: Arc<str>,
    /// Ascending within the stream, from 1, never reused.
    pub seq: u64,
    /// When it was accepted, in ms since 1970.
    pub received_at_ms: u64,
    /// What it is.
    pub kind: EventKind,
    /// How it was counted.
    pub disposition: Disposition,
    /// The gateway whose callback and secret it came with.
    pub gateway: Arc<str>,
    /// Which of the gateway's app secrets matched, from 0.
    pub secret: u8,
    /// The webhook field, such as `messages`.
    pub field: Box<str>,
    /// The account's id as the item claims it; for quarantine this is what a later setup looks for.
    pub claimed: Option<Box<str>>,
    /// The number it concerns.
    pub number: NumberRef,
    /// The dialog it belongs to, if a customer or a group is known.
    pub dialog: Option<EventDialog>,
    /// The order within which it is delivered, unique within the stream.
    pub lane: u64,
    /// Meta's id of the message, call or status.
    pub message_id: Option<Box<str>>,
    /// In a status: our id of the message it is about.
    pub outbound: Option<Box<str>>,
    /// Tags of the routes that want it, fixed when it was accepted: later settings don't change what was promised. May
    /// hold [`Event::SUPERSEDED`] too.
    pub wanted_by: Vec<u32>,
    /// Meta's envelope holding this one item.
    pub body: Bytes,
    /// Where in `body` the item's own bytes start and end.
    pub item: (u32, u32),
}

/// What a route's name `{gateway}/{route}` becomes in [`Event::wanted_by`]. Part of the format on disk.
pub fn route_tag(name: &str) -> u32 {
    xxhash_rust::xxh3::xxh3_64(name.as_bytes()) as u32
}

/// What a phone number id becomes in [`OpenDelivery::number`](crate::OpenDelivery::number): never 0. Part of the format
/// on disk.
pub fn number_tag(number: &str) -> u32 {
    (xxhash_rust::xxh3::xxh3_64(number.as_bytes()) as u32).max(1)
}

impl Event {
    /// The tag in `wanted_by` of a status that was accepted after a later one of its message. It names no route.
    pub const SUPERSEDED: u32 = 0x5245_504C;

    /// Whether it is a status that was accepted after a later one of its message; told only where a route asks.
    pub fn is_superseded(&self) -> bool {
        self.wanted_by.contains(&Self::SUPERSEDED)
    }

    /// Whether its bytes are gone: what is left is a stub that holds its place.
    pub fn is_erased(&self) -> bool {
        self.body.is_empty()
    }

    /// What stays of it when its bytes must go: nobody's id, nobody's words.
    #[must_use]
    pub fn erased(self) -> Self {
        Self { dialog: None, message_id: None, body: Bytes::new(), item: (0, 0), ..self }
    }

    /// `{stream}.{seq}`.
    pub fn id(&self) -> String {
        format!("{}.{}", self.stream, self.seq)
    }

    /// The item's own bytes, as Meta sent them.
    pub fn item_bytes(&self) -> &[u8] {
        &self.body[self.item.0 as usize..self.item.1 as usize]
    }
}
