//! Whether an item is a copy: from memory where that is certain, else from the volumes that may hold its mark.

use super::content::Content;
use super::sealed::{self, Filter};
use super::shared::Shared;
use super::volumes::Closing;
use crate::{Glance, Seen, Stamp, StoreError, window};
use std::sync::Arc;

/// What memory knows of each mark.
pub(super) fn glance(shared: &Shared, wanted: &[(u128, Stamp)]) -> Vec<Glance> {
    let (dedupe_s, now_s) = window_now(shared);
    let image = shared.read();
    wanted.iter().map(|(key, stamp)| image.volumes.glance(*key, *stamp, dedupe_s, now_s)).collect()
}

/// The copy of each mark, if it counts.
pub(super) fn look(shared: &Shared, wanted: &[(u128, Stamp)]) -> Result<Vec<Option<Seen>>, StoreError> {
    let glances = glance(shared, wanted).into_iter().zip(wanted);
    let look = |(glance, (key, stamp)): (Glance, &(u128, Stamp))| match glance {
        Glance::New => Ok(None),
        Glance::Seen(seen) => Ok(Some(seen)),
        Glance::Unsure => look_one(shared, *key, *stamp),
    };
    glances.map(look).collect()
}

fn window_now(shared: &Shared) -> (u64, u64) {
    (shared.settings.dedupe.as_secs(), shared.settings.clock.now_s())
}

fn look_one(shared: &Shared, key: u128, stamp: Stamp) -> Result<Option<Seen>, StoreError> {
    let (dedupe_s, now_s) = window_now(shared);
    let found = find(shared, key, stamp)?;
    Ok(found.filter(|seen| window::counts(*seen, stamp, dedupe_s, now_s)))
}

/// The newest copy, whether it counts or not.
fn find(shared: &Shared, key: u128, stamp: Stamp) -> Result<Option<Seen>, StoreError> {
    let places = Places::of(shared, key, stamp);
    if places.open.is_some() {
        return Ok(places.open);
    }
    for closing in places.closing.iter().rev() {
        if let Some(seen) = closing.content.wait()?.marks.get(key) {
            return Ok(Some(seen));
        }
    }
    for place in places.sealed {
        if let Some(seen) = place.find(shared, key)? {
            return Ok(Some(seen));
        }
    }
    Ok(None)
}

/// Where a mark may be, as one committed state has it.
struct Places {
    open: Option<Seen>,
    closing: Vec<Arc<Closing>>,
    sealed: Vec<Place>,
}

/// A sealed volume that may hold a mark.
struct Place {
    volume: u64,
    exact: Option<Arc<Content>>,
    filter: Option<Arc<Filter>>,
}

impl Places {
    fn of(shared: &Shared, key: u128, stamp: Stamp) -> Self {
        let (dedupe_s, now_s) = window_now(shared);
        let image = shared.read();
        let volumes = &image.volumes;
        let may_hold = volumes.sealed.iter().rev().filter(|(_, sealed)| sealed.may_hold(stamp, dedupe_s, now_s));
        let place = |(volume, sealed): (&u64, &super::volumes::Sealed)| Place {
            volume: *volume,
            exact: sealed.exact.clone(),
            filter: sealed.filter.clone(),
        };
        Self {
            open: volumes.open.content.marks.get(key),
            closing: volumes.closing.clone(),
            sealed: may_hold.map(place).collect(),
        }
    }
}

impl Place {
    fn find(&self, shared: &Shared, key: u128) -> Result<Option<Seen>, StoreError> {
        if let Some(content) = &self.exact {
            return Ok(content.marks.get(key));
        }
        if self.filter.as_ref().is_some_and(|filter| !filter.may_hold(key)) {
            return Ok(None);
        }
        let Some(volume) = shared.shelf.lend(self.volume)? else { return Ok(None) };
        if self.filter.is_none() {
            let filter = Arc::new(sealed::read_filter(&volume.db)?);
            let absent = !filter.may_hold(key);
            remember(shared, self.volume, filter);
            if absent {
                return Ok(None);
            }
        }
        sealed::find_mark(&volume.db, key)
    }
}

/// Keeps a filter that was read, as far as memory allows.
fn remember(shared: &Shared, volume: u64, filter: Arc<Filter>) {
    let mut image = shared.write();
    if let Some(sealed) = image.volumes.sealed.get_mut(&volume) {
        sealed.filter = Some(filter);
    }
    image.volumes.trim_filters(shared.settings.filter_bytes);
}
