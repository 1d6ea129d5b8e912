//! The atom of a webhook: one message, status, call or change, as Meta claims it. Knows no account of ours.

use bytes::Bytes;
use wharf_storage::{EventKind, NumberRef, Stamp};

/// One item of a POST, with all that can be said of it without knowing who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Whom it may belong to.
    pub owner: Owner,
    /// What it is.
    pub kind: EventKind,
    /// The webhook field, such as `messages`; empty where the item names none.
    pub field: Box<str>,
    /// The business number it concerns, as the webhook names it.
    pub number: NumberRef,
    /// The person or group at the other end.
    pub customer: Customer,
    /// Meta's id of the message or call.
    pub message_id: Option<Box<str>>,
    /// In a status of a message: `sent`, `delivered`, …; a call or a payment that failed is no failed message.
    pub status: Option<Box<str>>,
    /// In a status: `biz_opaque_callback_data`, what the sender put on the message.
    pub opaque: Option<Box<str>>,
    /// Meta's ids of the media in it.
    pub media: Vec<Box<str>>,
    /// The item's own time, in seconds since 1970.
    pub sent_at_s: Option<u64>,
    /// Whether it opens the 24-hour window: a customer's message or call.
    pub opens_window: bool,
    /// Hash of number, field and the item's natural key. The account is still to be mixed in.
    pub key: u128,
    /// By which time the key is found again.
    pub stamp: Stamp,
    /// Hash of the item's bytes: another one under the same key is a duplicate that differs.
    pub content: u32,
    /// Whether it is one of the App Dashboard's test payloads.
    pub test: bool,
    /// Meta's envelope holding this one item.
    pub body: Bytes,
    /// Where in `body` the item's own bytes start and end.
    pub item: (u32, u32),
}

impl Item {
    /// The item's own bytes, as Meta sent them.
    pub fn bytes(&self) -> &[u8] {
        &self.body[self.item.0 as usize..self.item.1 as usize]
    }
}

/// Whom an item may belong to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owner {
    /// `entry.id`: the WABA, or a business portfolio.
    pub entry_id: Option<Box<str>>,
    /// `value.waba_info.waba_id`.
    pub waba_info: Option<Box<str>>,
    /// Whether `waba_info`, phone number id and display number decide (in that order) instead of `entry_id`:
    /// there is no `entry.id`, or it carries a portfolio.
    pub decides_by_content: bool,
}

/// The person or group at the other end. In a group, `user_id` and `wa_id` name the member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Customer {
    /// The business-scoped id, such as `US.13491208655302741918`.
    pub user_id: Option<Box<str>>,
    /// The phone id.
    pub wa_id: Option<Box<str>>,
    /// The group's id, where the dialog is a group.
    pub group_id: Option<Box<str>>,
    /// The business-scoped id that `user_id` replaces, where the item says that it changed.
    pub previous_user_id: Option<Box<str>>,
    /// The phone id that `wa_id` replaces, where the item says that it changed.
    pub previous_wa_id: Option<Box<str>>,
}

impl Customer {
    /// Whether nobody is named.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}
