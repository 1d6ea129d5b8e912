//! What was typed: a tree of values, each with its place, whatever it came from. Knows no setting by name.

use super::address::masked;
use super::fault::Place;
use std::collections::BTreeMap;

/// A table as it was typed, by key.
pub(super) type Table = BTreeMap<String, Entry>;

/// A key with its value.
#[derive(Clone)]
pub(super) struct Entry {
    /// Where the key stands.
    pub(super) place: Place,
    /// What it is set to.
    pub(super) node: Node,
}

/// A value with its place. Has no `Debug`: it may be a secret.
#[derive(Clone)]
pub(super) struct Node {
    /// Where the value stands.
    pub(super) place: Place,
    /// The value.
    pub(super) value: Value,
}

/// A typed value.
#[derive(Clone)]
pub(super) enum Value {
    /// Text in quotes.
    Text(String),
    /// Text of a variable or a default: stands for text, number or truth, as the setting wants.
    Loose(String),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Truth(bool),
    /// Values in brackets; also `[[table]]`s.
    List(Vec<Node>),
    /// Keys and values.
    Table(Table),
    /// What no setting takes: named for people.
    Odd(&'static str),
}

impl Value {
    /// What it is, without what it says.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Value::Text(text) | Value::Loose(text) if text.is_empty() => "empty text",
            Value::Text(_) | Value::Loose(_) => "text",
            Value::Number(_) => "a number",
            Value::Truth(_) => "true or false",
            Value::List(nodes) if nodes.is_empty() => "an empty list",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Odd(name) => name,
        }
    }

    /// What it says, shortened, URLs masked; only for settings that are no secret.
    pub(super) fn shown(&self) -> String {
        match self {
            Value::Text(text) | Value::Loose(text) if text.contains("://") => quoted(&masked(text)),
            Value::Text(text) | Value::Loose(text) => quoted(text),
            Value::Number(number) => number.to_string(),
            Value::Truth(truth) => truth.to_string(),
            Value::List(_) | Value::Table(_) | Value::Odd(_) => self.kind().to_owned(),
        }
    }

    /// The text, where it is text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) | Value::Loose(text) => Some(text),
            Value::Number(_) | Value::Truth(_) | Value::List(_) | Value::Table(_) | Value::Odd(_) => None,
        }
    }
}

/// `text` in quotes, on one line, shortened to what helps to recognise it.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let short: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    let more = if text.chars().count() > SHOWN { "…" } else { "" };
    format!("\"{short}{more}\"")
}
