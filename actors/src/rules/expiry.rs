//! A gateway's token watched: when it ends, and when somebody must be told. Knows neither Graph nor the token.

use crate::cloud::token::TokenReport;

const DAY_S: i64 = 86_400;
/// Days before the end at which somebody is told, the earliest first.
const WARNINGS: [i64; 2] = [14, 3];

/// What is known of one gateway's token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenWatch {
    report: TokenReport,
    heard_ms: u64,
    bad_since_ms: Option<u64>,
    told: usize,
}

/// Something that somebody must do about a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// It does not work, in Meta's words why.
    Invalid(String),
    /// It lacks these permissions.
    ScopesMissing(Vec<String>),
    /// It ends in so many seconds, or ended so many ago.
    Expires(i64),
    /// It works again.
    Mended,
}

impl TokenWatch {
    /// Hears what Graph says of it.
    pub fn hear(&mut self, report: TokenReport, now: u64) -> Option<Warning> {
        let (was_bad, is_bad) = (self.bad_since_ms.is_some(), is_bad(&report));
        if ends_at(&report) != ends_at(&self.report) {
            self.told = 0;
        }
        self.report = report;
        self.heard_ms = now;
        self.bad_since_ms = is_bad.then(|| self.bad_since_ms.unwrap_or(now));
        match (was_bad, is_bad) {
            (false, true) if self.report.is_valid => Some(Warning::ScopesMissing(self.report.missing_scopes.clone())),
            (false, true) => Some(Warning::Invalid(self.report.reason.clone().unwrap_or_default())),
            (true, false) => Some(Warning::Mended),
            (true, true) => None,
            (false, false) => self.look(now),
        }
    }

    /// Says when the end comes nearer than 14 and than 3 days, once each.
    pub fn look(&mut self, now: u64) -> Option<Warning> {
        let left_s = self.left_s(now)?;
        let passed = WARNINGS.iter().filter(|days| left_s <= **days * DAY_S).count();
        let is_new = passed > self.told;
        self.told = self.told.max(passed);
        is_new.then_some(Warning::Expires(left_s))
    }

    /// Seconds until it, or its access to data, ends, below zero once it has; `None` where it never does.
    pub fn left_s(&self, now: u64) -> Option<i64> {
        Some(ends_at(&self.report)? - (now / 1000) as i64)
    }

    /// Whether its end is so near that somebody should know.
    pub fn ends_soon(&self, now: u64) -> bool {
        self.left_s(now).is_some_and(|left_s| left_s <= WARNINGS[0] * DAY_S)
    }

    /// What Graph said last.
    pub fn report(&self) -> &TokenReport {
        &self.report
    }

    /// When Graph said so, in ms since 1970.
    pub fn heard_ms(&self) -> u64 {
        self.heard_ms
    }

    /// Since when it does not do, in ms since 1970.
    pub fn bad_since_ms(&self) -> Option<u64> {
        self.bad_since_ms
    }

    /// When its end came so near that somebody should know, in ms since 1970.
    pub fn soon_since_ms(&self) -> Option<u64> {
        let since_s = ends_at(&self.report)? - WARNINGS[0] * DAY_S;
        u64::try_from(since_s).ok().map(|since_s| since_s * 1000)
    }
}

fn is_bad(report: &TokenReport) -> bool {
    !report.is_valid || !report.missing_scopes.is_empty()
}

fn ends_at(report: &TokenReport) -> Option<i64> {
    [report.expires_at, report.data_access_expires_at].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_S: i64 = 1_800_000_000;

    fn ending(days: i64) -> TokenReport {
        TokenReport { is_valid: true, expires_at: Some(NOW_S + days * DAY_S), ..TokenReport::default() }
    }

    fn at(days: i64) -> u64 {
        ((NOW_S + days * DAY_S) * 1000) as u64
    }

    #[test]
    fn an_end_is_told_at_fourteen_and_at_three_days_once_each() {
        let mut watch = TokenWatch::default();
        assert_eq!(watch.hear(ending(60), at(0)), None);
        assert!(!watch.ends_soon(at(45)));
        assert_eq!(watch.look(at(45)), None);
        assert_eq!(watch.look(at(46)), Some(Warning::Expires(14 * DAY_S)));
        assert!(watch.ends_soon(at(46)));
        assert_eq!((watch.look(at(50)), watch.hear(ending(60), at(51))), (None, None));
        assert_eq!(watch.look(at(58)), Some(Warning::Expires(2 * DAY_S)));
        assert_eq!(watch.look(at(61)), None);
        assert_eq!(watch.hear(ending(70), at(61)), Some(Warning::Expires(9 * DAY_S)), "another end, another warning");
    }

    #[test]
    fn the_earlier_of_both_ends_counts_and_a_token_without_end_never_warns() {
        let mut watch = TokenWatch::default();
        let forever = TokenReport { is_valid: true, ..TokenReport::default() };
        assert_eq!(watch.hear(forever, at(0)), None);
        assert_eq!((watch.left_s(at(0)), watch.look(at(10_000))), (None, None));
        let report = TokenReport { data_access_expires_at: Some(NOW_S + 2 * DAY_S), ..ending(60) };
        assert_eq!(watch.hear(report, at(0)), Some(Warning::Expires(2 * DAY_S)));
    }

    #[test]
    fn a_token_that_breaks_is_told_once_and_its_mending_too() {
        let mut watch = TokenWatch::default();
        let broken = TokenReport { reason: Some("revoked".to_owned()), ..TokenReport::default() };
        assert_eq!(watch.hear(ending(60), at(0)), None);
        assert_eq!(watch.hear(broken.clone(), at(1)), Some(Warning::Invalid("revoked".to_owned())));
        assert_eq!(watch.hear(broken, at(2)), None);
        assert_eq!(watch.bad_since_ms(), Some(at(1)));
        let narrow = TokenReport { missing_scopes: vec!["x".to_owned()], ..ending(60) };
        assert_eq!(watch.hear(narrow.clone(), at(2)), None, "it is still not good");
        assert_eq!(watch.hear(ending(60), at(3)), Some(Warning::Mended));
        assert_eq!(watch.hear(narrow, at(4)), Some(Warning::ScopesMissing(vec!["x".to_owned()])));
    }
}
