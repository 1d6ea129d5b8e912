//! `state=` of the list of events: whether any route of an event stands so. What is open the hot records tell, what was
//! given up the trail; nothing is asked of the account but which routes it has.

use super::page::word;
use crate::callback::Query;
use crate::edge::Edge;
use crate::error::{ApiError, ErrorId};
use std::sync::Arc;
use wharf_actors::gateway::Route;
use wharf_actors::messages::Explain;
use wharf_actors::rules::account::kept_out_by;
use wharf_actors::rules::explain::was_given_up;
use wharf_actors::rules::reader::{Standing, route_tag};
use wharf_storage::{Disposition, Event, KeyBuilder, Kind, Noun, Progress, Store, StoreError, Trail};

/// Records of one event's attempts read at most: a few routes with twenty each.
pub(super) const TRAILS: usize = 1000;

/// Which state is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Pending,
    Delivered,
    Dead,
    Filtered,
    Inactive,
}

impl State {
    /// The words for them.
    pub(super) const WORDS: [(&str, State); 5] = [
        ("pending", State::Pending),
        ("delivered", State::Delivered),
        ("dead", State::Dead),
        ("filtered", State::Filtered),
        ("inactive", State::Inactive),
    ];
}

/// What is asked for, and the routes as they are.
pub(super) struct States {
    state: State,
    routes: Vec<Arc<Route>>,
}

/// Judges events of one stream.
pub(super) struct Judge<'s> {
    store: &'s dyn Store,
    asked: States,
    progress: Vec<(u32, Progress)>,
}

/// Every recorded attempt at one event.
pub(super) fn trails(store: &dyn Store, stream: &str, seq: u64) -> Result<Vec<Trail>, StoreError> {
    let kept = store.page(Kind::Trail, &Trail::prefix(stream, seq).0, None, TRAILS)?;
    kept.iter().map(|(_, bytes)| Trail::from_bytes(bytes)).collect()
}

impl States {
    /// Reads `state`; `None` where nothing is asked for.
    pub(super) async fn asked(query: &Query, edge: &Edge, waba: &str) -> Result<Option<Self>, ApiError> {
        let Some(state) = word(query, "state", &State::WORDS)? else { return Ok(None) };
        let mut routes = Vec::new();
        if let (State::Filtered, Some((actor, _))) = (state, edge.wharf.directory.account(waba)) {
            let told = actor.send(Explain(0)).await;
            let (facts, _) = told.map_err(|_| ApiError::naming(ErrorId::NotReady, "the account is being restarted"))?;
            let live = facts.into_iter().filter(|facts| facts.standing == Standing::Live);
            routes = live.map(|facts| facts.route).collect();
        }
        Ok(Some(Self { state, routes }))
    }

    /// Judges the events of `stream` in `store`.
    pub(super) fn on<'s>(self, store: &'s dyn Store, stream: &str) -> Result<Judge<'s>, StoreError> {
        let kept = store.hot(Kind::Progress, &KeyBuilder::new().text(stream).build().0);
        let progress = kept.iter().map(|(_, bytes)| Progress::from_bytes(bytes));
        let progress = progress.map(|kept| kept.map(|kept| (route_tag(&kept.route), kept)));
        Ok(Judge { store, asked: self, progress: progress.collect::<Result<_, _>>()? })
    }
}

impl Judge<'_> {
    /// Whether any route of `event` stands as asked for.
    pub(super) fn has(&self, event: &Event) -> Result<bool, StoreError> {
        let mut wanted = event.wanted_by.iter().filter(|tag| **tag != Event::SUPERSEDED);
        match self.asked.state {
            State::Inactive => Ok(event.disposition == Disposition::Inactive),
            State::Filtered => Ok(event.disposition == Disposition::Routed && self.is_filtered(event)),
            State::Pending => Ok(wanted.any(|tag| self.is_open(*tag, event.seq))),
            State::Delivered => self.has_ended(event, GivenUp::No),
            State::Dead => self.has_ended(event, GivenUp::Yes),
        }
    }

    fn is_filtered(&self, event: &Event) -> bool {
        let kept_out = |route: &&Arc<Route>| !event.wanted_by.contains(&route_tag(&route.name));
        self.asked.routes.iter().filter(kept_out).any(|route| kept_out_by(route, event).is_some())
    }

    fn is_open(&self, tag: u32, seq: u64) -> bool {
        let progress = self.progress.iter().find(|(of, _)| *of == tag);
        progress.is_some_and(|(_, kept)| kept.high < seq || kept.open.iter().any(|open| open.seq == seq))
    }

    fn has_ended(&self, event: &Event, given_up: GivenUp) -> Result<bool, StoreError> {
        let wanted = event.wanted_by.iter().filter(|tag| **tag != Event::SUPERSEDED);
        let ended: Vec<u32> = wanted.filter(|tag| !self.is_open(**tag, event.seq)).copied().collect();
        if ended.is_empty() {
            return Ok(false);
        }
        let trails = trails(self.store, &event.stream, event.seq)?;
        let of = |tag: u32| trails.iter().filter(move |trail| route_tag(&trail.route) == tag);
        let says = |tag: u32| if was_given_up(of(tag)) { GivenUp::Yes } else { GivenUp::No };
        Ok(ended.into_iter().any(|tag| says(tag) == given_up))
    }
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GivenUp {
    Yes,
    No,
}
