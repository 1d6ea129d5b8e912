//! `/api/rates`: how much came, was delivered, left and was given up of late. Read off the ledgers every ten seconds and
//! kept in memory only: an hour of the busiest. Decides nothing.

use super::ledger::sees_owner;
use super::{inspector, json, moment};
use crate::callback::Query;
use crate::edge::{Edge, Late};
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpRequest, HttpResponse};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use wharf_actors::clock::now_ms;
use wharf_storage::Tally;

/// A step of a series.
const STEP_MS: u64 = 10_000;
/// Steps kept: an hour.
const STEPS: usize = 360;
/// Owners remembered of each step, the busiest: some 4 MB where every step has as many.
const KEPT: usize = 256;
/// Accounts in an answer, the busiest.
const SHOWN: usize = 50;

/// What is counted, in the order of [`Counts`].
const SERIES: [&str; 5] = ["received", "delivered", "sent", "duplicate", "dead"];
/// Of those, what is told of each account.
const OF_ACCOUNTS: usize = 2;

type Counts = [u32; SERIES.len()];
type Sums = [i64; SERIES.len()];

/// The last hour.
#[derive(Debug)]
pub struct Rates(Mutex<History>);

#[derive(Debug)]
struct History {
    /// What the ledgers said when the step under way began.
    before: HashMap<Arc<str>, Sums>,
    /// Which step is under way, in steps since 1970.
    now: u64,
    /// The steps that have ended, oldest first.
    ended: VecDeque<Step>,
}

#[derive(Debug, Default, Clone)]
struct Step {
    all: Counts,
    busiest: Vec<(Arc<str>, Counts)>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Rates")]
pub(super) struct Shown {
    step_s: u64,
    /// When the first step began. The last one is under way.
    from: Option<String>,
    /// `received`, `delivered`, `sent`, `duplicate` and `dead`: a figure for each step.
    series: BTreeMap<&'static str, Vec<u32>>,
    /// Of the busiest accounts `received` and `delivered`.
    accounts: BTreeMap<Arc<str>, BTreeMap<&'static str, Vec<u32>>>,
}

/// The series of what the caller's key may see. A key for some gateways or accounts sees sums over the busiest owners.
pub async fn rates(request: HttpRequest, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    caller.require_all_numbers()?;
    let steps = steps(&Query::read(request.query_string()))?;
    let (first, history) = edge.rates.last(steps, &edge.wharf.store.ledgers(), now_ms());
    let sees_all = caller.gateways.is_empty() && caller.accounts.is_empty();
    let history: Vec<Step> = match sees_all {
        true => history,
        false => history.into_iter().map(|step| step.of(|owner| sees_owner(edge, &caller, owner))).collect(),
    };
    Ok(json(&Shown::of(first, &history)))
}

fn steps(query: &Query) -> Result<usize, ApiError> {
    let Some(text) = query.first("minutes") else { return Ok(STEPS) };
    let minutes: Option<usize> = text.parse().ok().filter(|minutes| (1..=60).contains(minutes));
    let bad = || ApiError::naming(ErrorId::ParameterBad, format!("minutes must be from 1 to 60, not {text}"));
    minutes.map(|minutes| minutes * 6).ok_or_else(bad)
}

/// Ends a step every ten seconds, until the house is gone.
pub(crate) async fn watch(edge: Weak<Edge>) {
    loop {
        let left_ms = STEP_MS - now_ms() % STEP_MS;
        actix_web::rt::time::sleep(Duration::from_millis(left_ms)).await;
        let Some(edge) = edge.upgrade() else { return };
        edge.rates.end_steps(&edge.wharf.store.ledgers(), now_ms());
    }
}

impl Rates {
    /// Begins to count from these ledgers on.
    pub(crate) fn new(ledgers: Vec<(String, Tally)>, now: u64) -> Self {
        let before = ledgers.into_iter().map(|(owner, tally)| (owner.into(), sums(&tally))).collect();
        Self(Mutex::new(History { before, now: now / STEP_MS, ended: VecDeque::new() }))
    }

    fn end_steps(&self, ledgers: &[(String, Tally)], now: u64) {
        let mut history = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = (now / STEP_MS).saturating_sub(history.now);
        if over == 0 {
            return;
        }
        let step = history.step(ledgers);
        history.ended.push_back(step);
        // A machine that slept, or a clock that jumped: nothing was counted in between.
        let silent = (over - 1).min(STEPS as u64) as usize;
        history.ended.extend(std::iter::repeat_n(Step::default(), silent));
        let surplus = history.ended.len().saturating_sub(STEPS);
        history.ended.drain(..surplus);
        history.now += over;
        history.remember(ledgers);
    }

    /// The last `steps` that ended and the one under way; with when the first began, in ms since 1970.
    fn last(&self, steps: usize, ledgers: &[(String, Tally)], now: u64) -> (u64, Vec<Step>) {
        self.end_steps(ledgers, now);
        let history = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let from = history.ended.len().saturating_sub(steps);
        let ended = history.ended.iter().skip(from).cloned();
        let all: Vec<Step> = ended.chain([history.step(ledgers)]).collect();
        ((history.now + 1).saturating_sub(all.len() as u64) * STEP_MS, all)
    }
}

impl History {
    /// What came since the step under way began.
    fn step(&self, ledgers: &[(String, Tally)]) -> Step {
        let mut step = Step::default();
        for (owner, tally) in ledgers {
            let known = self.before.get_key_value(owner.as_str());
            let counts = grown(known.map_or(Sums::default(), |(_, before)| *before), sums(tally));
            if counts == Counts::default() {
                continue;
            }
            add(&mut step.all, &counts);
            let owner = known.map_or_else(|| owner.as_str().into(), |(owner, _)| Arc::clone(owner));
            step.busiest.push((owner, counts));
        }
        step.busiest.sort_unstable_by_key(|(_, counts)| std::cmp::Reverse(busy(counts)));
        step.busiest.truncate(KEPT);
        step.busiest.shrink_to_fit();
        step
    }

    /// The next step begins. Owners that went are forgotten.
    fn remember(&mut self, ledgers: &[(String, Tally)]) {
        let mut before = std::mem::take(&mut self.before);
        let entry = |(owner, tally): &(String, Tally)| {
            let known = before.remove_entry(owner.as_str());
            (known.map_or_else(|| owner.as_str().into(), |(owner, _)| owner), sums(tally))
        };
        self.before = ledgers.iter().map(entry).collect();
    }
}

impl Step {
    /// What is left of it for somebody who sees these owners only.
    fn of(self, sees: impl Fn(&str) -> bool) -> Self {
        let busiest: Vec<_> = self.busiest.into_iter().filter(|(owner, _)| sees(owner)).collect();
        let mut all = Counts::default();
        busiest.iter().for_each(|(_, counts)| add(&mut all, counts));
        Self { all, busiest }
    }
}

impl Shown {
    fn of(first_ms: u64, steps: &[Step]) -> Self {
        let mut accounts: HashMap<&Arc<str>, Vec<Counts>> = HashMap::new();
        for (nth, step) in steps.iter().enumerate() {
            for (owner, counts) in step.busiest.iter().filter(|(owner, _)| is_account(owner)) {
                accounts.entry(owner).or_insert_with(|| vec![Counts::default(); steps.len()])[nth] = *counts;
            }
        }
        let mut busiest: Vec<_> = accounts.into_iter().collect();
        busiest.sort_unstable_by_key(|(_, series)| std::cmp::Reverse(series.iter().map(busy).sum::<u64>()));
        busiest.truncate(SHOWN);
        let all: Vec<Counts> = steps.iter().map(|step| step.all).collect();
        Self {
            step_s: STEP_MS / 1000,
            from: moment(first_ms),
            series: series(&all, SERIES.len()),
            accounts: busiest.into_iter().map(|(id, own)| (Arc::clone(id), series(&own, OF_ACCOUNTS))).collect(),
        }
    }
}

fn series(steps: &[Counts], many: usize) -> BTreeMap<&'static str, Vec<u32>> {
    let one = |(nth, name): (usize, &&'static str)| (*name, steps.iter().map(|counts| counts[nth]).collect());
    SERIES.iter().enumerate().take(many).map(one).collect()
}

/// What is no account's belongs to a gateway, whose name begins with a letter.
fn is_account(owner: &str) -> bool {
    owner.bytes().all(|byte| byte.is_ascii_digit())
}

fn sums(tally: &Tally) -> Sums {
    let delivered = tally.routes.values().map(|route| route.delivered).sum();
    let dead = tally.routes.values().map(|route| route.dead).sum();
    [tally.received, delivered, tally.messages.taken, tally.duplicate, dead]
}

/// What was added; a sum that fell (an account was removed and came again) adds nothing.
fn grown(before: Sums, after: Sums) -> Counts {
    std::array::from_fn(|nth| u32::try_from((after[nth] - before[nth]).max(0)).unwrap_or(u32::MAX))
}

fn add(sum: &mut Counts, more: &Counts) {
    sum.iter_mut().zip(more).for_each(|(sum, more)| *sum = sum.saturating_add(*more));
}

fn busy(counts: &Counts) -> u64 {
    counts.iter().map(|count| u64::from(*count)).sum()
}

#[cfg(test)]
mod tests;
