//! Outbound messages as they are kept: where one stands, its tries, and its two ids.

use super::{Kind, Noun};
use crate::{Key, KeyBuilder};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

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
    /// All, in the order in which a message may take them.
    pub const ALL: [MessageState; 11] = [
        MessageState::Queued,
        MessageState::Sending,
        MessageState::Unknown,
        MessageState::Accepted,
        MessageState::Sent,
        MessageState::Delivered,
        MessageState::Read,
        MessageState::Played,
        MessageState::Failed,
        MessageState::Expired,
        MessageState::Cancelled,
    ];

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

/// What goes before what among the messages of one number. Each has its share: none starves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Priority {
    /// Replies that somebody waits for.
    High,
    /// Everything else.
    Normal,
    /// Campaigns.
    Bulk,
}

impl Priority {
    /// All, the first in line first.
    pub const ALL: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Bulk];

    /// The word used in headers and answers.
    pub fn word(self) -> &'static str {
        match self {
            Priority::High => "high",
            Priority::Normal => "normal",
            Priority::Bulk => "bulk",
        }
    }
}

/// What becomes of a message whose answer was lost and of which Meta says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OnUnknown {
    /// It counts as failed: it is never sent twice.
    Fail,
    /// It is sent again: the customer may get it twice.
    Resend,
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
    /// Its `type`.
    pub kind: Box<str>,
    /// The template it is made from.
    pub template: Option<TemplateName>,
    /// What goes before what.
    pub priority: Priority,
    /// What becomes of it where nobody knows whether it was sent.
    pub on_unknown: OnUnknown,
    /// The application's own `biz_opaque_callback_data`: it travels with ours in its place.
    pub opaque: Option<Box<str>>,
    /// Meta's id, once it has one.
    pub wamid: Option<Box<str>>,
    /// Graph's error object, or ours, as JSON.
    pub error: Option<Box<str>>,
    /// Every try so far.
    pub attempts: Vec<Attempt>,
    /// When the answer to a try was last lost, in ms since 1970; 0 if none was. Since then it may have been sent, whatever
    /// became of later tries.
    pub doubted_at_ms: u64,
    /// When it was submitted, in ms since 1970.
    pub created_at_ms: u64,
    /// When its state last changed, in ms since 1970.
    pub changed_at_ms: u64,
    /// When the next try is due, in ms since 1970; 0 means at once.
    pub due_at_ms: u64,
    /// When it is too old to be sent, in ms since 1970.
    pub expires_at_ms: u64,
    /// Its place in the order of submission, unique within the account.
    pub place: u64,
}

impl Noun for MessageRecord {
    const KIND: Kind = Kind::Message;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.id).build()
    }
}

/// What the application sent, byte for byte: kept until Meta took it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageBody {
    /// `msg_…`.
    pub id: Box<str>,
    /// The body.
    pub body: Bytes,
}

impl Noun for MessageBody {
    const KIND: Kind = Kind::Body;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.id).build()
    }
}

/// That a message was submitted with an idempotency key: the same request again is the same message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Twin {
    /// Hash of who submitted it where, and of the key.
    pub request: u128,
    /// Hash of the body.
    pub body: u128,
    /// `msg_…`.
    pub message: Box<str>,
    /// When it was submitted, in ms since 1970.
    pub at_ms: u64,
}

impl Noun for Twin {
    const KIND: Kind = Kind::Twin;

    fn key(&self) -> Key {
        Self::key_of(self.request)
    }
}

impl Twin {
    /// The key of the record for `request`.
    pub fn key_of(request: u128) -> Key {
        KeyBuilder::new().number((request >> 64) as u64).number(request as u64).build()
    }
}

/// Why some messages of an account wait although their turn has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendHold {
    /// The WABA id.
    pub account: Box<str>,
    /// Which messages.
    pub scope: HoldScope,
    /// Who can end it.
    pub cause: HoldCause,
    /// Graph's error code, where one began it.
    pub code: Option<i64>,
    /// For people.
    pub reason: Box<str>,
    /// Since when, in ms since 1970.
    pub since_ms: u64,
    /// It ends by itself then, in ms since 1970.
    pub until_ms: Option<u64>,
}

/// Which messages a hold is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HoldScope {
    /// All.
    Account,
    /// Those of a phone number id.
    Number(Box<str>),
    /// Those made from a template, in any language where none is known.
    Template(TemplateName),
    /// Those made from any template.
    Templates,
    /// Those made from none.
    FreeForm,
    /// Those made from a template, to customers whom the business did not write to within a day and who did not write.
    NewCustomers,
}

/// What names a message template: each of its languages is reviewed, paused and edited on its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TemplateName {
    /// Its name.
    pub name: Box<str>,
    /// The code of its language, such as `en_US`, where it is known.
    pub language: Option<Box<str>>,
}

impl TemplateName {
    /// Whether all of `other` is meant as well: one without a language means every language of its name.
    pub fn covers(&self, other: &Self) -> bool {
        self.name == other.name
            && self.language.as_ref().is_none_or(|language| {
                other.language.as_ref().is_some_and(|theirs| theirs.eq_ignore_ascii_case(language))
            })
    }
}

impl From<&str> for TemplateName {
    /// In whatever language.
    fn from(name: &str) -> Self {
        Self { name: name.into(), language: None }
    }
}

impl Display for TemplateName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.language {
            Some(language) => write!(f, "{} ({language})", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Who can end a hold. Holds of one scope and different causes stand side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HoldCause {
    /// A token that Graph takes again, or an operator.
    Token,
    /// Meta, when the account or the number may send again, or an operator.
    Meta,
    /// Time.
    Throttle,
    /// Time: Meta's limit of customers a day is reached.
    Limit,
    /// Only who set it.
    Operator,
}

impl HoldCause {
    /// All of them.
    pub const ALL: [HoldCause; 5] =
        [HoldCause::Token, HoldCause::Meta, HoldCause::Throttle, HoldCause::Limit, HoldCause::Operator];

    /// The word used in answers.
    pub fn word(self) -> &'static str {
        match self {
            HoldCause::Token => "token",
            HoldCause::Meta => "meta",
            HoldCause::Throttle => "throttle",
            HoldCause::Limit => "limit",
            HoldCause::Operator => "operator",
        }
    }
}

impl HoldScope {
    /// Its two parts as text, for keys and answers.
    pub fn parts(&self) -> (&'static str, Cow<'_, str>) {
        match self {
            HoldScope::Account => ("account", "".into()),
            HoldScope::Number(id) => ("number", Cow::Borrowed(id)),
            HoldScope::Template(template) => ("template", template.to_string().into()),
            HoldScope::Templates => ("templates", "".into()),
            HoldScope::FreeForm => ("free_form", "".into()),
            HoldScope::NewCustomers => ("new_customers", "".into()),
        }
    }
}

impl Noun for SendHold {
    const KIND: Kind = Kind::SendHold;

    fn key(&self) -> Key {
        let (word, name) = self.scope.parts();
        KeyBuilder::new().text(&self.account).text(word).text(&name).text(self.cause.word()).build()
    }
}

/// What a number has borrowed of Meta's rule for messages to one recipient, where it is much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairDebt {
    /// The WABA id.
    pub account: Box<str>,
    /// The phone number id.
    pub number: Box<str>,
    /// The recipient's lane, as in [`MessageRecord`].
    pub lane: Box<str>,
    /// When all of it is paid back, in ms since 1970.
    pub paid_at_ms: u64,
}

impl Noun for PairDebt {
    const KIND: Kind = Kind::PairDebt;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.account).text(&self.number).text(&self.lane).build()
    }
}

/// That a business wrote to a customer who had not written: Meta counts them for a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// The WABA id.
    pub account: Box<str>,
    /// The recipient's lane, as in [`MessageRecord`].
    pub customer: Box<str>,
    /// When the last such message left, in ms since 1970.
    pub at_ms: u64,
}

impl Noun for Reached {
    const KIND: Kind = Kind::Reached;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.account).text(&self.customer).build()
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

/// That an account submitted a message: what lists its messages in the order of submission. It goes with the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// The WABA id.
    pub account: Box<str>,
    /// `msg_…`: ids ascend with the time of submission.
    pub message: Box<str>,
}

impl Noun for Submitted {
    const KIND: Kind = Kind::Submitted;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.account).text(&self.message).build()
    }
}

impl MessageRecord {
    /// What lists it.
    pub fn submitted(&self) -> Submitted {
        Submitted { account: self.account.clone(), message: self.id.clone() }
    }
}
