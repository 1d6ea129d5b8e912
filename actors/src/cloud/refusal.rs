//! Graph's refusals: its error object kept whole, and what follows from its code. Knows no HTTP client and no clock.

use std::fmt;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::json;
use super::verdict::{Circumstances, Delay, Verdict, verdict};

/// Graph said no: the error object as it came, and the members that decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status it came with. Shown, never decided on where the code is known.
    pub http_status: u16,
    /// `code`.
    pub code: Option<i64>,
    /// `error_subcode`.
    pub subcode: Option<i64>,
    /// `type`, such as `OAuthException`.
    pub kind: Option<String>,
    /// `message`, or of a status's error its `title`; ours where there is none.
    pub message: String,
    /// `is_transient`.
    pub is_transient: bool,
    /// The error object, byte for byte; one of ours where Graph sent none.
    pub object: Bytes,
    /// The whole body, byte for byte.
    pub body: Bytes,
}

/// What follows from a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// The same request may succeed later.
    Transient,
    /// It will not.
    Final,
}

impl Refusal {
    /// Reads the answer to a call, whatever it is: an error object, a text under `error`, HTML, nothing.
    pub fn read(http_status: u16, body: &Bytes) -> Self {
        Self::found(http_status, body).unwrap_or_else(|| {
            let message = format!("Graph answered HTTP {http_status} without an error object");
            Self { body: body.clone(), ..Self::of_map(http_status, &Map::new(), message) }
        })
    }

    /// The refusal in `body`, if it has an `error`.
    pub fn found(http_status: u16, body: &Bytes) -> Option<Self> {
        let error = json::members(body)?.get("error").copied()?;
        let refusal = match serde_json::from_str(error.get()).unwrap_or(Value::Bool(true)) {
            Value::Null => return None,
            Value::Object(map) => {
                let message = message(&map).unwrap_or_else(|| format!("Graph answered HTTP {http_status}"));
                Self { object: json::share(body, error), ..Self::of_map(http_status, &map, message) }
            }
            Value::String(text) => Self::of_map(http_status, &Map::new(), text),
            // An object that cannot be parsed, such as one with half an emoji, is kept as it is.
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                let message = format!("Graph answered HTTP {http_status} with an odd error object");
                let ours = Self::of_map(http_status, &Map::new(), message);
                match error.get().starts_with('{') {
                    true => Self { object: json::share(body, error), ..ours },
                    false => ours,
                }
            }
        };
        Some(Self { body: body.clone(), ..refusal })
    }

    /// Reads an error object that stands alone, such as an element of a status's `errors`.
    pub fn of_object(object: &Bytes) -> Self {
        let map: Map<String, Value> = serde_json::from_slice(object).unwrap_or_default();
        let message = message(&map).unwrap_or_else(|| "Meta gave no reason".to_owned());
        Self { object: object.clone(), body: object.clone(), ..Self::of_map(0, &map, message) }
    }

    /// The first error of a status; `None` where it has none.
    pub fn of_status(status: &Bytes) -> Option<Self> {
        let errors = *json::members(status)?.get("errors")?;
        let errors: Vec<&serde_json::value::RawValue> = serde_json::from_str(errors.get()).ok()?;
        errors.first().map(|error| Self::of_object(&json::share(status, error)))
    }

    /// A refusal of our own making, shaped as Graph's: 409 for a foreign account, a confirmation that did not come.
    pub fn ours(code: i64, message: impl Into<String>) -> Self {
        let map = Map::from_iter([("code".to_owned(), code.into())]);
        let refusal = Self::of_map(u16::try_from(code).unwrap_or_default(), &map, message.into());
        Self { body: refusal.object.clone(), ..refusal }
    }

    /// The same, and its object says at which step of several it came: `step`, behind Meta's own members.
    pub fn at_step(mut self, step: &str) -> Self {
        let open = self.object.trim_ascii_end().strip_suffix(b"}").map(<[u8]>::trim_ascii_end);
        if let Some(open) = open {
            let comma: &[u8] = if open.ends_with(b"{") { b"" } else { b"," };
            self.object = [open, comma, format!("\"step\":\"{step}\"}}").as_bytes()].concat().into();
        }
        self
    }

    /// What follows from it for a message.
    pub fn verdict(&self) -> Verdict {
        let is_oauth = self.kind.as_deref() == Some("OAuthException");
        let with = Circumstances { http_status: self.http_status, is_transient: self.is_transient, is_oauth };
        verdict(self.code, with)
    }

    /// What follows from it for a call that somebody waits for.
    pub fn class(&self) -> Retry {
        match self.verdict().delay {
            Delay::Never => Retry::Final,
            Delay::Backoff { .. } | Delay::Rate | Delay::Pair | Delay::After(_) => Retry::Transient,
        }
    }

    fn of_map(http_status: u16, map: &Map<String, Value>, message: String) -> Self {
        let code = map.get("code").and_then(json::whole);
        let ours = match code {
            Some(code) => json!({ "code": code, "message": message }),
            None => json!({ "message": message }),
        };
        Self {
            http_status,
            code,
            subcode: map.get("error_subcode").and_then(json::whole),
            kind: map.get("type").and_then(json::text),
            message,
            is_transient: map.get("is_transient").and_then(Value::as_bool).unwrap_or(false),
            object: Bytes::from(ours.to_string()),
            body: Bytes::new(),
        }
    }
}

fn message(error: &Map<String, Value>) -> Option<String> {
    let text = |name| error.get(name).and_then(json::text).filter(|text| !text.is_empty());
    text("message").or_else(|| text("title"))
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        match (self.code, self.subcode) {
            (Some(code), Some(subcode)) => write!(f, " (code {code}, subcode {subcode})"),
            (Some(code), None) => write!(f, " (code {code})"),
            (None, _) => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(http_status: u16, body: &str) -> Refusal {
        Refusal::read(http_status, &Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn the_error_object_is_kept_byte_for_byte() {
        let object = r#"{"message" : "(#100) no",  "code":100.0,"error_subcode":"33","new":{"a":[1]}}"#;
        let refusal = read(400, &format!(r#"{{"x":1,"error":{object}}}"#));
        assert_eq!(refusal.object, object.as_bytes());
        assert_eq!((refusal.code, refusal.subcode), (None, Some(33)), "a code is a whole number");
        assert_eq!(refusal.message, "(#100) no");
    }

    #[test]
    fn a_step_stands_behind_the_members_as_they_came() {
        let refusal = read(400, r#"{"error":{"message" : "(#2200) no",  "code":2200 }}"#).at_step("override");
        assert_eq!(refusal.object, r#"{"message" : "(#2200) no",  "code":2200,"step":"override"}"#.as_bytes());
        assert_eq!(Refusal::of_object(&Bytes::from_static(b"{ }")).at_step("x").object, r#"{"step":"x"}"#.as_bytes());
    }

    #[test]
    fn no_body_is_too_odd_to_be_read() {
        for body in ["", "null", "[]", "7", "<html>", "{", r#"{"error":null}"#, r#"{"error":[1]}"#, "\u{feff}{}"] {
            let refusal = read(502, body);
            assert_eq!(refusal.class(), Retry::Transient, "{body}");
            assert_eq!(refusal.body, body.as_bytes());
            assert!(serde_json::from_slice::<Map<String, Value>>(&refusal.object).is_ok(), "{body}");
        }
        assert_eq!(read(400, r#"{"error":"invalid_request"}"#).message, "invalid_request");
        let half = r#"{"message":"\ud83d","code":190}"#;
        assert_eq!(read(401, &format!(r#"{{"error":{half}}}"#)).object, half.as_bytes());
    }

    #[test]
    fn the_code_decides_and_not_the_http_status() {
        let class = |status, code: i64| read(status, &format!(r#"{{"error":{{"code":{code}}}}}"#)).class();
        assert_eq!(class(400, 130_429), Retry::Transient);
        assert_eq!(class(400, 80_008), Retry::Transient);
        assert_eq!(class(503, 2), Retry::Transient);
        assert_eq!(class(500, 3), Retry::Final);
        assert_eq!(class(500, 131_045), Retry::Final);
        assert_eq!(class(500, 294), Retry::Final);
        assert_eq!(class(401, 190), Retry::Final);
    }

    #[test]
    fn an_unknown_code_is_transient_only_where_graph_hints_at_it() {
        assert_eq!(read(500, r#"{"error":{"code":987654}}"#).class(), Retry::Transient);
        assert_eq!(read(429, r#"{"error":{"code":987654}}"#).class(), Retry::Transient);
        assert_eq!(read(400, r#"{"error":{"code":987654}}"#).class(), Retry::Final);
        assert_eq!(read(400, r#"{"error":{"code":987654,"is_transient":true}}"#).class(), Retry::Transient);
    }

    #[test]
    fn a_statuss_error_is_read_by_its_title() {
        let refusal = Refusal::of_object(&Bytes::from_static(br#"{"code":131026,"title":"Undeliverable"}"#));
        assert_eq!((refusal.code, refusal.message.as_str()), (Some(131_026), "Undeliverable"));
    }
}
