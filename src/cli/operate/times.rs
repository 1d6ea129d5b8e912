//! Times in words and words as times; always UTC. No clock of its own.

use super::fault::Fault;
use jiff::Timestamp;

/// To the second, still a time that every option takes: `2026-11-29T10:00:00Z`. `-` for none.
pub(super) fn second(moment: Option<&str>) -> String {
    let Some(moment) = moment else { return "-".to_owned() };
    moment.parse().map_or_else(|_| moment.to_owned(), |at: Timestamp| format!("{at:.0}"))
}

/// The time of day with milliseconds: `10:00:00.123`.
pub(super) fn of_day(moment: &str) -> &str {
    moment.split_once('T').map_or(moment, |(_, time)| time.trim_end_matches('Z'))
}

/// How long ago it was: `3m 12s`. `-` for none.
pub(super) fn age(moment: Option<&str>, now: Timestamp) -> String {
    let at = moment.and_then(|moment| moment.parse::<Timestamp>().ok());
    at.map_or_else(|| "-".to_owned(), |at| length(now.duration_since(at).as_secs().max(0).unsigned_abs()))
}

/// Seconds in the two largest units: `45s`, `3m 12s`, `2h 5m`, `4d 3h`.
pub(super) fn length(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {}m", seconds / 3_600, seconds % 3_600 / 60),
        86_400.. => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// What people say of a place in the journal: a seq, a time in UTC, or how long ago (`30m`, `2h`, `7d`).
pub(super) fn place(text: &str, now: Timestamp) -> Result<serde_json::Value, Fault> {
    if let Ok(seq) = text.parse::<u64>() {
        return Ok(seq.into());
    }
    let ago = crate::config::duration(text).and_then(|ago| now.checked_sub(ago).ok());
    let at = ago.or_else(|| text.parse::<Timestamp>().ok());
    let wanted = || {
        let text = format!(
            "{text} is no place in the journal: say a seq, a time such as 2026-11-29T10:00:00Z, or how long ago (2h)"
        );
        Fault::usage(text)
    };
    at.map(|at| format!("{at:.3}").into()).ok_or_else(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn now() -> Timestamp {
        "2026-11-29T12:00:00Z".parse().expect("a time")
    }

    #[test]
    fn a_place_in_the_journal_is_a_seq_a_time_or_how_long_ago() {
        assert_eq!(place("57", now()).expect("a seq"), json!(57));
        assert_eq!(place("2h", now()).expect("ago"), json!("2026-11-29T10:00:00.000Z"));
        assert_eq!(place("2026-11-29T10:00:00Z", now()).expect("a time"), json!("2026-11-29T10:00:00.000Z"));
        assert_eq!(place("2026-11-29T10:00:00+02:00", now()).expect("a time"), json!("2026-11-29T08:00:00.000Z"));
        assert!(place("yesterday", now()).is_err());
    }

    #[test]
    fn times_are_short_and_still_times() {
        assert_eq!(second(Some("2026-11-29T10:00:00.123Z")), "2026-11-29T10:00:00Z");
        assert_eq!(second(None), "-");
        assert_eq!(of_day("2026-11-29T10:00:00.123Z"), "10:00:00.123");
        assert_eq!(age(Some("2026-11-29T11:56:48.000Z"), now()), "3m 12s");
        assert_eq!(age(Some("2026-11-29T12:56:48.000Z"), now()), "0s");
        assert_eq!((length(59), length(7_500), length(90_000)), ("59s".into(), "2h 5m".into(), "1d 1h".into()));
    }
}
