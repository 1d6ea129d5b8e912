//! Whose turn it is: priorities under pace, what one hot recipient costs the others, expiry and cancelling.

use super::*;
use std::collections::VecDeque;

/// Lets Meta take whatever leaves, at once, until `until`; the ids that left, with the moment.
fn drain(desk: &mut Desk, first: Vec<String>, from: u64, until: u64) -> Vec<(u64, String)> {
    let (mut left, mut now) = (Vec::new(), from);
    let mut under_way = VecDeque::from(first);
    loop {
        while let Some(id) = under_way.pop_front() {
            under_way.extend(ids(&desk.tried(&id, taken(), now)));
            left.push((now, id));
        }
        match desk.outbox.due_at().filter(|due_at| *due_at <= until) {
            Some(due_at) => now = now.max(due_at),
            None => return left,
        }
        under_way.extend(desk.tick(now));
    }
}

#[test]
fn under_pace_priorities_share_eight_to_four_to_one() {
    let mut desk = Desk::new();
    let mut first = Vec::new();
    for nth in 0..900 {
        let priority = Priority::ALL[nth % 3];
        let record = MessageRecord { priority, ..outbound(&format!("{}{nth}", priority.word()), &nth.to_string()) };
        first.extend(desk.submit_record(record, NOW));
    }
    let left = drain(&mut desk, first, NOW, NOW + 4_000);
    let later: Vec<&str> = left.iter().filter(|(at, _)| *at > NOW).map(|(_, id)| id.as_str()).collect();
    let share = |priority: Priority| later.iter().filter(|id| id.starts_with(priority.word())).count() as f64;
    let all = later.len() as f64;
    for (priority, weight) in [(Priority::High, 8.0), (Priority::Normal, 4.0), (Priority::Bulk, 1.0)] {
        let expected = all * weight / 13.0;
        assert!((share(priority) - expected).abs() <= 13.0, "{priority:?}: {} of {all}", share(priority));
    }
    assert!((300.0..=330.0).contains(&all), "{all} in four seconds");
}

#[test]
fn a_reply_overtakes_a_campaign_to_the_same_recipient() {
    let mut desk = Desk::new();
    desk.submit_record(MessageRecord { priority: Priority::Bulk, ..outbound("a", "1") }, NOW);
    desk.submit_record(MessageRecord { priority: Priority::Bulk, ..outbound("b", "1") }, NOW);
    desk.submit_record(MessageRecord { priority: Priority::High, ..outbound("c", "1") }, NOW);
    assert_eq!(ids(&desk.tried("a", taken(), NOW)), ["c"]);
    assert_eq!(ids(&desk.tried("c", taken(), NOW)), ["b"]);
}

/// An hour with one recipient who is sent far more than Meta lends a pair, and a hundred others.
#[test]
fn in_an_hour_with_a_hot_recipient_its_pair_is_never_overdrawn_and_nobody_else_waits_for_it() {
    const HOUR_MS: u64 = 3_600_000;
    let mut desk = Desk::new();
    let (mut submitted, mut left) = (HashMap::new(), Vec::new());
    for nth in 0..HOUR_MS / 1_000 {
        let now = NOW + nth * 1_000;
        let mut first = desk.tick(now);
        for to in ["hot".to_owned(), format!("other{}", nth % 100)] {
            let id = format!("{to}.{nth}");
            first.extend(desk.submit(&id, &to, now));
            submitted.insert(id, now);
        }
        left.extend(drain(&mut desk, first, now, now + 999));
    }
    let mut paid_at_ms = 0;
    let (hot, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|(_, id)| id.starts_with("hot"));
    for (at, id) in &hot {
        paid_at_ms = at.max(&paid_at_ms) + 6_000;
        assert!(paid_at_ms <= at + 45 * 6_000, "{id} overdraws its pair");
    }
    assert!((640..=645).contains(&hot.len()), "45 at once and one in six seconds: {}", hot.len());
    assert_eq!(others.len() as u64, HOUR_MS / 1_000);
    let longest = others.iter().map(|(at, id)| at - submitted[id]).max();
    assert_eq!(longest, Some(0), "another recipient waited for the hot one");
    let order: Vec<u64> = hot.iter().filter_map(|(_, id)| id.split('.').nth(1)?.parse().ok()).collect();
    assert!(order.is_sorted(), "in the order of submission");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// After a restart a pair's burst of 45 was whole again.
    #[test]
    fn whenever_the_process_stops_no_pair_is_overdrawn_and_nothing_of_its_debt_stays(
        lives in prop::collection::vec((1_u64..200_000, 0_u64..60), 1..12),
    ) {
        let mut desk = Desk::new();
        let (mut now, mut left, mut submitted) = (NOW, Vec::new(), 0);
        for (life_ms, burst) in lives {
            let mut first = desk.tick(now);
            for _ in 0..burst {
                submitted += 1;
                first.extend(desk.submit(&format!("{submitted}"), "hot", now));
            }
            left.extend(drain(&mut desk, first, now, now + life_ms));
            now += life_ms;
            desk.restart(now);
        }
        left.extend(drain(&mut desk, Vec::new(), now, now + 3_600_000));
        prop_assert_eq!(left.len(), submitted);
        let mut paid_at_ms = 0;
        for (at, id) in left {
            paid_at_ms = at.max(paid_at_ms) + 6_000;
            prop_assert!(paid_at_ms <= at + 45 * 6_000, "{} overdraws its pair", id);
        }
        prop_assert!(desk.debts.is_empty(), "{:?}", desk.debts);
    }
}

#[test]
fn what_is_held_expires_all_the_same() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.tried("a", refused_with(190, 401), NOW);
    assert_eq!(desk.tick(NOW + DAY_MS), Vec::<String>::new());
    assert_eq!((desk.state("a"), desk.tally.expired, desk.dead.len()), (MessageState::Expired, 1, 1));
    assert_eq!(desk.outbox.len(), 0);
}

#[test]
fn what_has_not_left_can_be_cancelled_and_leaves_nothing_behind() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    desk.submit("b", "1", NOW);
    desk.submit("c", "1", NOW);
    desk.step(|outbox, step| outbox.cancel("b", step, NOW).expect("it waits"));
    assert_eq!((desk.state("b"), desk.tally.cancelled, desk.bodies.contains("b")), (MessageState::Cancelled, 1, false));
    assert_eq!(ids(&desk.tried("a", taken(), NOW)), ["c"]);
}

#[test]
fn what_has_left_or_may_have_cannot_be_cancelled() {
    let mut desk = Desk::new();
    desk.submit("a", "1", NOW);
    let cancel = |desk: &mut Desk, id: &str| {
        let mut said = Ok(());
        desk.step(|outbox, step| said = outbox.cancel(id, step, NOW));
        said
    };
    assert_eq!(cancel(&mut desk, "a"), Err(Some(MessageState::Sending)));
    desk.tried("a", lost(), NOW);
    assert_eq!(cancel(&mut desk, "a"), Err(Some(MessageState::Unknown)));
    assert_eq!(cancel(&mut desk, "never"), Err(None));
}

#[test]
fn an_operators_hold_lets_nothing_go_until_the_operator_does() {
    let mut desk = Desk::new();
    let hold = hold_of("100", wharf_storage::HoldScope::Account, HoldCause::Operator, None, NOW);
    desk.step(|outbox, step| outbox.hold(hold, step));
    assert_eq!(desk.submit("a", "1", NOW), Vec::<String>::new());
    let next = desk.step(|outbox, step| {
        outbox.release(step, NOW, |hold| hold.cause == HoldCause::Operator);
    });
    assert_eq!(ids(&next), ["a"]);
}
