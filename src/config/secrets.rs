//! Secrets: text, a variable or a file. What is said about them never says any of them.

use super::node::{Node, Value};
use super::section::Section;
use wharf_actors::gateway::Secret;

/// A secret file is a line; this is far beyond any.
const LARGEST_SECRET_FILE: u64 = 64 * 1024;

/// What was found, and what was expected.
type Amiss = (String, String);

impl Section<'_> {
    /// A secret that may stay unset. Absent is `Some(None)`, wrong is `None`.
    pub(super) fn maybe_secret(&mut self, key: &str) -> Option<Option<Secret>> {
        if !self.has(key) {
            return Some(None);
        }
        self.secret(key).map(Some)
    }

    /// A secret that is not absent, or a fault.
    pub(super) fn secret(&mut self, key: &str) -> Option<Secret> {
        let node = self.take(key)?;
        self.secret_of(key, node)
    }

    /// One or several secrets; none is an empty list.
    pub(super) fn secrets(&mut self, key: &str) -> Option<Vec<Secret>> {
        if !self.has(key) {
            return Some(Vec::new());
        }
        let node = self.take(key)?;
        let nodes = match node {
            Node { value: Value::List(nodes), .. } => nodes,
            single => return Some(vec![self.secret_of(key, single)?]),
        };
        let read: Vec<Option<Secret>> =
            nodes.into_iter().enumerate().map(|(at, node)| self.secret_of(&format!("{key}[{at}]"), node)).collect();
        read.into_iter().collect()
    }

    fn secret_of(&mut self, key: &str, node: Node) -> Option<Secret> {
        match self.revealed(&node.value) {
            Ok(text) => Some(Secret::new(text)),
            Err((found, expected)) => {
                self.fault(key, node.place, found, expected);
                None
            }
        }
    }

    /// The secret's text, or what was found and expected; neither says any of the secret.
    fn revealed(&self, value: &Value) -> Result<String, Amiss> {
        let wanted = "text in quotes, { env = \"NAME\" } or { file = \"path\" }";
        if let Some(text) = value.text() {
            return visible(text, "here").map_err(|found| (found, wanted.to_owned()));
        }
        let Value::Table(table) = value else { return Err((value.kind().to_owned(), wanted.to_owned())) };
        let mut entries = table.iter();
        let (Some((source, entry)), None) = (entries.next(), entries.next()) else {
            return Err((format!("a table of {} keys", table.len()), wanted.to_owned()));
        };
        match (source.as_str(), entry.node.value.text()) {
            ("env", Some(name)) => self.secret_in_variable(name),
            ("file", Some(path)) => secret_in_file(path),
            ("env" | "file", None) => Err((format!("{source} = {}", entry.node.value.kind()), wanted.to_owned())),
            (other, _) => Err((format!("a table with `{other}`"), wanted.to_owned())),
        }
    }

    fn secret_in_variable(&self, name: &str) -> Result<String, Amiss> {
        let shown = shown_name(name);
        let expected = || format!("{shown} to hold the secret");
        match self.reading.variables.get(name) {
            Some(text) => visible(trimmed(text), "in it").map_err(|found| (found, expected())),
            None => Err((format!("{shown}, which is not set"), expected())),
        }
    }
}

/// The variable's name, unless it looks as if somebody put the secret itself there.
fn shown_name(name: &str) -> String {
    let usual = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if name.bytes().all(usual) { format!("the variable {name}") } else { "the variable named there".to_owned() }
}

fn secret_in_file(path: &str) -> Result<String, Amiss> {
    let expected = || format!("the file {path} to hold the secret");
    match std::fs::metadata(path) {
        Ok(about) if !about.is_file() => return Err((format!("{path}, which is no file"), expected())),
        Ok(about) if about.len() > LARGEST_SECRET_FILE => {
            return Err((format!("a file of {} bytes", about.len()), expected()));
        }
        Ok(_) => {}
        Err(error) => return Err((format!("{path}, which cannot be read: {error}"), expected())),
    }
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| (format!("{path}, which cannot be read: {error}"), expected()))?;
    visible(trimmed(&text), "in it").map_err(|found| (found, expected()))
}

/// Without the line break that editors and `echo` put at the end.
fn trimmed(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// A secret travels in headers and forms: it is not empty, and nothing invisible is in it.
fn visible(text: &str, place: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err(format!("nothing {place}"));
    }
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err(format!("spaces around it, line breaks or control characters {place}"));
    }
    Ok(text.to_owned())
}
