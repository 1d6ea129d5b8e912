//! Which stretch of a journal is meant, and what a replay of it would deliver. Blocks; changes nothing.

use crate::error::{ApiError, ErrorId};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use wharf_actors::account::first_since;
use wharf_actors::gateway::Route;
use wharf_actors::rules::account::wants;
use wharf_storage::{Event, ReplayRecord, Store, StoreError};

/// Events counted for one answer at most.
const COUNTED: usize = 200_000;
/// Events read at once, and bytes of them.
const READS: (usize, usize) = (512, 4 << 20);

/// What a replay would deliver.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ReplayCounted")]
pub(crate) struct Counted {
    dry_run: bool,
    events: u64,
    bytes: u64,
    routes: BTreeMap<String, u64>,
    /// The first and the last event.
    first: Option<String>,
    last: Option<String>,
    /// Whether there may be more: only what lies up to `counted_through` was counted.
    at_least: bool,
    counted_through: u64,
}

/// An end of a stretch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Point {
    Seq(u64),
    AtMs(u64),
}

impl Point {
    /// Reads it as it is given.
    pub(super) fn read(name: &str, given: &Value) -> Result<Self, ApiError> {
        let seq = given.as_u64().filter(|seq| *seq > 0).map(Self::Seq);
        let moment =
            || given.as_str()?.parse::<jiff::Timestamp>().ok()?.as_millisecond().try_into().ok().map(Self::AtMs);
        seq.or_else(moment).ok_or_else(|| {
            let text = format!("{name} must be a moment such as \"2026-01-31T08:00:00Z\", or a seq, not {given}");
            ApiError::naming(ErrorId::ParameterBad, text)
        })
    }
}

/// The first and the last seq of a stretch of what is durable now. Blocks.
pub(super) fn stretch(
    store: &dyn Store,
    account: &str,
    from: Point,
    to: Option<Point>,
) -> Result<(u64, u64), StoreError> {
    let from_seq = match from {
        Point::Seq(seq) => seq,
        Point::AtMs(ms) => first_since(store, account, ms)?,
    };
    let last = store.last_seq(account);
    let through_seq = match to {
        None => last,
        Some(Point::Seq(seq)) => seq.min(last),
        Some(Point::AtMs(ms)) => first_since(store, account, ms + 1)? - 1,
    };
    Ok((from_seq, through_seq))
}

/// What a replay would deliver, part by part of the journal. Blocks.
pub(super) fn count(store: &dyn Store, record: &ReplayRecord, live: &[Arc<Route>]) -> Result<Counted, StoreError> {
    let is_meant = |route: &&Arc<Route>| record.route.as_deref().is_none_or(|name| *name == *route.name);
    let routes: Vec<_> = live.iter().filter(is_meant).collect();
    let mut counted = Counted {
        dry_run: true,
        events: 0,
        bytes: 0,
        routes: routes.iter().map(|route| (route.name.to_string(), 0)).collect(),
        first: None,
        last: None,
        at_least: false,
        counted_through: record.from_seq - 1,
    };
    let mut looked_at = 0;
    while counted.counted_through < record.through_seq {
        let read = store.events(&record.account, counted.counted_through, READS.0, READS.1)?;
        let Some(end) = read.last().map(|event| event.seq) else { break };
        counted.counted_through = end.min(record.through_seq);
        looked_at += read.len();
        let in_stretch = read.iter().filter(|event| event.seq <= record.through_seq && !event.is_erased());
        let of_kind = in_stretch.filter(|event| record.kind.as_deref().is_none_or(|kind| kind == event.kind.word()));
        of_kind.for_each(|event| counted.add(event, &routes));
        if looked_at >= COUNTED && counted.counted_through < record.through_seq {
            counted.at_least = true;
            break;
        }
    }
    Ok(counted)
}

impl Counted {
    fn add(&mut self, event: &Event, routes: &[&Arc<Route>]) {
        let wanting: Vec<_> = routes.iter().filter(|route| wants(route, event)).collect();
        if wanting.is_empty() {
            return;
        }
        self.events += 1;
        self.bytes += event.body.len() as u64;
        self.first.get_or_insert_with(|| event.id());
        self.last = Some(event.id());
        wanting.iter().for_each(|route| *self.routes.entry(route.name.to_string()).or_default() += 1);
    }
}
