//! Messages whose answer was lost: nobody knows whether they left, until a status names them or their time is over.

use super::records::{our_error, shift};
use super::{Hearing, Outbox, Step};
use wharf_storage::{MessageRecord, MessageState, OnUnknown, Outbox as Kept};

impl Outbox {
    /// Meta's status names a message by our mark: it was sent, as `wamid`. Says whether it was in doubt, or waited to be
    /// sent again. Of one that is under way this is noted: its answer may still come, or never.
    pub fn adopt(&mut self, id: &str, wamid: &str, step: &mut Step, now: u64) -> bool {
        let Some(entry) = self.messages.get_mut(id) else { return false };
        if entry.record.state == MessageState::Sending {
            entry.record.wamid = Some(wamid.into());
            step.change.put(&Kept(entry.record.clone()));
            return false;
        }
        let record = entry.record.clone();
        self.adopted(record, wamid, step, now);
        self.start_due(step, now);
        true
    }

    /// A message that was in doubt, or was to be sent again, was taken.
    pub(super) fn adopted(&mut self, mut record: MessageRecord, wamid: &str, step: &mut Step, now: u64) {
        record.error = None;
        self.take(record, wamid.into(), step, now);
    }

    pub(super) fn lost(&mut self, mut record: MessageRecord, reason: &str, step: &mut Step, now: u64) {
        self.doubt(&mut record, reason, step, now);
        let (id, look_at_ms) = (record.id.clone(), record.due_at_ms);
        self.messages.get_mut(&id).expect("a message that was tried is here").record = record;
        self.alarm(&id, look_at_ms);
    }

    /// `record` is unknown from now on, and for a while the next one to its recipient waits.
    pub(super) fn doubt(&mut self, record: &mut MessageRecord, reason: &str, step: &mut Step, now: u64) {
        shift(&mut step.tally, record.state, MessageState::Unknown);
        record.state = MessageState::Unknown;
        (record.changed_at_ms, record.doubted_at_ms) = (now, now);
        record.due_at_ms = match self.hearing {
            // A status had named it before the process stopped.
            _ if record.wamid.is_some() => now,
            Hearing::Statuses => now + self.patience.unknown_holds_ms.min(self.patience.unknown_ms),
            Hearing::Nothing => now,
        };
        record.error = Some(our_error("wharf.unknown", &format!("No answer was seen: {reason}")).into());
        step.change.put(&Kept(record.clone()));
    }

    pub(super) fn look_at_unknown(&mut self, id: &str, step: &mut Step, now: u64) {
        let record = self.messages[id].record.clone();
        if let Some(wamid) = record.wamid.clone() {
            return self.adopted(record, &wamid, step, now);
        }
        let settled_at_ms = match self.hearing {
            Hearing::Statuses => record.changed_at_ms + self.patience.unknown_ms,
            Hearing::Nothing => now,
        };
        if now < settled_at_ms {
            let name = self.messages[id].lane.clone();
            self.leave(&name, id, now);
            return self.alarm(id, settled_at_ms);
        }
        match record.on_unknown {
            // Nor is it sent again when it is too old: nobody wants it any more.
            OnUnknown::Resend if now < record.expires_at_ms => self.wait(record, 0, step, now),
            OnUnknown::Fail | OnUnknown::Resend => {
                let error = our_error("wharf.unknown", self.why_nothing_is_known());
                self.fail(record, &error, None, step, now);
            }
        }
    }

    fn why_nothing_is_known(&self) -> &'static str {
        match self.hearing {
            Hearing::Statuses => {
                "The request was written, no answer came and no status followed: it may have been sent."
            }
            Hearing::Nothing => {
                "The request was written and no answer came. No status can follow, because the account is not subscribed: it may have been sent."
            }
        }
    }
}
