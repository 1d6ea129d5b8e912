//! The budget of management calls: so many an hour for each account, and how Graph says how much of it is used. No
//! clock of its own.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::json;

/// What a budget is for. Meta's hour slides; this one begins with the first call.
const HOUR: Duration = Duration::from_secs(3600);

/// The calls of each account in its hour.
#[derive(Debug, Default)]
pub struct Budget {
    calls: HashMap<String, (Instant, u64)>,
}

/// How much of an account's budget is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Of a hundred.
    pub percent: u64,
    /// Minutes until the budget is whole again; 0 while something is left.
    pub regain_minutes: u64,
}

impl Budget {
    /// Counts a call about account `waba`, which may have `allowed` an hour.
    pub fn count(&mut self, waba: &str, allowed: u32, now: Instant) -> Spent {
        let (since, calls) = self.calls.entry(waba.to_owned()).or_insert((now, 0));
        if now.saturating_duration_since(*since) >= HOUR {
            (*since, *calls) = (now, 0);
        }
        *calls += 1;
        let percent = *calls * 100 / u64::from(allowed.max(1));
        let left = HOUR.saturating_sub(now.saturating_duration_since(*since));
        let is_over = *calls > u64::from(allowed);
        Spent { percent, regain_minutes: if is_over { left.as_secs().div_ceil(60) } else { 0 } }
    }
}

impl Spent {
    /// Whether the call is one too many.
    pub fn is_over(&self) -> bool {
        self.regain_minutes > 0
    }

    /// The value of `x-business-use-case-usage`.
    pub fn header(&self, waba: &str) -> String {
        let usage = json!({
            "type": "whatsapp_business_management", "call_count": self.percent, "total_cputime": self.percent / 4,
            "total_time": self.percent / 4, "estimated_time_to_regain_access": self.regain_minutes,
        });
        json!({waba: [usage]}).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_used_up_and_whole_again_after_an_hour() {
        let (mut budget, now) = (Budget::default(), Instant::now());
        let percents: Vec<u64> = (0..4).map(|_| budget.count("w", 4, now).percent).collect();
        assert_eq!(percents, [25, 50, 75, 100]);
        let spent = budget.count("w", 4, now + Duration::from_secs(1800));
        assert!(spent.is_over());
        assert_eq!(spent.regain_minutes, 30);
        assert!(!budget.count("another", 4, now).is_over());
        assert!(!budget.count("w", 4, now + HOUR).is_over());
    }
}
