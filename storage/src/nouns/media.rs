//! Media ids as they are kept: whose each is. Filed by the week in which one was seen, so that a look asks a few places
//! and forgetting begins with the oldest.

use super::{Kind, Noun};
use crate::{Key, KeyBuilder};
use serde::{Deserialize, Serialize};

/// A media id that an account's events or uploads named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaRecord {
    /// Meta's id of the media.
    pub media: Box<str>,
    /// The WABA id.
    pub account: Box<str>,
    /// The phone number id it came to or was uploaded for, where that is known.
    pub number: Option<Box<str>>,
    /// When it was seen, in ms since 1970.
    pub at_ms: u64,
}

impl MediaRecord {
    /// One week, in ms.
    const WEEK_MS: u64 = 7 * 86_400_000;
    /// Weeks before the current one that may hold an id that works still: Meta keeps an upload for 30 days.
    const WEEKS: u64 = 5;

    /// Where records of `media` may stand, the newest first.
    pub fn places(media: &str, now_ms: u64) -> impl Iterator<Item = Key> {
        let week = now_ms / Self::WEEK_MS;
        (week.saturating_sub(Self::WEEKS)..=week)
            .rev()
            .map(move |week| KeyBuilder::new().number(week).text(media).build())
    }

    /// Whether no look will find it any more.
    pub fn is_over(&self, now_ms: u64) -> bool {
        self.at_ms / Self::WEEK_MS + Self::WEEKS < now_ms / Self::WEEK_MS
    }
}

impl Noun for MediaRecord {
    const KIND: Kind = Kind::Media;

    fn key(&self) -> Key {
        KeyBuilder::new().number(self.at_ms / Self::WEEK_MS).text(&self.media).text(&self.account).build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: u64 = 86_400_000;

    fn seen(at_ms: u64) -> MediaRecord {
        MediaRecord { media: "2001".into(), account: "100".into(), number: None, at_ms }
    }

    fn is_found(record: &MediaRecord, now_ms: u64) -> bool {
        MediaRecord::places("2001", now_ms).any(|place| record.key().0.starts_with(&place.0))
    }

    #[test]
    fn an_id_is_found_for_thirty_days_at_least_and_what_is_over_is_never_found() {
        for began in 0..14 {
            let record = seen(20_000 * DAY_MS + began * DAY_MS / 2);
            assert!(is_found(&record, record.at_ms) && is_found(&record, record.at_ms + 30 * DAY_MS));
            for days in 0..60 {
                let now = record.at_ms + days * DAY_MS;
                assert_eq!(record.is_over(now), !is_found(&record, now), "{days} days later");
            }
        }
    }

    #[test]
    fn an_id_is_not_found_under_another_that_begins_like_it() {
        let record = MediaRecord { media: "20019".into(), ..seen(0) };
        assert!(!is_found(&record, 0));
    }
}
