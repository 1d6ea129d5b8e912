//! The parts of what is told of an endpoint: plain data.

use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

/// Writes down the shape of a type.
pub(in super::super) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Access {
    /// Everybody.
    Open,
    /// Any valid key.
    Key,
    /// A key that may look.
    Inspect,
    /// A key that may change.
    Admin,
}

/// A parameter beside those of the path.
pub(in super::super) struct Parameter {
    pub(in super::super) name: &'static str,
    pub(in super::super) place: &'static str,
    pub(in super::super) text: &'static str,
    pub(in super::super) schema: Value,
}

/// A body that goes in.
pub(in super::super) struct BodyTold {
    pub(in super::super) media_type: &'static str,
    pub(in super::super) presence: Presence,
    pub(in super::super) text: &'static str,
    /// None for what is taken as it comes.
    pub(in super::super) shape: Option<Shape>,
    /// One that could be sent.
    pub(in super::super) example: Option<Value>,
}

/// Whether a body must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Presence {
    Required,
    Optional,
}

/// An answer that is no error.
pub(in super::super) struct AnswerTold {
    pub(in super::super) status: u16,
    pub(in super::super) text: &'static str,
    /// One of these; none where nothing is in it.
    pub(in super::super) media_types: &'static [&'static str],
    /// None for what is no JSON.
    pub(in super::super) shape: Option<Shape>,
    pub(in super::super) is_versioned: Versioned,
}

/// Whether an answer has an `ETag`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Versioned {
    Yes,
    No,
}
