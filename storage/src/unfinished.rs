//! Which events of the journal somebody still has to work on, as the hot records tell. Retention and a full disk leave
//! them alone. It knows nouns, but neither volumes nor disks.

use crate::event::route_tag;
use crate::{Claim, Event, Key, KeyBuilder, Kind, Noun, Progress, Store, StoreError};
use bytes::Bytes;

/// What the stream of a gateway's quarantine starts with.
const QUARANTINE: &str = "q.";

/// Why events of a stream are still needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A route has not ended with one of them.
    Delivery,
    /// One of them waits in quarantine for its account.
    Quarantine,
}

/// Where what is needed can be looked up.
pub(crate) trait Lookup {
    /// Committed hot records of `kind` under `prefix`.
    fn hot(&self, kind: Kind, prefix: &[u8]) -> Vec<(Key, Bytes)>;

    /// Whether an event of `stream` after `after` and up to `last` was fixed to go to the route with this tag.
    fn is_wanted(&self, stream: &str, after: u64, last: u64, tag: u32) -> Result<bool, StoreError>;
}

/// Why some event of `stream` from `first` to `last` is still needed, if one is.
pub(crate) fn need(stream: &str, (first, last): (u64, u64), lookup: &impl Lookup) -> Result<Option<Need>, StoreError> {
    if let Some(gateway) = stream.strip_prefix(QUARANTINE) {
        for (_, bytes) in lookup.hot(Kind::Claim, &KeyBuilder::new().text(gateway).build().0) {
            if Claim::from_bytes(&bytes)?.first <= last {
                return Ok(Some(Need::Quarantine));
            }
        }
        return Ok(None);
    }
    for (_, bytes) in lookup.hot(Kind::Progress, &KeyBuilder::new().text(stream).build().0) {
        let progress = Progress::from_bytes(&bytes)?;
        let open = progress.open.iter().any(|open| (first..=last).contains(&open.seq));
        // A route's progress is not kept for every event that it does not want.
        let ahead =
            || lookup.is_wanted(stream, progress.high.max(first.saturating_sub(1)), last, route_tag(&progress.route));
        if open || (progress.high < last && ahead()?) {
            return Ok(Some(Need::Delivery));
        }
    }
    Ok(None)
}

/// Which events of one stream have ended for everybody, as the hot records tell.
#[derive(Debug, Default)]
pub struct Finished {
    routes: Vec<(u32, Progress)>,
    claims: Vec<Claim>,
}

impl Finished {
    /// What `store` says of `stream`. *Memory.*
    pub fn read(store: &dyn Store, stream: &str) -> Self {
        Self::with(stream, |kind, prefix| store.hot(kind, prefix))
    }

    /// The same from within an engine.
    pub(crate) fn of(stream: &str, lookup: &impl Lookup) -> Self {
        Self::with(stream, |kind, prefix| lookup.hot(kind, prefix))
    }

    fn with(stream: &str, hot: impl Fn(Kind, &[u8]) -> Vec<(Key, Bytes)>) -> Self {
        let kept = |kind, name: &str| hot(kind, &KeyBuilder::new().text(name).build().0);
        let progress = kept(Kind::Progress, stream).into_iter().filter_map(|(_, it)| Progress::from_bytes(&it).ok());
        let claims = stream.strip_prefix(QUARANTINE).map(|gateway| kept(Kind::Claim, gateway)).unwrap_or_default();
        Self {
            routes: progress.map(|progress| (route_tag(&progress.route), progress)).collect(),
            claims: claims.into_iter().filter_map(|(_, claim)| Claim::from_bytes(&claim).ok()).collect(),
        }
    }

    /// Whether nobody needs `event` any more.
    pub fn is(&self, event: &Event) -> bool {
        // What is delivered again need not have been wanted when it came.
        let waits = |(tag, progress): &(u32, Progress)| {
            let is_ahead = progress.high < event.seq && event.wanted_by.contains(tag);
            is_ahead || progress.open.binary_search_by_key(&event.seq, |open| open.seq).is_ok()
        };
        let wanted = self.routes.iter().any(waits);
        let claimed = event.claimed.as_deref().unwrap_or_default();
        let is_claimed = self.claims.iter().any(|claim| *claim.claimed == *claimed && claim.first <= event.seq);
        !wanted && !is_claimed
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::OpenDelivery;

    /// One record, and seqs that the route wants.
    struct Desk(Kind, Bytes, Vec<u64>);

    impl Lookup for Desk {
        fn hot(&self, kind: Kind, _: &[u8]) -> Vec<(Key, Bytes)> {
            if kind == self.0 { vec![(Key::default(), self.1.clone())] } else { Vec::new() }
        }

        fn is_wanted(&self, _: &str, after: u64, last: u64, tag: u32) -> Result<bool, StoreError> {
            assert_eq!(tag, route_tag("main/crm"));
            Ok(self.2.iter().any(|seq| (after + 1..=last).contains(seq)))
        }
    }

    fn delivery(high: u64, open: &[u64], wanted: &[u64]) -> Option<Need> {
        let open = open.iter().map(|seq| OpenDelivery {
            seq: *seq,
            lane: 1,
            received_at_ms: 1,
            attempts: 1,
            ..OpenDelivery::default()
        });
        let progress = Progress { account: "1".into(), route: "main/crm".into(), high, open: open.collect() };
        need("1", (5, 9), &Desk(Kind::Progress, progress.to_bytes(), wanted.to_vec())).unwrap()
    }

    fn claimed(stream: &str, first: u64) -> Option<Need> {
        let claim = Claim { gateway: "main".into(), claimed: "1".into(), first, count: 1, bytes: 1 };
        need(stream, (5, 9), &Desk(Kind::Claim, claim.to_bytes(), Vec::new())).unwrap()
    }

    #[test]
    fn an_event_is_needed_while_a_route_has_not_ended_with_it() {
        assert_eq!(delivery(8, &[], &[9]), Some(Need::Delivery), "the route has not come so far");
        assert_eq!(delivery(8, &[], &[8, 10]), None, "the route does not want what lies ahead here");
        assert_eq!(delivery(1, &[], &[4, 10]), None, "what it wants lies elsewhere");
        assert_eq!(delivery(9, &[], &[10]), None);
        assert_eq!(delivery(20, &[4, 10], &[]), None, "what is open lies elsewhere");
        assert_eq!(delivery(20, &[4, 7], &[]), Some(Need::Delivery));
    }

    #[test]
    fn an_event_is_needed_while_it_is_claimed_in_quarantine() {
        assert_eq!(claimed("q.main", 9), Some(Need::Quarantine));
        assert_eq!(claimed("q.main", 10), None);
        assert_eq!(claimed("1", 9), None, "claims speak of quarantine alone");
    }
}
