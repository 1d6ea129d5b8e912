//! Moments and spans as people say them.

/// Such as `12:04:05 UTC`; with the date where it is another day than that of `now`.
pub(super) fn moment(ms: u64, now: u64) -> String {
    let text = |ms: u64| {
        let ms = i64::try_from(ms).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(ms).map(|moment| format!("{moment:.0}")).unwrap_or_default()
    };
    let (then, today) = (text(ms), text(now));
    let (Some((day, time)), Some((this_day, _))) = (then.split_once('T'), today.split_once('T')) else {
        return "a time beyond all calendars".to_owned();
    };
    let time = time.trim_end_matches('Z');
    if day == this_day { format!("{time} UTC") } else { format!("{day} {time} UTC") }
}

/// Such as `3 ms`, `12 s`, `4 min` or `2 h`.
pub(super) fn span(ms: u64) -> String {
    match ms {
        0..10_000 => format!("{ms} ms"),
        10_000..120_000 => format!("{} s", ms / 1000),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        7_200_000.. => format!("{} h", ms / 3_600_000),
    }
}

/// Such as `1 attempt` or `4 attempts`.
pub(super) fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_its_date_only_where_it_is_another_day() {
        let noon = 1_800_014_400_000;
        assert_eq!(moment(noon + 5_000, noon), "12:00:05 UTC");
        assert_eq!(moment(noon - 86_400_000, noon), "2027-01-14 12:00:00 UTC");
        assert_eq!(moment(u64::MAX, noon), "a time beyond all calendars");
    }

    #[test]
    fn spans_and_counts_read_well() {
        let spans: Vec<_> = [3, 12_000, 240_000, 7_200_000].map(span).into();
        assert_eq!(spans, ["3 ms", "12 s", "4 min", "2 h"]);
        assert_eq!((count(1, "attempt"), count(4, "attempt")), ("1 attempt".to_owned(), "4 attempts".to_owned()));
    }
}
