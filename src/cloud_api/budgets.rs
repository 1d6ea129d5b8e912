//! The budgets of management calls, one per app, shared by all workers. Decides nothing itself.

use super::owner::Owner;
use super::refused::Refused;
use actix_web::http::header::HeaderMap;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use wharf_actors::clock::now_ms;
use wharf_actors::cloud::usage::Usage;
use wharf_actors::rules::budget::{Budget, Heard, Verdict};

/// Budgets are tidied whenever so many calls were asked for.
const TIDY_EVERY: u64 = 1024;

/// The budgets of all apps, by gateway.
#[derive(Debug, Default)]
pub struct Budgets(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    apps: HashMap<Arc<str>, Budget>,
    asked: u64,
}

impl Budgets {
    /// A management call for the object's account, or when there will be one.
    pub(super) fn ask(&self, owner: &Owner) -> Result<(), Refused> {
        let (size, now) = (owner.size(), now_ms());
        let verdict = self.with(|kept| {
            kept.asked += 1;
            if kept.asked.is_multiple_of(TIDY_EVERY) {
                kept.apps.values_mut().for_each(|budget| budget.tidy(now));
            }
            kept.of(owner).ask(&owner.account, size, now)
        });
        match verdict {
            Verdict::Go => Ok(()),
            Verdict::NotBefore(until) => Err(Refused::throttled(until, now)),
        }
    }

    /// Graph answered one with these headers, and with this error code where it refused.
    pub(super) fn hear(&self, owner: &Owner, headers: &HeaderMap, code: Option<i64>) {
        let usage =
            |name| headers.get(name).and_then(|value| value.to_str().ok()).map_or(Usage::default(), Usage::read);
        let heard = Heard { account: usage("x-business-use-case-usage"), app: usage("x-app-usage"), code };
        self.with(|kept| kept.of(owner).hear(&owner.account, heard, now_ms()));
    }

    fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Kept {
    fn of(&mut self, owner: &Owner) -> &mut Budget {
        self.apps.entry(Arc::clone(&owner.desks.gateway.uri)).or_default()
    }
}
