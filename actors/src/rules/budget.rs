//! What may be asked of Meta beside messages: per account so many calls in an hour, and a pause wherever Meta says that
//! it had enough. Sends never ask here. It knows no clock and no HTTP.

use crate::cloud::usage::Usage;
use std::collections::HashMap;

const MINUTE_MS: u64 = 60_000;
/// Minutes over which calls are counted.
const WINDOW: u64 = 60;
/// Management calls in an hour for one app and one account with a registered number: Meta's figure.
const WITH_NUMBER: u32 = 5_000;
/// The same for an account without one.
const WITHOUT_NUMBER: u32 = 200;
/// The pause after a refusal that names no time, in ms; it doubles while refusals follow.
const FIRST_PAUSE_MS: u64 = 60_000;
/// The longest such pause, in ms.
const LONGEST_PAUSE_MS: u64 = 3_600_000;
/// A pause that Meta names is believed up to this, in ms: a day.
const LONGEST_NAMED_MS: u64 = 86_400_000;

/// Whether an account has a registered number: Meta gives it more calls then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// It has one.
    WithNumber,
    /// It has none.
    WithoutNumber,
}

impl Size {
    fn calls(self) -> u32 {
        match self {
            Self::WithNumber => WITH_NUMBER,
            Self::WithoutNumber => WITHOUT_NUMBER,
        }
    }
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may, and counts.
    Go,
    /// Not before this, in ms since 1970.
    NotBefore(u64),
}

/// What became of a call, as far as it says something about limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// `x-business-use-case-usage`: about the account.
    pub account: Usage,
    /// `x-app-usage`: about the whole app.
    pub app: Usage,
    /// Graph's error code, where it refused.
    pub code: Option<i64>,
}

/// Whom a throttle stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Account,
    App,
}

/// The budgets of one app and of all its accounts.
#[derive(Debug, Default)]
pub struct Budget {
    app: Brake,
    accounts: HashMap<Box<str>, Calls>,
}

impl Budget {
    /// A call for `account`, please.
    pub fn ask(&mut self, account: &str, size: Size, now: u64) -> Verdict {
        if let Some(until) = self.app.until(now) {
            return Verdict::NotBefore(until);
        }
        self.calls(account).ask(size, now)
    }

    /// A call for `account` was answered.
    pub fn hear(&mut self, account: &str, heard: Heard, now: u64) {
        let scope = heard.code.and_then(scope);
        self.app.hear(heard.app, scope == Some(Scope::App), now);
        self.calls(account).brake.hear(heard.account, scope == Some(Scope::Account), now);
    }

    /// Forgets accounts that nobody asked for within the hour.
    pub fn tidy(&mut self, now: u64) {
        self.accounts.retain(|_, calls| calls.brake.until(now).is_some() || calls.count(now) > 0);
    }

    fn calls(&mut self, account: &str) -> &mut Calls {
        self.accounts.entry(account.into()).or_default()
    }
}

/// Whom a refusal with `code` stops; `None` where it is no throttle of management calls.
fn scope(code: i64) -> Option<Scope> {
    match code {
        80_007 | 80_008 => Some(Scope::Account),
        4 | 17 | 32 | 613 => Some(Scope::App),
        _ => None,
    }
}

/// The calls of one account within the last hour, by the minute.
#[derive(Debug, Default)]
struct Calls {
    brake: Brake,
    /// Minute since 1970 and calls in it, ascending.
    minutes: Vec<(u64, u32)>,
}

impl Calls {
    fn ask(&mut self, size: Size, now: u64) -> Verdict {
        if let Some(until) = self.brake.until(now) {
            return Verdict::NotBefore(until);
        }
        if self.count(now) >= size.calls() {
            let oldest = self.minutes.first().map_or(now / MINUTE_MS, |(minute, _)| *minute);
            return Verdict::NotBefore((oldest + WINDOW + 1) * MINUTE_MS);
        }
        let minute = now / MINUTE_MS;
        match self.minutes.last_mut() {
            Some((last, calls)) if *last >= minute => *calls += 1,
            Some(_) | None => self.minutes.push((minute, 1)),
        }
        Verdict::Go
    }

    fn count(&mut self, now: u64) -> u32 {
        let minute = now / MINUTE_MS;
        // The minute that is partly an hour old counts whole.
        self.minutes.retain(|(of, _)| of + WINDOW >= minute);
        self.minutes.iter().map(|(_, calls)| calls).sum()
    }
}

/// A pause that Meta asked for.
#[derive(Debug, Default)]
struct Brake {
    until_ms: u64,
    /// Refusals since the last call that was taken.
    refusals: u32,
}

impl Brake {
    fn until(&self, now: u64) -> Option<u64> {
        (self.until_ms > now).then_some(self.until_ms)
    }

    fn hear(&mut self, usage: Usage, refused: bool, now: u64) {
        let named = usage.regain_minutes.saturating_mul(MINUTE_MS).min(LONGEST_NAMED_MS);
        let is_used_up = usage.percent >= 100 || named > 0;
        if !refused && !is_used_up {
            self.refusals = 0;
            return;
        }
        // Calls that were under way when the first was refused say nothing new.
        if self.until(now).is_none() {
            self.refusals += 1;
        }
        let doubled = FIRST_PAUSE_MS << self.refusals.saturating_sub(1).min(16);
        let pause = if named > 0 { named } else { doubled.min(LONGEST_PAUSE_MS) };
        self.until_ms = self.until_ms.max(now + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;
    const NOTHING: Heard = Heard {
        account: Usage { percent: 0, regain_minutes: 0 },
        app: Usage { percent: 0, regain_minutes: 0 },
        code: None,
    };

    fn refused(code: i64) -> Heard {
        Heard { code: Some(code), ..NOTHING }
    }

    fn used(percent: u64, regain_minutes: u64) -> Heard {
        Heard { account: Usage { percent, regain_minutes }, ..NOTHING }
    }

    fn taken(budget: &mut Budget, account: &str, size: Size, now: u64) -> u32 {
        (0..10_000).take_while(|_| budget.ask(account, size, now) == Verdict::Go).count() as u32
    }

    #[test]
    fn an_account_gets_5000_calls_an_hour_and_200_while_it_has_no_number() {
        let mut budget = Budget::default();
        assert_eq!(taken(&mut budget, "100", Size::WithNumber, NOW), 5_000);
        assert_eq!(taken(&mut budget, "200", Size::WithoutNumber, NOW), 200, "each account has its own");
        assert_eq!(budget.ask("200", Size::WithNumber, NOW), Verdict::Go, "it registered its first number");
    }

    #[test]
    fn calls_come_back_an_hour_after_they_were_made_and_never_sooner() {
        let mut budget = Budget::default();
        assert_eq!(taken(&mut budget, "1", Size::WithoutNumber, NOW), 200);
        let Verdict::NotBefore(then) = budget.ask("1", Size::WithoutNumber, NOW) else { panic!("there are no calls") };
        assert!((NOW + 3_600_000..=NOW + 3_660_000).contains(&then), "{then}");
        assert_eq!(budget.ask("1", Size::WithoutNumber, then - 1), Verdict::NotBefore(then));
        assert_eq!(taken(&mut budget, "1", Size::WithoutNumber, then), 200);
    }

    #[test]
    fn in_any_hour_there_are_never_more_calls_than_meta_gives() {
        let mut budget = Budget::default();
        let mut made: Vec<u64> = Vec::new();
        for step in 0..20_000_u64 {
            let now = NOW + step * 700;
            if budget.ask("1", Size::WithoutNumber, now) == Verdict::Go {
                made.push(now);
            }
        }
        for (nth, from) in made.iter().enumerate() {
            let within = made[nth..].iter().filter(|at| **at < from + WINDOW * MINUTE_MS).count();
            assert!(within <= 200, "{within} calls within an hour");
        }
        assert!(made.len() >= 600, "and what there is, is given: {}", made.len());
    }

    #[test]
    fn what_meta_says_of_the_time_to_regain_access_is_heeded() {
        let mut budget = Budget::default();
        budget.hear("1", used(40, 0), NOW);
        assert_eq!(budget.ask("1", Size::WithNumber, NOW), Verdict::Go);
        budget.hear("1", used(100, 19), NOW);
        let then = NOW + 19 * MINUTE_MS;
        assert_eq!(budget.ask("1", Size::WithNumber, then - 1), Verdict::NotBefore(then));
        assert_eq!(budget.ask("2", Size::WithNumber, NOW), Verdict::Go, "another account is not meant");
        assert_eq!(budget.ask("1", Size::WithNumber, then), Verdict::Go);
        budget.hear("1", used(0, u64::MAX), NOW);
        assert_eq!(budget.ask("1", Size::WithNumber, NOW + LONGEST_NAMED_MS), Verdict::Go, "no pause is for ever");
    }

    #[test]
    fn a_throttle_of_the_account_stops_it_alone_and_one_of_the_app_stops_all() {
        for code in [80_007, 80_008] {
            let mut budget = Budget::default();
            budget.hear("1", refused(code), NOW);
            assert_eq!(budget.ask("1", Size::WithNumber, NOW), Verdict::NotBefore(NOW + 60_000), "{code}");
            assert_eq!(budget.ask("2", Size::WithNumber, NOW), Verdict::Go, "{code}");
        }
        for code in [4, 17, 32, 613] {
            let mut budget = Budget::default();
            budget.hear("1", refused(code), NOW);
            assert_eq!(budget.ask("2", Size::WithNumber, NOW), Verdict::NotBefore(NOW + 60_000), "{code}");
        }
        let mut budget = Budget::default();
        budget.hear("1", refused(100), NOW);
        assert_eq!(budget.ask("1", Size::WithNumber, NOW), Verdict::Go, "a wrong parameter is no throttle");
    }

    #[test]
    fn pauses_double_to_an_hour_while_refusals_follow_and_begin_anew_after_an_answer() {
        let mut budget = Budget::default();
        let mut now = NOW;
        let pauses: Vec<u64> = (0..8)
            .map(|_| {
                budget.hear("1", refused(80_008), now);
                budget.hear("1", refused(80_008), now);
                let Verdict::NotBefore(then) = budget.ask("1", Size::WithNumber, now) else { panic!("a pause") };
                let pause = then - now;
                now = then;
                pause / MINUTE_MS
            })
            .collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        budget.hear("1", NOTHING, now);
        budget.hear("1", refused(80_008), now);
        assert_eq!(budget.ask("1", Size::WithNumber, now), Verdict::NotBefore(now + MINUTE_MS));
    }

    #[test]
    fn accounts_that_nobody_asks_for_cost_no_memory() {
        let mut budget = Budget::default();
        for nth in 0..100 {
            assert_eq!(budget.ask(&format!("{nth}"), Size::WithNumber, NOW), Verdict::Go);
        }
        budget.tidy(NOW + 10 * MINUTE_MS);
        assert_eq!(budget.accounts.len(), 100);
        budget.hear("7", used(100, 120), NOW + 10 * MINUTE_MS);
        budget.tidy(NOW + 62 * MINUTE_MS);
        assert_eq!(budget.accounts.len(), 1, "one is paused still");
    }
}
