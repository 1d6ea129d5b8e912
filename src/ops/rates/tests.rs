//! The rates' memory: steps, gaps, and how little is kept.

use super::*;

fn ledger(owner: &str, received: i64) -> (String, Tally) {
    (owner.to_owned(), Tally { received, ..Tally::default() })
}

fn received(steps: &[Step]) -> Vec<u32> {
    steps.iter().map(|step| step.all[0]).collect()
}

#[test]
fn a_step_holds_what_came_within_it_and_the_last_is_under_way() {
    let rates = Rates::new(vec![ledger("1", 100)], 50_000);
    rates.end_steps(&[ledger("1", 107)], 60_000);
    rates.end_steps(&[ledger("1", 109), ledger("2", 1)], 70_001);
    let (first, steps) = rates.last(360, &[ledger("1", 110), ledger("2", 1)], 75_000);
    assert_eq!((first, received(&steps)), (50_000, vec![7, 3, 1]));
    let (first, steps) = rates.last(1, &[ledger("1", 110), ledger("2", 1)], 76_000);
    assert_eq!((first, received(&steps)), (60_000, vec![3, 1]));
}

#[test]
fn a_machine_that_slept_shows_a_gap_and_no_more_than_an_hour() {
    let rates = Rates::new(Vec::new(), 0);
    rates.end_steps(&[ledger("1", 5)], 30_000);
    let (first, steps) = rates.last(360, &[ledger("1", 5)], 30_000);
    assert_eq!((first, received(&steps)), (0, vec![5, 0, 0, 0]));
    rates.end_steps(&[ledger("1", 6)], u64::MAX / 2);
    let (_, steps) = rates.last(360, &[ledger("1", 6)], u64::MAX / 2);
    assert_eq!(steps.len(), 361);
}

#[test]
fn a_sum_that_fell_adds_nothing_and_owners_that_went_are_forgotten() {
    let rates = Rates::new(vec![ledger("1", 100), ledger("2", 7)], 0);
    rates.end_steps(&[ledger("1", 3)], 10_000);
    assert_eq!(rates.0.lock().expect("no test panicked").before.len(), 1);
    let (_, steps) = rates.last(360, &[ledger("1", 4)], 11_000);
    assert_eq!(received(&steps), [0, 1]);
}

#[test]
fn of_a_thousand_accounts_the_busiest_are_kept_and_fifty_are_shown() {
    let all = |by: i64| (0..1000).map(|nth| ledger(&nth.to_string(), nth * by)).collect::<Vec<_>>();
    let rates = Rates::new(all(0), 0);
    rates.end_steps(&all(1), 10_000);
    let (first, steps) = rates.last(360, &all(1), 11_000);
    assert_eq!((steps[0].busiest.len(), steps[0].all[0]), (KEPT, 499_500));
    let shown = Shown::of(first, &steps);
    assert_eq!(shown.accounts.len(), SHOWN);
    assert_eq!(shown.accounts["999"]["received"], [999, 0]);
    assert!(!shown.accounts.contains_key("949"), "the fifty busiest");
    assert!(!shown.accounts["999"].contains_key("dead"), "of an account two series are told");
}

#[test]
fn who_sees_some_owners_sees_sums_over_those() {
    let rates = Rates::new(Vec::new(), 0);
    let (_, mut steps) = rates.last(360, &[ledger("1", 5), ledger("main", 2)], 1);
    assert_eq!(steps.remove(0).of(|owner| owner == "1").all[0], 5);
}
