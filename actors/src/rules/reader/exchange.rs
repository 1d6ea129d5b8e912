//! How a reader takes another route in place of its own, is left by its route, and ends. Knows neither why a route came
//! or went nor who says so.

use super::{NARROW, Order, Reader};
use crate::gateway::Route;
use std::sync::Arc;

/// What a reader is still for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    /// Its route is there.
    #[default]
    Live,
    /// Its route is not in the settings any more. It starts nothing and forgets nothing: should the route come back,
    /// it goes on where it was.
    Removed,
    /// Its deliveries are being given up: all it was to deliver, up to this seq.
    Ending {
        /// The last event that its route was offered.
        until: u64,
    },
    /// All that is over, and not kept any more. Another route may take its place.
    Gone,
}

impl Reader {
    /// A reader without a route, known from its kept progress alone.
    #[must_use]
    pub fn standing_as(self, standing: Standing) -> Self {
        Self { standing, ..self }
    }

    /// What it is for.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Whether its route is there.
    pub fn is_live(&self) -> bool {
        self.standing == Standing::Live
    }

    /// Whether nothing of it is left.
    pub fn is_gone(&self) -> bool {
        self.standing == Standing::Gone
    }

    /// Whether it has given up all that it was to.
    pub fn is_over(&self) -> bool {
        match self.standing {
            Standing::Ending { until } => self.lanes.len() == 0 && self.reading.is_none() && self.high >= until,
            Standing::Live | Standing::Removed | Standing::Gone => false,
        }
    }

    /// Whether a read of the journal is under way.
    pub fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    /// Takes `route` in place of its own, of the same name. What is under way ends under the old one; what waits goes
    /// to the new one, at once where the endpoint is another.
    pub(in crate::rules) fn exchange(&mut self, route: &Arc<Route>, now: u64) {
        let old = std::mem::replace(&mut self.route, Arc::clone(route));
        self.standing = Standing::Live;
        self.width = self.width.min(self.route.concurrency);
        if old.order != self.route.order {
            self.lanes.relane(self.route.order == Order::Dialog);
        }
        if (&old.url, &old.signing, &old.queue) != (&self.route.url, &self.route.signing, &self.route.queue) {
            self.width = NARROW.min(self.route.concurrency);
            self.held_until_ms = None;
            self.lanes.release(now);
        }
    }

    pub(in crate::rules) fn stand(&mut self, standing: Standing) {
        self.standing = standing;
    }
}
