//! Every way of a message through the outbox, and the order in which messages leave.

mod disk;
mod doubt;
mod newcomers;
mod turns;
mod verdicts;

use super::records::ATTEMPTS_KEPT;
use super::*;
use crate::cloud::verdict::{Circumstances, verdict};
use crate::rules::testing::{NOW, outbound};
use proptest::prelude::*;
use wharf_storage::{DeadLetter, HoldScope, MessageTally, OnUnknown, Priority};

const DAY_MS: u64 = 86_400_000;
const PATIENCE: Patience = Patience { unknown_ms: 60_000, unknown_holds_ms: 10_000 };

/// An outbox with the ledger and the records it would have on disk.
struct Desk {
    outbox: Outbox,
    now: u64,
    tally: MessageTally,
    kept: HashMap<String, MessageRecord>,
    bodies: BTreeSet<String>,
    holds: Vec<SendHold>,
    debts: BTreeMap<wharf_storage::Key, PairDebt>,
    done: HashMap<String, MessageRecord>,
    dead: Vec<DeadLetter>,
}

impl Desk {
    fn new() -> Self {
        Self {
            outbox: Outbox::new("100", PATIENCE, 0),
            now: NOW,
            tally: MessageTally::default(),
            kept: HashMap::new(),
            bodies: BTreeSet::new(),
            holds: Vec::new(),
            debts: BTreeMap::new(),
            done: HashMap::new(),
            dead: Vec::new(),
        }
    }

    fn step(&mut self, take: impl FnOnce(&mut Outbox, &mut Step)) -> Next {
        let mut step = Step { tally: self.tally, ..Step::default() };
        take(&mut self.outbox, &mut step);
        self.tally = step.tally;
        // The disk of these tests takes no time.
        self.outbox.kept(std::mem::take(&mut step.next.sends));
        step.next.sends = self.outbox.leave_due(self.now);
        for write in step.change.writes {
            let id = String::from_utf8_lossy(write.key.0.split(|byte| *byte == 0).next().expect("a part")).into_owned();
            match (write.kind, write.value) {
                (Kind::Outbox, Some(bytes)) => {
                    drop(self.kept.insert(id, Kept::from_bytes(&bytes).expect("readable").0))
                }
                (Kind::Outbox, None) => drop(self.kept.remove(&id)),
                (Kind::Message, Some(bytes)) => {
                    self.done.insert(id, MessageRecord::from_bytes(&bytes).expect("readable"));
                }
                (Kind::Body, Some(_)) => drop(self.bodies.insert(id)),
                (Kind::Body, None) => drop(self.bodies.remove(&id)),
                (Kind::SendHold, Some(bytes)) => self.holds.push(SendHold::from_bytes(&bytes).expect("readable")),
                (Kind::PairDebt, Some(bytes)) => {
                    self.debts.insert(write.key, PairDebt::from_bytes(&bytes).expect("readable"));
                }
                (Kind::PairDebt, None) => drop(self.debts.remove(&write.key)),
                (Kind::Dead, Some(bytes)) => self.dead.push(DeadLetter::from_bytes(&bytes).expect("readable")),
                _ => {}
            }
        }
        let m = &self.tally;
        let columns = [m.queued, m.sending, m.unknown, m.taken, m.failed, m.expired, m.cancelled];
        assert_eq!(m.submitted, columns.iter().sum::<i64>(), "the ledger balances after every step");
        assert!(columns.iter().all(|column| *column >= 0));
        step.next
    }

    fn submit(&mut self, id: &str, to: &str, now: u64) -> Vec<String> {
        self.submit_record(MessageRecord { created_at_ms: now, ..outbound(id, to) }, now)
    }

    fn submit_record(&mut self, record: MessageRecord, now: u64) -> Vec<String> {
        self.now = now;
        ids(&self.step(|outbox, step| outbox.submit(record, Bytes::from_static(b"{}"), step, now)))
    }

    fn tried(&mut self, id: &str, tried: Tried, now: u64) -> Next {
        self.now = now;
        self.step(|outbox, step| outbox.tried(id, tried, 1.0, step, now))
    }

    fn tick(&mut self, now: u64) -> Vec<String> {
        self.now = now;
        ids(&self.step(|outbox, step| outbox.start_due(step, now)))
    }

    fn restart(&mut self, now: u64) {
        let kept: Vec<MessageRecord> = self.kept.values().cloned().collect();
        let holds = self.holds.clone();
        self.now = now;
        self.outbox = Outbox::new("100", PATIENCE, now);
        let debts = self.debts.values().cloned().collect();
        self.step(|outbox, step| outbox.restore(Remains { messages: kept, holds, debts }, step, now));
    }

    fn state(&self, id: &str) -> MessageState {
        self.kept.get(id).or_else(|| self.done.get(id)).expect("it is kept somewhere").state
    }
}

fn ids(next: &Next) -> Vec<String> {
    next.sends.iter().map(|record| record.id.to_string()).collect()
}

fn answer(status: u16) -> Answer {
    Answer { status, body: Bytes::from_static(br#"{"error":{}}"#) }
}

fn taken() -> Tried {
    Tried::Taken { wamid: "wamid.1".into(), answer: answer(200) }
}

fn refused_with(code: i64, status: u16) -> Tried {
    let verdict = verdict(Some(code), Circumstances { http_status: status, ..Circumstances::default() });
    Tried::Refused { code: Some(code), verdict, answer: answer(status) }
}

fn passing() -> Tried {
    refused_with(131_000, 500)
}

fn refused() -> Tried {
    refused_with(131_026, 400)
}

fn not_sent() -> Tried {
    Tried::NotSent { reason: "no connection".into() }
}

fn lost() -> Tried {
    Tried::Lost { reason: "time-out".into() }
}

#[test]
fn a_message_is_sending_on_disk_before_it_leaves() {
    let mut desk = Desk::new();
    assert_eq!(desk.submit("a", "1", NOW), ["a"]);
    assert_eq!((desk.state("a"), desk.tally.sending), (MessageState::Sending, 1));
}

#[test]
fn a_message_that_meta_took_keeps_its_id_and_loses_its_body() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    let next = desk.tried("a", taken(), NOW + 9);
    assert_eq!(next.answers, [("a".into(), answer(200))]);
    let record = &desk.done["a"];
    assert_eq!((record.state, record.wamid.as_deref()), (MessageState::Accepted, Some("wamid.1")));
    assert!(desk.bodies.is_empty());
    assert_eq!((record.attempts.len(), record.attempts[0].status, record.changed_at_ms), (1, 200, NOW + 9));
    assert!(desk.kept.is_empty() && next.taken == [record.clone()]);
}

#[test]
fn one_message_is_under_way_per_recipient_in_the_order_of_submission() {
    let mut desk = Desk::new();
    assert_eq!(desk.submit("a", "1", NOW), ["a"]);
    assert_eq!(desk.submit("b", "1", NOW), Vec::<String>::new());
    assert_eq!(desk.submit("c", "2", NOW), ["c"], "another recipient does not wait");
    assert_eq!(desk.submit("d", "1", NOW), Vec::<String>::new());
    assert_eq!(ids(&desk.tried("a", taken(), NOW)), ["b"]);
    assert_eq!(ids(&desk.tried("b", refused(), NOW)), ["d"]);
}

#[test]
fn a_message_that_waits_for_its_next_try_holds_its_recipients_others() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.submit("b", "1", NOW);
    assert_eq!(ids(&desk.tried("a", passing(), NOW)), Vec::<String>::new());
    assert_eq!((desk.state("a"), desk.outbox.due_at()), (MessageState::Queued, Some(NOW + 500)));
    assert_eq!(desk.tick(NOW + 499), Vec::<String>::new());
    assert_eq!(desk.tick(NOW + 500), ["a"]);
}

#[test]
fn a_refusal_that_may_pass_is_final_at_the_fifth_try_and_metas_last_answer_stands() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    let mut now = NOW;
    for _ in 0..4 {
        assert!(desk.tried("a", passing(), now).answers.is_empty());
        now = desk.outbox.due_at().expect("it waits");
        assert_eq!(desk.tick(now), ["a"]);
    }
    assert_eq!(desk.tried("a", passing(), now).answers, [("a".into(), answer(500))]);
    assert_eq!((desk.state("a"), desk.dead[0].status, desk.tally.failed), (MessageState::Failed, Some(500), 1));
}

/// Five tries without a connection used up the five that Meta may refuse: its first "try again" was final.
#[test]
fn tries_that_never_reached_meta_do_not_count_as_refusals() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    let mut now = NOW;
    for _ in 0..10 {
        desk.tried("a", not_sent(), now);
        now = desk.outbox.due_at().expect("it waits");
        desk.tick(now);
    }
    desk.tried("a", passing(), now);
    assert_eq!(desk.state("a"), MessageState::Queued);
}

#[test]
fn a_day_without_a_connection_leaves_a_bounded_record_and_then_a_dead_letter() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    let mut now = NOW;
    while desk.state("a") == MessageState::Sending {
        desk.tried("a", not_sent(), now);
        let Some(due_at) = desk.outbox.due_at() else { break };
        now = due_at;
        desk.tick(now);
    }
    let record = &desk.done["a"];
    assert!(now + 30_000 >= NOW + DAY_MS && record.attempts.len() <= ATTEMPTS_KEPT, "it waited a day");
    assert_eq!((record.attempts[0].at_ms, record.state), (NOW, desk.state("a")));
    assert_eq!(desk.dead.len(), 1);
}

#[test]
fn a_refusal_for_good_ends_with_metas_answer_and_a_dead_letter_and_keeps_the_body() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    assert_eq!(desk.tried("a", refused(), NOW).answers, [("a".into(), answer(400))]);
    assert_eq!((desk.dead[0].message.as_deref(), desk.bodies.contains("a")), (Some("a"), true));
    assert_eq!(desk.done["a"].error.as_deref(), Some(r#"{"error":{}}"#));
}

#[test]
fn a_message_older_than_a_day_expires_unsent() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.submit("b", "1", NOW);
    assert_eq!(ids(&desk.tried("a", taken(), NOW + DAY_MS)), Vec::<String>::new());
    assert_eq!((desk.state("b"), desk.tally.expired, desk.dead.len()), (MessageState::Expired, 1, 1));
}

#[test]
fn a_lost_answer_is_unknown_and_never_sent_again() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    assert!(desk.tried("a", lost(), NOW).answers.is_empty());
    assert_eq!((desk.state("a"), desk.tally.unknown), (MessageState::Unknown, 1));
    assert_eq!(desk.tick(NOW + 59_999), Vec::<String>::new());
    assert_eq!(desk.state("a"), MessageState::Unknown);
    assert_eq!(desk.tick(NOW + 60_000), Vec::<String>::new());
    assert_eq!((desk.state("a"), desk.tally.failed), (MessageState::Failed, 1));
    assert!(desk.done["a"].error.as_deref().is_some_and(|error| error.contains("wharf.unknown")));
}

#[test]
fn an_unknown_message_holds_back_the_next_one_for_ten_seconds() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.submit("b", "1", NOW);
    assert_eq!(ids(&desk.tried("a", lost(), NOW)), Vec::<String>::new());
    assert_eq!(desk.tick(NOW + 9_999), Vec::<String>::new());
    assert_eq!(desk.tick(NOW + 10_000), ["b"]);
}

#[test]
fn what_was_under_way_at_a_stop_is_unknown_and_the_rest_keeps_its_order() {
    let mut desk = Desk::new();
    for id in ["a", "b", "c"] {
        desk.submit(id, "1", NOW);
    }
    desk.restart(NOW + 5);
    assert_eq!(
        (desk.state("a"), desk.state("b"), desk.tally.unknown),
        (MessageState::Unknown, MessageState::Queued, 1)
    );
    assert_eq!(desk.tick(NOW + 10_005), ["b"]);
    assert_eq!(desk.submit("d", "1", NOW + 10_005), Vec::<String>::new());
    desk.restart(NOW + 10_006);
    assert_eq!(desk.tick(NOW + 20_006), ["c"]);
    assert_eq!(ids(&desk.tried("c", taken(), NOW + 20_006)), ["d"], "places go on after a restart");
}

/// A disk that stood still for a second let a second's messages leave together when it went on.
#[test]
fn what_waited_for_the_disk_leaves_no_faster_for_that() {
    let (mut outbox, mut step) = (Outbox::new("100", PATIENCE, 0), Step::default());
    for nth in 0..100 {
        outbox.submit(outbound(&format!("{nth:02}"), &nth.to_string()), Bytes::new(), &mut step, NOW + nth * 20);
    }
    let waiting = step.next.sends.len();
    assert!(waiting <= 17, "{waiting} of 80 a second");
    assert!(outbox.due_at().is_none_or(|due_at| due_at > NOW + 2_000), "nothing is due while the disk stands");
    outbox.kept(step.next.sends);
    let left = outbox.leave_due(NOW + 2_000).len();
    assert!(left <= 8, "{left} leave at once");
    assert!(outbox.due_at().is_some_and(|due_at| due_at <= NOW + 2_013), "and the others one after another");
}

/// After a restart nothing woke the outbox before the first message was too old.
#[test]
fn what_was_queued_at_a_stop_is_due_at_the_start() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.submit("b", "2", NOW);
    desk.tried("a", passing(), NOW);
    desk.tried("b", taken(), NOW);
    desk.restart(NOW + 500);
    assert!(desk.outbox.due_at().is_some_and(|due_at| due_at <= NOW + 500));
    desk.tick(NOW + 500);
    assert_eq!(desk.tick(NOW + 513), ["a"]);
}

#[test]
fn how_a_try_ended_before_the_stop_is_news_to_nobody() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.restart(NOW);
    let next = desk.tried("a", taken(), NOW);
    assert!(next.answers.is_empty() && next.taken.is_empty());
    assert_eq!(desk.state("a"), MessageState::Unknown);
}

/// An account that was to start nothing new sent the next message whenever one ended, or one was submitted.
#[test]
fn at_rest_nothing_leaves_and_everything_is_kept() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.submit("b", "1", NOW);
    desk.outbox.rest();
    assert_eq!(ids(&desk.tried("a", taken(), NOW)), Vec::<String>::new());
    assert_eq!(desk.submit("c", "2", NOW), Vec::<String>::new());
    assert_eq!((desk.outbox.due_at(), desk.tally.queued), (None, 2));
}

#[test]
fn what_is_abandoned_becomes_dead_letters() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.tried("a", lost(), NOW);
    desk.submit("b", "1", NOW);
    desk.step(|outbox, step| outbox.abandon("removed", step, NOW));
    assert_eq!((desk.tally.failed, desk.dead.len(), desk.kept.len(), desk.outbox.due_at()), (2, 2, 0, None));
}

#[test]
fn statuses_only_move_a_message_forward() {
    use MessageState::{Accepted, Delivered, Failed, Played, Queued, Read, Sent, Unknown};
    assert_eq!(forward(Accepted, "sent"), Some(Sent));
    assert_eq!(forward(Accepted, "read"), Some(Read));
    assert_eq!(forward(Read, "delivered"), None);
    assert_eq!(forward(Read, "played"), Some(Played));
    assert_eq!((forward(Sent, "failed"), forward(Delivered, "failed")), (Some(Failed), None));
    assert_eq!((forward(Failed, "read"), forward(Queued, "sent"), forward(Unknown, "sent")), (None, None, None));
    assert_eq!(forward(Accepted, "something_new"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever Meta answers and whenever the process stops: one under way per recipient, and every message ends.
    #[test]
    fn every_message_ends_and_none_overtakes(
        to in prop::collection::vec(0u8..3, 1..20),
        fates in prop::collection::vec(0u8..7, 120),
    ) {
        let mut desk = Desk::new();
        let (mut under_way, mut fates, mut now) = (Vec::new(), fates.into_iter(), NOW);
        for (nth, to) in to.iter().enumerate() {
            under_way.extend(desk.submit(&format!("{nth:02}"), &to.to_string(), now));
        }
        while !desk.kept.is_empty() {
            let lanes: std::collections::BTreeSet<Box<str>> = under_way.iter().map(|id| desk.kept[id].lane.clone()).collect();
            prop_assert_eq!(lanes.len(), under_way.len(), "one under way per recipient");
            let Some(id) = under_way.pop() else {
                now = now.max(desk.outbox.due_at().expect("something waits"));
                under_way.extend(desk.tick(now));
                continue;
            };
            let tried = match fates.next().unwrap_or(0) {
                0 | 1 => taken(),
                2 => passing(),
                3 => refused(),
                4 => not_sent(),
                5 => lost(),
                _ => {
                    under_way.clear();
                    desk.restart(now);
                    continue;
                }
            };
            under_way.extend(ids(&desk.tried(&id, tried, now)));
        }
        prop_assert_eq!(desk.done.len(), to.len());
        prop_assert!(desk.done.values().all(|record| record.state > MessageState::Unknown));
    }
}
