//! The setups under way, so that the same setup again follows the first instead of reading everything twice. One that
//! outlasted its callers is kept for a while: whoever repeats it hears how it ended.

use super::sheet::Sheet;
use super::{Ids, RunVerb, VerbError};
use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// How long the end of a setup is kept for whoever repeats it.
const KEPT: Duration = Duration::from_secs(300);

/// What makes two setups the same.
type Sameness = (Arc<str>, Ids, Option<BTreeSet<String>>);

/// The setups under way, and those whose end nobody has heard of.
#[derive(Clone, Default)]
pub(crate) struct Setups(Rc<RefCell<HashMap<Sameness, Rc<Setup>>>>);

/// A setup under way.
pub(super) struct Setup {
    /// What its accounts came to.
    pub(super) sheet: Rc<Sheet>,
    /// Its end.
    pub(super) ended: Shared<LocalBoxFuture<'static, Result<(), VerbError>>>,
}

impl Setups {
    /// The setup that is under way for `call`, else a new one, which `work` does.
    pub(super) fn join<F>(&self, call: &RunVerb, work: impl FnOnce(Rc<Sheet>) -> F) -> Rc<Setup>
    where
        F: Future<Output = Result<(), VerbError>> + 'static,
    {
        let same = sameness(call);
        if let Some(setup) = self.0.borrow().get(&same) {
            return Rc::clone(setup);
        }
        let sheet = Rc::new(Sheet::default());
        let task = actix_rt::spawn(work(Rc::clone(&sheet)));
        let ended = async { task.await.unwrap_or_else(|stopped| Err(VerbError::Registry(stopped.to_string()))) };
        let setup = Rc::new(Setup { sheet, ended: ended.boxed_local().shared() });
        self.0.borrow_mut().insert(same, Rc::clone(&setup));
        self.forget_later(call.clone(), &setup);
        setup
    }

    /// Somebody heard how it ended.
    pub(super) fn heard(&self, call: &RunVerb, setup: &Rc<Setup>) {
        let same = sameness(call);
        let mut setups = self.0.borrow_mut();
        if setups.get(&same).is_some_and(|known| Rc::ptr_eq(known, setup)) {
            setups.remove(&same);
        }
    }

    fn forget_later(&self, call: RunVerb, setup: &Rc<Setup>) {
        let (setups, setup) = (Rc::downgrade(&self.0), Rc::downgrade(setup));
        let Some(ended) = setup.upgrade().map(|setup| setup.ended.clone()) else { return };
        actix_rt::spawn(async move {
            let _ = ended.await;
            actix_rt::time::sleep(KEPT).await;
            if let (Some(setups), Some(setup)) = (setups.upgrade(), setup.upgrade()) {
                Self(setups).heard(&call, &setup);
            }
        });
    }
}

fn sameness(call: &RunVerb) -> Sameness {
    (Arc::clone(&call.gateway), call.ids.clone(), call.visible.clone())
}
