//! Outbound messages as they are kept: where one stands, its tries, and its two ids.

use super::{Kind, Noun};
use crate::{Key, KeyBuilder};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The state of an outbound message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum MessageState {
    /// Durable, waiting for its turn.
    Queued,
    /// Durable as leaving; the request may have been written.
    Sending,
    /// The request may have been written and no answer was seen.
    Unknown,
    /// Meta took it.
    Accepted,
    /// Meta says it left.
    Sent,
    /// Meta says it arrived.
    Delivered,
    /// The customer opened it.
    Read,
    /// The customer played it.
    Played,
    /// Refused or given up.
    Failed,
    /// Too old to send.
    Expired,
    /// Withdrawn.
    Cancelled,
}

impl MessageState {
    /// The word used in answers.
    pub fn word(self) -> &'static str {
        match self {
            MessageState::Queued => "queued",
            MessageState::Sending => "sending",
            MessageState::Unknown => "unknown",
            MessageState::Accepted => "accepted",
            MessageState::Sent => "sent",
            MessageState::Delivered => "delivered",
            MessageState::Read => "read",
            MessageState::Played => "played",
            MessageState::Failed => "failed",
            MessageState::Expired => "expired",
            MessageState::Cancelled => "cancelled",
        }
    }
}

/// One try to send a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it ended, in ms since 1970.
    pub at_ms: u64,
    /// Graph's HTTP status; 0 where no answer came.
    pub status: u16,
    /// Graph's error code; `None` where it took the message or said nothing.
    pub code: Option<i64>,
    /// What happened, for people.
    pub note: Box<str>,
}

/// An outbound message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// `msg_…`.
    pub id: Box<str>,
    /// The WABA id.
    pub account: Box<str>,
    /// The phone number id it leaves from.
    pub number: Box<str>,
    /// The recipient, as the application named it.
    pub to: Box<str>,
    /// The recipient's lane: equal for every way of writing the same number.
    pub lane: Box<str>,
    /// The last node of the path: `messages` or `marketing_messages`.
    pub path: Box<str>,
    /// The Graph version to use.
    pub version: Box<str>,
    /// Where it stands.
    pub state: MessageState,
    /// What the application sent; emptied once Meta took it.
    pub body: Bytes,
    /// Meta's id, once it has one.
    pub wamid: Option<Box<str>>,
    /// Graph's error object, or ours, as JSON.
    pub error: Option<Box<str>>,
    /// Every try so far.
    pub attempts: Vec<Attempt>,
    /// When it was submitted, in ms since 1970.
    pub created_at_ms: u64,
    /// When its state last changed, in ms since 1970.
    pub changed_at_ms: u64,
    /// When the next try is due, in ms since 1970; 0 means at once.
    pub due_at_ms: u64,
    /// Its place in the order of submission, unique within the account.
    pub place: u64,
}

impl Noun for MessageRecord {
    const KIND: Kind = Kind::Message;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.id).build()
    }
}

/// A message that still has to leave, or whose leaving is in doubt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outbox(
    /// The message.
    pub MessageRecord,
);

impl Noun for Outbox {
    const KIND: Kind = Kind::Outbox;

    fn key(&self) -> Key {
        self.0.key()
    }
}

/// From Meta's message id to ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wamid {
    /// The WABA id.
    pub account: Box<str>,
    /// Meta's id.
    pub wamid: Box<str>,
    /// Ours.
    pub message: Box<str>,
}

impl Noun for Wamid {
    const KIND: Kind = Kind::Wamid;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.account).text(&self.wamid).build()
    }
}
