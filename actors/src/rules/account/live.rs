//! How an account's events and comparisons with Meta's side become part of its kept life. Knows no Graph.

use super::{AccountMachine, Asked, Compared, Effect, InFlight};
use crate::cloud::item::Item;
use crate::rules::life::{Life, Place};
use wharf_storage::Change;

impl AccountMachine {
    /// An event of the account itself: gives its life before, for what changed to be kept together with it, and which
    /// sends the event allows again.
    pub(super) fn take_life(&mut self, item: &Item, now: u64) -> (Life, Vec<Place>) {
        let before = self.life.clone();
        self.life.hear(&item.body, now);
        let allowed = self.life.allowed_by(&item.body);
        (before, allowed)
    }

    /// What became of the account since this was last asked, as facts for the log.
    pub fn take_news(&mut self) -> Vec<String> {
        std::mem::take(&mut self.news)
    }

    pub(super) fn compared(&mut self, compared: Compared, effects: &mut Vec<Effect>, now: u64) {
        let before = self.life.clone();
        self.life.compare(&compared.concerns, &compared.words, now);
        if compared.asked == Asked::Reconcile {
            self.life.reconciled_at_ms = Some(now);
        }
        let (mut flight, mut change) = (InFlight::default(), Change::default());
        if let Some(entry) = compared.entry {
            change.put(&entry.record);
            self.show(entry, now);
        }
        self.live_on(&before, &mut flight, &mut change, now);
        if !change.is_empty() {
            self.commit(change, flight, effects);
        }
    }
}
