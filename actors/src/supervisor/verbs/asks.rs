//! The accounts that verbs are asking about now, over all verbs of all callers: a few at a time, so that Graph, and
//! whoever else asks it, has room; the same verb again follows the one that is under way. Knows no Graph.

use super::Verb;
use super::sheet::{Asked, Outcome, Sheet};
use crate::cloud::refusal::Refusal;
use crate::messages::Force;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use tokio::sync::Semaphore;

/// Accounts asked about at once: as many as one courier makes management calls, so that none waits in vain for its turn.
pub(super) const SIDE_BY_SIDE: usize = 16;

/// What is being asked of which account.
#[derive(Clone)]
pub(crate) struct Asks {
    pub(super) permits: Rc<Semaphore>,
    /// Whoever carries an ask out holds it: where they are gone, nothing is under way.
    under_way: Rc<RefCell<HashMap<Box<str>, Weak<Ask>>>>,
}

/// One verb for one account.
pub(super) struct Ask {
    verb: Verb,
    force: Force,
    step: Cell<Step>,
    followers: RefCell<Vec<Weak<Sheet>>>,
}

/// How far an ask is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Waits,
    Begun,
    /// Another verb for the same account came while it waited.
    Overtaken,
}

impl Default for Asks {
    fn default() -> Self {
        Self { permits: Rc::new(Semaphore::new(SIDE_BY_SIDE)), under_way: Rc::default() }
    }
}

impl Asks {
    /// Lets `sheet` hear what comes of `verb` for `account`: of the one under way, or of a new one, which the caller has
    /// to carry out. What waits for another verb gives way to this one.
    pub(super) fn join(&self, account: &str, verb: Verb, force: Force, sheet: &Rc<Sheet>) -> Option<Rc<Ask>> {
        let mut under_way = self.under_way.borrow_mut();
        if let Some(known) = under_way.get(account).and_then(Weak::upgrade) {
            if known.verb == verb && known.force == force {
                known.follow(sheet);
                return None;
            }
            known.overtake(account, verb);
        }
        let (step, followers) = (Cell::new(Step::Waits), RefCell::new(vec![Rc::downgrade(sheet)]));
        let ask = Rc::new(Ask { verb, force, step, followers });
        under_way.insert(account.into(), Rc::downgrade(&ask));
        Some(ask)
    }

    /// Tells everybody who follows what came of it.
    pub(super) fn end(&self, account: &str, ask: &Rc<Ask>, outcome: &Outcome) {
        let mut under_way = self.under_way.borrow_mut();
        if under_way.get(account).is_some_and(|newest| std::ptr::eq(newest.as_ptr(), Rc::as_ptr(ask))) {
            under_way.remove(account);
        }
        ask.tell(|sheet| sheet.note(account, outcome.clone()));
    }
}

impl Ask {
    /// Begins, unless another verb for the account came meanwhile.
    pub(super) fn begin(&self) -> bool {
        let waits = self.step.get() == Step::Waits;
        if waits {
            self.step.set(Step::Begun);
        }
        waits
    }

    /// Callers that were answered meanwhile are forgotten.
    fn follow(&self, sheet: &Rc<Sheet>) {
        let mut followers = self.followers.borrow_mut();
        followers.retain(|known| known.strong_count() > 0);
        followers.push(Rc::downgrade(sheet));
    }

    fn overtake(&self, account: &str, by: Verb) {
        if self.step.get() != Step::Waits {
            return;
        }
        self.step.set(Step::Overtaken);
        let refusal = Refusal::ours(409, format!("a later {} came before it was this account's turn", by.word()));
        self.tell(|sheet| {
            let record = sheet.of(account).and_then(|outcome| outcome.record);
            sheet.note(account, Outcome::refused(record, &refusal, Asked::No));
        });
    }

    fn tell(&self, note: impl Fn(&Sheet)) {
        self.followers.borrow().iter().filter_map(Weak::upgrade).for_each(|sheet| note(&sheet));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn pending() -> Rc<Sheet> {
        let sheet = Rc::new(Sheet::default());
        sheet.note("102", Outcome::pending(None));
        sheet
    }

    fn ended() -> Outcome {
        Outcome::refused(None, &Refusal::ours(404, "x"), Asked::Yes)
    }

    #[test]
    fn the_same_verb_again_follows_the_one_under_way_and_hears_how_it_ended() {
        let (asks, first, second) = (Asks::default(), pending(), pending());
        let ask = asks.join("102", Verb::Subscribe, Force::Respect, &first).expect("a new one");
        assert!(ask.begin());
        assert!(asks.join("102", Verb::Subscribe, Force::Respect, &second).is_none());
        assert!(second.settled().now_or_never().is_none());
        asks.end("102", &ask, &ended());
        assert!(first.settled().now_or_never().is_some() && second.settled().now_or_never().is_some());
        assert!(asks.join("102", Verb::Subscribe, Force::Respect, &first).is_some(), "that one has ended");
    }

    #[test]
    fn what_waits_gives_way_to_a_later_verb_and_what_has_begun_does_not() {
        let asks = Asks::default();
        let [first, second, third] = [pending(), pending(), pending()];
        let subscribe = asks.join("102", Verb::Subscribe, Force::Respect, &first).expect("a new one");
        let unsubscribe = asks.join("102", Verb::Unsubscribe, Force::Respect, &second).expect("a new one");
        assert!(!subscribe.begin() && first.settled().now_or_never().is_some());
        assert!(unsubscribe.begin());
        assert!(asks.join("102", Verb::Remove, Force::Respect, &third).is_some());
        assert!(second.settled().now_or_never().is_none(), "it is told when it has ended");
    }

    #[test]
    fn where_nobody_carries_it_out_any_more_it_is_asked_anew() {
        let (asks, sheet) = (Asks::default(), pending());
        drop(asks.join("102", Verb::Subscribe, Force::Respect, &sheet).expect("a new one"));
        assert!(asks.join("102", Verb::Subscribe, Force::Respect, &sheet).is_some());
    }
}
