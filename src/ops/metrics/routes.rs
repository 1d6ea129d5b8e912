//! The routes as labels: those of the settings by name, all others under two words. So there are never more series than
//! somebody wrote routes into the settings. And how their endpoints stand.

use super::flag;
use super::page::Page;
use crate::edge::Edge;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The routes that accounts have of their own, all together.
const OWN: &str = "own";
/// Those that are not in the settings any more, all together.
const REMOVED: &str = "removed";

/// The routes of the settings.
pub(super) struct Named(BTreeSet<Arc<str>>);

impl Named {
    /// Those of all gateways.
    pub(super) fn of(edge: &Edge) -> Self {
        let gateways = edge.wharf.directory.gateways().into_iter();
        let routes = gateways.flat_map(|desks| desks.gateway.routes.get().to_vec());
        Self(routes.map(|route| Arc::clone(&route.name)).collect())
    }

    /// Every label there is.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|name| &**name).chain([OWN, REMOVED])
    }

    /// The label of a route.
    pub(super) fn name<'a>(&'a self, route: &str) -> &'a str {
        match self.0.get(route) {
            Some(name) => name,
            // `{gateway}/{waba}/{name}`
            None if route.matches('/').count() > 1 => OWN,
            None => REMOVED,
        }
    }
}

/// How the endpoints of the settings' routes stand.
pub(super) fn write(page: &mut Page, edge: &Edge) {
    let gateways = edge.wharf.directory.gateways().into_iter();
    let routes = gateways.flat_map(|desks| desks.gateway.routes.get().to_vec());
    let known = routes.map(|route| {
        let standing = edge.wharf.gates.known(&route.url).map(|gate| gate.standing());
        (Arc::clone(&route.name), standing)
    });
    let known: Vec<_> = known.collect();
    let breakers = known.iter().map(|(name, standing)| {
        let word = standing.map_or("closed", |standing| standing.breaker);
        let state = ["closed", "half-open", "open"].iter().position(|known| *known == word);
        ([&**name], state.unwrap_or_default() as f64)
    });
    page.put("wharf_route_breaker", breakers);
    let is_paused = known
        .iter()
        .map(|(name, standing)| ([&**name], flag(standing.is_some_and(|standing| standing.paused_at_ms.is_some()))));
    page.put("wharf_route_paused", is_paused);
    let waiting =
        known.iter().map(|(name, standing)| ([&**name], standing.map_or(0, |standing| standing.waiting) as f64));
    page.put("wharf_route_waiting_accounts", waiting);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_of_accounts_and_removed_ones_are_one_label_each() {
        let named = Named(BTreeSet::from(["main/app".into()]));
        assert_eq!(named.name("main/app"), "main/app");
        assert_eq!(named.name("main/102/app"), OWN);
        assert_eq!(named.name("main/gone"), REMOVED);
        assert_eq!(named.all().collect::<Vec<_>>(), ["main/app", OWN, REMOVED]);
    }
}
