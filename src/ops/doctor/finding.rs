//! What the doctor found: what was looked at, how it is, and how to mend it. Plain data, also for who reads the answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It could not be looked at, or there is nothing to look at.
    Skipped,
    /// As it should be.
    Ok,
    /// It works, and somebody should know.
    Warn,
    /// It does not work.
    Fail,
}

impl Level {
    /// As it is shown.
    pub fn word(self) -> &'static str {
        match self {
            Level::Skipped => "skipped",
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "fail",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What was looked at, a word.
    pub check: String,
    /// Of which gateway, account or route; empty where it is the house's.
    pub subject: String,
    /// How it is.
    pub level: Level,
    /// What was seen, in words.
    pub says: String,
    /// How to mend it.
    pub remedy: Option<String>,
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Examination")]
pub struct Report {
    /// In the order in which one would look.
    pub findings: Vec<Finding>,
    /// The worst of them: `ok`, `warn` or `fail`.
    pub worst: Level,
}

impl Finding {
    /// It is as it should be.
    pub fn ok(check: &str, subject: &str, says: impl Into<String>) -> Self {
        Self::new(check, subject, Level::Ok, says.into(), None)
    }

    /// It could not be looked at.
    pub fn skipped(check: &str, subject: &str, says: impl Into<String>) -> Self {
        Self::new(check, subject, Level::Skipped, says.into(), None)
    }

    /// Somebody should know.
    pub fn warn(check: &str, subject: &str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(check, subject, Level::Warn, says.into(), Some(remedy.into()))
    }

    /// It does not work.
    pub fn fail(check: &str, subject: &str, says: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(check, subject, Level::Fail, says.into(), Some(remedy.into()))
    }

    fn new(check: &str, subject: &str, level: Level, says: String, remedy: Option<String>) -> Self {
        Self { check: check.to_owned(), subject: subject.to_owned(), level, says, remedy }
    }
}

impl Report {
    /// The findings, and the worst of them.
    pub fn of(findings: Vec<Finding>) -> Self {
        let worst = findings.iter().map(|finding| finding.level).max().unwrap_or(Level::Ok).max(Level::Ok);
        Self { findings, worst }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_counts_and_what_was_skipped_does_not() {
        let (ok, skipped) = (Finding::ok("a", "", ""), Finding::skipped("b", "", ""));
        let (warn, fail) = (Finding::warn("c", "", "", ""), Finding::fail("d", "", "", ""));
        assert_eq!(Report::of(vec![]).worst, Level::Ok);
        assert_eq!(Report::of(vec![skipped.clone()]).worst, Level::Ok);
        assert_eq!(Report::of(vec![ok.clone(), skipped]).worst, Level::Ok);
        assert_eq!(Report::of(vec![warn.clone(), ok]).worst, Level::Warn);
        assert_eq!(Report::of(vec![fail, warn]).worst, Level::Fail);
    }
}
