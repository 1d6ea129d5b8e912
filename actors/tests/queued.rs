//! A hundred thousand messages that wait: what one of them takes, and whether the last ones are slower than the first.
//! Prints figures; `cargo test --release -p wharf-actors --test queued -- --nocapture` gives those worth telling.

use bytes::Bytes;
use std::hint::black_box;
use std::time::{Duration, Instant};
use wharf_actors::rules::outbox::{Answer, Outbox, Patience, Step, Tried};
use wharf_storage::{HoldCause, HoldScope, MessageRecord, MessageState, OnUnknown, Priority, SendHold};

const MESSAGES: usize = 100_000;
/// Messages whose time is taken together.
const SLICE: usize = 10_000;
/// Recipients: so few that each has many messages in its lane.
const RECIPIENTS: usize = 25_000;
/// What a message that waits may take in memory: its record, its id in the lane and the alarm of its expiry.
const MOST_BYTES: usize = 2048;
const NOW: u64 = 1_800_000_000_000;

fn message(nth: usize) -> MessageRecord {
    let to = format!("49151{:08}", nth % RECIPIENTS);
    MessageRecord {
        id: format!("msg_01J0000000000000{nth:010}").into(),
        account: "102290129340398".into(),
        number: "106540352242922".into(),
        to: to.as_str().into(),
        lane: to.into(),
        path: "messages".into(),
        version: "v25.0".into(),
        state: MessageState::Queued,
        kind: "template".into(),
        template: Some("order_confirmation".into()),
        priority: Priority::Bulk,
        on_unknown: OnUnknown::Fail,
        opaque: Some("campaign/2026-11/customer".into()),
        wamid: None,
        error: None,
        attempts: Vec::new(),
        doubted_at_ms: 0,
        created_at_ms: NOW,
        changed_at_ms: NOW,
        due_at_ms: 0,
        expires_at_ms: NOW + 86_400_000,
        place: 0,
    }
}

/// Bytes of this process in memory.
fn resident() -> Option<usize> {
    let told = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<usize>().ok()? * 1024)
}

/// An outbox on which an operator has laid a hand.
fn held() -> Outbox {
    let mut outbox = Outbox::new("102290129340398", Patience { unknown_ms: 60_000, unknown_holds_ms: 10_000 }, 0);
    let hold = SendHold {
        account: "102290129340398".into(),
        scope: HoldScope::Account,
        cause: HoldCause::Operator,
        code: None,
        reason: "look first".into(),
        since_ms: NOW,
        until_ms: None,
    };
    outbox.hold(hold, &mut Step::default());
    outbox
}

/// The time that each slice of the messages took to be queued.
fn enqueue(outbox: &mut Outbox) -> Vec<Duration> {
    let slice = |slice: usize| {
        let begun = Instant::now();
        for nth in slice * SLICE..(slice + 1) * SLICE {
            let mut step = Step::default();
            outbox.submit(message(nth), Bytes::from_static(b"{}"), &mut step, NOW);
            black_box(step);
        }
        begun.elapsed()
    };
    (0..MESSAGES / SLICE).map(slice).collect()
}

/// The time that each slice took to leave and be taken, as fast as the pace of the number and the rule of each pair let
/// them: the clock jumps to whatever is due.
fn drain(outbox: &mut Outbox) -> Vec<Duration> {
    let (mut now, mut left, mut slices, mut begun) = (NOW, 0, Vec::new(), Instant::now());
    let mut step = Step::default();
    outbox.release(&mut step, now, |_| true);
    loop {
        outbox.kept(std::mem::take(&mut step.next.sends));
        for record in outbox.leave_due(now) {
            let wamid = format!("wamid.{left}").into();
            let answer = Answer { status: 200, body: Bytes::from_static(b"{}") };
            outbox.tried(&record.id, Tried::Taken { wamid, answer }, 0.5, &mut step, now);
            left += 1;
            if left % SLICE == 0 {
                slices.push(begun.elapsed());
                begun = Instant::now();
            }
        }
        if outbox.is_empty() {
            return slices;
        }
        let next = std::mem::take(&mut step.next.sends);
        step = Step::default();
        step.next.sends = next;
        if step.next.sends.is_empty() {
            now = now.max(outbox.due_at().expect("what waits has an alarm"));
            outbox.start_due(&mut step, now);
        }
    }
}

fn per_second(slice: Duration) -> f64 {
    SLICE as f64 / slice.as_secs_f64()
}

/// Whether the last of `slices` took no longer than three times as long as the first, of the quickest of each third: what
/// looked at every message would take ten times as long, and a busy machine takes half as long again.
fn is_flat(slices: &[Duration]) -> bool {
    let third = slices.len() / 3;
    let quickest = |some: &[Duration]| some.iter().min().expect("some slices").as_secs_f64();
    quickest(&slices[slices.len() - third..]) <= 3.0 * quickest(&slices[..third])
}

#[test]
fn a_hundred_thousand_messages_wait_in_little_memory_and_none_is_slower_for_it() {
    let mut outbox = held();
    outbox.set_limits([("106540352242922".into(), 1000)], NOW);
    let before = resident();
    let queued = enqueue(&mut outbox);
    let bytes = resident().zip(before).map(|(after, before)| after.saturating_sub(before) / MESSAGES);
    assert_eq!(outbox.len(), MESSAGES);
    let drained = drain(&mut outbox);
    let (first, last) = (queued[0], queued[queued.len() - 1]);
    println!("queued per second: {:.0} at first, {:.0} at last", per_second(first), per_second(last));
    println!("drained per second: {:.0} at first, {:.0} at last", per_second(drained[0]), per_second(drained[8]));
    println!("bytes per message: {bytes:?}");
    assert!(is_flat(&queued), "queueing gets slower: {queued:?}");
    assert!(is_flat(&drained), "draining gets slower: {drained:?}");
    assert!(bytes.is_none_or(|bytes| bytes <= MOST_BYTES), "{bytes:?} bytes per message");
}
