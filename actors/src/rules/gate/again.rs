//! Test payloads that are delivered again because somebody asks.

use super::{Effect, GateMachine, InFlight};
use crate::rules::deliveries::Asked;
use std::sync::Arc;
use wharf_storage::Event;

impl GateMachine {
    /// Who may get a test payload again: `route`, or each that wants tests.
    pub fn ask_again(&self, event: &Event, route: Option<&str>) -> Asked {
        self.deliveries.ask_again(event, |its| route.is_none_or(|route| *route == *its.name))
    }

    /// Delivers a test payload to these readers again. The first effect is exactly one commit.
    pub fn again(&mut self, readers: &[usize], event: &Arc<Event>, now: u64) -> Vec<Effect> {
        let mut flight = InFlight::default();
        for reader in readers {
            if self.deliveries.open_again(*reader, event, now) {
                flight.opened.push((*reader, event.seq));
            }
        }
        let change = self.deliveries.keep_again();
        let mut effects = vec![self.commit(change, flight)];
        self.pump(&mut effects, now);
        effects
    }
}
