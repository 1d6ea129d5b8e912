//! What an outbox is told, what it answers, and how it shows itself: plain data.

use crate::cloud::verdict::Verdict;
use bytes::Bytes;
use serde::Serialize;
use std::sync::Arc;
use wharf_storage::{Change, MessageRecord, MessageTally, PairDebt, SendHold};

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// Meta took it.
    Taken {
        /// Meta's id of the message.
        wamid: Box<str>,
        /// Graph's answer.
        answer: Answer,
    },
    /// Meta refused it.
    Refused {
        /// Graph's error code.
        code: Option<i64>,
        /// What follows from it.
        verdict: Verdict,
        /// Graph's answer.
        answer: Answer,
    },
    /// No byte left: no connection, no permit.
    NotSent {
        /// What happened, for people.
        reason: String,
    },
    /// The request may have been written and no answer came.
    Lost {
        /// What happened, for people.
        reason: String,
    },
}

/// What a caller that waits is told: Graph's answer, or ours in Graph's shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Bytes,
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// After this long without word from Meta a message whose answer was lost is settled by its policy, in ms.
    pub unknown_ms: u64,
    /// How long such a message holds back the next one to the same recipient, in ms.
    pub unknown_holds_ms: u64,
}

/// Whether Meta's statuses reach us: only they tell what became of a message whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearing {
    /// The account is subscribed.
    Statuses,
    /// It is not: waiting for word would be in vain.
    Nothing,
}

/// What a process before this one left on disk.
#[derive(Debug, Default)]
pub struct Remains {
    /// Messages that had not ended.
    pub messages: Vec<MessageRecord>,
    /// Holds.
    pub holds: Vec<SendHold>,
    /// What pairs had borrowed.
    pub debts: Vec<PairDebt>,
}

/// What one step wants kept, and done once that is durable.
#[derive(Debug, Default)]
pub struct Step {
    /// What to keep.
    pub change: Change,
    /// Its part in the ledger.
    pub tally: MessageTally,
    /// What to do then.
    pub next: Next,
}

/// What a step wants done once its change is durable.
#[derive(Debug, Default)]
pub struct Next {
    /// Messages to send.
    pub sends: Vec<Arc<MessageRecord>>,
    /// Callers to answer, by message id.
    pub answers: Vec<(Box<str>, Answer)>,
    /// Messages that Meta took, as they are kept from now on.
    pub taken: Vec<MessageRecord>,
    /// Messages that ended and were not taken: a status may name one after all, if an answer of it was lost.
    pub given_up: Vec<MessageRecord>,
    /// Holds that began or ended, for the log.
    pub news: Vec<News>,
}

/// A hold began or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// These messages wait from now on.
    Held(SendHold),
    /// They may go on.
    Released(SendHold),
}

/// How the sends of one number stand, for views.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NumberView {
    /// Meta's figure: messages per second, out and in together.
    pub limit: u32,
    /// What is used of it now.
    pub rate: u32,
    /// Messages that have not left.
    pub queued: usize,
    /// Messages under way.
    pub sending: usize,
    /// When the oldest of those that have not left was submitted, in ms since 1970.
    pub oldest_ms: Option<u64>,
}
