//! How the bot answers deliveries: well, or with a status that somebody asked for, so that a route can be broken and
//! mended by hand.

use std::sync::atomic::{AtomicU16, Ordering};

/// The status of a bot that is well.
const WELL: u16 = 200;

/// The status that every delivery is answered with.
#[derive(Debug)]
pub(super) struct Mood(AtomicU16);

impl Default for Mood {
    fn default() -> Self {
        Self(AtomicU16::new(WELL))
    }
}

impl Mood {
    /// The status to answer with, unless the bot is well.
    pub(super) fn trouble(&self) -> Option<u16> {
        Some(self.0.load(Ordering::Relaxed)).filter(|status| *status != WELL)
    }

    /// Answers like `wish` from now on: an HTTP status from 200 to 599. Says how it stands then.
    pub(super) fn become_as(&self, wish: &str) -> Result<String, String> {
        let status = wish.trim().parse().ok().filter(|status| (WELL..600).contains(status));
        let status = status.ok_or("the body must be an HTTP status from 200 to 599, such as 500; 200 mends")?;
        self.0.store(status, Ordering::Relaxed);
        Ok(match status {
            WELL => "the bot is well again\n".to_owned(),
            _ => format!("the bot answers every delivery with {status} now; POST 200 here to mend it\n"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_is_broken_and_mended_with_one_word() {
        let mood = Mood::default();
        assert_eq!(mood.trouble(), None);
        assert!(mood.become_as("503\n").is_ok_and(|told| told.contains("503")));
        assert_eq!(mood.trouble(), Some(503));
        for wish in ["", "down", "99", "600"] {
            assert!(mood.become_as(wish).is_err(), "{wish}");
        }
        assert!(mood.become_as("200").is_ok());
        assert_eq!(mood.trouble(), None);
    }
}
