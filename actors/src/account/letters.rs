//! Which dead letters of an account can be delivered or sent again, found page by page. Blocks; changes nothing.

use crate::rules::account::Found;
use std::collections::HashMap;
use std::sync::Arc;
use wharf_storage::{DeadLetter, Key, KeyBuilder, Kind, MessageRecord, Noun, Store, StoreError};

/// Letters redriven in one call at most: their events are in memory together.
const MOST: usize = 1000;
/// Letters looked at in one call at most.
const LOOKED_AT: usize = 100_000;
/// Letters read at once.
const PAGE: usize = 500;

/// Which dead letters are meant; all of them where nothing is named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letters {
    /// Those of this route, by its full name.
    pub route: Option<Box<str>>,
    /// Those of this event.
    pub event: Option<Box<str>>,
    /// That of this message.
    pub message: Option<Box<str>>,
}

impl Letters {
    /// Whether a letter is meant.
    pub fn mean(&self, letter: &DeadLetter) -> bool {
        let is = |asked: &Option<Box<str>>, its: &Option<Box<str>>| asked.is_none() || asked == its;
        is(&self.route, &letter.route) && is(&self.event, &letter.event) && is(&self.message, &letter.message)
    }
}

/// The letters of `account` that are meant, oldest first: no more to each route than it has room for. Blocks.
pub fn find(
    store: &dyn Store,
    account: &str,
    wish: &Letters,
    rooms: &HashMap<Box<str>, usize>,
) -> Result<Found, StoreError> {
    let prefix = KeyBuilder::new().text(account).build();
    let mut search = Search { store, account, wish, rooms: rooms.clone(), found: Found::default() };
    let (mut after, mut looked_at) = (None::<Key>, 0);
    while looked_at < LOOKED_AT {
        let page = store.page(Kind::Dead, &prefix.0, after.as_ref().map(|key| &*key.0), PAGE)?;
        let Some((last, _)) = page.last() else { break };
        (after, looked_at) = (Some(last.clone()), looked_at + page.len());
        for (key, bytes) in page {
            let letter = DeadLetter::from_bytes(&bytes)?;
            if wish.mean(&letter) {
                search.take(key, &letter)?;
            }
        }
    }
    Ok(search.found)
}

struct Search<'s> {
    store: &'s dyn Store,
    account: &'s str,
    wish: &'s Letters,
    rooms: HashMap<Box<str>, usize>,
    found: Found,
}

impl Search<'_> {
    fn take(&mut self, key: Key, letter: &DeadLetter) -> Result<(), StoreError> {
        match (&letter.route, &letter.event, &letter.message) {
            (Some(route), Some(event), _) => self.delivery(key, route, event),
            (_, _, Some(message)) => self.message(key, message),
            _ => {
                self.found.tally.skipped += 1;
                Ok(())
            }
        }
    }

    fn delivery(&mut self, key: Key, route: &str, event: &str) -> Result<(), StoreError> {
        let is_full = self.is_full();
        let Some(room) = self.rooms.get_mut(route) else {
            self.found.tally.skipped += 1;
            return Ok(());
        };
        if is_full || *room == 0 {
            self.found.tally.left += 1;
            return Ok(());
        }
        let seq = event.rsplit_once('.').filter(|(stream, _)| *stream == self.account);
        let seq = seq.and_then(|(_, seq)| seq.parse().ok());
        let kept = seq.map_or(Ok(None), |seq| self.store.event(self.account, seq))?;
        match kept.filter(|event| !event.is_erased()) {
            Some(event) => {
                *room -= 1;
                self.found.deliveries.push((key, route.into(), Arc::new(event)));
            }
            None => self.found.tally.skipped += 1,
        }
        Ok(())
    }

    fn message(&mut self, key: Key, id: &str) -> Result<(), StoreError> {
        if self.is_full() {
            self.found.tally.left += 1;
            return Ok(());
        }
        let place = KeyBuilder::new().text(id).build();
        let record = self.store.get(Kind::Message, &place.0)?;
        let record = record.map(|bytes| MessageRecord::from_bytes(&bytes)).transpose()?;
        let has_body = self.store.get(Kind::Body, &place.0)?.is_some();
        let named = self.wish.message.is_some();
        match record.filter(|record| has_body && (named || !may_have_left(record))) {
            Some(record) => self.found.messages.push((key, record)),
            None => self.found.tally.skipped += 1,
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.found.deliveries.len() + self.found.messages.len() >= MOST
    }
}

/// Whether nobody knows that a message did not reach its customer: it is sent again only where somebody names it.
fn may_have_left(record: &MessageRecord) -> bool {
    record.doubted_at_ms > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::outbound;

    /// Seed 408 of the simulation: a message whose answer was lost was queued once more, its account was removed, and the
    /// letter said so and not that it may have been sent: a redrive of all letters sent it twice.
    #[test]
    fn a_message_that_was_ever_in_doubt_is_redriven_by_name_alone() {
        let doubted = MessageRecord { doubted_at_ms: 1, error: Some("refused since".into()), ..outbound("msg_a", "1") };
        assert!(may_have_left(&doubted));
        assert!(!may_have_left(&outbound("msg_b", "1")));
    }
}
