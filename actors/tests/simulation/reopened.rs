//! Which deliveries are open again, as the books have it: since when they may start, and behind whom. Knows no machine.

use crate::books::Way;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use wharf_storage::{Event, Kind, MemoryStore, Noun, OpenDelivery, Progress, Store};

/// When a delivery had ended before, and whether it was dead.
pub type Before = Option<(u64, bool)>;

#[derive(Default)]
pub struct Reopened {
    open: HashMap<Way, BTreeMap<u64, Open>>,
    /// How many, durably, since each route began.
    counts: HashMap<Way, i64>,
}

struct Open {
    after: u64,
    lane: u64,
    standing: Standing,
    before: Before,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// On its way to the disk.
    Coming,
    Durable,
    /// Durable, and its owner knows.
    Admitted,
}

impl Reopened {
    /// A delivery is about to be kept as open again.
    pub fn opens(&mut self, way: &Way, kept: &OpenDelivery, before: Before) {
        assert_eq!((kept.attempts, kept.parked), (0, false), "{way:?} {} begins anew", kept.seq);
        let open = Open { after: kept.again_after, lane: kept.lane, standing: Standing::Coming, before };
        self.open.entry(way.clone()).or_default().insert(kept.seq, open);
    }

    /// That is durable.
    pub fn durable(&mut self, reopened: &[(Way, u64)]) {
        for (way, seq) in reopened {
            *self.counts.entry(way.clone()).or_default() += 1;
            if let Some(open) = self.open.get_mut(way).and_then(|open| open.get_mut(seq)) {
                open.standing = Standing::Durable;
            }
        }
    }

    /// Its owner heard so.
    pub fn admitted(&mut self, reopened: &[(Way, u64)]) {
        for (way, seq) in reopened {
            if let Some(open) = self.open.get_mut(way).and_then(|open| open.get_mut(seq)) {
                assert_ne!(open.standing, Standing::Coming, "{way:?} {seq} is admitted before it is durable");
                open.standing = Standing::Admitted;
            }
        }
    }

    /// Whether a delivery that starts is one of these; then it must be durable.
    pub fn may_start(&self, way: &Way, seq: u64) -> bool {
        let Some(open) = self.open.get(way).and_then(|open| open.get(&seq)) else { return false };
        assert_eq!(open.standing, Standing::Admitted, "{way:?} {seq} starts again before that is durable");
        true
    }

    pub fn has(&self, way: &Way, seq: u64) -> bool {
        self.open.get(way).is_some_and(|open| open.contains_key(&seq))
    }

    /// One of a lane whose turn is before that of `seq`.
    pub fn ahead_of(&self, way: &Way, lane: u64, seq: u64) -> Option<u64> {
        let open = self.open.get(way)?;
        let place = open.get(&seq).map_or((seq, 0), |open| (open.after, seq));
        let mut others = open.iter().filter(|(other, open)| {
            open.lane == lane && open.standing == Standing::Admitted && (open.after, **other) < place
        });
        others.next().map(|(other, _)| *other)
    }

    /// A delivery ends; says whether it was one of these.
    pub fn ends(&mut self, way: &Way, seq: u64) -> bool {
        self.open.get_mut(way).is_some_and(|open| open.remove(&seq).is_some())
    }

    /// What was on its way to the disk never came to be.
    pub fn forget_what_is_not_durable(&mut self) -> Vec<(Way, u64, Before)> {
        let mut forgotten = Vec::new();
        for (way, open) in &mut self.open {
            open.retain(|seq, open| {
                let is_coming = open.standing == Standing::Coming;
                forgotten.extend(is_coming.then(|| (way.clone(), *seq, open.before)));
                !is_coming
            });
        }
        forgotten
    }

    /// A restart knows what is kept.
    pub fn restart(&mut self, store: &MemoryStore, journal: &BTreeMap<String, Vec<Arc<Event>>>) {
        self.open.clear();
        for (_, bytes) in store.hot(Kind::Progress, &[]) {
            let Progress { account, route, open, .. } = Progress::from_bytes(&bytes).expect("readable");
            for kept in open.iter().filter(|open| open.again_after > 0) {
                let lane = journal[&*account][kept.seq as usize - 1].lane;
                let (after, standing, before) = (kept.again_after, Standing::Admitted, None);
                let way = (account.to_string(), route.to_string());
                self.open.entry(way).or_default().insert(kept.seq, Open { after, lane, standing, before });
            }
        }
    }

    /// How many there were, durably, since a route began.
    pub fn count(&self, way: &Way) -> i64 {
        self.counts.get(way).copied().unwrap_or(0)
    }

    pub fn is_empty(&self) -> bool {
        self.open.values().all(BTreeMap::is_empty)
    }
}
