//! The account's alarms as events of its own journal, so that an application hears of them too: one when an alarm begins
//! and one when it ends, committed with what turned it. Nobody sent them, so the ledger's items do not count them; the
//! routes' deliveries do.

use super::scope::ALARM_FIELD;
use super::{AccountMachine, Effect, InFlight, wants};
use crate::cloud::webhook;
use crate::rules::life::{Life, Turn};
use crate::rules::outbox::Step;
use bytes::Bytes;
use serde_json::json;
use std::sync::Arc;
use wharf_storage::{Change, Disposition, Tally};

impl AccountMachine {
    /// Makes an event of each alarm that turned.
    pub(super) fn raise(
        &mut self,
        turns: Vec<Turn>,
        flight: &mut InFlight,
        change: &mut Change,
        tally: &mut Tally,
        now: u64,
    ) {
        let gateway: Arc<str> = self.record.gateway.as_ref().into();
        for turn in turns {
            let item = webhook::split(&envelope(&self.id, &turn, now)).expect("an envelope of our own").remove(0);
            let mut event = self.event(item, (&gateway, 0), change, now);
            if event.disposition == Disposition::Routed {
                self.deliveries.decide(&mut event, wants, tally);
            }
            let event = Arc::new(event);
            flight.events.push(Arc::clone(&event));
            change.events.push(event);
        }
    }

    /// What its life has become since `before` is kept, and told where an alarm turned.
    pub(super) fn live_on(&mut self, before: &Life, flight: &mut InFlight, change: &mut Change, now: u64) {
        if self.life == *before {
            return;
        }
        self.news.extend(self.life.news(before, now));
        change.put(&self.life.record(&self.id));
        let mut tally = Tally::default();
        self.raise(self.life.turns(before), flight, change, &mut tally, now);
        if tally != Tally::default() {
            change.tallies.push((Arc::clone(&self.id), tally));
        }
    }

    /// Restrictions whose time has come end.
    pub(super) fn expire(&mut self, effects: &mut Vec<Effect>, now: u64) {
        if self.life.expires_at().is_none_or(|until| until > now) {
            return;
        }
        let before = self.life.clone();
        self.life.expire(now);
        let (mut flight, mut change) = (InFlight::default(), Change::default());
        self.live_on(&before, &mut flight, &mut change, now);
        let mut step = Step::default();
        self.hold_as_told(&before, Vec::new(), &mut step, now);
        self.join_step(step, &mut flight, &mut change, now);
        self.commit(change, flight, effects);
    }
}

/// Meta's envelope around a change of a field that Meta does not have: who knows only Meta's passes over it.
fn envelope(account: &str, turn: &Turn, now: u64) -> Bytes {
    let Turn { alarm, state } = turn;
    let mut value = json!({ "alarm": alarm.what, "state": state.word(), "since": alarm.since_ms / 1000 });
    if !alarm.detail.is_empty() {
        value["detail"] = json!(alarm.detail);
    }
    if let Some(until_ms) = alarm.until_ms {
        value["until"] = json!(until_ms / 1000);
    }
    let change = json!({ "field": ALARM_FIELD, "value": value });
    let entry = json!({ "id": account, "time": now / 1000, "changes": [change] });
    json!({ "object": "whatsapp_business_account", "entry": [entry] }).to_string().into()
}
