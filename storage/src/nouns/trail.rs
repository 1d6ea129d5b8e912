//! What became of a delivery's attempts, for as long as the journal is kept: one record for each. A delivery that got
//! through at the first try leaves none.

use super::{Kind, Noun};
use crate::{Key, KeyBuilder};
use serde::{Deserialize, Serialize};

/// What a reason begins with where the endpoint answered; after the status follows what it wrote.
const ANSWERED: &str = "HTTP ";

/// One attempt of a delivery, or its end without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    /// The WABA id, or the stream of a gateway's tests.
    pub account: Box<str>,
    /// The event.
    pub seq: u64,
    /// `{gateway}/{route}`.
    pub route: Box<str>,
    /// Which attempt, from 1; one more than there were where it ended without one.
    pub attempt: u32,
    /// When it ended, in ms since 1970.
    pub at_ms: u64,
    /// How long it took, a wait for the endpoint's turn included, in ms.
    pub took_ms: u32,
    /// What came of it.
    pub result: TrailResult,
    /// The HTTP status, where it failed and there was an answer.
    pub status: Option<u16>,
    /// What happened, for people; empty where it got through.
    pub reason: Box<str>,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TrailResult {
    /// It is tried again.
    Failed,
    /// It is tried again on its own; its lane goes on.
    Parked,
    /// It got through.
    Delivered,
    /// The delivery was given up after it.
    Dead,
    /// The delivery was given up without an attempt.
    Buried,
}

impl TrailResult {
    /// Whether the delivery was given up.
    pub fn is_dead(self) -> bool {
        match self {
            TrailResult::Dead | TrailResult::Buried => true,
            TrailResult::Failed | TrailResult::Parked | TrailResult::Delivered => false,
        }
    }
}

impl Noun for Trail {
    const KIND: Kind = Kind::Trail;

    fn key(&self) -> Key {
        Self::key_of(&self.account, self.seq, &self.route, self.attempt)
    }
}

impl Trail {
    /// Where the record of one attempt is filed.
    pub fn key_of(account: &str, seq: u64, route: &str, attempt: u32) -> Key {
        KeyBuilder::new().text(account).number(seq).text(route).number(attempt.into()).build()
    }

    /// What the keys of all records of one event start with.
    pub fn prefix(account: &str, seq: u64) -> Key {
        KeyBuilder::new().text(account).number(seq).build()
    }

    /// Without what the endpoint wrote: an application that fails likes to quote what it was sent.
    #[must_use]
    pub fn unquoted(self) -> Self {
        let quote = self.reason.find(ANSWERED).map(|at| {
            let code = at + ANSWERED.len();
            code + self.reason[code..].find(|c: char| !c.is_ascii_digit()).unwrap_or(self.reason.len() - code)
        });
        let reason = quote.map(|ends| self.reason[..ends].into());
        Self { reason: reason.unwrap_or(self.reason), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_quotes_only_the_status_is_left_of_an_answer() {
        let unquoted = |reason: &str| {
            let (account, route, reason) = ("1".into(), "main/bot".into(), reason.into());
            let result = TrailResult::Failed;
            let trail =
                Trail { account, seq: 1, route, attempt: 1, at_ms: 1, took_ms: 1, result, status: None, reason };
            trail.unquoted().reason.into_string()
        };
        assert_eq!(unquoted("HTTP 500 {\"error\":\"491700000 said HTTP 1\"}"), "HTTP 500");
        assert_eq!(unquoted("HTTP 503"), "HTTP 503");
        assert_eq!(unquoted("in a batch: HTTP 400 491"), "in a batch: HTTP 400");
        assert_eq!(
            unquoted("not delivered within max_age; last: HTTP 500 491"),
            "not delivered within max_age; last: HTTP 500"
        );
        assert_eq!(unquoted("no answer within 10s"), "no answer within 10s");
    }

    #[test]
    fn records_of_one_event_stand_together_by_route_and_in_the_order_of_its_attempts() {
        let key = |seq, route, attempt| Trail::key_of("1", seq, route, attempt);
        let prefix = Trail::prefix("1", 7);
        assert!(key(7, "a/b", 300).0.starts_with(&prefix.0) && !key(8, "a/b", 1).0.starts_with(&prefix.0));
        assert!(key(7, "a/b", 2) < key(7, "a/b", 256) && key(7, "a/b", 256) < key(7, "a/c", 1));
    }
}
