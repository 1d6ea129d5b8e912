//! A hold begins, ends and is counted: time under it ages nothing. Knows neither endpoints nor disks.

use wharf_storage::Hold;

/// Holds of one place that are remembered apart. Beyond that the two oldest become one, with what lay between them: a
/// delivery that old then lives a little longer, and none dies early.
const PAST: usize = 16;

/// What nobody holds yet.
pub fn free(place: &str) -> Hold {
    Hold { place: place.into(), why: "".into(), since_ms: None, past: Vec::new() }
}

/// A hold begins; says whether it is new.
pub fn begin(hold: &mut Hold, why: &str, now: u64) -> bool {
    if hold.since_ms.is_some() {
        return false;
    }
    // A clock that was set back must not fold time over itself.
    let after = hold.past.last().map_or(0, |(_, ended)| *ended);
    hold.since_ms = Some(now.max(after));
    hold.why = why.into();
    true
}

/// The hold ends; says whether there was one.
pub fn end(hold: &mut Hold, now: u64) -> bool {
    let Some(since) = hold.since_ms.take() else { return false };
    hold.past.push((since, now.max(since)));
    if hold.past.len() > PAST {
        let (began, _) = hold.past.remove(0);
        hold.past[0].0 = began;
    }
    true
}

/// How much of the time from `from` to `now` was held, in ms.
pub fn held_ms(hold: &Hold, from: u64, now: u64) -> u64 {
    held_by_any_ms([hold], from, now)
}

/// How much of the time from `from` to `now` at least one of `holds` held, in ms.
pub fn held_by_any_ms<'h>(holds: impl IntoIterator<Item = &'h Hold>, from: u64, now: u64) -> u64 {
    let spans = |hold: &'h Hold| hold.past.iter().copied().chain(hold.since_ms.map(|since| (since, now)));
    let mut spans: Vec<(u64, u64)> = holds.into_iter().flat_map(spans).collect();
    spans.sort_unstable();
    let (mut sum, mut counted_to) = (0, from);
    for (began, ended) in spans {
        let (began, ended) = (began.max(counted_to), ended.min(now));
        sum += ended.saturating_sub(began);
        counted_to = counted_to.max(ended);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_begins_once_and_ends_once() {
        let mut hold = free("endpoint:1");
        assert!(begin(&mut hold, "HTTP 410", 100));
        assert!(!begin(&mut hold, "HTTP 410", 110));
        assert_eq!(hold.since_ms, Some(100));
        assert!(end(&mut hold, 150));
        assert!(!end(&mut hold, 160));
        assert_eq!((hold.since_ms, &*hold.past), (None, &[(100, 150)][..]));
    }

    #[test]
    fn held_time_is_what_lies_between_acceptance_and_now() {
        let mut hold = free("endpoint:1");
        begin(&mut hold, "", 100);
        end(&mut hold, 150);
        begin(&mut hold, "", 200);
        assert_eq!(held_ms(&hold, 0, 210), 60, "the one that ended and the one that goes on");
        assert_eq!(held_ms(&hold, 120, 210), 40, "accepted within the first");
        assert_eq!(held_ms(&hold, 160, 190), 0);
        assert_eq!(held_ms(&hold, 205, 210), 5);
        assert_eq!(held_ms(&hold, 500, 210), 0, "a clock that was set back");
    }

    #[test]
    fn time_that_two_holds_share_counts_once() {
        let (mut one, mut other) = (free("a"), free("b"));
        begin(&mut one, "", 100);
        begin(&mut other, "", 120);
        end(&mut one, 150);
        end(&mut other, 130);
        begin(&mut other, "", 140);
        assert_eq!(held_by_any_ms([&one, &other], 0, 200), 100);
        assert_eq!(held_by_any_ms([&other, &one], 145, 160), 15);
        assert_eq!(held_by_any_ms([], 0, 200), 0);
    }

    #[test]
    fn of_many_holds_the_oldest_become_one_and_none_is_forgotten() {
        let mut hold = free("endpoint:1");
        for nth in 0..40 {
            begin(&mut hold, "", nth * 100);
            end(&mut hold, nth * 100 + 10);
        }
        assert_eq!(hold.past.len(), PAST);
        assert_eq!(hold.past[0], (0, 2410));
        assert_eq!(hold.past[1], (2500, 2510));
        assert!(held_ms(&hold, 0, 4000) >= 400);
    }

    #[test]
    fn a_clock_that_is_set_back_counts_no_moment_twice() {
        let mut hold = free("endpoint:1");
        begin(&mut hold, "", 100);
        end(&mut hold, 150);
        begin(&mut hold, "", 120);
        end(&mut hold, 130);
        assert_eq!(held_ms(&hold, 0, 1000), 50);
    }
}
