//! What leaves a quarantine without an owner: the oldest items, once there are too many bytes, once they are too old, or
//! once the store asks for their space. They are counted `evicted`; nobody is ever answered 503 for them.

use super::{Effect, GateMachine, InFlight};
use std::sync::Arc;
use wharf_storage::{Change, Claim, Event, Kind, Noun, Tally};

/// How much one gateway's quarantine may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of items.
    pub bytes: u64,
    /// How long an item waits, in ms.
    pub age_ms: u64,
}

impl Default for Limits {
    /// 1 GiB and 7 days.
    fn default() -> Self {
        Self { bytes: 1 << 30, age_ms: 7 * 86_400_000 }
    }
}

impl GateMachine {
    /// Where to read the quarantine on, if items at its old end must go or may have to: too many bytes, too old, or the
    /// store `asked` for the space of everything up to a seq. [`GateMachine::evict`] takes what was read.
    pub fn wants_to_evict(&mut self, asked: Option<u64>, now: u64) -> Option<u64> {
        let first = self.claims.values().map(|claim| claim.first).min()?;
        let is_asked = asked.is_some_and(|through| through >= first);
        let due = is_asked || self.quarantined_bytes() > self.limits.bytes || now >= self.evict_at_ms;
        if !due || self.resting {
            return None;
        }
        self.looked_through = self.is_settled().then_some(self.quarantine_seq);
        Some(first.saturating_sub(1))
    }

    /// Lets those of `events` go that must: they are the quarantine's oldest, ascending, from the place asked for on.
    /// None at all means that the journal no longer holds what is claimed.
    pub fn evict(&mut self, events: &[Event], asked: Option<u64>, now: u64) -> Vec<Effect> {
        let mut change = Change::default();
        let mut evicted = 0;
        for event in events {
            let Some(claim) = self.claims.get(event.claimed.as_deref().unwrap_or_default()) else { continue };
            if event.seq < claim.first {
                continue;
            }
            let due_ms = event.received_at_ms.saturating_add(self.limits.age_ms);
            let is_asked = asked.is_some_and(|through| through >= event.seq);
            if now < due_ms && !is_asked && self.quarantined_bytes() <= self.limits.bytes {
                self.evict_at_ms = due_ms;
                return self.evicted(change, evicted, now);
            }
            evicted += 1;
            self.let_go(event, &mut change);
        }
        match events.last() {
            Some(last) => self.pass(last.seq, &mut change),
            // Nothing is on its way to the journal, and nothing came meanwhile.
            None if self.looked_through == Some(self.quarantine_seq) => evicted += self.give_up(&mut change),
            None => {}
        }
        self.evicted(change, evicted, now)
    }

    /// Bytes of all items in quarantine.
    pub fn quarantined_bytes(&self) -> u64 {
        self.claims.values().map(|claim| claim.bytes).sum()
    }

    fn let_go(&mut self, event: &Event, change: &mut Change) {
        let claimed = event.claimed.as_deref().unwrap_or_default();
        let Some(claim) = self.claims.get_mut(claimed) else { return };
        claim.first = event.seq + 1;
        claim.count = claim.count.saturating_sub(1);
        claim.bytes = claim.bytes.saturating_sub(event.body.len() as u64);
        if claim.count > 0 {
            return change.put(claim);
        }
        change.remove(Kind::Claim, claim.key());
        self.claims.remove(claimed);
    }

    /// Nothing up to `through` is left: the next look begins behind it, and nobody else need keep it.
    fn pass(&mut self, through: u64, change: &mut Change) {
        for claim in self.claims.values_mut().filter(|claim| claim.first <= through) {
            claim.first = through + 1;
            change.put(claim);
        }
    }

    /// What is claimed is not in the journal.
    fn give_up(&mut self, change: &mut Change) -> u64 {
        let gone = self.claims.drain().map(|(_, claim): (_, Claim)| {
            change.remove(Kind::Claim, claim.key());
            claim.count
        });
        gone.sum()
    }

    fn evicted(&mut self, mut change: Change, evicted: u64, now: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        if !change.is_empty() {
            let count = i64::try_from(evicted).unwrap_or(i64::MAX);
            let tally = Tally { quarantined: -count, evicted: count, ..Tally::default() };
            change.tallies.push((Arc::clone(&self.gateway), tally));
            let flight = InFlight::default();
            effects.push(self.commit(change, flight));
        }
        self.pump(&mut effects, now);
        effects
    }
}
