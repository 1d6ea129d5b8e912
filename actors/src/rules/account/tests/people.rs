//! Customers whose ids change, with deliveries of both ids still waiting.

use super::*;

fn by(id: &str, members: &str) -> Item {
    message(id, members)
}

/// Seqs of what starts.
fn started(effects: &[Effect]) -> Vec<u64> {
    let starts = effects.iter().filter_map(|effect| match effect {
        Effect::Deliver(start) => Some(start.due.seq),
        Effect::Commit { .. }
        | Effect::ReadOn { .. }
        | Effect::ReadAgain(_)
        | Effect::Send(_)
        | Effect::Answer { .. } => None,
    });
    starts.collect()
}

/// Accepts one item and lets it become durable; the event and what starts.
fn take(account: &mut AccountMachine, item: Item) -> (Arc<Event>, Vec<u64>) {
    let now = NOW + account.seq();
    let (ticket, change) = kept(account.handle(accept(vec![item]), now));
    let started = started(&account.handle(Input::Settled { ticket }, NOW));
    (Arc::clone(&change.events[0]), started)
}

fn delivered(account: &mut AccountMachine, event: &Arc<Event>) -> Vec<u64> {
    let event = Arc::clone(event);
    started(&account.handle(Input::Attempted { reader: 0, event, what: Attempted::Delivered, chance: 0.5 }, NOW))
}

#[test]
fn what_comes_after_two_dialogs_became_one_waits_for_both() {
    let mut account = active();
    let (phone, first) = take(&mut account, by("a", r#""from":"1""#));
    let (user, second) = take(&mut account, by("b", r#""from_user_id":"NO.1""#));
    assert_eq!((first, second), (vec![1], vec![2]), "nobody knows yet that they are one");
    let (both, third) = take(&mut account, by("c", r#""from":"1","from_user_id":"NO.1""#));
    assert_eq!((both.lane, third), (phone.lane, vec![]));
    let (last, fourth) = take(&mut account, by("d", r#""from_user_id":"NO.1""#));
    assert_eq!((last.lane, fourth), (phone.lane, vec![]));
    assert!(delivered(&mut account, &phone).is_empty(), "the other one is under way");
    assert_eq!(delivered(&mut account, &user), [3]);
    assert_eq!(delivered(&mut account, &both), [4]);
}

#[test]
fn the_order_holds_where_a_user_id_update_brings_the_news() {
    let update = r#"{"user_id":{"previous":"NO.1","current":"NO.2"},"timestamp":"1790000001"}"#;
    let update = || crate::rules::testing::item("100", "9", "user_id_update", update);
    let mut account = active();
    let (old, _) = take(&mut account, by("a", r#""from_user_id":"NO.1""#));
    let (waits, _) = take(&mut account, by("b", r#""from_user_id":"NO.1""#));
    let (early, started) = take(&mut account, by("c", r#""from_user_id":"NO.2""#));
    assert_eq!((waits.lane, started), (old.lane, vec![3]));
    let (told, started) = take(&mut account, update());
    assert_eq!((told.lane, started), (old.lane, vec![]));
    let (after, started) = take(&mut account, by("d", r#""from_user_id":"NO.2""#));
    assert_eq!((after.lane, started), (old.lane, vec![]));
    assert_eq!(delivered(&mut account, &old), [2]);
    assert_eq!(delivered(&mut account, &waits), Vec::<u64>::new(), "what began before the news ends first");
    assert_eq!(delivered(&mut account, &early), [4]);
    assert_eq!(delivered(&mut account, &told), [5]);
}
