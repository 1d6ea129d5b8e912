//! What is told of one endpoint, said in one short block: a summary, who may ask, what goes in, what comes out, what may
//! go wrong. What goes wrong everywhere is added by itself.

pub(crate) mod accounts;
pub(crate) mod again;
pub(crate) mod events;
pub(crate) mod gateways;
pub(crate) mod house;
pub(crate) mod keys;
pub(crate) mod messages;
pub(crate) mod routes;

use super::super::page::{MOST, Order, USUAL};
use crate::error::ErrorId;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

/// Writes down the shape of a type.
pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// What is told of one endpoint.
pub(crate) struct Told {
    pub(super) group: &'static str,
    pub(super) summary: &'static str,
    pub(super) more: &'static str,
    pub(super) access: Access,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<BodyTold>,
    pub(super) answers: Vec<AnswerTold>,
    pub(super) errors: Vec<ErrorId>,
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
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
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) place: &'static str,
    pub(super) text: &'static str,
    pub(super) schema: Value,
}

/// A body that goes in.
pub(super) struct BodyTold {
    pub(super) shape: Shape,
    /// One that could be sent.
    pub(super) example: Value,
}

/// An answer that is no error.
pub(super) struct AnswerTold {
    pub(super) status: u16,
    pub(super) text: &'static str,
    pub(super) media_type: &'static str,
    /// None for what is no JSON.
    pub(super) shape: Option<Shape>,
    pub(super) is_versioned: Versioned,
}

/// Whether an answer has an `ETag`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Versioned {
    Yes,
    No,
}

impl Told {
    /// An endpoint that needs no key.
    pub(crate) fn open(group: &'static str, summary: &'static str) -> Self {
        Self::of(Access::Open, group, summary)
    }

    /// One that any valid key opens.
    pub(crate) fn keyed(group: &'static str, summary: &'static str) -> Self {
        Self::of(Access::Key, group, summary)
    }

    /// One that shows something.
    pub(crate) fn inspect(group: &'static str, summary: &'static str) -> Self {
        Self::of(Access::Inspect, group, summary)
    }

    /// One that changes something.
    pub(crate) fn admin(group: &'static str, summary: &'static str) -> Self {
        Self::of(Access::Admin, group, summary)
    }

    fn of(access: Access, group: &'static str, summary: &'static str) -> Self {
        let (parameters, answers, errors) = (Vec::new(), Vec::new(), Vec::new());
        Self { group, summary, more: "", access, parameters, body: None, answers, errors }
    }

    /// More than the summary says.
    pub(crate) fn more(self, more: &'static str) -> Self {
        Self { more, ..self }
    }

    /// A parameter of the query: text.
    pub(crate) fn query(self, name: &'static str, text: &'static str) -> Self {
        self.parameter(name, "query", text, serde_json::json!({ "type": "string" }))
    }

    /// A parameter of the query: a whole number, not negative.
    pub(crate) fn number(self, name: &'static str, text: &'static str) -> Self {
        let schema = serde_json::json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX });
        self.parameter(name, "query", text, schema)
    }

    /// A parameter of the query: one of some words.
    pub(crate) fn words(self, name: &'static str, text: &'static str, words: &[&str]) -> Self {
        self.parameter(name, "query", text, serde_json::json!({ "type": "string", "enum": words }))
    }

    /// It has `limit`.
    pub(crate) fn limited(self) -> Self {
        let schema = serde_json::json!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL });
        self.parameter("limit", "query", "How many at most.", schema).may(&[ErrorId::LimitBad])
    }

    /// It has `limit` and `cursor`.
    pub(crate) fn paged(self) -> Self {
        let text = "Where to go on: `next` of the last answer.";
        self.limited().query("cursor", text).may(&[ErrorId::CursorBad])
    }

    /// It has `limit`, `cursor` and `order`.
    pub(crate) fn ordered(self, usual: &'static str) -> Self {
        let text = match usual {
            "newest" => "Which end comes first; the newest, where nothing is said.",
            _ => "Which end comes first; the oldest, where nothing is said.",
        };
        self.paged().words("order", text, &Order::WORDS.map(|(word, _)| word)).may(&[ErrorId::ParameterBad])
    }

    /// It honours `If-Match`.
    pub(crate) fn guarded(self) -> Self {
        let text = "The `ETag` of what you looked at: where it has changed since, nothing happens.";
        let schema = serde_json::json!({ "type": "string" });
        self.parameter("If-Match", "header", text, schema).may(&[ErrorId::PreconditionFailed])
    }

    /// A body of this shape goes in, such as `example`.
    pub(crate) fn takes<T: JsonSchema>(self, example: Value) -> Self {
        let shape: Shape = |generator| generator.subschema_for::<T>();
        Self { body: Some(BodyTold { shape, example }), ..self }
    }

    /// What comes out: JSON of this shape.
    pub(crate) fn answers<T: JsonSchema>(self, status: u16, text: &'static str) -> Self {
        let shape: Shape = |generator| generator.subschema_for::<T>();
        self.answer(status, text, "application/json", Some(shape))
    }

    /// What comes out: something that is no JSON.
    pub(crate) fn says(self, media_type: &'static str, text: &'static str) -> Self {
        self.answer(200, text, media_type, None)
    }

    /// The answers so far have an `ETag`.
    pub(crate) fn versioned(mut self) -> Self {
        self.answers.iter_mut().for_each(|answer| answer.is_versioned = Versioned::Yes);
        self
    }

    /// What may go wrong here and not everywhere.
    pub(crate) fn may(mut self, errors: &[ErrorId]) -> Self {
        self.errors.extend(errors);
        self
    }

    fn parameter(mut self, name: &'static str, place: &'static str, text: &'static str, schema: Value) -> Self {
        self.parameters.push(Parameter { name, place, text, schema });
        self
    }

    fn answer(mut self, status: u16, text: &'static str, media_type: &'static str, shape: Option<Shape>) -> Self {
        self.answers.push(AnswerTold { status, text, media_type, shape, is_versioned: Versioned::No });
        self
    }

    /// All that may go wrong at `path`: what is said here, and what goes wrong everywhere.
    pub(super) fn all_errors(&self, path: &str) -> Vec<ErrorId> {
        let with_key = [ErrorId::AuthMissing, ErrorId::AuthWrong, ErrorId::NotReady];
        let reading = [ErrorId::AuthForbidden, ErrorId::StoreFailed];
        let changing = [ErrorId::AuthCrossSite, ErrorId::StoreClosed];
        let mut errors = self.errors.clone();
        match self.access {
            Access::Open => {}
            Access::Key => errors.extend(with_key),
            Access::Inspect => errors.extend(with_key.into_iter().chain(reading)),
            Access::Admin => errors.extend(with_key.into_iter().chain(reading).chain(changing)),
        }
        if self.body.is_some() {
            let of_bodies = [ErrorId::BodyNotJson, ErrorId::BodyTooLarge, ErrorId::BodySlow, ErrorId::BodyBroken];
            errors.extend(of_bodies.into_iter().chain([ErrorId::Busy, ErrorId::ParameterBad]));
        }
        if path.contains("{waba}") {
            errors.push(ErrorId::AccountUnknown);
        }
        if path.contains('{') {
            errors.push(ErrorId::PathUnknown);
        }
        errors.sort_by_key(|error| *error as usize);
        errors.dedup();
        errors
    }
}
