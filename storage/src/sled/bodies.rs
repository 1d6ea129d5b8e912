//! Bodies that go once nobody needs them (`keep_body = "until_delivered"`): a sealed volume is written anew without any
//! when every event in it has ended for every route, and once a day without those that have.

use super::parcel::Parcel;
use super::retention::Retention;
use super::scrub;
use crate::unfinished::Finished;
use crate::{Change, Event, KeepBody, StoreError};
use std::cell::RefCell;
use std::collections::HashMap;

/// How long the bodies of a volume wait for its last event to end, in seconds; then those that have ended go alone.
const PATIENCE_S: u64 = 86_400;

/// What is known of the bodies of volumes.
#[derive(Debug, Default)]
pub(super) struct Bodies(HashMap<u64, Left>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// None.
    None,
    /// Some; those that have ended go at this time, in seconds since 1970.
    SomeUntil(u64),
}

impl Bodies {
    /// Takes bodies out of sealed volumes where nobody needs them.
    pub(super) fn forget(&mut self, retention: &Retention<'_>) -> Result<(), StoreError> {
        let settings = &retention.shared.settings;
        if settings.keep_body == KeepBody::Retention {
            return Ok(());
        }
        let now_s = settings.clock.now_s();
        if retention.shared.is_open_volume_old() {
            // The committer looks at its age when it commits, and nobody else may do so for long.
            drop(retention.shared.queue.push(Parcel::new(Change::default(), Vec::new())));
        }
        let volumes = retention.volumes_with_pages();
        self.0.retain(|number, _| volumes.contains(number));
        for number in volumes {
            let left = match self.0.get(&number) {
                Some(left) => *left,
                None if retention.is_without_bodies(number)? => Left::None,
                None => Left::SomeUntil(now_s + PATIENCE_S),
            };
            let left = match left {
                Left::None => Left::None,
                Left::SomeUntil(until_s) => look(retention, number, until_s, now_s)?,
            };
            self.0.insert(number, left);
        }
        Ok(())
    }
}

fn look(retention: &Retention<'_>, number: u64, until_s: u64, now_s: u64) -> Result<Left, StoreError> {
    if retention.is_unneeded(number)? {
        retention.scrub(number, &|event| !event.is_erased(), scrub::Bodies::None)?;
        return Ok(Left::None);
    }
    if now_s < until_s {
        return Ok(Left::SomeUntil(until_s));
    }
    let known: RefCell<HashMap<Box<str>, Finished>> = RefCell::default();
    let ended = |event: &Event| {
        let mut known = known.borrow_mut();
        let finished = known.entry((&*event.stream).into()).or_insert_with(|| Finished::of(&event.stream, retention));
        !event.is_erased() && finished.is(event)
    };
    retention.scrub(number, &ended, scrub::Bodies::Some)?;
    Ok(Left::SomeUntil(now_s + PATIENCE_S))
}
