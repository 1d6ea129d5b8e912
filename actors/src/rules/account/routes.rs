//! How an account's routes change while it runs. Knows neither settings nor who may change them.

use super::{AccountMachine, Effect, InFlight};
use crate::gateway::{RankGuard, Route};
use crate::rules::deliveries::Ending;
use std::sync::Arc;
use wharf_storage::Change;

impl AccountMachine {
    /// These are the routes from now on; `change` is kept together with where new ones begin.
    pub(super) fn exchange(&mut self, routes: &[Arc<Route>], change: Change, effects: &mut Vec<Effect>, now: u64) {
        self.guards_ranks = routes.iter().any(|route| route.rank_guard != RankGuard::Off);
        let mut kept = self.deliveries.exchange(routes, self.seq, self.body_budget, now);
        kept.writes.extend(change.writes);
        if !kept.is_empty() {
            self.commit(kept, InFlight::default(), effects);
        }
    }

    /// Gives up what is unfinished of a route that is not in the settings any more; says whether there is such a one.
    pub fn end_route(&mut self, route: &str) -> bool {
        self.deliveries.end_removed(route, self.seq)
    }

    /// What has to be given up now, because its route is gone for good; to be answered with `Input::Bury`.
    pub fn ending(&self) -> Option<Ending> {
        self.deliveries.ending(self.durable_seq).filter(|_| !self.resting)
    }
}
