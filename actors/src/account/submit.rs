//! How a message enters an account: told apart from one that came before, checked against what the settings refuse, and
//! then kept. And how one is withdrawn.

use super::recall::{Questions, Recalled};
use super::{Account, Waiting};
use crate::clock::now_ms;
use crate::cloud::graph_error::OwnRefusal;
use crate::messages::{Cancel, Sent, Submit};
use crate::rules::account::{Input, Submission};
use crate::rules::dialogs;
use crate::rules::outbox::answer_of;
use crate::rules::recent::Recent;
use actix::prelude::*;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::mpsc::UnboundedSender;
use wharf_storage::{
    KeyBuilder, Kind, MessageRecord, MessageState, Noun, Preference, Standing, Store, StoreError, Twin, Wish,
};
use xxhash_rust::xxh3::xxh3_128;

/// Messages that an account holds at most: about 1 KiB of memory each, their bodies on disk.
const MOST_MESSAGES: usize = 200_000;
/// An idempotency key counts for this long, in ms.
pub(crate) const TWIN_FOR_MS: u64 = 24 * 3600 * 1000;
/// The duplicate guard looks back this long, in ms.
const GUARD_FOR_MS: u64 = 60 * 1000;
/// Requests remembered in memory, of each kind; older twins are found on disk.
const REMEMBERED: usize = 16 * 1024;

/// The last node of the path by which marketing leaves.
const MARKETING: &str = "marketing_messages";

/// What of sends is refused at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Guards {
    /// `send.duplicate_guard`.
    pub duplicates: bool,
    /// `send.strict_window`.
    pub window: bool,
}

/// Requests that came lately.
#[derive(Debug)]
pub(super) struct Requests {
    twins: Recent<u128, Twin>,
    guarded: Recent<u128, u64>,
    /// Messages of which the disk is being asked.
    asking: HashSet<Box<str>>,
}

impl Default for Requests {
    fn default() -> Self {
        Self { twins: Recent::new(REMEMBERED), guarded: Recent::new(REMEMBERED), asking: HashSet::new() }
    }
}

/// What only the disk knows of a message that is submitted.
#[derive(Debug, Default)]
struct Known {
    twin: Option<Twin>,
    window_until_ms: Option<u64>,
    /// The customer's last word on marketing.
    said: Option<Preference>,
}

impl Handler<Submit> for Account {
    type Result = ();

    fn handle(&mut self, message: Submit, ctx: &mut Self::Context) {
        let Submit { submission, progress } = message;
        if let Some(refusal) = self.cannot_take() {
            let _ = progress.send(refusal);
            return;
        }
        let fresh = |twin: &Twin| twin.at_ms + TWIN_FOR_MS > now_ms();
        let known = submission.twin.as_ref().and_then(|twin| self.requests.twins.get(&twin.request).cloned());
        match (known.filter(fresh), &submission.twin) {
            (Some(first), Some(twin)) => return self.answer_twin(&first, twin.body, progress, ctx),
            (None, Some(twin)) => self.requests.twins.put(twin.request, twin.clone()),
            (_, None) => {}
        }
        self.call_back(&submission.record.id, progress);
        let names = self.names_to_ask(&submission.record);
        if submission.twin.is_none() && names.is_empty() {
            return self.take(submission, &Known::default(), ctx);
        }
        self.ask_and_take(submission, names, ctx);
    }
}

impl Handler<Cancel> for Account {
    type Result = ResponseFuture<Result<(), Option<MessageState>>>;

    fn handle(&mut self, message: Cancel, ctx: &mut Self::Context) -> Self::Result {
        let state = self.machine.outbox().get(&message.0).map(|record| record.state);
        if state != Some(MessageState::Queued) {
            return Box::pin(std::future::ready(Err(state)));
        }
        let told = self.turn_and_wait(Input::Cancel { id: message.0 }, ctx);
        Box::pin(async move {
            match told.await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) | Err(_) => Err(state),
            }
        })
    }
}

impl Account {
    fn cannot_take(&self) -> Option<Sent> {
        if let Standing::Closed { reason, .. } = self.house.store.standing() {
            return Some(Sent::Lost { reason });
        }
        if self.leaving {
            return Some(Sent::Lost { reason: "the account is being removed".into() });
        }
        let waiting = self.machine.outbox().len();
        (waiting >= MOST_MESSAGES).then_some(Sent::Refused(OwnRefusal::QueueFull(waiting)))
    }

    /// Whoever submitted `id` hears of it.
    fn call_back(&mut self, id: &str, progress: UnboundedSender<Sent>) {
        // Callers that gave up waiting are forgotten whenever their number has doubled.
        if self.callers.len().is_power_of_two() {
            self.callers.retain(|_, callers| callers.iter().any(|caller| !caller.is_closed()));
        }
        self.callers.entry(id.into()).or_default().push(progress);
    }

    /// Names of the dialog that must be asked for, where the window matters, or what the customer wants.
    fn names_to_ask(&self, record: &MessageRecord) -> Vec<Box<str>> {
        match self.minds_window(record) || is_marketing(record) {
            true => dialogs::names_of_recipient(&record.number, &record.lane).map(Box::from).into(),
            false => Vec::new(),
        }
    }

    fn minds_window(&self, record: &MessageRecord) -> bool {
        self.house.guards.window && record.template.is_none() && &*record.kind != "template"
    }

    /// Whether the customer's last word is that they want no marketing; `kept` is what the disk knows of it.
    fn has_opted_out(&self, record: &MessageRecord, kept: Option<&Preference>) -> bool {
        let heard = self.machine.preferences().of(&record.lane);
        let last = kept.into_iter().chain(heard).max_by_key(|said| said.said_at_s);
        is_marketing(record) && last.is_some_and(|said| said.wish == Wish::Stop)
    }

    fn ask_and_take(&mut self, submission: Box<Submission>, names: Vec<Box<str>>, ctx: &mut Context<Self>) {
        let store = Arc::clone(&self.house.store);
        let request = submission.twin.as_ref().map(|twin| twin.request);
        let (keys, wamids, messages) = (Vec::new(), Vec::new(), Vec::new());
        let customers = is_marketing(&submission.record).then(|| submission.record.lane.clone()).into_iter().collect();
        let questions = Questions { account: Arc::clone(&self.id), keys, names, wamids, messages, customers };
        let asking = actix_rt::task::spawn_blocking(move || ask(store.as_ref(), request, &questions));
        self.recalls += 1;
        self.requests.asking.insert(submission.record.id.clone());
        let heard = move |known: Result<Result<Known, StoreError>, _>, account: &mut Self, ctx: &mut Context<Self>| {
            account.recalls -= 1;
            account.requests.asking.remove(&submission.record.id);
            match known {
                Ok(Ok(known)) => account.take_or_join(submission, &known, ctx),
                other => {
                    log::error!("recall_failed account={} why={:?}", account.id, other.map(|_| ()));
                    account.refuse(&submission, &Sent::Lost { reason: "the store could not be read".into() });
                }
            }
        };
        ctx.spawn(asking.into_actor(self).map(heard));
    }

    fn take_or_join(&mut self, submission: Box<Submission>, known: &Known, ctx: &mut Context<Self>) {
        let fresh = known.twin.as_ref().filter(|first| first.at_ms + TWIN_FOR_MS > now_ms());
        let (Some(first), Some(twin)) = (fresh, &submission.twin) else {
            return self.take(submission, known, ctx);
        };
        // Twins that came while the disk was asked wait under this one's id.
        self.requests.twins.put(twin.request, first.clone());
        let body = twin.body;
        for caller in self.callers.remove(&submission.record.id).into_iter().flatten() {
            self.answer_twin(first, body, caller, ctx);
        }
    }

    fn take(&mut self, submission: Box<Submission>, known: &Known, ctx: &mut Context<Self>) {
        let (record, now) = (&submission.record, now_ms());
        if self.minds_window(record) && known.window_until_ms.is_some_and(|until_ms| until_ms <= now) {
            return self.refuse(&submission, &Sent::Refused(OwnRefusal::WindowClosed));
        }
        if self.has_opted_out(record, known.said.as_ref()) {
            return self.refuse(&submission, &Sent::Refused(OwnRefusal::OptedOut));
        }
        if let Some(refusal) = self.cannot_take() {
            return self.refuse(&submission, &refusal);
        }
        if self.house.guards.duplicates && submission.twin.is_none() && self.is_repeated(&submission, now) {
            return self.refuse(&submission, &Sent::Refused(OwnRefusal::Duplicate));
        }
        let id = submission.record.id.clone();
        self.bodies.keep(&id, &submission.body);
        if let Some(ticket) = self.turn(Input::Submit(submission), Vec::new(), ctx) {
            self.waiting.insert(ticket, Waiting::Caller(id));
        }
    }

    fn is_repeated(&mut self, submission: &Submission, now: u64) -> bool {
        let Submission { record, body, .. } = submission;
        let about = [record.number.as_bytes(), record.lane.as_bytes(), record.path.as_bytes(), body].join(&0);
        let hash = xxh3_128(&about);
        let before = self.requests.guarded.get(&hash).copied();
        let repeated = before.is_some_and(|at_ms| now < at_ms + GUARD_FOR_MS);
        if !repeated {
            self.requests.guarded.put(hash, now);
        }
        repeated
    }

    /// Tells everybody who waits for it; a refusal is not remembered under its key.
    fn refuse(&mut self, submission: &Submission, refusal: &Sent) {
        self.tell_caller(&submission.record.id, refusal);
        self.callers.remove(&submission.record.id);
        if let Some(twin) = &submission.twin {
            self.requests.twins.pop(&twin.request);
        }
    }

    /// A request that came before: its message's answer, now or when it comes.
    fn answer_twin(&mut self, first: &Twin, body: u128, progress: UnboundedSender<Sent>, ctx: &mut Context<Self>) {
        if first.body != body {
            let _ = progress.send(Sent::Refused(OwnRefusal::KeyReused));
            return;
        }
        let id = first.message.clone();
        let _ = progress.send(Sent::Known { id: id.clone() });
        if self.requests.asking.contains(&id) {
            return self.call_back(&id, progress);
        }
        if self.machine.outbox().get(&id).is_some() {
            let is_being_kept = |waits: &Waiting| matches!(waits, Waiting::Caller(other) if *other == id);
            if !self.waiting.values().any(is_being_kept) {
                let _ = progress.send(Sent::Durable);
            }
            return self.call_back(&id, progress);
        }
        let store = Arc::clone(&self.house.store);
        let read = actix_rt::task::spawn_blocking(move || ended(store.as_ref(), &id));
        let told = move |ended: Result<Option<MessageRecord>, _>, _: &mut Self, _: &mut Context<Self>| {
            let answer = match ended {
                Ok(Some(record)) => Sent::Settled(answer_of(&record)),
                Ok(None) | Err(_) => Sent::Lost { reason: "the message could not be read".into() },
            };
            let _ = progress.send(answer);
        };
        ctx.spawn(read.into_actor(self).map(told));
    }
}

/// Whether Meta takes a message for marketing for sure. A template among other messages may be, or not: Meta decides.
fn is_marketing(record: &MessageRecord) -> bool {
    &*record.path == MARKETING
}

/// Asks the disk. Blocks.
fn ask(store: &dyn Store, request: Option<u128>, questions: &Questions) -> Result<Known, StoreError> {
    let twin = match request {
        Some(request) => store.get(Kind::Twin, &Twin::key_of(request).0)?,
        None => None,
    };
    let Recalled { dialogs, preferences: mut said, .. } = questions.ask(store)?;
    if !questions.customers.is_empty() {
        // They may have said it under the other of their ids.
        for id in dialogs.iter().flat_map(|(_, dialog)| [&dialog.wa_id, &dialog.user_id]).flatten() {
            said.extend(questions.preference(store, id)?);
        }
    }
    Ok(Known {
        twin: twin.map(|bytes| Twin::from_bytes(&bytes)).transpose()?,
        said: said.into_iter().max_by_key(|said| said.said_at_s),
        window_until_ms: dialogs.iter().filter_map(|(_, dialog)| dialog.window_expires_at_ms).max(),
    })
}

/// A message that is no longer in the outbox. Blocks.
fn ended(store: &dyn Store, id: &str) -> Option<MessageRecord> {
    let found = store.get(Kind::Message, &KeyBuilder::new().text(id).build().0).ok()??;
    MessageRecord::from_bytes(&found).ok()
}
