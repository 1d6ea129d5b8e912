//! What an account's own route says about time: when it ends by itself, and for how long the secret it had before goes on
//! signing. Knows no clock.

use super::units;
use serde_json::{Map, Value as Json};
use std::time::Duration;

/// A secret that was replaced signs too for this long where nobody says otherwise: an application is deployed in a day.
const OVERLAP: Duration = Duration::from_secs(86_400);
/// And for this long at most, in ms: 30 days.
const LONGEST_OVERLAP: Duration = Duration::from_secs(30 * 86_400);

/// When things of a route end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    /// The route itself, in ms since 1970.
    pub(super) expires_at_ms: Option<u64>,
    /// The secret that it had before, in ms since 1970.
    pub(super) overlap_until_ms: u64,
}

impl Terms {
    /// Reads `expires_at` and `overlap`.
    pub(super) fn read(members: &Map<String, Json>, now: u64) -> Result<Self, String> {
        let given = |key| members.get(key).filter(|value| !value.is_null());
        Ok(Self {
            expires_at_ms: given("expires_at").map(|value| moment(value, now)).transpose()?,
            overlap_until_ms: now + given("overlap").map_or(Ok(OVERLAP), overlap)?.as_millis() as u64,
        })
    }

    /// What they are called.
    pub(super) const NAMES: [&str; 2] = ["expires_at", "overlap"];

    /// Whether `key` is one of these.
    pub(super) fn has(key: &str) -> bool {
        Self::NAMES.contains(&key)
    }
}

fn moment(value: &Json, now: u64) -> Result<u64, String> {
    let read = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let at_ms = read.and_then(|at| u64::try_from(at.as_millisecond()).ok());
    let at_ms = at_ms.ok_or("`expires_at`: a moment, such as \"2027-01-31T18:00:00Z\"")?;
    if at_ms <= now {
        return Err("`expires_at`: a moment to come; DELETE ends a route at once".into());
    }
    Ok(at_ms)
}

fn overlap(value: &Json) -> Result<Duration, String> {
    let read = value.as_str().and_then(units::duration).filter(|time| *time <= LONGEST_OVERLAP);
    read.ok_or_else(|| "`overlap`: a length of time of at most 30d, such as \"24h\", or \"0s\" for none".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: u64 = 1_800_000_000_000;

    fn read(body: &Json) -> Result<Terms, String> {
        Terms::read(body.as_object().expect("an object"), NOW)
    }

    #[test]
    fn a_route_may_end_by_itself_and_its_former_secret_signs_for_a_day() {
        let terms = read(&json!({"expires_at": "2027-01-15T08:00:01Z"})).expect("sound");
        assert_eq!(terms, Terms { expires_at_ms: Some(NOW + 1_000), overlap_until_ms: NOW + 86_400_000 });
        let terms = read(&json!({"expires_at": null, "overlap": "0s"})).expect("sound");
        assert_eq!(terms, Terms { expires_at_ms: None, overlap_until_ms: NOW });
    }

    #[test]
    fn what_is_no_moment_or_no_length_of_time_is_refused_with_an_example() {
        for (body, words) in [
            (json!({"expires_at": "tomorrow"}), "such as"),
            (json!({"expires_at": 5}), "such as"),
            (json!({"expires_at": "2020-01-01T00:00:00Z"}), "to come"),
            (json!({"overlap": "31d"}), "at most 30d"),
            (json!({"overlap": 5}), "such as"),
        ] {
            let why = read(&body).expect_err("refused");
            assert!(why.contains(words), "{body}: {why}");
        }
    }
}
