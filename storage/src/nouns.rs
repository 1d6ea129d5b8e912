//! The kept nouns beside the journal: what each record is, where it is filed, and how often it is needed.

mod api_key;
mod hold;
mod media;
mod message;
mod preference;
mod replay;
mod token;
mod trail;

pub use api_key::ApiKey;
pub use hold::{DeliveryHold, Hold};
pub use media::MediaRecord;
pub use message::{
    Attempt, HoldCause, HoldScope, MessageBody, MessageRecord, MessageState, OnUnknown, Outbox, PairDebt, Priority,
    Reached, SendHold, Submitted, TemplateName, Twin, Wamid,
};
pub use preference::{Preference, Wish};
pub use replay::{ReplayRecord, ReplayState};
pub use token::TokenRecord;
pub use trail::{Trail, TrailResult};

use crate::{Key, KeyBuilder, StoreError};
use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Which noun a record is. The number is part of the format on disk: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Kind {
    /// [`AccountRecord`].
    Account = 1,
    /// [`Progress`].
    Progress = 2,
    /// [`Outbox`].
    Outbox = 3,
    /// [`Claim`].
    Claim = 4,
    /// [`LifeRecord`].
    Life = 8,
    /// [`Hold`].
    Hold = 9,
    /// [`RoutesRecord`].
    Routes = 10,
    /// [`TokenRecord`].
    Token = 12,
    /// [`SendHold`].
    SendHold = 14,
    /// [`Dialog`].
    Dialog = 16,
    /// [`Alias`].
    Alias = 17,
    /// [`MessageRecord`], once nothing is left to send.
    Message = 18,
    /// [`Wamid`].
    Wamid = 19,
    /// [`DeadLetter`].
    Dead = 20,
    /// [`AuditRecord`].
    Audit = 21,
    /// [`MediaRecord`].
    Media = 26,
    /// [`MessageBody`].
    Body = 28,
    /// [`Twin`].
    Twin = 29,
    /// [`Trail`].
    Trail = 30,
    /// [`ReplayRecord`].
    Replay = 31,
    /// [`DeliveryHold`].
    DeliveryHold = 32,
    /// [`ApiKey`].
    ApiKey = 33,
    /// [`Submitted`].
    Submitted = 48,
    /// [`Preference`].
    Preference = 34,
    /// [`PairDebt`].
    PairDebt = 35,
    /// [`Reached`].
    Reached = 36,
}

/// How an engine keeps a kind within reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Temperature {
    /// All of it in memory, read at start: as many as there are accounts and unfinished work.
    Hot,
    /// On disk, read when asked for: grows with history.
    Cold,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 26] = [
        Kind::Account,
        Kind::Progress,
        Kind::Outbox,
        Kind::Claim,
        Kind::Life,
        Kind::Hold,
        Kind::Routes,
        Kind::Token,
        Kind::SendHold,
        Kind::Dialog,
        Kind::Alias,
        Kind::Message,
        Kind::Wamid,
        Kind::Dead,
        Kind::Audit,
        Kind::Media,
        Kind::Body,
        Kind::Twin,
        Kind::Trail,
        Kind::Replay,
        Kind::DeliveryHold,
        Kind::ApiKey,
        Kind::Submitted,
        Kind::Preference,
        Kind::PairDebt,
        Kind::Reached,
    ];

    /// Where the engine keeps it.
    pub fn temperature(self) -> Temperature {
        match self {
            Kind::Account
            | Kind::Progress
            | Kind::Outbox
            | Kind::Claim
            | Kind::Life
            | Kind::Hold
            | Kind::Routes
            | Kind::Token
            | Kind::SendHold
            | Kind::Replay
            | Kind::DeliveryHold
            | Kind::ApiKey
            | Kind::PairDebt => Temperature::Hot,
            Kind::Dialog
            | Kind::Alias
            | Kind::Message
            | Kind::Wamid
            | Kind::Dead
            | Kind::Audit
            | Kind::Media
            | Kind::Body
            | Kind::Twin
            | Kind::Trail
            | Kind::Submitted
            | Kind::Preference
            | Kind::Reached => Temperature::Cold,
        }
    }
}

/// A record that can be kept.
pub trait Noun: Serialize + DeserializeOwned {
    /// Which noun.
    const KIND: Kind;

    /// Where it is filed.
    fn key(&self) -> Key;

    /// Its bytes.
    fn to_bytes(&self) -> Bytes {
        postcard::to_stdvec(self).expect("a noun of plain data always encodes").into()
    }

    /// Reads it back.
    fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        postcard::from_bytes(bytes).map_err(|error| StoreError::Damaged(format!("{:?}: {error}", Self::KIND)))
    }
}

/// An engaged account: the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRecord {
    /// The WABA id.
    pub id: Box<str>,
    /// The gateway that engages it.
    pub gateway: Box<str>,
    /// The account's node as Graph showed it, numbers included: a JSON object.
    pub snapshot: Bytes,
    /// Whether an operator wants it subscribed.
    pub wished: bool,
    /// Whether Meta confirmed our app among its subscribed apps.
    pub active: bool,
    /// The callback that overrides the app's for this account, as Meta last told us.
    pub override_uri: Option<Box<str>>,
    /// Meta's last refusal about this account, a JSON object.
    pub refusal: Option<Bytes>,
    /// When it was first engaged, in ms since 1970.
    pub engaged_at_ms: u64,
    /// When `snapshot` was read, in ms since 1970.
    pub refreshed_at_ms: u64,
}

impl Noun for AccountRecord {
    const KIND: Kind = Kind::Account;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.id).build()
    }
}

/// How far one route got in one account's journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The WABA id.
    pub account: Box<str>,
    /// `{gateway}/{route}`.
    pub route: Box<str>,
    /// Every event up to this seq has ended for the route, except those in `open`.
    pub high: u64,
    /// Deliveries at or below `high` that have not ended, ascending.
    pub open: Vec<OpenDelivery>,
}

/// A delivery that has not ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDelivery {
    /// The event.
    pub seq: u64,
    /// Its lane.
    pub lane: u64,
    /// Its kind's place where a route cannot keep up: 0 goes first.
    pub urgency: u8,
    /// When it was accepted, or opened again, in ms since 1970.
    pub received_at_ms: u64,
    /// Attempts made so far.
    pub attempts: u32,
    /// When the next attempt is due, in ms since 1970; 0 means at once.
    pub due_at_ms: u64,
    /// When it first failed, in ms since 1970; 0 if it never did.
    pub failed_since_ms: u64,
    /// Whether its lane goes on without it.
    pub parked: bool,
    /// 0 for one that is delivered as its event came; for one that was opened again: behind which seq it lined up.
    pub again_after: u64,
    /// [`number_tag`](crate::number_tag) of its event's number; 0 without one.
    pub number: u32,
}

impl Noun for Progress {
    const KIND: Kind = Kind::Progress;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.account).text(&self.route).build()
    }
}

/// A conversation: number × customer, or number × group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialog {
    /// The WABA id.
    pub account: Box<str>,
    /// Internal id, unique within the account.
    pub id: u64,
    /// The phone number id.
    pub number: Box<str>,
    /// The customer's business-scoped id.
    pub user_id: Option<Box<str>>,
    /// The customer's phone id.
    pub wa_id: Option<Box<str>>,
    /// The group's id, where the dialog is a group.
    pub group_id: Option<Box<str>>,
    /// The number as people read it.
    pub display: Option<Box<str>>,
    /// When it began, in ms since 1970.
    pub since_ms: u64,
    /// When it was last heard of, in ms since 1970.
    pub seen_at_ms: u64,
    /// When the customer-service window closes, in ms since 1970.
    pub window_expires_at_ms: Option<u64>,
}

impl Noun for Dialog {
    const KIND: Kind = Kind::Dialog;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.account).number(self.id).build()
    }
}

/// From one of a customer's ids to the dialog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The WABA id.
    pub account: Box<str>,
    /// The phone number id and the customer's id, as one text.
    pub name: Box<str>,
    /// The dialog.
    pub dialog: u64,
}

impl Noun for Alias {
    const KIND: Kind = Kind::Alias;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.account).text(&self.name).build()
    }
}

/// A delivery or message given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The WABA id.
    pub account: Box<str>,
    /// `{gateway}/{route}`, for a delivery.
    pub route: Option<Box<str>>,
    /// The event's id, for a delivery.
    pub event: Option<Box<str>>,
    /// The message's id, for a message.
    pub message: Option<Box<str>>,
    /// Why it was given up, for people.
    pub reason: Box<str>,
    /// The last HTTP status; `None` where none came.
    pub status: Option<u16>,
    /// When, in ms since 1970.
    pub at_ms: u64,
    /// What could not be delivered or sent.
    pub bytes: Bytes,
}

impl Noun for DeadLetter {
    const KIND: Kind = Kind::Dead;

    fn key(&self) -> Key {
        let subject = self.event.as_deref().or(self.message.as_deref()).unwrap_or_default();
        let route = self.route.as_deref().unwrap_or_default();
        KeyBuilder::new().text(&self.account).number(self.at_ms).text(subject).text(route).build()
    }
}

/// Quarantined items that claim one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The gateway whose quarantine holds them.
    pub gateway: Box<str>,
    /// The account id they claim; empty where they name none.
    pub claimed: Box<str>,
    /// The seq of the first of them in the quarantine's stream.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// Their bytes together.
    pub bytes: u64,
}

impl Noun for Claim {
    const KIND: Kind = Kind::Claim;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.gateway).text(&self.claimed).build()
    }
}

/// How an account stands with Meta: what its events said, and where the last reconcile disagreed with the wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifeRecord {
    /// The WABA id.
    pub account: Box<str>,
    /// What somebody should know of.
    pub alarms: Vec<LifeAlarm>,
    /// All of it, as a JSON object.
    pub state: Bytes,
}

/// One thing that is wrong with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifeAlarm {
    /// Which thing, a word such as `drift` or `banned`.
    pub what: Box<str>,
    /// More about it.
    pub detail: Box<str>,
    /// Since when, in ms since 1970.
    pub since_ms: u64,
    /// Until when, in ms since 1970, where that is known.
    pub until_ms: Option<u64>,
}

impl Noun for LifeRecord {
    const KIND: Kind = Kind::Life;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.account).build()
    }
}

/// An account's own routes, beside those of its gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutesRecord {
    /// The WABA id.
    pub account: Box<str>,
    /// The routes, by name.
    pub routes: Vec<OwnRoute>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnRoute {
    /// Its name within the account.
    pub name: Box<str>,
    /// What it is, as a JSON object, without what is in `sealed`.
    pub settings: Bytes,
    /// Where it leads and what proves who calls, encrypted.
    pub sealed: Bytes,
}

impl Noun for RoutesRecord {
    const KIND: Kind = Kind::Routes;

    fn key(&self) -> Key {
        KeyBuilder::new().text(&self.account).build()
    }
}

/// Who did what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// When, in ms since 1970.
    pub at_ms: u64,
    /// Tells records of one millisecond apart.
    pub nonce: u64,
    /// The key's name.
    pub who: Box<str>,
    /// From which address.
    pub address: Box<str>,
    /// The gateway.
    pub gateway: Box<str>,
    /// The verb.
    pub verb: Box<str>,
    /// The ids it named; empty means all.
    pub ids: Vec<Box<str>>,
    /// What came of it, for people.
    pub result: Box<str>,
}

impl Noun for AuditRecord {
    const KIND: Kind = Kind::Audit;

    fn key(&self) -> Key {
        KeyBuilder::new().number(self.at_ms).number(self.nonce).build()
    }
}
