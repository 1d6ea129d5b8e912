//! What is true of a message on its own: its lane, its next state, what is remembered of its tries, its column in the ledger.

use super::{Answer, Tried};
use crate::cloud::graph_error::{Transience, graph_error};
use crate::cloud::send::taken_before;
use crate::cloud::verdict::{Circumstances, Delay, verdict};
use wharf_storage::{Attempt, DeadLetter, MessageRecord, MessageState, MessageTally};

/// Attempts that a message remembers, beside those that are counted.
pub(super) const ATTEMPTS_KEPT: usize = 20;

/// The next state after a status of Meta, if it moves forward: sent < delivered < read < played, and `failed` only
/// while nothing above `sent` was seen.
pub fn forward(state: MessageState, status: &str) -> Option<MessageState> {
    let to = match status {
        "sent" => MessageState::Sent,
        "delivered" => MessageState::Delivered,
        "read" => MessageState::Read,
        "played" => MessageState::Played,
        "failed" if state <= MessageState::Sent => MessageState::Failed,
        _ => return None,
    };
    let taken = state >= MessageState::Accepted && state <= MessageState::Played;
    (taken && to > state).then_some(to)
}

/// What a caller is told of a message that has ended.
pub fn answer_of(record: &MessageRecord) -> Answer {
    if let Some(wamid) = &record.wamid {
        return Answer { status: 200, body: taken_before(wamid, &record.to) };
    }
    let error = record.error.as_deref().unwrap_or_default();
    let last = record.attempts.iter().rev().find(|attempt| attempt.status >= 400);
    match last.filter(|_| error.contains("\"error\"")) {
        Some(last) => Answer { status: last.status, body: error.to_owned().into() },
        None => {
            let text = format!("the message is {}: {}", record.state.word(), readable(error));
            let body = graph_error(100, None, &text, &text, Transience::Final).to_string();
            Answer { status: 400, body: body.into() }
        }
    }
}

/// The text of an error of ours.
fn readable(error: &str) -> String {
    let read: serde_json::Value = serde_json::from_str(error).unwrap_or_default();
    read["message"].as_str().map_or_else(|| "it was not sent".to_owned(), str::to_owned)
}

pub(super) fn our_error(code: &str, detail: &str) -> String {
    serde_json::json!({ "code": code, "message": detail }).to_string()
}

pub(super) fn dead_letter(record: &MessageRecord, reason: &str, status: Option<u16>, now: u64) -> DeadLetter {
    DeadLetter {
        account: record.account.clone(),
        route: None,
        event: None,
        message: Some(record.id.clone()),
        reason: reason.into(),
        status,
        at_ms: now,
        bytes: bytes::Bytes::new(),
    }
}

/// Adds an attempt. Of those that are not counted (no answer, a throttle) only some are remembered, the first and the
/// newest among them: a day without a connection has thousands.
pub(super) fn remember(attempts: &mut Vec<Attempt>, attempt: Attempt) {
    attempts.push(attempt);
    if attempts.len() - passing_tries(attempts) > ATTEMPTS_KEPT {
        let second = attempts.iter().enumerate().filter(|(_, attempt)| !passes(attempt)).nth(1);
        let (second, _) = second.expect("there are more than are kept");
        attempts.remove(second);
    }
}

/// How many attempts ended with an error that passes by itself.
pub(super) fn passing_tries(attempts: &[Attempt]) -> usize {
    attempts.iter().filter(|attempt| passes(attempt)).count()
}

fn passes(attempt: &Attempt) -> bool {
    let with = Circumstances { http_status: attempt.status, ..Circumstances::default() };
    attempt.status != 0 && matches!(verdict(attempt.code, with).delay, Delay::Backoff { .. })
}

pub(super) fn attempt(tried: &Tried, now: u64) -> Attempt {
    let (status, code, note) = match tried {
        Tried::Taken { answer, .. } => (answer.status, None, "taken"),
        Tried::Refused { answer, code, .. } => (answer.status, *code, "refused"),
        Tried::NotSent { reason } => (0, None, reason.as_str()),
        Tried::Lost { reason } => (0, None, reason.as_str()),
    };
    Attempt { at_ms: now, status, code, note: note.into() }
}

/// Moves one message from one column of the ledger to another.
pub(super) fn shift(tally: &mut MessageTally, from: MessageState, to: MessageState) {
    *column(tally, from) -= 1;
    *column(tally, to) += 1;
}

fn column(tally: &mut MessageTally, state: MessageState) -> &mut i64 {
    match state {
        MessageState::Queued => &mut tally.queued,
        MessageState::Sending => &mut tally.sending,
        MessageState::Unknown => &mut tally.unknown,
        MessageState::Accepted
        | MessageState::Sent
        | MessageState::Delivered
        | MessageState::Read
        | MessageState::Played => &mut tally.taken,
        MessageState::Failed => &mut tally.failed,
        MessageState::Expired => &mut tally.expired,
        MessageState::Cancelled => &mut tally.cancelled,
    }
}
