//! Meta's limit of customers a day: whom it holds back, and who goes on.

use super::*;
use wharf_storage::Reached;

fn limited(customers: u32) -> Desk {
    let mut desk = Desk::new();
    desk.outbox.set_customers_a_day(Some(customers));
    desk
}

fn template(desk: &mut Desk, id: &str, to: &str, now: u64) -> Vec<String> {
    let left = desk.submit_record(MessageRecord { template: Some("sale".into()), ..outbound(id, to) }, now);
    left.iter().for_each(|id| drop(desk.tried(id, taken(), now)));
    left
}

fn holds(desk: &Desk) -> Vec<(HoldScope, HoldCause, Option<u64>)> {
    desk.outbox.holds().map(|hold| (hold.scope.clone(), hold.cause, hold.until_ms)).collect()
}

#[test]
fn once_it_is_reached_templates_to_new_customers_wait_and_everything_else_goes_on() {
    let mut desk = limited(2);
    assert_eq!(template(&mut desk, "a", "1", NOW), ["a"]);
    assert_eq!(template(&mut desk, "b", "2", NOW + 1_000), ["b"]);
    assert_eq!(template(&mut desk, "c", "3", NOW + 2_000), Vec::<String>::new());
    assert_eq!(holds(&desk), [(HoldScope::NewCustomers, HoldCause::Limit, Some(NOW + DAY_MS))]);
    assert_eq!(template(&mut desk, "d", "2", NOW + 3_000), ["d"], "who counts gets more");
    assert_eq!(desk.submit("e", "4", NOW + 4_000), ["e"], "what is no template begins nothing");
    assert_eq!(template(&mut desk, "f", "5", NOW + 5_000), Vec::<String>::new());
    let left = desk.tick(NOW + DAY_MS);
    assert_eq!(left, Vec::<String>::new(), "they are too old by now");
    assert!(holds(&desk).is_empty());
}

#[test]
fn when_the_first_has_counted_for_a_day_the_next_one_is_begun_with() {
    let mut desk = limited(1);
    template(&mut desk, "a", "1", NOW);
    let later = MessageRecord { template: Some("sale".into()), expires_at_ms: NOW + 3 * DAY_MS, ..outbound("b", "2") };
    assert_eq!(desk.submit_record(later.clone(), NOW + 1), Vec::<String>::new());
    desk.submit_record(MessageRecord { id: "c".into(), lane: "3".into(), ..later }, NOW + 2);
    assert_eq!(desk.outbox.due_at(), Some(NOW + DAY_MS));
    assert_eq!(desk.tick(NOW + DAY_MS), ["b"]);
    assert_eq!(holds(&desk), [(HoldScope::NewCustomers, HoldCause::Limit, Some(NOW + 2 * DAY_MS))]);
}

#[test]
fn a_customer_who_writes_gets_what_waits_for_them_and_does_not_count() {
    let mut desk = limited(1);
    template(&mut desk, "a", "1", NOW);
    template(&mut desk, "b", "2", NOW);
    desk.outbox.window_opens("9", "2", NOW + DAY_MS, NOW + 1);
    assert_eq!(desk.tick(NOW + 1), ["b"]);
    desk.tried("b", taken(), NOW + 1);
    assert_eq!(template(&mut desk, "c", "3", NOW + 2), Vec::<String>::new(), "the limit is reached all the same");
}

#[test]
fn a_higher_limit_lets_go_at_once_and_without_one_nobody_is_counted() {
    let mut desk = limited(1);
    template(&mut desk, "a", "1", NOW);
    template(&mut desk, "b", "2", NOW);
    desk.outbox.set_customers_a_day(Some(2));
    assert_eq!(desk.tick(NOW + 1), ["b"]);
    desk.outbox.set_customers_a_day(None);
    assert_eq!(template(&mut desk, "c", "3", NOW + 2), ["c"]);
    let mut step = Step::default();
    desk.outbox.submit(
        MessageRecord { template: Some("sale".into()), ..outbound("d", "4") },
        Bytes::new(),
        &mut step,
        NOW + 3,
    );
    assert!(step.change.writes.iter().all(|write| write.kind != Kind::Reached));
}

#[test]
fn whom_it_wrote_to_counts_after_a_restart_too() {
    let mut desk = limited(2);
    let mut step = Step::default();
    for (id, to) in [("a", "1"), ("b", "2")] {
        let record = MessageRecord { template: Some("sale".into()), ..outbound(id, to) };
        desk.outbox.submit(record, Bytes::new(), &mut step, NOW);
    }
    let kept = step.change.writes.iter().filter(|write| write.kind == Kind::Reached);
    let kept: Vec<Reached> = kept.filter_map(|write| Reached::from_bytes(write.value.as_ref()?).ok()).collect();
    assert_eq!(kept.len(), 2);
    desk = limited(2);
    desk.outbox.recall_reached(kept, NOW + 1);
    assert_eq!(template(&mut desk, "c", "3", NOW + 1), Vec::<String>::new());
    assert_eq!(template(&mut desk, "d", "1", NOW + 1), ["d"]);
}
