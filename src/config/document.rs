//! A TOML text as a tree with places. Knows TOML; knows no setting.

use super::fault::{Fault, Place};
use super::node::{Entry, Node, Table, Value};
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue, Error};

/// Reads `text`, which came from `file`; every offence against TOML is a fault.
pub(super) fn read(file: &str, text: &str) -> Result<Table, Vec<Fault>> {
    let lines = Lines::of(file, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(lines.table(table.into_inner()));
    }
    Err(one_per_line(errors.iter().map(|error| lines.fault(error)).collect()))
}

/// After an offence the parser stumbles on over the rest of its line: only the first one there is told.
fn one_per_line(mut faults: Vec<Fault>) -> Vec<Fault> {
    let line = |fault: &Fault| match fault.place {
        Place::File { line, .. } => line,
        Place::Settings | Place::Environment | Place::Variable(_) => 0,
    };
    faults.sort_by(|a, b| a.place.cmp(&b.place));
    faults.dedup_by(|later, first| line(later) == line(first));
    faults
}

/// Turns byte offsets into lines and columns.
struct Lines<'t> {
    file: Arc<str>,
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(file: &str, text: &'t str) -> Self {
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { file: file.into(), text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    fn place(&self, span: &Range<usize>) -> Place {
        let offset = span.start.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let before = self.text.get(self.starts[line - 1]..offset).unwrap_or_default();
        Place::File { file: self.file.clone(), line, column: before.chars().count() + 1 }
    }

    /// The error's own message only: its long form quotes the line, and a secret may stand in it.
    fn fault(&self, error: &Error) -> Fault {
        Fault {
            place: self.place(&error.span().unwrap_or(0..0)),
            path: String::new(),
            found: format!("what is not TOML: {}", error.message()),
            expected: "TOML, such as `name = \"value\"` under a `[section]`".to_owned(),
            hint: None,
        }
    }

    fn table(&self, table: DeTable<'_>) -> Table {
        let entries = table.into_iter().map(|(key, value)| {
            let entry = Entry { place: self.place(&key.span()), node: self.node(value) };
            (key.into_inner().into_owned(), entry)
        });
        entries.collect()
    }

    fn node(&self, value: Spanned<DeValue<'_>>) -> Node {
        let place = self.place(&value.span());
        let value = match value.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(number) => whole(&number),
            DeValue::Float(_) => Value::Odd("a fraction"),
            DeValue::Boolean(truth) => Value::Truth(truth),
            DeValue::Datetime(_) => Value::Odd("a date or time"),
            DeValue::Array(nodes) => Value::List(nodes.into_iter().map(|node| self.node(node)).collect()),
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        Node { place, value }
    }
}

fn whole(number: &DeInteger<'_>) -> Value {
    match i64::from_str_radix(number.as_str(), number.radix()) {
        Ok(number) => Value::Number(number),
        Err(_) => Value::Odd("a number beyond all measure"),
    }
}
