//! Which deliveries operators hold and held, kept a second time and more plainly. Knows no machine.

use crate::books::Way;
use wharf_actors::rules::deliveries::Place;
use wharf_storage::{DeliveryHold, Event, Kind, MemoryStore, Noun, Store};

#[derive(Default)]
pub struct Held(Vec<Span>);

struct Span {
    account: String,
    place: Place,
    since_ms: u64,
    until_ms: Option<u64>,
}

impl Held {
    /// An operator holds something; once, however often it is said.
    pub fn begin(&mut self, account: &str, place: &Place, now: u64) {
        if !self.standing(account).any(|span| span.place == *place) {
            let (account, place) = (account.to_owned(), place.clone());
            self.0.push(Span { account, place, since_ms: now, until_ms: None });
        }
    }

    /// An operator lets go of all that is held of an account.
    pub fn end(&mut self, account: &str, now: u64) {
        let its = self.0.iter_mut().filter(|span| span.account == account && span.until_ms.is_none());
        its.for_each(|span| span.until_ms = Some(now));
    }

    /// An account is forgotten, and its holds with it.
    pub fn forget(&mut self, account: &str) {
        self.0.retain(|span| span.account != account);
    }

    /// A restart knows what is kept.
    pub fn restart(&mut self, store: &MemoryStore) {
        self.0.clear();
        for (_, bytes) in store.hot(Kind::DeliveryHold, &[]) {
            let DeliveryHold { account, route, number, hold } = DeliveryHold::from_bytes(&bytes).expect("readable");
            let ended = hold.past.iter().map(|(since, until)| (*since, Some(*until)));
            for (since_ms, until_ms) in ended.chain(hold.since_ms.map(|since| (since, None))) {
                let place = Place { route: route.clone(), number: number.clone() };
                self.0.push(Span { account: account.to_string(), place, since_ms, until_ms });
            }
        }
    }

    /// What is held of an account now.
    pub fn places(&self, account: &str) -> Vec<Place> {
        self.standing(account).map(|span| span.place.clone()).collect()
    }

    /// Whether a delivery is held now.
    pub fn covers(&self, way: &Way, event: &Event) -> bool {
        self.standing(&way.0).any(|span| is_for(span, way, event))
    }

    /// How long a delivery was held since `from`.
    pub fn held_ms(&self, way: &Way, event: &Event, from: u64, now: u64) -> u64 {
        let its = self.0.iter().filter(|span| span.account == way.0 && is_for(span, way, event));
        let mut spans: Vec<(u64, u64)> =
            its.map(|span| (span.since_ms.max(from), span.until_ms.unwrap_or(now))).collect();
        spans.sort_unstable();
        let (mut sum, mut end) = (0, 0);
        for (since, until) in spans {
            sum += until.saturating_sub(since.max(end));
            end = end.max(until);
        }
        sum
    }

    fn standing(&self, account: &str) -> impl Iterator<Item = &Span> {
        self.0.iter().filter(move |span| span.account == account && span.until_ms.is_none())
    }
}

fn is_for(span: &Span, way: &Way, event: &Event) -> bool {
    let Place { route, number } = &span.place;
    route.as_deref().is_none_or(|route| *route == *way.1) && (number.is_none() || *number == event.number.id)
}
