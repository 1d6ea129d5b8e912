//! What an account's machine is told and what it answers: its whole contract.

use super::Again;
use crate::cloud::item::Item;
use crate::cloud::node::{AccountNode, Throughput};
use crate::cloud::tier::Tier;
use crate::gateway::Route;
use crate::rules::deliveries::{Place, Start};
use crate::rules::outbox::{Answer, Patience, Tried, pace};
use crate::rules::reader::Attempted;
use crate::rules::reconcile::{Concern, Word};
use crate::rules::replay::Wanted;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;
use wharf_storage::{
    AccountRecord, Change, Dialog, Erasure, Event, HoldCause, HoldScope, KeepBody, MessageRecord, Preference,
    ReplayRecord, Seen, SendHold, Twin, Write,
};

/// What an account is told of the world at its start.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Dialogs in memory.
    pub dialogs: usize,
    /// A dialog is forgotten after this much silence, in ms.
    pub dialog_ttl_ms: u64,
    /// Bytes of event bodies that each reader keeps in memory.
    pub body_bytes: usize,
    /// How long sends whose answer was lost are in doubt.
    pub patience: Patience,
    /// How long bodies are kept, and what endpoints write about them.
    pub keep_body: KeepBody,
}

impl Setting {
    /// Bytes of event bodies that a reader keeps in memory at most, whatever the number of accounts.
    const BODY_BUDGET: usize = 4 << 20;

    /// Bytes of event bodies that one reader keeps in memory.
    pub fn body_budget(&self) -> usize {
        self.body_bytes.min(Self::BODY_BUDGET)
    }
}

/// Something happened.
#[derive(Debug)]
pub enum Input {
    /// Items of one webhook. Gives exactly one [`Effect::Commit`], the first.
    Accept(Accept),
    /// Quarantined items that turned out to be this account's. Gives exactly one [`Effect::Commit`], the first.
    Adopt {
        /// The items.
        accept: Accept,
        /// What leaves the quarantine with them.
        release: Vec<Write>,
    },
    /// Every change up to this ticket is durable.
    Settled {
        /// The ticket of the newest of them.
        ticket: u64,
    },
    /// A delivery was tried.
    Attempted {
        /// Which reader.
        reader: usize,
        /// What was tried.
        event: Arc<Event>,
        /// How it went.
        what: Attempted,
        /// From 0 to 1.
        chance: f64,
    },
    /// The journal was read on.
    Read {
        /// Which reader.
        reader: usize,
        /// The events; `None` where it failed.
        read: Option<Vec<Arc<Event>>>,
    },
    /// An application sends a message. Gives exactly one [`Effect::Commit`], the first.
    Submit(Box<Submission>),
    /// A message shall not be sent any more. Gives one [`Effect::Commit`] where it has not left.
    Cancel {
        /// The message.
        id: Box<str>,
    },
    /// Some messages wait from now on. Gives exactly one [`Effect::Commit`], the first.
    Hold(SendHold),
    /// Holds end.
    Release {
        /// Which: all of this scope, or of every scope.
        scope: Option<HoldScope>,
        /// Of this cause.
        cause: HoldCause,
    },
    /// A send was tried.
    Tried {
        /// The message.
        id: Box<str>,
        /// How it went.
        tried: Tried,
        /// From 0 to 1.
        chance: f64,
    },
    /// The registry's entry changes. Gives exactly one [`Effect::Commit`], the first.
    Enter(Box<Entry>),
    /// Meta's side was compared with the wish.
    Compared(Box<Compared>),
    /// These are the routes from now on.
    Routes {
        /// All of them.
        routes: Vec<Arc<Route>>,
        /// What is kept together with where new ones begin.
        change: Change,
    },
    /// Somebody asks for this once more. Gives exactly one [`Effect::Commit`], the first.
    Again(Again),
    /// A stretch of the journal shall be delivered again. Gives one [`Effect::Commit`] unless too many go on.
    BeginReplay(Box<ReplayRecord>),
    /// A replay shall end. Gives one [`Effect::Commit`] where it goes on.
    CancelReplay {
        /// Which.
        id: Box<str>,
    },
    /// The journal was read for a replay.
    ReadAgain {
        /// Which.
        replay: Box<str>,
        /// The events; `None` where it failed.
        read: Option<Vec<Arc<Event>>>,
    },
    /// Nothing of this starts from now on. Gives one [`Effect::Commit`] where that is news.
    HoldDeliveries {
        /// What.
        place: Place,
        /// Who says so.
        by: Box<str>,
    },
    /// It may start again. Gives one [`Effect::Commit`] where that is news.
    FreeDeliveries {
        /// What.
        place: Place,
    },
    /// Start nothing new from now on.
    Rest,
    /// Deliveries are given up, the account or their route being about to be forgotten.
    Bury {
        /// Which reader.
        reader: usize,
        /// The events.
        events: Vec<Arc<Event>>,
        /// How far the read of the journal looked.
        through: u64,
        /// Why, for people.
        reason: String,
    },
    /// The account leaves the registry. Gives exactly one [`Effect::Commit`], the first.
    Forget {
        /// What is removed.
        change: Change,
    },
    /// All messages that have not left are given up; the account is about to be forgotten.
    Abandon {
        /// Why, for people.
        reason: String,
    },
    /// A customer is being erased. Gives exactly one [`Effect::Commit`], the first.
    Erase(Arc<Erasure>),
    /// The store has nothing left of a customer.
    Erased(Arc<Erasure>),
    /// Time passed.
    Tick,
}

/// A message as an application submits it.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The message, `queued`.
    pub record: MessageRecord,
    /// What the application sent.
    pub body: Bytes,
    /// Where it came with an idempotency key: what tells the same request again.
    pub twin: Option<Twin>,
}

/// Items of one webhook for this account, with all that storage knows of them.
#[derive(Debug)]
pub struct Accept {
    /// The gateway they came in by.
    pub gateway: Arc<str>,
    /// Which of its app secrets matched.
    pub secret: u8,
    /// The items, in the order of the webhook.
    pub items: Vec<Item>,
    /// For each item: the durable copy that it duplicates.
    pub copies: Vec<Option<Seen>>,
    /// Dialogs by the name under which they were looked for.
    pub dialogs: Vec<(Box<str>, Dialog)>,
    /// Messages that statuses speak of.
    pub messages: Vec<MessageRecord>,
    /// What the customers who say something about marketing had said before.
    pub preferences: Vec<Preference>,
}

/// What a comparison with Meta's side came to.
#[derive(Debug)]
pub struct Compared {
    /// The refreshed entry, where Meta showed the account.
    pub entry: Option<Entry>,
    /// What was compared.
    pub concerns: Vec<Concern>,
    /// What is not as wished.
    pub words: Vec<Word>,
    /// Whether Meta was asked for this.
    pub asked: Asked,
}

/// Whether a comparison is a reconcile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Meta was asked for the purpose.
    Reconcile,
    /// A verb has just heard from Meta.
    Verb,
}

/// A change of the account's entry in the registry.
#[derive(Debug)]
pub struct Entry {
    /// The entry as it shall be.
    pub record: AccountRecord,
    /// Numbers by id, as Graph shows them.
    pub numbers: HashMap<Box<str>, Box<str>>,
    /// Messages per second that Meta allows each of them.
    pub limits: Vec<(Box<str>, u32)>,
    /// How many customers a day its business may begin to write to.
    pub tier: Option<Tier>,
}

impl Entry {
    /// The entry of `record`, its numbers read from the snapshot.
    pub fn new(record: AccountRecord) -> Self {
        let node = AccountNode::read(&record.id, &record.snapshot);
        let numbers = node.number_names().into_iter().map(|(id, display)| (id.into(), display.into())).collect();
        let limits = node.throughputs().into_iter().map(|(id, throughput)| (id.into(), limit_of(throughput))).collect();
        Self { record, numbers, limits, tier: node.tier() }
    }
}

fn limit_of(throughput: Throughput) -> u32 {
    match throughput {
        Throughput::Standard => pace::STANDARD,
        Throughput::High => pace::HIGH,
        Throughput::Coexistence => pace::COEXISTENCE,
    }
}

/// Something must happen.
#[derive(Debug)]
pub enum Effect {
    /// Keep `change`; say [`Input::Settled`] with `ticket` when it is durable.
    Commit {
        /// Ascending by one.
        ticket: u64,
        /// What to keep.
        change: Change,
    },
    /// Try a delivery; say [`Input::Attempted`].
    Deliver(Start),
    /// Read the journal on; say [`Input::Read`].
    ReadOn {
        /// For which reader.
        reader: usize,
        /// After which seq.
        after: u64,
    },
    /// Read the journal for a replay; say [`Input::ReadAgain`].
    ReadAgain(Wanted),
    /// Send a message; say [`Input::Tried`].
    Send(Arc<MessageRecord>),
    /// Tell the caller that waits for this message.
    Answer {
        /// The message.
        id: Box<str>,
        /// What to say.
        answer: Answer,
    },
}
