//! What a try came to: the message ends, waits, or is in doubt, and what its verdict means for others.

use super::lanes::Lanes;
use super::records::{attempt, our_error, passing_tries, remember, shift};
use super::{Answer, Outbox, Step, Tried, hold_of};
use crate::cloud::verdict::{Class, Delay, Scope, Verdict};
use crate::rules::retry;
use wharf_storage::{HoldCause, HoldScope, MessageRecord, MessageState, Outbox as Kept};

/// After a refusal because of the rate a message comes again within this time, in ms ...
const RATE_WAIT_MS: u64 = 1_000;
/// ... and this much more by chance, so that those that were refused together do not come back together.
const RATE_SPREAD_MS: f64 = 4_000.0;
/// Meta's code for a template that it paused.
const TEMPLATE_PAUSED: i64 = 132_015;
/// Meta's code for a template that it disabled.
const TEMPLATE_DISABLED: i64 = 132_016;

impl Outbox {
    /// What a try came to.
    pub fn tried(&mut self, id: &str, tried: Tried, chance: f64, step: &mut Step, now: u64) {
        let Some(entry) = self.messages.get(id).filter(|entry| entry.record.state == MessageState::Sending) else {
            return;
        };
        let mut record = entry.record.clone();
        remember(&mut record.attempts, attempt(&tried, now));
        let named = record.wamid.take();
        match tried {
            Tried::Taken { wamid, answer } => {
                self.pairs.taken(&entry.lane);
                self.take(record, wamid, step, now);
                step.next.answers.push((id.into(), answer));
            }
            Tried::Refused { code, verdict, answer } => self.refused(record, code, verdict, answer, chance, step, now),
            Tried::NotSent { reason } => self.not_sent(record, &reason, chance, step, now),
            Tried::Lost { reason } => self.lost(record, &reason, step, now),
        }
        // A status had named it before its answer was lost, or an earlier try of it before a refusal.
        if let Some(wamid) = named
            && let Some(entry) = self.messages.get(id)
        {
            self.adopted(entry.record.clone(), &wamid, step, now);
        }
        self.start_due(step, now);
    }

    /// A status says that Meta refused, after it had taken it, a message like `record`.
    pub fn learn(&mut self, record: &MessageRecord, code: Option<i64>, verdict: Verdict, step: &mut Step, now: u64) {
        let name = Lanes::name(record);
        match (verdict.delay, verdict.scope) {
            (Delay::Rate, _) => self.number(&record.number).pace.slow_down(now),
            (Delay::Pair, _) => drop(self.pairs.refused(&name, now)),
            _ => drop(self.hold_after(record, code, verdict, step, now)),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all that an answer says, once")]
    fn refused(
        &mut self,
        record: MessageRecord,
        code: Option<i64>,
        verdict: Verdict,
        answer: Answer,
        chance: f64,
        step: &mut Step,
        now: u64,
    ) {
        let again_at_ms = self.again_at(&record, code, verdict, chance, step, now);
        if let Some(due_at_ms) = again_at_ms.filter(|at_ms| *at_ms < record.expires_at_ms) {
            return self.wait(record, due_at_ms, step, now);
        }
        let (error, status) = (String::from_utf8_lossy(&answer.body).into_owned(), answer.status);
        step.next.answers.push((record.id.clone(), answer));
        self.fail(record, &error, Some(status), step, now);
    }

    /// When a refused message comes again, if it does; and the holds that follow from the refusal.
    fn again_at(
        &mut self,
        record: &MessageRecord,
        code: Option<i64>,
        verdict: Verdict,
        chance: f64,
        step: &mut Step,
        now: u64,
    ) -> Option<u64> {
        let name = Lanes::name(record);
        let held = self.hold_after(record, code, verdict, step, now);
        match verdict.delay {
            Delay::Rate => {
                self.number(&record.number).pace.slow_down(now);
                Some(now + RATE_WAIT_MS + (RATE_SPREAD_MS * chance) as u64)
            }
            Delay::Pair => Some(self.pairs.refused(&name, now)),
            Delay::Backoff { tries } => {
                let tried = passing_tries(&record.attempts);
                (tried < usize::from(tries)).then(|| now + retry::SEND.delay_ms(tried as u32, None, chance))
            }
            Delay::After(_) if held => Some(now),
            Delay::After(wait_s) => Some(now + u64::from(wait_s) * 1000),
            Delay::Never => (held && verdict.class != Class::Template).then_some(now),
        }
    }

    /// Holds back what an answer of Graph's says would be refused as well; says whether it did.
    fn hold_after(
        &mut self,
        record: &MessageRecord,
        code: Option<i64>,
        verdict: Verdict,
        step: &mut Step,
        now: u64,
    ) -> bool {
        let number = || HoldScope::Number(record.number.clone());
        let (scope, cause) = match (verdict.class, verdict.scope) {
            (Class::Auth, _) => (HoldScope::Account, HoldCause::Token),
            // Once a hold has shown that the token is well, the refusal is about the message.
            (Class::AuthSuspected, _) if suspected_before(record) => return false,
            (Class::AuthSuspected, _) => (HoldScope::Account, HoldCause::Token),
            (Class::Account, Scope::Account) => (HoldScope::Account, HoldCause::Meta),
            (Class::Account, Scope::Number) => (number(), HoldCause::Meta),
            (Class::Template, Scope::Template) => match (&record.template, code) {
                (Some(template), Some(TEMPLATE_PAUSED | TEMPLATE_DISABLED)) => {
                    (HoldScope::Template(template.clone()), HoldCause::Meta)
                }
                _ => return false,
            },
            (Class::Throttled | Class::Transient | Class::Operation, scope) if is_wait(verdict.delay) => match scope {
                Scope::Number => (number(), HoldCause::Throttle),
                Scope::Account | Scope::Token | Scope::Platform => (HoldScope::Account, HoldCause::Throttle),
                Scope::Message | Scope::Pair | Scope::Template => return false,
            },
            _ => return false,
        };
        let mut hold = hold_of(&self.account, scope, cause, code, now);
        hold.reason = reason(record, code).into();
        if let Delay::After(wait_s) = verdict.delay {
            hold.until_ms = Some(now + u64::from(wait_s) * 1000);
        }
        self.hold(hold, step);
        true
    }

    fn not_sent(&mut self, record: MessageRecord, reason: &str, chance: f64, step: &mut Step, now: u64) {
        self.number(&record.number).pace.not_sent(now);
        let tries = record.attempts.len() as u32;
        let due_at_ms = now + retry::SEND.delay_ms(tries, None, chance);
        if due_at_ms < record.expires_at_ms {
            return self.wait(record, due_at_ms, step, now);
        }
        let error = our_error("wharf.unreachable", &format!("Graph could not be reached in time: {reason}"));
        self.fail(record, &error, None, step, now);
    }

    /// A message is queued again, before the others to its recipient, and may leave from `due_at_ms` on.
    pub(super) fn wait(&mut self, mut record: MessageRecord, due_at_ms: u64, step: &mut Step, now: u64) {
        shift(&mut step.tally, record.state, MessageState::Queued);
        record.state = MessageState::Queued;
        record.changed_at_ms = now;
        record.due_at_ms = due_at_ms;
        step.change.put(&Kept(record.clone()));
        let (id, expires_at_ms) = (record.id.clone(), record.expires_at_ms);
        let entry = self.messages.get_mut(&id).expect("a message that was tried is here");
        let name = entry.lane.clone();
        self.lanes.come_back(&name, &record);
        entry.record = record;
        self.alarm(&id, expires_at_ms);
        self.line_up(&name, now);
    }
}

fn is_wait(delay: Delay) -> bool {
    matches!(delay, Delay::After(_))
}

/// Whether an earlier try of this message was refused like this one.
fn suspected_before(record: &MessageRecord) -> bool {
    let last = record.attempts.last();
    let same = |attempt: &&wharf_storage::Attempt| {
        last.is_some_and(|last| (last.code, last.status) == (attempt.code, attempt.status))
    };
    record.attempts.iter().filter(same).count() > 1
}

fn reason(record: &MessageRecord, code: Option<i64>) -> String {
    match code {
        Some(code) => format!("Graph refused {} with code {code}", record.id),
        None => format!("Graph refused {}", record.id),
    }
}
