//! What counts as drift, and how comparing is spread over time.

use super::*;
use std::collections::HashMap;

const OURS: &str = "https://wa.example.com/main";
const HOUR: u64 = 3_600_000;

#[test]
fn drift_is_what_meta_does_not_do_as_wished() {
    let wish = Wish { wished: true, active: true, callback: Some(OURS), overridden: false };
    let found = Found { subscribed: true, override_uri: None };
    let gone = Found { subscribed: false, override_uri: None };
    let other = Found { override_uri: Some("https://other.example/"), ..found };
    let ours = Found { override_uri: Some(OURS), ..found };
    let idle = Wish { wished: false, active: false, ..wish };
    let rows = [
        ("all is well", wish, found, vec![]),
        ("nobody wants it, and it is not there", idle, gone, vec![]),
        ("somebody took our app off", wish, gone, vec![Word::NotSubscribed]),
        ("the wish was never granted", Wish { active: false, ..wish }, gone, vec![Word::NotSubscribed]),
        ("somebody subscribed our app", idle, found, vec![Word::InactiveButSubscribed]),
        ("somebody pointed it elsewhere", wish, other, vec![Word::OverrideElsewhere]),
        ("both", idle, other, vec![Word::InactiveButSubscribed, Word::OverrideElsewhere]),
        ("our own override that nobody asks for does no harm", wish, ours, vec![]),
        (
            "an override to somewhere, and we do not know our own",
            Wish { callback: None, ..wish },
            ours,
            vec![Word::OverrideElsewhere],
        ),
        ("our override is gone", Wish { overridden: true, ..wish }, found, vec![Word::OverrideMissing]),
        ("our override is there", Wish { overridden: true, ..wish }, ours, vec![]),
    ];
    for (what, wish, found, words) in rows {
        assert_eq!(subscription(wish, found), words, "{what}");
    }
}

fn accounts(count: usize) -> Vec<String> {
    (0..count).map(|nth| format!("{}", 100_000_000_000_000 + nth * 7)).collect()
}

#[test]
fn each_account_is_compared_once_in_every_period_and_all_of_them_evenly() {
    let accounts = accounts(20_000);
    let mut rounds = Rounds::new(6 * HOUR, 1_800_000_000_000);
    let mut turns: HashMap<Box<str>, u32> = HashMap::new();
    let mut largest = 0;
    for tick in 1..=(2 * 6 * 120) {
        let now = 1_800_000_000_000 + tick * 30_000;
        let group = rounds.next(accounts.iter().map(String::as_str), now);
        largest = largest.max(group.len());
        group.into_iter().for_each(|account| *turns.entry(account).or_default() += 1);
        rounds.ended([], now);
    }
    assert_eq!(turns.len(), accounts.len());
    assert!(turns.values().all(|turns| *turns == 2 || *turns == 1 || *turns == 3));
    assert_eq!(turns.values().filter(|turns| **turns != 2).count(), 0);
    assert!(largest <= AT_ONCE, "{largest} at once");
}

#[test]
fn one_group_at_a_time_is_under_way_and_never_more_than_graph_shows_at_once() {
    let accounts = accounts(120);
    let all = || accounts.iter().map(String::as_str);
    let mut rounds = Rounds::new(HOUR, 0);
    assert_eq!(rounds.next(all(), HOUR).len(), 50);
    assert_eq!(rounds.next(all(), HOUR + 1).len(), 0, "one is under way");
    rounds.ended([], HOUR + 2);
    assert_eq!(rounds.next(all(), HOUR + 2).len(), 50);
    rounds.ended([], HOUR + 3);
    assert_eq!(rounds.next(all(), HOUR + 3).len(), 20);
}

#[test]
fn an_account_that_could_not_be_compared_is_tried_again_before_its_next_turn() {
    let mut rounds = Rounds::new(12 * HOUR, 0);
    let group = rounds.next(["1"].into_iter(), 12 * HOUR);
    assert_eq!(group, ["1".into()]);
    rounds.ended(group, 12 * HOUR);
    assert!(rounds.next(std::iter::empty(), 12 * HOUR + HOUR / 2).is_empty());
    assert_eq!(rounds.next(std::iter::empty(), 13 * HOUR), ["1".into()]);
}

#[test]
fn a_clock_that_jumps_compares_each_account_at_most_once() {
    let mut rounds = Rounds::new(HOUR, 10 * HOUR);
    assert!(rounds.next(["1"].into_iter(), 9 * HOUR).is_empty(), "back");
    assert_eq!(rounds.next(["1"].into_iter(), 100 * HOUR).len(), 1);
    rounds.ended([], 100 * HOUR);
    assert!(rounds.next(["1"].into_iter(), 100 * HOUR).is_empty());
}
