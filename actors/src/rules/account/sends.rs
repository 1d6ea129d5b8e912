//! The outbox's part in an account: its steps become changes, and what Meta took is remembered for its statuses.

use super::{AccountMachine, Effect, InFlight};
use crate::rules::outbox::{Hearing, News, Outbox, Step, Tried};
use crate::rules::preferences::{OPTED_OUT, Word};
use wharf_storage::{AccountRecord, Change, Reached, Wish};

impl AccountMachine {
    pub(super) fn tried(&mut self, id: &str, tried: Tried, chance: f64, effects: &mut Vec<Effect>, now: u64) {
        let mut said = Change::default();
        if let Tried::Refused { code: Some(OPTED_OUT), .. } = &tried
            && let Some(record) = self.outbox.get(id)
        {
            let word = Word { wish: Wish::Stop, said_at_s: now / 1000, ids: vec![record.lane.clone()] };
            self.preferences.hear(word, &mut said);
        }
        self.outbox_step(effects, now, |outbox, step| {
            outbox.tried(id, tried, chance, step, now);
            step.change.writes.append(&mut said.writes);
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
        if step.change.is_empty() {
            return;
        }
        let (mut flight, mut change) = (InFlight::default(), Change::default());
        self.join_step(step, &mut flight, &mut change, now);
        self.commit(change, flight, effects);
    }

    /// Takes back whom templates went to within the last day.
    pub fn recall_reached(&mut self, reached: Vec<Reached>, now: u64) {
        self.outbox.recall_reached(reached, now);
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
        let given_up = step.next.given_up.drain(..).filter(|record| !self.erasing.has_message(record));
        given_up.for_each(|record| self.given_up.put(record.id.clone(), record));
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
