//! The ledger: where every item, delivery and message went, as sums that must balance in every committed state.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Committed totals of one owner, or of all owners together.
pub type Ledger = Tally;

/// Counts of items, deliveries and messages: an addition to a ledger, or the ledger itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Items that came in.
    pub received: i64,
    /// Items owned by an active account.
    pub routed: i64,
    /// Items that were copies of an accepted one.
    pub duplicate: i64,
    /// Of `duplicate`, those whose bytes differed from the accepted copy's.
    pub duplicate_differing: i64,
    /// Items of an engaged account that was not active.
    pub inactive: i64,
    /// Test payloads.
    pub test: i64,
    /// Items in quarantine.
    pub quarantined: i64,
    /// Items that left the quarantine for want of room.
    pub evicted: i64,
    /// Deliveries per route, by `{gateway}/{route}`.
    pub routes: BTreeMap<String, RouteTally>,
    /// Outbound messages.
    pub messages: MessageTally,
}

/// Deliveries of one route.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTally {
    /// Events that the route was asked about.
    pub offered: i64,
    /// Deliveries made again on request.
    pub replayed: i64,
    /// Events its filter did not want.
    pub filtered: i64,
    /// Deliveries answered 2xx.
    pub delivered: i64,
    /// Deliveries not yet ended.
    pub pending: i64,
    /// Deliveries given up.
    pub dead: i64,
}

/// Outbound messages by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageTally {
    /// Messages accepted from applications.
    pub submitted: i64,
    /// Waiting.
    pub queued: i64,
    /// On the way to Meta.
    pub sending: i64,
    /// Written to Meta, answer never seen.
    pub unknown: i64,
    /// Taken by Meta.
    pub taken: i64,
    /// Refused or given up.
    pub failed: i64,
    /// Too old to send.
    pub expired: i64,
    /// Withdrawn.
    pub cancelled: i64,
}

impl Tally {
    /// Adds `other`.
    pub fn add(&mut self, other: &Tally) {
        self.received += other.received;
        self.routed += other.routed;
        self.duplicate += other.duplicate;
        self.duplicate_differing += other.duplicate_differing;
        self.inactive += other.inactive;
        self.test += other.test;
        self.quarantined += other.quarantined;
        self.evicted += other.evicted;
        for (route, tally) in &other.routes {
            match self.routes.get_mut(route) {
                Some(sum) => sum.add(tally),
                None => drop(self.routes.insert(route.clone(), *tally)),
            }
        }
        self.messages.add(&other.messages);
    }

    /// What does not balance, one sentence each; empty in every committed state.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let items = self.routed + self.duplicate + self.inactive + self.test + self.quarantined + self.evicted;
        if self.received != items {
            faults.push(format!("received {} items, accounted for {items}", self.received));
        }
        for (name, route) in &self.routes {
            let ended = route.filtered + route.delivered + route.pending + route.dead;
            if route.offered + route.replayed != ended {
                faults.push(format!("route {name}: offered {} + replayed {}, accounted for {ended}", route.offered, route.replayed));
            }
        }
        let m = &self.messages;
        let states = m.queued + m.sending + m.unknown + m.taken + m.failed + m.expired + m.cancelled;
        if m.submitted != states {
            faults.push(format!("submitted {} messages, accounted for {states}", m.submitted));
        }
        faults
    }
}

impl RouteTally {
    /// Adds `other`.
    pub fn add(&mut self, other: &RouteTally) {
        self.offered += other.offered;
        self.replayed += other.replayed;
        self.filtered += other.filtered;
        self.delivered += other.delivered;
        self.pending += other.pending;
        self.dead += other.dead;
    }
}

impl MessageTally {
    /// Adds `other`.
    pub fn add(&mut self, other: &MessageTally) {
        self.submitted += other.submitted;
        self.queued += other.queued;
        self.sending += other.sending;
        self.unknown += other.unknown;
        self.taken += other.taken;
        self.failed += other.failed;
        self.expired += other.expired;
        self.cancelled += other.cancelled;
    }
}
