//! What is told of one endpoint, said in one short block: a summary, who may ask, what goes in, what comes out, what may
//! go wrong. What goes wrong everywhere is added by itself.

pub(crate) mod accounts;
pub(crate) mod again;
pub(crate) mod events;
pub(crate) mod gateways;
pub(crate) mod house;
pub(crate) mod keys;
pub(crate) mod messages;
mod parts;
pub(crate) mod routes;

use super::super::page::{MOST, Order, USUAL};
use crate::error::ErrorId;
pub(super) use parts::{Access, AnswerTold, BodyTold, Parameter, Presence, Shape, Versioned};
use schemars::JsonSchema;
use serde_json::{Value, json};
use std::ops::RangeInclusive;

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
        self.parameter(name, "query", text, json!({ "type": "string" }))
    }

    /// A parameter of the query: a whole number, not negative.
    pub(crate) fn number(self, name: &'static str, text: &'static str) -> Self {
        let schema = json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX });
        self.parameter(name, "query", text, schema)
    }

    /// A parameter of the query: a whole number of these.
    pub(crate) fn between(self, name: &'static str, text: &'static str, range: RangeInclusive<u32>) -> Self {
        let schema = json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() });
        self.parameter(name, "query", text, schema).may(&[ErrorId::ParameterBad])
    }

    /// A parameter of the query: some of some words, with commas.
    pub(crate) fn some_words(self, name: &'static str, text: &'static str, words: &[&str]) -> Self {
        let schema = json!({ "type": "array", "items": { "type": "string", "enum": words } });
        self.parameter(name, "query", text, schema).may(&[ErrorId::ParameterBad])
    }

    /// A header: text.
    pub(crate) fn header(self, name: &'static str, text: &'static str) -> Self {
        self.parameter(name, "header", text, json!({ "type": "string" }))
    }

    /// A parameter of the query: one of some words.
    pub(crate) fn words(self, name: &'static str, text: &'static str, words: &[&str]) -> Self {
        self.parameter(name, "query", text, json!({ "type": "string", "enum": words }))
    }

    /// It has `limit`.
    pub(crate) fn limited(self) -> Self {
        let schema = json!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL });
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
        self.header("If-Match", text).may(&[ErrorId::PreconditionFailed])
    }

    /// A body of this shape goes in, such as `example`.
    pub(crate) fn takes<T: JsonSchema>(self, example: Value) -> Self {
        self.body::<T>(Presence::Required, "", example)
    }

    /// The same; without one it is as if it were `{}`.
    pub(crate) fn may_take<T: JsonSchema>(self, example: Value) -> Self {
        self.body::<T>(Presence::Optional, "It may be left out.", example)
    }

    /// Bytes go in, and are taken as they come.
    pub(crate) fn takes_bytes(self, text: &'static str) -> Self {
        let (media_type, presence) = ("application/octet-stream", Presence::Optional);
        Self { body: Some(BodyTold { media_type, presence, text, shape: None, example: None }), ..self }
    }

    fn body<T: JsonSchema>(self, presence: Presence, text: &'static str, example: Value) -> Self {
        let shape: Shape = |generator| generator.subschema_for::<T>();
        let (media_type, shape, example) = ("application/json", Some(shape), Some(example));
        Self { body: Some(BodyTold { media_type, presence, text, shape, example }), ..self }
    }

    /// What comes out: JSON of this shape.
    pub(crate) fn answers<T: JsonSchema>(self, status: u16, text: &'static str) -> Self {
        let shape: Shape = |generator| generator.subschema_for::<T>();
        self.answer(status, text, &["application/json"], Some(shape))
    }

    /// What comes out: something that is no JSON.
    pub(crate) fn says(self, media_types: &'static [&'static str], text: &'static str) -> Self {
        self.answer(200, text, media_types, None)
    }

    /// It honours `If-None-Match`.
    pub(crate) fn kept(self) -> Self {
        let asked = self.versioned().header("If-None-Match", "The `ETag` of what you have.");
        asked.answer(304, "You have it.", &[], None).versioned()
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

    fn answer(
        mut self,
        status: u16,
        text: &'static str,
        media_types: &'static [&'static str],
        shape: Option<Shape>,
    ) -> Self {
        self.answers.push(AnswerTold { status, text, media_types, shape, is_versioned: Versioned::No });
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
        if let Some(body) = &self.body {
            errors.extend([ErrorId::BodyTooLarge, ErrorId::BodySlow, ErrorId::BodyBroken, ErrorId::Busy]);
            let of_json = [ErrorId::BodyNotJson, ErrorId::ParameterBad];
            errors.extend(of_json.into_iter().filter(|_| body.shape.is_some()));
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
