//! What single values mean. Every function answers with the value, or with a sentence on what is expected.

use super::node::{Node, Value};
use super::section::{Section, nearest};
use super::{address, units};
use crate::auth::Network;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

/// The longest time any setting may say: ten years, so that sums of times never overflow.
pub(super) const LONGEST: Duration = Duration::from_secs(3650 * 86_400);

/// Text that is not empty.
pub(super) fn text(value: &Value) -> Result<String, String> {
    match value.text() {
        Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
        Some(_) | None => Err("text in quotes".to_owned()),
    }
}

/// `true` or `false`.
pub(super) fn truth(value: &Value) -> Result<bool, String> {
    match value {
        Value::Truth(truth) => Ok(*truth),
        Value::Loose(text) => text.trim().parse().map_err(|_| "true or false".to_owned()),
        Value::Text(_) | Value::Number(_) | Value::List(_) | Value::Table(_) | Value::Odd(_) => {
            Err("true or false, without quotes".to_owned())
        }
    }
}

/// A whole number within `range`.
pub(super) fn number(range: RangeInclusive<usize>) -> impl Fn(&Value) -> Result<usize, String> {
    move |value| {
        let number = match value {
            Value::Number(number) => usize::try_from(*number).ok(),
            Value::Loose(text) => text.trim().parse().ok(),
            Value::Text(_) | Value::Truth(_) | Value::List(_) | Value::Table(_) | Value::Odd(_) => None,
        };
        let expected = || format!("a whole number from {} to {}", range.start(), range.end());
        number.filter(|number| range.contains(number)).ok_or_else(expected)
    }
}

/// A length of time of at least `least` (and at most ten years).
pub(super) fn duration(least: Duration) -> impl Fn(&Value) -> Result<Duration, String> {
    within(least, LONGEST)
}

/// A length of time between two others, both included.
pub(super) fn within(least: Duration, most: Duration) -> impl Fn(&Value) -> Result<Duration, String> {
    move |value| {
        let time = value.text().and_then(units::duration);
        let Some(time) = time else {
            return Err("a length of time in quotes, such as \"500ms\", \"10s\", \"5m\", \"72h\" or \"7d\"".to_owned());
        };
        let (low, high) = (units::duration_text(least), units::duration_text(most));
        if time < least {
            return Err(format!("at least \"{low}\""));
        }
        if time > most {
            return Err(format!("at most \"{high}\""));
        }
        Ok(time)
    }
}

/// An amount of bytes of at least `least`.
pub(super) fn bytes(least: u64) -> impl Fn(&Value) -> Result<u64, String> {
    move |value| {
        let size = match value {
            Value::Number(number) => u64::try_from(*number).ok(),
            Value::Text(text) | Value::Loose(text) => units::bytes(text),
            Value::Truth(_) | Value::List(_) | Value::Table(_) | Value::Odd(_) => None,
        };
        match size {
            Some(size) if size >= least => Ok(size),
            Some(_) => Err(format!("at least \"{}\"", units::bytes_text(least))),
            None => Err("an amount of bytes such as \"256MiB\" or \"1GB\"".to_owned()),
        }
    }
}

/// An address with a port to listen at.
pub(super) fn listen(value: &Value) -> Result<SocketAddr, String> {
    let expected = "an IP address and a port, such as \"0.0.0.0:8080\" or \"[::]:8080\"";
    value.text().and_then(|text| text.trim().parse().ok()).ok_or_else(|| expected.to_owned())
}

/// An address or a network of addresses.
pub(super) fn network(value: &Value) -> Result<Network, String> {
    let expected = "an IP address or a network, such as \"10.0.0.1\", \"10.0.0.0/8\" or \"fd00::/8\"";
    value.text().and_then(|text| text.trim().parse().ok()).ok_or_else(|| expected.to_owned())
}

/// The URL under which others reach this machine, without a slash at the end.
pub(super) fn base(value: &Value) -> Result<String, String> {
    let url = value.text().filter(|text| address::is_base(text));
    let url = url.map(|text| text.trim_end_matches('/').to_owned());
    url.ok_or_else(|| {
        "an http or https URL without credentials and query, such as \"https://wa.example.com\"".to_owned()
    })
}

/// Scheme and host, without a slash at the end.
pub(super) fn origin(value: &Value) -> Result<String, String> {
    let url = value.text().filter(|text| address::is_origin(text));
    let url = url.map(|text| text.trim_end_matches('/').to_owned());
    url.ok_or_else(|| "scheme and host only, such as \"https://graph.facebook.com\"".to_owned())
}

/// A version of Graph.
pub(super) fn version(value: &Value) -> Result<String, String> {
    let sound = |text: &&str| {
        let parts = text.strip_prefix('v').and_then(|numbers| numbers.split_once('.'));
        parts.is_some_and(|(major, minor)| is_digits(major) && is_digits(minor))
    };
    value.text().filter(sound).map(str::to_owned).ok_or_else(|| "a Graph version such as \"v25.0\"".to_owned())
}

/// An id that Meta gave.
pub(super) fn id(value: &Value) -> Result<String, String> {
    let sound = |text: &&str| !text.is_empty() && text.chars().all(char::is_alphanumeric);
    let id = value.text().filter(sound).map(str::to_owned);
    id.ok_or_else(|| "an id of Meta's in quotes, letters and digits only, such as \"102290129340398\"".to_owned())
}

/// One of `known`.
pub(super) fn one_of<T: Copy>(known: &[(&'static str, T)]) -> impl Fn(&Value) -> Result<T, String> {
    move |value| {
        let word = value.text();
        if let Some((_, meaning)) = known.iter().find(|(name, _)| Some(*name) == word) {
            return Ok(*meaning);
        }
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let near = word.and_then(|word| nearest(word, names.iter().copied()));
        let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        Err(format!("one of {}{near}", names.join(", ")))
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Section<'_> {
    /// A list, each element with its own fault; an element may stand alone without brackets.
    pub(super) fn list<T>(&mut self, key: &str, parse: impl Fn(&Value) -> Result<T, String>) -> Option<Vec<T>> {
        let Some(node) = self.take(key) else { return (!self.has(key)).then(Vec::new) };
        let nodes = match node {
            Node { value: Value::List(nodes), .. } => nodes,
            single => vec![single],
        };
        let mut all = Vec::new();
        let mut sound = true;
        for (at, Node { place, value }) in nodes.into_iter().enumerate() {
            match parse(&value) {
                Ok(parsed) => all.push(parsed),
                Err(expected) => {
                    sound = false;
                    self.fault(&format!("{key}[{at}]"), place, value.shown(), expected);
                }
            }
        }
        sound.then_some(all)
    }
}
