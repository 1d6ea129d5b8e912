//! Another list of routes for a stream that is running. A reader keeps its place in the list for as long as anything of
//! it is left, so that what is under way finds it again.

use super::Deliveries;
use crate::gateway::Route;
use crate::rules::reader::{Reader, Standing};
use std::sync::Arc;
use wharf_storage::{Change, Noun};

/// Deliveries of a route that are to be given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Something of it is under way; ask again later.
    Later,
    /// These, and what the journal holds beyond.
    Now {
        /// Which reader.
        reader: usize,
        /// Its open deliveries.
        open: Vec<u64>,
        /// After which seq the journal may hold more.
        after: u64,
    },
}

impl Deliveries {
    /// These are the routes from now on. One that is new begins after `seq`, the last seq given to an event; where it
    /// begins is to be kept, before any event that it is offered. `body_budget` is that of a new reader.
    pub fn exchange(&mut self, routes: &[Arc<Route>], seq: u64, body_budget: usize, now: u64) -> Change {
        for reader in &mut self.readers {
            let name = &reader.route().name;
            match routes.iter().find(|route| route.name == *name) {
                _ if reader.is_gone() => {}
                Some(route) if reader.is_live() && Arc::ptr_eq(route, reader.route()) => {}
                Some(route) => reader.exchange(route, now),
                None if reader.is_live() && is_own(name, &self.stream) => reader.stand(Standing::Ending { until: seq }),
                None if reader.is_live() => reader.stand(Standing::Removed),
                None => {}
            }
        }
        let mut change = Change::default();
        for route in routes {
            if !self.readers.iter().any(|reader| !reader.is_gone() && reader.route().name == route.name) {
                let reader = Reader::new(Arc::clone(route), seq, body_budget);
                change.put(&reader.progress(&self.stream));
                self.settle_in(reader);
            }
        }
        self.hold_readers();
        change
    }

    fn settle_in(&mut self, reader: Reader) {
        let free = self.readers.iter().position(Reader::is_gone);
        let place = free.unwrap_or(self.readers.len());
        if free.is_none() {
            self.kept_high.push(0);
            self.ended.tallies.push(None);
        }
        self.kept_high[place] = reader.high();
        match free {
            Some(_) => self.readers[place] = reader,
            None => self.readers.push(reader),
        }
    }

    /// Gives up the deliveries of a route that is not there any more; says whether there is such a one.
    pub fn end_removed(&mut self, route: &str, seq: u64) -> bool {
        let removed = |reader: &&mut Reader| reader.standing() == Standing::Removed && &*reader.route().name == route;
        let reader = self.readers.iter_mut().find(removed);
        reader.map(|reader| reader.stand(Standing::Ending { until: seq })).is_some()
    }

    /// What has to be given up now, because its route is gone for good; to be answered with [`Deliveries::bury`].
    pub fn ending(&self, durable_seq: u64) -> Option<Ending> {
        let mut readers = self.readers.iter().enumerate();
        let is_ending = |reader: &Reader| matches!(reader.standing(), Standing::Ending { .. }) && !reader.is_over();
        let (index, reader) = readers.find(|(_, reader)| is_ending(reader))?;
        let (open, under_way) = reader.depth();
        if under_way > 0 || reader.is_reading() || (open == 0 && reader.high() >= durable_seq) {
            return Some(Ending::Later);
        }
        Some(Ending::Now { reader: index, open: reader.open_seqs(), after: reader.high() })
    }

    /// Whether a reader has come to its end and that is not kept yet.
    pub(super) fn has_over(&self) -> bool {
        self.readers.iter().any(Reader::is_over)
    }

    /// What is to be kept of a reader: how far it got, or that it is no more.
    pub(super) fn keep_place(reader: &mut Reader, stream: &str, change: &mut Change) {
        let progress = reader.progress(stream);
        if reader.is_over() {
            reader.stand(Standing::Gone);
            change.remove(wharf_storage::Kind::Progress, progress.key());
        } else {
            change.put(&progress);
        }
    }
}

/// Whether a route is the account's own, `{gateway}/{account}/{name}`: such a one goes for good when it goes.
pub fn is_own(route: &str, account: &str) -> bool {
    let mut parts = route.split('/').skip(1);
    parts.next() == Some(account) && parts.next().is_some()
}

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;
