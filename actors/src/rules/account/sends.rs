//! The outbox's part in an account: its steps become changes, and what Meta took is remembered for its statuses.

use super::{AccountMachine, Effect, InFlight};
use crate::rules::outbox::{Hearing, News, Outbox, Step, Tried};
use std::sync::Arc;
use wharf_storage::{AccountRecord, Tally};

impl AccountMachine {
    pub(super) fn tried(&mut self, id: &str, tried: Tried, chance: f64, effects: &mut Vec<Effect>, now: u64) {
        let is_lost = matches!(tried, Tried::Lost { .. });
        let named = self.named.pop(id);
        self.outbox_step(effects, now, |outbox, step| {
            outbox.tried(id, tried, chance, step, now);
            // A status had named it before its answer was lost.
            if let Some(wamid) = named.filter(|_| is_lost) {
                outbox.adopt(id, &wamid, step, now);
            }
        });
    }

    pub(super) fn abandon(&mut self, reason: &str, effects: &mut Vec<Effect>, now: u64) {
        self.outbox_step(effects, now, |outbox, step| outbox.abandon(reason, step, now));
    }

    pub(super) fn outbox_step(
        &mut self,
        effects: &mut Vec<Effect>,
        now: u64,
        take: impl FnOnce(&mut Outbox, &mut Step),
    ) {
        let mut step = Step::default();
        take(&mut self.outbox, &mut step);
        self.remember_taken(&mut step, now);
        self.news.extend(step.next.news.drain(..).map(|news| tell(&news)));
        if step.change.is_empty() {
            return;
        }
        step.change.tallies.push((Arc::clone(&self.id), Tally { messages: step.tally, ..Tally::default() }));
        self.commit(step.change, InFlight { next: step.next, ..InFlight::default() }, effects);
    }

    /// Messages that Meta took: statuses that came before their answer count now, later ones are matched from memory.
    pub(super) fn remember_taken(&mut self, step: &mut Step, now: u64) {
        for mut record in step.next.taken.drain(..).filter(|record| !self.erasing.has_message(record)) {
            let wamid = record.wamid.clone().expect("a message that was taken has Meta's id");
            if let Some(early) = self.early.pop(&wamid) {
                early.show(&mut record, now);
                step.change.put(&record);
            }
            self.recent.put(wamid, record);
        }
    }
}

/// Whether Meta's statuses reach an account.
pub fn hearing(record: &AccountRecord) -> Hearing {
    if record.active { Hearing::Statuses } else { Hearing::Nothing }
}

/// News of a hold, for the log.
pub(super) fn tell(news: &News) -> String {
    let (event, hold) = match news {
        News::Held(hold) => ("held", hold),
        News::Released(hold) => ("released", hold),
    };
    let (scope, name) = hold.scope.parts();
    let code = hold.code.map_or_else(String::new, |code| format!(" code={code}"));
    format!("sends={event} scope={scope} name=\"{name}\" cause={}{code} why=\"{}\"", hold.cause.word(), hold.reason)
}
