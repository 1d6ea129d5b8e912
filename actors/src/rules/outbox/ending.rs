//! How messages end: taken, failed, too old, given up, erased. What ended leaves the outbox, its lane goes on.

use super::lanes::Lanes;
use super::records::{dead_letter, our_error, shift};
use super::{Outbox, Step};
use wharf_storage::{Erasure, Kind, MessageRecord, MessageState, Noun, Outbox as Kept, Wamid};

impl Outbox {
    /// Gives everything up, for `remove`.
    pub fn abandon(&mut self, reason: &str, step: &mut Step, now: u64) {
        let records: Vec<MessageRecord> = self.messages().cloned().collect();
        self.resting = true;
        for record in records {
            // Who redrives it later must know that it may have left.
            let code = if record.doubted_at_ms > 0 { "wharf.unknown" } else { "wharf.removed" };
            self.fail(record, &our_error(code, reason), None, step, now);
        }
        self.holds.end(&mut step.change, |_| true);
    }

    /// Withdraws what waits for a customer who is erased, without a trace but its count; what is leaving just now stays
    /// until its answer is there.
    pub fn erase(&mut self, erasure: &Erasure, step: &mut Step, now: u64) {
        let theirs = |record: &&MessageRecord| record.state != MessageState::Sending && erasure.has_message(record);
        let records: Vec<MessageRecord> = self.messages().filter(theirs).cloned().collect();
        let names = |pair: &str| erasure.names(&self.account, Lanes::parts(pair).1);
        self.pairs.forget(|pair| erasure.reaches(&self.account) && names(pair));
        for record in records {
            // Who cannot know whether it left says that it failed.
            let end =
                if record.state == MessageState::Unknown { MessageState::Failed } else { MessageState::Cancelled };
            shift(&mut step.tally, record.state, end);
            step.change.remove(Kind::Body, record.key());
            step.change.remove(Kind::Submitted, record.submitted().key());
            self.forget(&record, step, now);
        }
    }

    pub(super) fn expire(&mut self, record: MessageRecord, step: &mut Step, now: u64) {
        step.change.put(&dead_letter(&record, "older than it may be: send_max_age, or X-Wharf-Expires", None, now));
        self.end(record, MessageState::Expired, step, now);
    }

    pub(super) fn fail(
        &mut self,
        mut record: MessageRecord,
        error: &str,
        status: Option<u16>,
        step: &mut Step,
        now: u64,
    ) {
        record.error = Some(error.into());
        step.change.put(&dead_letter(&record, error, status, now));
        self.end(record, MessageState::Failed, step, now);
    }

    pub(super) fn take(&mut self, mut record: MessageRecord, wamid: Box<str>, step: &mut Step, now: u64) {
        record.wamid = Some(wamid.clone());
        step.change.remove(Kind::Body, record.key());
        step.change.put(&Wamid { account: record.account.clone(), wamid, message: record.id.clone() });
        let taken = self.end(record, MessageState::Accepted, step, now);
        step.next.taken.push(taken);
    }

    /// Moves a message from the outbox to the finished ones and frees its lane.
    pub(super) fn end(
        &mut self,
        mut record: MessageRecord,
        state: MessageState,
        step: &mut Step,
        now: u64,
    ) -> MessageRecord {
        shift(&mut step.tally, record.state, state);
        record.state = state;
        record.changed_at_ms = now;
        step.change.put(&record);
        self.forget(&record, step, now);
        step.next.given_up.extend((state != MessageState::Accepted).then(|| record.clone()));
        record
    }

    /// Takes a message out of the outbox and frees its lane.
    fn forget(&mut self, record: &MessageRecord, step: &mut Step, now: u64) {
        step.change.remove(Kind::Outbox, Kept(record.clone()).key());
        self.silence(&record.id);
        self.ages.remove(&record.place);
        let entry = self.messages.remove(&record.id).expect("only a message of the outbox ends");
        self.leave(&entry.lane, &record.id, now);
    }
}
