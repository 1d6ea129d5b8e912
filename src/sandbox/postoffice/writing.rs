//! The customers at work: how much they owe by now, and the next POST of it. No sockets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Shared, unix_now};
use crate::sandbox::customers::{Customers, Repeat, Traffic};
use crate::sandbox::item::{Item, Line};

/// The customers at work.
pub(super) struct Writing {
    customers: Customers,
    rate_per_s: f64,
    lines: Vec<Arc<Line>>,
    revision: u64,
    owed: f64,
    next_size: usize,
    counted_at: Instant,
}

/// What the customers have written.
pub(super) struct Written {
    /// The items of one POST.
    pub(super) items: Vec<Item>,
    /// Items that come again in another POST, after a time.
    pub(super) again: Vec<(Duration, Item)>,
}

impl Writing {
    /// Customers as `traffic` describes them, silent for now.
    pub(super) fn silent(traffic: Traffic, business_id: &str, now: Instant) -> Self {
        let mut customers = Customers::new(traffic, business_id);
        let next_size = customers.next_size();
        Self {
            customers,
            rate_per_s: 0.0,
            lines: Vec::new(),
            revision: u64::MAX,
            owed: 0.0,
            next_size,
            counted_at: now,
        }
    }

    /// Writes as `traffic` says from now on, or falls silent. Ids go on where they were, so none comes twice.
    pub(super) fn change(&mut self, traffic: Option<Traffic>, now: Instant) {
        self.rate_per_s = traffic.as_ref().map_or(0.0, |traffic| traffic.rate_per_s.max(0.0));
        if let Some(traffic) = traffic {
            self.customers.change(traffic);
            self.next_size = self.customers.next_size();
        }
        (self.owed, self.counted_at) = (0.0, now);
    }

    /// Looks who is subscribed, if that may have changed.
    pub(super) fn refresh(&mut self, shared: &Shared) {
        let world = shared.world();
        if world.revision() != self.revision {
            self.lines = world.active_lines();
            self.revision = world.revision();
        }
    }

    /// Counts what the customers owe; at most one second's worth, so that a pause is not followed by a flood.
    pub(super) fn count(&mut self, now: Instant) {
        let most = self.rate_per_s.max(self.next_size as f64);
        self.owed = (self.owed + self.rate_per_s * now.duration_since(self.counted_at).as_secs_f64()).min(most);
        self.counted_at = now;
    }

    /// The next POST; `None` when nothing is owed, or nobody listens.
    pub(super) fn next_post(&mut self) -> Option<Written> {
        if self.owed < self.next_size as f64 || self.lines.is_empty() {
            return None;
        }
        let batch = self.customers.traffic().batch;
        let mut written = Written { items: Vec::with_capacity(self.next_size), again: Vec::new() };
        while written.items.len() < self.next_size {
            let item = self.customers.write(&self.lines, unix_now())?;
            self.owed -= 1.0;
            match self.customers.repeat() {
                Some(Repeat::After(after)) => written.again.push((after, item.clone())),
                Some(Repeat::AtOnce) if written.items.len() + 1 < batch => written.items.push(item.clone()),
                Some(Repeat::AtOnce) | None => {}
            }
            written.items.push(item);
        }
        self.next_size = self.customers.next_size();
        Some(written)
    }

    /// What was asked for last.
    pub(super) fn traffic(&self) -> &Traffic {
        self.customers.traffic()
    }
}
