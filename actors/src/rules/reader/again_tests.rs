//! What is opened again: when it starts, behind whom, and how much of it there may be.

use super::*;
use crate::gateway::Route;
use crate::rules::reader::{Attempted, Verdict};
use crate::rules::testing::{NOW, event, route};
use std::time::Duration;

const HOUR_MS: u64 = 3_600_000;

/// Everything up to `through` is delivered; one at a time.
fn reader(through: u64, lane: u64) -> Reader {
    reader_of(1, through, lane)
}

/// The same, so many at a time.
fn reader_of(concurrency: usize, through: u64, lane: u64) -> Reader {
    let mut reader = Reader::new(Arc::new(Route { concurrency, ..route("sim/all") }), 0, 1 << 20);
    for seq in 1..=through {
        reader.offer(&event(seq, lane), true);
        reader.start_due(NOW);
        reader.attempted(seq, Attempted::Delivered, 0.5, NOW);
    }
    reader
}

fn again(reader: &mut Reader, seq: u64, lane: u64, now: u64) {
    reader.open_again(&event(seq, lane), now);
    reader.admit(seq);
}

/// Delivers everything, in which order.
fn order(reader: &mut Reader, now: u64) -> Vec<(u64, u32)> {
    let next = |reader: &mut Reader| {
        let due = reader.start_due(now).pop()?;
        reader.attempted(due.seq, Attempted::Delivered, 0.5, now);
        Some((due.seq, due.attempt))
    };
    std::iter::from_fn(|| next(reader)).collect()
}

#[test]
fn it_starts_once_it_is_durable_and_with_its_first_attempt() {
    let mut reader = reader(3, 7);
    reader.open_again(&event(2, 7), NOW);
    assert_eq!((order(&mut reader, NOW), reader.depth()), (vec![], (1, 0)));
    assert_eq!(reader.progress("100").open[0].again_after, 3, "it is kept before it starts");
    reader.admit(2);
    reader.admit(2);
    assert_eq!(order(&mut reader, NOW), [(2, 1)]);
}

#[test]
fn it_lines_up_behind_its_lane_and_before_what_comes_later() {
    let mut reader = reader(3, 7);
    reader.offer(&event(4, 7), true);
    again(&mut reader, 3, 7, NOW);
    again(&mut reader, 1, 7, NOW);
    reader.offer(&event(5, 7), true);
    let kept = reader.progress("100");
    assert_eq!(order(&mut reader, NOW), [(4, 1), (1, 1), (3, 1), (5, 1)]);
    let mut after = Reader::new(Arc::clone(reader.route()), kept.high, 0);
    kept.open.into_iter().for_each(|open| after.restore(open));
    assert_eq!(order(&mut after, NOW), [(4, 1), (1, 1), (3, 1), (5, 1)], "after a restart");
}

#[test]
fn it_never_starts_beside_one_of_its_lane_that_is_under_way() {
    let mut reader = reader_of(32, 3, 7);
    again(&mut reader, 2, 7, NOW);
    assert_eq!(reader.start_due(NOW).len(), 1);
    again(&mut reader, 1, 7, NOW);
    assert!(reader.start_due(NOW).is_empty());
    reader.attempted(2, Attempted::unanswered("broken"), 0.0, NOW);
    assert_eq!(reader.start_due(NOW + HOUR_MS)[0].seq, 2, "it was there first");
}

#[test]
fn it_yields_to_what_is_new_unless_that_waits_behind_it() {
    let mut reader = reader(3, 7);
    again(&mut reader, 1, 7, NOW);
    again(&mut reader, 2, 8, NOW);
    reader.offer(&event(4, 9), true);
    reader.offer(&event(5, 8), true);
    assert_eq!(order(&mut reader, NOW), [(2, 1), (4, 1), (5, 1), (1, 1)]);
}

#[test]
fn a_quarter_of_the_window_is_all_that_it_takes() {
    let most = MOST_AGAIN as u64;
    let mut reader = reader(most + 10, 7);
    (1..=most).for_each(|seq| again(&mut reader, seq, 7, NOW));
    assert_eq!(reader.room_again(), 0);
    for seq in most + 11..=most + 10 + WINDOW as u64 {
        reader.offer(&event(seq, seq), true);
    }
    assert_eq!(reader.depth().0, WINDOW);
    assert_eq!(reader.high(), most + 10 + WINDOW as u64 - most, "the rest of the window is for what is new");
    let delivered = order(&mut reader, NOW);
    assert_eq!((delivered.len(), reader.room_again()), (WINDOW, MOST_AGAIN));
}

#[test]
fn it_ages_from_when_it_was_opened_again() {
    let mut reader = reader(1, 7);
    let late = NOW + 100 * HOUR_MS;
    again(&mut reader, 1, 7, late);
    reader.start_due(late);
    assert_eq!(reader.attempted(1, Attempted::unanswered("broken"), 0.0, late), Some(Verdict::Again));
    let later = late + HOUR_MS;
    assert_eq!(reader.start_due(later)[0].attempt, 2);
    assert_eq!(reader.route().max_age, Duration::from_secs(3600));
    assert_eq!(reader.attempted(1, Attempted::unanswered("broken"), 0.0, later), Some(Verdict::Dead));
}

#[test]
fn an_event_that_is_ahead_and_was_not_wanted_is_opened_once() {
    let mut reader = reader(3, 7);
    assert!(reader.awaits(&event(9, 7), true) && !reader.awaits(&event(9, 7), false));
    again(&mut reader, 9, 7, NOW);
    reader.read(&(4..=10).map(|seq| event(seq, seq)).collect::<Vec<_>>(), |event| event.seq != 9);
    assert_eq!(reader.open_seqs(), [4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(order(&mut reader, NOW).len(), 7);
}

#[test]
fn it_joins_lanes_and_is_given_up_also_before_it_is_durable() {
    let mut reader = reader(5, 7);
    reader.offer(&event(6, 8), true);
    reader.open_again(&event(1, 7), NOW);
    reader.open_again(&event(2, 7), NOW);
    reader.join(7, 8, 7);
    assert!(reader.bury(2, true));
    reader.admit(1);
    reader.admit(2);
    assert_eq!(order(&mut reader, NOW), [(6, 1), (1, 1)]);
}
