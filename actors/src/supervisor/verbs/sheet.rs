//! What each account of a verb came to, noted as the accounts answer, and the one answer made of it. Asks nobody.

use super::{Ending, Verb, VerbAnswer};
use crate::cloud::node::{AccountNode, Element, Progress};
use crate::cloud::refusal::Refusal;
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use tokio::sync::Notify;
use wharf_storage::AccountRecord;

/// What our app is subscribed to: the marker of an active account.
const SUBSCRIBED_FIELDS: &str = "messages";

/// What one account came to.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) record: Option<AccountRecord>,
    /// A JSON object.
    pub(super) error: Option<Bytes>,
    pub(super) progress: Progress,
    /// Whether Meta was asked about it.
    pub(super) asked: Asked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Yes,
    No,
}

/// The accounts of one verb, ascending by id as text.
#[derive(Default)]
pub(super) struct Sheet {
    outcomes: RefCell<BTreeMap<Box<str>, Outcome>>,
    pending: Cell<usize>,
    settled: Notify,
}

impl Sheet {
    /// Notes what an account came to, or that it is pending.
    pub(super) fn note(&self, id: &str, outcome: Outcome) {
        let is_pending = outcome.progress == Progress::Pending;
        let before = self.outcomes.borrow_mut().insert(id.into(), outcome);
        let was_pending = before.is_some_and(|before| before.progress == Progress::Pending);
        let pending = self.pending.get() + usize::from(is_pending) - usize::from(was_pending);
        self.pending.set(pending);
        if pending == 0 {
            self.settled.notify_one();
        }
    }

    /// What is noted of an account.
    pub(super) fn of(&self, id: &str) -> Option<Outcome> {
        self.outcomes.borrow().get(id).cloned()
    }

    /// Waits until no account is pending; for one who waits.
    pub(super) async fn settled(&self) {
        while self.pending.get() > 0 {
            self.settled.notified().await;
        }
    }

    /// The answer as it stands, written on a thread that may block: it may have many thousands of elements.
    pub(super) async fn answer(&self, verb: Verb, progress: Progress) -> VerbAnswer {
        let outcomes: Vec<_> = self.outcomes.borrow().iter().map(|(id, it)| (id.clone(), it.clone())).collect();
        let asked = outcomes.iter().filter(|(_, outcome)| outcome.asked == Asked::Yes);
        let failed = asked.clone().filter(|(_, outcome)| outcome.error.is_some()).count();
        let ending = ending(verb, progress, asked.count(), failed);
        let summary = format!("{} accounts, {failed} failed, {} pending", outcomes.len(), self.pending.get());
        let body = actix_rt::task::spawn_blocking(move || written(&outcomes)).await;
        VerbAnswer { ending, body: body.unwrap_or_else(|_| Bytes::from_static(b"[]")), summary }
    }
}

fn ending(verb: Verb, progress: Progress, asked: usize, failed: usize) -> Ending {
    match verb {
        Verb::Search => Ending::Done,
        Verb::Setup | Verb::Subscribe | Verb::Unsubscribe | Verb::Remove if progress == Progress::Pending => {
            Ending::Pending
        }
        Verb::Setup | Verb::Subscribe | Verb::Unsubscribe | Verb::Remove if asked > 0 && failed == asked => {
            Ending::AllFailed
        }
        Verb::Setup | Verb::Subscribe | Verb::Unsubscribe | Verb::Remove => Ending::Done,
    }
}

/// One array, element after element into the same bytes.
fn written(outcomes: &[(Box<str>, Outcome)]) -> Bytes {
    let mut body = vec![b'['];
    for (at, (id, outcome)) in outcomes.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        outcome.write(id, &mut body);
    }
    body.push(b']');
    body.into()
}

impl Outcome {
    pub(super) fn shown(record: AccountRecord) -> Self {
        Self { record: Some(record), error: None, progress: Progress::Done, asked: Asked::No }
    }

    /// Still being asked about.
    pub(super) fn pending(record: Option<AccountRecord>) -> Self {
        Self { record, error: None, progress: Progress::Pending, asked: Asked::Yes }
    }

    pub(super) fn refused(record: Option<AccountRecord>, refusal: &Refusal, asked: Asked) -> Self {
        Self { record, error: Some(refusal.object.clone()), progress: Progress::Done, asked }
    }

    fn write(&self, id: &str, to: &mut Vec<u8>) {
        let node = self
            .record
            .as_ref()
            .map_or_else(|| AccountNode::unknown(id), |record| AccountNode::read(id, &record.snapshot));
        let fields = [SUBSCRIBED_FIELDS.to_owned()];
        let active = self.record.as_ref().is_some_and(|record| record.active);
        let element = Element {
            account: &node,
            subscribed_fields: active.then_some(&fields),
            error: self.error.as_deref(),
            progress: self.progress,
        };
        serde_json::to_writer(to, &element).expect("an element of plain JSON serialises");
    }
}
