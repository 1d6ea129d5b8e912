//! Which deliveries operators hold: nothing of it starts, what is under way ends, and nothing of it ages. Knows neither
//! who may hold nor who asks.

use super::Deliveries;
use crate::rules::hold;
use crate::rules::reader::{Attempted, Held};
use wharf_storage::{Change, DeliveryHold, Event, Kind, Noun, number_tag};

/// An ended hold is remembered this long, in ms, for what was open under it: 30 days, ten times the usual `max_age`.
const REMEMBERED_MS: u64 = 30 * 86_400_000;

/// What a hold is for: the deliveries of an account, those to one route, of one number, or of that number to that route.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// `{gateway}/{route}`.
    pub route: Option<Box<str>>,
    /// A phone number id.
    pub number: Option<Box<str>>,
}

impl Place {
    fn is_of(&self, hold: &DeliveryHold) -> bool {
        (&self.route, &self.number) == (&hold.route, &hold.number)
    }
}

impl Deliveries {
    /// With the holds that were kept.
    #[must_use]
    pub fn held_by(mut self, holds: Vec<DeliveryHold>) -> Self {
        self.holds = holds;
        self.hold_readers();
        self
    }

    /// Nothing of `place` starts from now on. What is to be kept of that; `None` where it was held already.
    pub fn hold(&mut self, place: &Place, by: &str, now: u64) -> Option<Change> {
        let mut change = self.forget_old_holds(now);
        let at = self.holds.iter().position(|hold| place.is_of(hold)).unwrap_or_else(|| {
            let Place { route, number } = place.clone();
            let (account, hold) = (self.stream.as_ref().into(), hold::free("deliveries"));
            self.holds.push(DeliveryHold { account, route, number, hold });
            self.holds.len() - 1
        });
        if !hold::begin(&mut self.holds[at].hold, by, now) {
            return None;
        }
        change.put(&self.holds[at]);
        self.hold_readers();
        Some(change)
    }

    /// What `place` held may start again, where nothing else holds it. What is to be kept of that; `None` where it was
    /// not held.
    pub fn free(&mut self, place: &Place, now: u64) -> Option<Change> {
        let held = self.holds.iter_mut().find(|hold| place.is_of(hold))?;
        if !hold::end(&mut held.hold, now) {
            return None;
        }
        let mut change = Change::default();
        change.put(held);
        self.hold_readers();
        Some(change)
    }

    /// The holds that stand.
    pub fn holds(&self) -> impl Iterator<Item = &DeliveryHold> {
        self.holds.iter().filter(|held| held.hold.since_ms.is_some())
    }

    /// The holds that stand on deliveries to `route`, perhaps on those of some numbers alone.
    pub fn holds_on(&self, route: &str) -> Vec<DeliveryHold> {
        self.holds().filter(|held| held.route.as_ref().is_none_or(|held| **held == *route)).cloned().collect()
    }

    /// The removal of all holds, of an account that is forgotten.
    pub fn forget_holds(&self, change: &mut Change) {
        self.holds.iter().for_each(|held| change.remove(Kind::DeliveryHold, held.key()));
    }

    /// Each reader knows what is held of it.
    pub(super) fn hold_readers(&mut self) {
        for reader in &mut self.readers {
            let route = &reader.route().name;
            let standing = self.holds.iter().filter(|held| held.hold.since_ms.is_some());
            let its = standing.filter(|held| held.route.as_ref().is_none_or(|held| **held == **route));
            let numbers: Option<_> = its.map(|held| held.number.as_deref().map(number_tag)).collect();
            let held = match numbers {
                None => Held::All,
                Some(numbers) if std::collections::BTreeSet::<u32>::is_empty(&numbers) => Held::Nothing,
                Some(numbers) => Held::Numbers(numbers),
            };
            reader.hold_back(held);
        }
    }

    /// What came of an attempt, with how long the delivery was held since it is open.
    pub(super) fn aged(&self, reader: usize, event: &Event, what: Attempted, now: u64) -> Attempted {
        match what {
            Attempted::Failed { status, retry_after, reason, down_until_ms, held_ms } if !self.holds.is_empty() => {
                let since_ms = self.readers[reader].since_ms(event.seq).unwrap_or(now);
                let route = &self.readers[reader].route().name;
                let its = self.holds.iter().filter(|held| {
                    held.route.as_ref().is_none_or(|held| **held == **route)
                        && (held.number.is_none() || held.number == event.number.id)
                });
                let held_ms = held_ms + hold::held_by_any_ms(its.map(|held| &held.hold), since_ms, now);
                Attempted::Failed { status, retry_after, reason, down_until_ms, held_ms }
            }
            Attempted::Failed { .. } | Attempted::Delivered | Attempted::Erased | Attempted::NotTried { .. } => what,
        }
    }

    fn forget_old_holds(&mut self, now: u64) -> Change {
        let mut change = Change::default();
        self.holds.retain(|held| {
            let ended = held.hold.past.last().map_or(now, |(_, ended)| *ended);
            let stays = held.hold.since_ms.is_some() || ended + REMEMBERED_MS > now;
            if !stays {
                change.remove(Kind::DeliveryHold, held.key());
            }
            stays
        });
        change
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::reader::Reader;
    use crate::rules::testing::{NOW, event, route};
    use std::sync::Arc;
    use wharf_storage::{NumberRef, RouteTally};

    const HOUR_MS: u64 = 3_600_000;

    fn deliveries() -> Deliveries {
        let readers = ["sim/all", "sim/other"].map(|name| Reader::new(Arc::new(route(name)), 0, 1 << 20));
        Deliveries::new("100".into(), readers.into())
    }

    fn of(number: &str, seq: u64) -> Arc<Event> {
        let tags = ["sim/all", "sim/other"].map(wharf_storage::route_tag);
        let number = NumberRef { id: Some(number.into()), display: None };
        Arc::new(Event { number, wanted_by: tags.into(), ..Event::clone(&event(seq, seq)) })
    }

    fn started(deliveries: &mut Deliveries) -> Vec<(usize, u64)> {
        deliveries.start_due(NOW).into_iter().map(|start| (start.reader, start.due.seq)).collect()
    }

    fn place(route: Option<&str>, number: Option<&str>) -> Place {
        Place { route: route.map(Into::into), number: number.map(Into::into) }
    }

    #[test]
    fn a_hold_is_for_all_for_a_route_for_a_number_or_for_both() {
        let all = [(0, 1), (0, 2), (1, 1), (1, 2)];
        let cases = [
            (place(None, None), vec![]),
            (place(Some("sim/other"), None), vec![(0, 1), (0, 2)]),
            (place(None, Some("8")), vec![(0, 1), (1, 1)]),
            (place(Some("sim/all"), Some("8")), vec![(0, 1), (1, 1), (1, 2)]),
            (place(Some("sim/gone"), None), all.into()),
        ];
        for (held, expected) in cases {
            let mut deliveries = deliveries();
            [of("9", 1), of("8", 2)].iter().for_each(|event| deliveries.offer(event));
            assert!(deliveries.hold(&held, "ops", NOW).is_some());
            assert!(deliveries.hold(&held, "ops", NOW).is_none(), "twice is once");
            assert_eq!(started(&mut deliveries), expected, "{held:?}");
            assert!(deliveries.free(&held, NOW).is_some());
            assert!(deliveries.free(&held, NOW).is_none());
            assert_eq!(expected.len() + started(&mut deliveries).len(), all.len(), "{held:?}");
        }
    }

    #[test]
    fn a_hold_stands_after_a_restart_and_for_a_route_that_comes_later() {
        let mut before = deliveries();
        let change = before.hold(&place(None, None), "ops", NOW).expect("new");
        let kept = change.writes.iter().find(|write| write.kind == Kind::DeliveryHold).expect("kept");
        let kept = DeliveryHold::from_bytes(kept.value.as_ref().expect("set")).expect("readable");
        let mut after = deliveries().held_by(vec![kept]);
        let late = Arc::new(route("sim/late"));
        after.exchange(&[Arc::clone(after.readers()[0].route()), late], 0, 0, NOW);
        let tags = vec![wharf_storage::route_tag("sim/late")];
        after.offer(&Arc::new(Event { wanted_by: tags, ..Event::clone(&event(1, 1)) }));
        assert_eq!(started(&mut after), []);
        after.free(&place(None, None), NOW);
        assert_eq!(started(&mut after), [(2, 1)]);
    }

    #[test]
    fn time_under_a_hold_ages_nothing() {
        let mut deliveries = deliveries();
        deliveries.offer(&of("9", 1));
        deliveries.hold(&place(None, None), "ops", NOW + 1);
        let resumed = NOW + 100 * HOUR_MS;
        deliveries.free(&place(None, None), resumed);
        let attempt = |deliveries: &mut Deliveries, now: u64| {
            deliveries.start_due(now);
            deliveries.attempted(0, &of("9", 1), Attempted::unanswered("down"), 0.0, now);
            deliveries.readers()[0].depth().0
        };
        assert_eq!(attempt(&mut deliveries, resumed), 1, "an hour is what the route allows, and none has passed");
        assert_eq!(attempt(&mut deliveries, resumed + HOUR_MS), 0);
        let change = deliveries.keep(resumed + HOUR_MS).expect("due");
        assert_eq!(change.tallies[0].1.routes["sim/all"], RouteTally { dead: 1, pending: -1, ..RouteTally::default() });
    }

    #[test]
    fn a_hold_that_ended_long_ago_is_forgotten() {
        let mut deliveries = deliveries();
        deliveries.hold(&place(None, Some("9")), "ops", NOW);
        deliveries.free(&place(None, Some("9")), NOW);
        let later = NOW + REMEMBERED_MS;
        let change = deliveries.hold(&place(None, None), "ops", later).expect("new");
        let removed = change.writes.iter().filter(|write| write.value.is_none()).count();
        assert_eq!((removed, deliveries.holds().count(), deliveries.holds.len()), (1, 1, 1));
    }
}
