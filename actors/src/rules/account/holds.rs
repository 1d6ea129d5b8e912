//! What Meta tells about an account becomes holds of its sends, and holds become alarms. Which event forbids what is
//! decided in `life`, what a hold does in `outbox`.

use super::sends::tell;
use super::{AccountMachine, InFlight};
use crate::cloud::tier::Tier;
use crate::rules::life::{Forbidden, Life, Place, Turn, TurnState};
use crate::rules::outbox::{News, Step, pace};
use std::collections::BTreeSet;
use wharf_storage::{Change, HoldCause, HoldScope, LifeAlarm, SendHold, Tally};

/// Meta's code for a number that it takes for a sender of spam.
const SPAM: i64 = 131_048;

/// The alarm that a hold is; `None` where nobody needs to do anything about it.
pub fn alarm_of(hold: &SendHold) -> Option<LifeAlarm> {
    let calls_for_somebody = match hold.cause {
        HoldCause::Token | HoldCause::Meta | HoldCause::Limit => true,
        HoldCause::Throttle => hold.code == Some(SPAM),
        HoldCause::Operator => false,
    };
    let (scope, name) = hold.scope.parts();
    let place = if name.is_empty() { scope.to_owned() } else { format!("{scope} {name}") };
    calls_for_somebody.then(|| LifeAlarm {
        what: "sends_held".into(),
        detail: format!("{place}: {}", hold.cause.word()).into(),
        since_ms: hold.since_ms,
        until_ms: hold.until_ms,
    })
}

impl AccountMachine {
    /// Sends that its life forbids since `before` are held, what it does not forbid any more goes on, and so does what
    /// `allowed` names, whoever held it.
    pub(super) fn hold_as_told(&mut self, before: &Life, allowed: Vec<Place>, step: &mut Step, now: u64) {
        let (was, is) = (before.forbids(), self.life.forbids());
        let began = is.iter().filter(|(place, why)| was.get(place) != Some(why));
        for (place, why) in began.map(|(place, why)| (place.clone(), why.clone())).collect::<Vec<_>>() {
            if let Some(scope) = self.scope_at(place) {
                let hold = self.hold_by_meta(scope, why, now);
                self.outbox.hold(hold, step);
            }
        }
        let ended = was.into_keys().filter(|place| !is.contains_key(place)).chain(allowed);
        let ended: Vec<HoldScope> = ended.filter_map(|place| self.scope_at(place)).collect();
        let stays: BTreeSet<HoldScope> = is.into_keys().filter_map(|place| self.scope_at(place)).collect();
        for scope in ended {
            let goes = |held: &HoldScope| !stays.contains(held) && is_let_go(held, &scope);
            self.outbox.release(step, now, |hold| hold.cause == HoldCause::Meta && goes(&hold.scope));
        }
        self.raise_limits(now);
        self.limit_customers();
    }

    /// How many customers a day its business may begin to write to: the newer of what events said and the snapshot shows.
    pub(super) fn limit_customers(&mut self) {
        let read_at_s = self.record.refreshed_at_ms / 1000;
        let told = self.life.tier().filter(|(_, said_s)| self.tier.is_none() || *said_s >= read_at_s);
        let tier = told.map(|(tier, _)| tier).or(self.tier);
        self.outbox.set_customers_a_day(tier.and_then(Tier::customers));
    }

    /// A number that Meta gave a higher throughput since the snapshot was read has it at once.
    pub(super) fn raise_limits(&mut self, now: u64) {
        let read_at_s = self.record.refreshed_at_ms / 1000;
        let numbers = self.life.numbers.iter();
        let raised = numbers.filter(|(_, number)| {
            number.throughput.as_ref().is_some_and(|told| told.what == "HIGH" && told.said_s >= read_at_s)
        });
        let raised: Vec<_> = raised.filter_map(|(digits, _)| self.number_shown_as(digits)).collect();
        self.outbox.set_limits(raised.into_iter().map(|id| (id, pace::HIGH)), now);
    }

    /// What a step of the outbox did to holds: a line of the log each, and an event where it is an alarm.
    pub(super) fn hear_holds(
        &mut self,
        step: &mut Step,
        flight: &mut InFlight,
        change: &mut Change,
        tally: &mut Tally,
        now: u64,
    ) {
        let news = std::mem::take(&mut step.next.news);
        self.news.extend(news.iter().map(tell));
        let turns = news.iter().filter_map(turn_of).collect();
        self.raise(turns, flight, change, tally, now);
    }

    /// Makes `step` a part of a change that something else began.
    pub(super) fn join_step(&mut self, mut step: Step, flight: &mut InFlight, change: &mut Change, now: u64) {
        self.remember_taken(&mut step, now);
        let mut tally = Tally { messages: step.tally, ..Tally::default() };
        self.hear_holds(&mut step, flight, change, &mut tally, now);
        change.writes.append(&mut step.change.writes);
        if tally != Tally::default() {
            change.tallies.push((std::sync::Arc::clone(&self.id), tally));
        }
        flight.next = step.next;
    }

    fn scope_at(&self, place: Place) -> Option<HoldScope> {
        Some(match place {
            Place::Account => HoldScope::Account,
            Place::Templates => HoldScope::Templates,
            Place::FreeForm => HoldScope::FreeForm,
            Place::Number(digits) => HoldScope::Number(self.number_shown_as(&digits)?),
            Place::Template(template) => HoldScope::Template(template),
        })
    }

    fn hold_by_meta(&self, scope: HoldScope, why: Forbidden, now: u64) -> SendHold {
        SendHold {
            account: self.record.id.clone(),
            scope,
            cause: HoldCause::Meta,
            code: None,
            reason: why.why.into(),
            since_ms: now,
            until_ms: why.until_ms,
        }
    }
}

/// Whether a hold ends with what Meta lets go. One of a template in whatever language ends with any language of it: Meta
/// says no more of it.
fn is_let_go(held: &HoldScope, allowed: &HoldScope) -> bool {
    match (held, allowed) {
        (HoldScope::Template(held), HoldScope::Template(allowed)) => held.covers(allowed) || allowed.covers(held),
        (held, allowed) => held == allowed,
    }
}

fn turn_of(news: &News) -> Option<Turn> {
    let (hold, state) = match news {
        News::Held(hold) => (hold, TurnState::Began),
        News::Released(hold) => (hold, TurnState::Ended),
    };
    Some(Turn { alarm: alarm_of(hold)?, state })
}
