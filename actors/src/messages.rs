//! Every message that crosses from one actor to another, in the order of the flow: the protocol on one page.

use crate::account::{Account, Changed, Letters};
use crate::cloud::graph_error::OwnRefusal;
use crate::cloud::item::Item;
use crate::cloud::refusal::Refusal;
use crate::courier::discovery::AccountSnapshot;
use crate::gateway::Route;
use crate::gauges::InMailbox;
use crate::live::{Listening, Sort};
use crate::rules::account::{Entry, Redriven, Submission};
use crate::rules::deliveries::Place;
use crate::rules::explain::RouteFacts;
use crate::rules::outbox::Answer;
use crate::rules::reader::Attempted;
use crate::views::AccountView;
use actix::{Addr, Message};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;
use wharf_storage::{
    AccountRecord, Erasure, Event, HoldCause, HoldScope, MessageState, Outcome, OwnRoute, Receipt, ReplayRecord,
    SendHold, Trail, Write,
};

/// Edge → account or gate: items of one webhook. The receipt is told when they are durable, or lost.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Deliver {
    /// Which of the gateway's app secrets matched.
    pub secret: u8,
    /// The items, in the order of the webhook.
    pub items: Vec<Item>,
    /// Who waits.
    pub receipt: Receipt,
    /// It counts as waiting in the mailbox until this is dropped.
    pub waits: Option<InMailbox>,
}

/// Desk → account or gate: its changes up to `ticket` have this outcome.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Settled {
    /// The newest change that is settled.
    pub ticket: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// Account or gate → courier: try one delivery.
#[derive(Message)]
#[rtype(result = "Attempted")]
pub struct Attempt {
    /// Where to.
    pub route: Arc<Route>,
    /// What.
    pub event: Arc<Event>,
    /// Which try, from 1.
    pub attempt: u32,
    /// Whether it comes after one of its lane that is parked, or is such a one.
    pub out_of_order: bool,
    /// Since when it ages, in ms since 1970.
    pub since_ms: u64,
}

/// Edge → account: an application sends a message.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Submit {
    /// The message, `queued`.
    pub submission: Box<Submission>,
    /// Who waits.
    pub progress: UnboundedSender<Sent>,
}

/// Account → edge: how a submitted message gets on.
#[derive(Debug, Clone)]
pub enum Sent {
    /// It is durable: it will not be lost.
    Durable,
    /// It could not be kept: it was not accepted.
    Lost {
        /// Why, for people.
        reason: String,
    },
    /// Graph answered.
    Settled(Answer),
    /// The same request came before: it is this message.
    Known {
        /// `msg_…`.
        id: Box<str>,
    },
    /// It is not taken.
    Refused(OwnRefusal),
}

/// Edge → account: withdraw a message. Answered when that is durable; else with its state, where it is known.
#[derive(Message)]
#[rtype(result = "Result<(), Option<MessageState>>")]
pub struct Cancel(
    /// `msg_…`.
    pub Box<str>,
);

/// Edge → account: these messages wait from now on. Answered, when that is durable, with whether it is news.
#[derive(Message)]
#[rtype(result = "Result<bool, String>")]
pub struct BeginHold(
    /// Which, and why.
    pub SendHold,
);

/// Edge or supervisor → account: holds end. Answered, when that is durable, with how many.
#[derive(Message)]
#[rtype(result = "Result<usize, String>")]
pub struct EndHolds {
    /// Those of this scope alone; `None` means every scope.
    pub scope: Option<HoldScope>,
    /// Those of these causes.
    pub causes: Vec<HoldCause>,
}

/// Edge → account or gate: deliver this event again. Answered when that is durable.
#[derive(Message)]
#[rtype(result = "Result<Replayed, String>")]
pub struct Replay {
    /// As the journal has it.
    pub event: Arc<Event>,
    /// To this route, by its full name, whatever its filter says; `None` means to each whose filter wants it.
    pub route: Option<Box<str>>,
}

/// The routes that an event was to be delivered to again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    /// It is.
    pub routes: Vec<Arc<str>>,
    /// It is pending there already.
    pub pending: Vec<Arc<str>>,
    /// As many as may be are open again there.
    pub full: Vec<Arc<str>>,
}

/// Edge → account: deliver a stretch of the journal again. Answered, when that is durable, with whether it goes on: there
/// may be too many already.
#[derive(Message)]
#[rtype(result = "Result<bool, String>")]
pub struct BeginReplay(
    /// Which, as it is to be kept.
    pub Box<ReplayRecord>,
);

/// Edge → account: end a replay. Answered, when that is durable, with how it stands; `None` where there is no such one.
#[derive(Message)]
#[rtype(result = "Result<Option<ReplayRecord>, String>")]
pub struct CancelReplay {
    /// `rpl_…`.
    pub id: Box<str>,
}

/// Edge → account: deliver or send dead letters again. Answered when that is durable; an error is for now only.
#[derive(Message)]
#[rtype(result = "Result<Redriven, String>")]
pub struct Redrive(
    /// Which.
    pub Letters,
);

/// Edge → account: deliveries wait from now on, or may go again. Answered, when that is durable, with whether it is news.
#[derive(Message)]
#[rtype(result = "Result<bool, String>")]
pub struct HoldDeliveries {
    /// Which.
    pub place: Place,
    /// Who holds them; `None` lets them go.
    pub by: Option<Box<str>>,
}

/// Edge → supervisor: have somebody who delivers what is redriven of an account that was removed. `None` where its
/// gateway is not there.
#[derive(Message)]
#[rtype(result = "Result<Option<Addr<Account>>, String>")]
pub struct Awaken {
    /// The account.
    pub account: Arc<str>,
    /// The gateway whose routes are meant.
    pub gateway: Arc<str>,
}

/// Supervisor → account without an entry in the registry: if nothing is left to deliver, forget yourself and stop.
/// Answers whether it did.
#[derive(Message)]
#[rtype(result = "bool")]
pub struct Doze;

/// Supervisor → account: this is the registry's entry now. Answered when it is durable.
#[derive(Message)]
#[rtype(result = "Result<(), String>")]
pub struct Refresh(
    /// The entry.
    pub Entry,
);

/// Supervisor → account: this is what Meta shows of it; compare it with the wish. Answered, when that is kept, with
/// its numbers; `None` where nothing was compared.
#[derive(Message)]
#[rtype(result = "Option<HashMap<Box<str>, Box<str>>>")]
pub struct Reconcile {
    /// The registry's entry when Meta was asked.
    pub record: Box<AccountRecord>,
    /// What Meta shows, or why not.
    pub found: Result<AccountSnapshot, Refusal>,
    /// Permissions that the token lacks.
    pub missing_scopes: Vec<String>,
}

/// Verb → account: subscribe at Meta. The wish is durable before Meta is asked.
#[derive(Message)]
#[rtype(result = "Result<AccountRecord, String>")]
pub struct Subscribe {
    /// Replace another's override of the callback.
    pub force: Force,
}

/// Verb → account: unsubscribe at Meta.
#[derive(Message)]
#[rtype(result = "Result<AccountRecord, String>")]
pub struct Unsubscribe;

/// Whether a verb goes on where Meta or another's setting stands against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    /// Report it and stop.
    Respect,
    /// Go on.
    Override,
}

/// Verb → account: give up all unfinished work, forget yourself, stop. Answered when that is durable.
#[derive(Message)]
#[rtype(result = "Result<(), String>")]
pub struct Remove;

/// Supervisor → account and gate: the gateway's routes may have changed.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Reroute;

/// Edge → account: which are its own routes, by name?
#[derive(Message)]
#[rtype(result = "Vec<(Box<str>, Arc<Route>)>")]
pub struct OwnRoutes;

/// Edge → account: have this route, or have it in place of the one of that name. Answered when it is durable.
#[derive(Message)]
#[rtype(result = "Changed")]
pub struct PutRoute {
    /// As it is kept.
    pub kept: OwnRoute,
    /// As it is used.
    pub route: Arc<Route>,
}

/// Edge → account: this one of its own routes goes for good. Answered when that is durable; its unfinished deliveries
/// become dead letters after that.
#[derive(Message)]
#[rtype(result = "Changed")]
pub struct DropRoute {
    /// Its name within the account.
    pub name: Box<str>,
}

/// Edge → account and gate: give up what is unfinished of a route that is not in the settings any more. Answers whether
/// there is such a one.
#[derive(Message)]
#[rtype(result = "bool")]
pub struct EndRoute {
    /// Its full name.
    pub route: Arc<str>,
}

/// Supervisor → gate: `account` is engaged now; hand over what is quarantined under its name.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Release {
    /// The account.
    pub account: Arc<str>,
    /// Its actor.
    pub actor: Addr<crate::account::Account>,
}

/// Gate → account: items that were quarantined under its name. `true` when they are durable.
#[derive(Message)]
#[rtype(result = "bool")]
pub struct Adopt {
    /// The gateway whose quarantine had them.
    pub gateway: Arc<str>,
    /// The items.
    pub items: Vec<Item>,
    /// What leaves the quarantine with them.
    pub release: Vec<Write>,
}

/// Eraser → account: let go of a customer. Answered, when that is durable, with how many messages did not leave for it.
#[derive(Message)]
#[rtype(result = "Result<u64, String>")]
pub struct Erase(
    /// Who, where and until when.
    pub Arc<Erasure>,
);

/// Eraser → account: the store has nothing left of a customer.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Erased(
    /// As it was asked for.
    pub Arc<Erasure>,
);

/// An actor died: its address is no longer good. Sent by what its drop leaves behind.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Died {
    /// Which account.
    pub account: Arc<str>,
}

/// Anyone → account: a snapshot.
#[derive(Message)]
#[rtype(result = "AccountView")]
pub struct Look;

/// Anyone → account or gate: where does the event at this seq stand with each route? Answers also with what is not on the
/// disk yet of its trail.
#[derive(Message)]
#[rtype(result = "(Vec<RouteFacts>, Vec<Trail>)")]
pub struct Explain(
    /// The event's.
    pub u64,
);

/// Edge → account: tell what happens from now on; `None` where enough others listen. It ends with the account.
#[derive(Message)]
#[rtype(result = "Option<Listening>")]
pub struct Listen {
    /// These kinds of entries; empty means all.
    pub sorts: Vec<Sort>,
    /// What concerns these phone number ids; empty means everything.
    pub numbers: Vec<String>,
}

/// Server → supervisor: start nothing new. Answered when what is under way has ended and is kept.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Drain {
    /// Answer after this long in any case.
    pub within: std::time::Duration,
}

/// Supervisor → account and gate: your gateway is gone; stop.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Depart;

/// Supervisor → account and gate: start nothing new. Answered once what was under way has ended and that is durable.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Finish;
