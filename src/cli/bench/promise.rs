//! What a measurement is held against: each promise is a sentence, kept or broken. Ends with a failure when one is
//! broken, after the figures are printed.

use super::BenchError;
use serde::Serialize;
use std::fmt::Display;

/// Promises, and those of them that were broken.
#[derive(Debug, Default)]
pub(super) struct Promises(Vec<String>);

impl Promises {
    /// `kept`, or else `broken` says what was found instead.
    pub(super) fn hold(&mut self, kept: bool, broken: impl FnOnce() -> String) {
        if !kept {
            self.0.push(broken());
        }
    }

    /// Prints what was found, and fails where a promise was broken.
    pub(super) fn conclude(self, report: &(impl Display + Serialize), json: bool) -> Result<(), BenchError> {
        match json {
            true => println!("{}", serde_json::to_string_pretty(report)?),
            false => print!("{report}"),
        }
        if self.0.is_empty() { Ok(()) } else { Err(BenchError::Promises(self.0)) }
    }
}

/// MiB, for people.
pub(super) fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
