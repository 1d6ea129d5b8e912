//! How a call to Graph can fail, told apart by what may have happened there. Knows no HTTP client.

use crate::cloud::refusal::{Refusal, Retry};

/// A call without the answer it hoped for.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// Nothing left this machine: safe to try again.
    #[error("Graph was not asked: {reason}")]
    NotSent {
        /// Why.
        reason: String,
    },
    /// The request may have been written, and no whole answer was seen: Graph may have acted.
    #[error("Graph may have acted, but no whole answer came: {reason}")]
    Unknown {
        /// What was seen instead.
        reason: String,
    },
    /// Graph answered with more than we read.
    #[error("Graph's answer (HTTP {http_status}) is longer than the {limit} bytes that are read")]
    TooLarge {
        /// The answer's status.
        http_status: u16,
        /// Bytes that are read.
        limit: usize,
    },
    /// Graph said no.
    #[error("Graph refused: {0}")]
    Refused(Box<Refusal>),
}

impl Fault {
    /// Nothing left.
    pub fn not_sent(reason: impl Into<String>) -> Self {
        Self::NotSent { reason: reason.into() }
    }

    /// Something may have left.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown { reason: reason.into() }
    }

    /// Whether a call that may be repeated is worth repeating. A send that ended `Unknown` may not.
    pub fn retry(&self) -> Retry {
        match self {
            Self::NotSent { .. } | Self::Unknown { .. } => Retry::Transient,
            Self::TooLarge { .. } => Retry::Final,
            Self::Refused(refusal) => refusal.class(),
        }
    }

    /// As an error object for people: Graph's own, or one of ours with the gateway status it amounts to.
    pub fn into_refusal(self) -> Refusal {
        let text = self.to_string();
        match self {
            Self::NotSent { .. } => Refusal { is_transient: true, ..Refusal::ours(503, text) },
            Self::Unknown { .. } => Refusal { is_transient: true, ..Refusal::ours(504, text) },
            Self::TooLarge { .. } => Refusal::ours(502, text),
            Self::Refused(refusal) => *refusal,
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}
