//! What is remembered of attempts. One that failed is kept with the progress that it made; a success at the first try
//! costs nothing on disk, and its time is known only while it is among the last few of its stream.

use super::Deliveries;
use crate::rules::reader::{Tried, Verdict, route_tag};
use std::collections::VecDeque;
use wharf_storage::{Change, Event, KeepBody, Key, Kind, Trail, TrailResult};

/// Of a delivery that is tried again and again, the first attempts are kept: how it began ...
const FIRST: u32 = 5;
/// ... and the last: how it goes on.
const LAST: u32 = 15;
/// Deliveries that got through at the first try and whose time is known: 24 bytes each.
const FIRST_TRIES: usize = 512;

/// The trails of one stream.
#[derive(Debug)]
pub(super) struct Trails {
    keep_body: KeepBody,
    /// Not kept yet.
    fresh: Vec<Trail>,
    /// On their way to the disk.
    leaving: Vec<Trail>,
    /// Records that make room for them.
    spent: Vec<Key>,
    first_tries: VecDeque<FirstTry>,
}

/// A delivery that got through at the first try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstTry {
    seq: u64,
    /// When, in ms since 1970.
    pub at_ms: u64,
    /// How long it took, in ms.
    pub took_ms: u32,
    route: u32,
}

impl Default for Trails {
    fn default() -> Self {
        Self::new(KeepBody::Retention)
    }
}

impl Trails {
    /// Nothing is remembered yet. Where bodies go once they are delivered, what endpoints quote of them is not kept.
    pub(super) fn new(keep_body: KeepBody) -> Self {
        let (fresh, leaving, spent) = (Vec::new(), Vec::new(), Vec::new());
        Self { keep_body, fresh, leaving, spent, first_tries: VecDeque::new() }
    }

    /// What is not kept yet becomes part of `change`.
    pub(super) fn drain(&mut self, change: &mut Change) {
        self.spent.drain(..).for_each(|key| change.remove(Kind::Trail, key));
        self.fresh.iter().for_each(|trail| change.put(trail));
        self.leaving.append(&mut self.fresh);
    }

    /// What was given by [`Trails::drain`] is durable.
    pub(super) fn kept(&mut self) {
        self.leaving.clear();
    }

    /// A customer is being erased: of what is on its way to the disk no word is anybody's.
    pub(super) fn erase(&mut self) {
        for trails in [&mut self.fresh, &mut self.leaving] {
            *trails = std::mem::take(trails).into_iter().map(Trail::unquoted).collect();
        }
    }

    fn keep(&mut self, trail: Trail) {
        let trail = match self.keep_body {
            KeepBody::Retention => trail,
            KeepBody::UntilDelivered => trail.unquoted(),
        };
        if let Some(spent) = trail.attempt.checked_sub(LAST).filter(|spent| *spent > FIRST) {
            self.spent.push(Trail::key_of(&trail.account, trail.seq, &trail.route, spent));
        }
        self.fresh.push(trail);
    }

    fn remember(&mut self, first_try: FirstTry) {
        if self.first_tries.len() == FIRST_TRIES {
            self.first_tries.pop_front();
        }
        self.first_tries.push_back(first_try);
    }
}

impl Deliveries {
    /// When the event at `seq` got through to `route` at the first try, if that was lately.
    pub fn first_try(&self, seq: u64, route: &str) -> Option<FirstTry> {
        let tag = route_tag(route);
        self.trails.first_tries.iter().rev().find(|it| it.seq == seq && it.route == tag).copied()
    }

    /// What is not on the disk yet of the trails of the event at `seq`.
    pub fn fresh_trails(&self, seq: u64) -> Vec<Trail> {
        let trails = self.trails.leaving.iter().chain(&self.trails.fresh);
        trails.filter(|trail| trail.seq == seq).cloned().collect()
    }

    #[expect(clippy::too_many_arguments, reason = "all that is known of one attempt")]
    pub(super) fn leave_trail(
        &mut self,
        reader: usize,
        event: &Event,
        tried: Option<Tried>,
        verdict: Verdict,
        status: Option<u16>,
        reason: &str,
        now: u64,
    ) {
        let Tried { attempts, started_ms, again } = tried.unwrap_or_default();
        let took_ms = u32::try_from(now.saturating_sub(started_ms)).unwrap_or(u32::MAX);
        let result = match verdict {
            Verdict::NotTried => return,
            Verdict::Delivered if attempts == 0 && !again => {
                let route = route_tag(&self.readers[reader].route().name);
                return self.trails.remember(FirstTry { seq: event.seq, at_ms: now, took_ms, route });
            }
            Verdict::Delivered => TrailResult::Delivered,
            Verdict::Again => TrailResult::Failed,
            Verdict::Parked => TrailResult::Parked,
            Verdict::Refused | Verdict::Dead => TrailResult::Dead,
            Verdict::Erased => TrailResult::Buried,
        };
        let trail = Trail { took_ms, result, status, ..self.last_trail(reader, event, attempts + 1, reason, now) };
        let trail = if self.erasing.concerns(event) { trail.unquoted() } else { trail };
        self.trails.keep(trail);
    }

    /// A delivery was given up without an attempt.
    pub(super) fn leave_last_trail(
        &mut self,
        reader: usize,
        event: &Event,
        tried: Option<Tried>,
        reason: &str,
        now: u64,
    ) {
        let attempts = tried.unwrap_or_default().attempts;
        let trail = self.last_trail(reader, event, attempts + 1, reason, now);
        self.trails.keep(trail);
    }

    fn last_trail(&self, reader: usize, event: &Event, attempt: u32, reason: &str, now: u64) -> Trail {
        Trail {
            account: self.stream.as_ref().into(),
            seq: event.seq,
            route: self.readers[reader].route().name.as_ref().into(),
            attempt,
            at_ms: now,
            took_ms: 0,
            result: TrailResult::Buried,
            status: None,
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
#[path = "trail_tests.rs"]
mod tests;
