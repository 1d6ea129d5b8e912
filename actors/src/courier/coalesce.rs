//! Several deliveries in one POST, where a route asks for it: the first tries of one account that come within a moment
//! of each other. What they mean and how they are sent is decided by who takes them.

use crate::gateway::Batch;
use crate::messages::Attempt;
use crate::rules::reader::Attempted;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::oneshot;

/// A delivery that waits for company, and who hears what became of it.
pub(super) type Waiting = (Attempt, oneshot::Sender<Attempted>);

/// Route and account.
type Place = (Arc<str>, Arc<str>);

/// The deliveries of one arbiter that wait for company.
#[derive(Clone, Default)]
pub(super) struct Coalescer(Rc<RefCell<HashMap<Place, Vec<Waiting>>>>);

impl Coalescer {
    /// Adds `attempt` to those of its route and account. `send` gets them all, in order of their events, once they are
    /// enough or the first has waited long enough.
    pub(super) fn add(
        &self,
        attempt: Attempt,
        batch: Batch,
        send: impl Fn(Vec<Waiting>) + 'static,
    ) -> oneshot::Receiver<Attempted> {
        let (tell, told) = oneshot::channel();
        let place = (Arc::clone(&attempt.route.name), Arc::clone(&attempt.event.stream));
        let count = {
            let mut places = self.0.borrow_mut();
            let waiting = places.entry(place.clone()).or_default();
            waiting.push((attempt, tell));
            waiting.len()
        };
        if count >= batch.max {
            send(self.take(&place));
        } else if count == 1 {
            let this = self.clone();
            actix_rt::spawn(async move {
                tokio::time::sleep(batch.wait).await;
                // Those that were enough before have left; who came since waits a little less.
                let waiting = this.take(&place);
                if !waiting.is_empty() {
                    send(waiting);
                }
            });
        }
        told
    }

    fn take(&self, place: &Place) -> Vec<Waiting> {
        let mut waiting = self.0.borrow_mut().remove(place).unwrap_or_default();
        waiting.sort_by_key(|(attempt, _)| attempt.event.seq);
        waiting
    }
}
