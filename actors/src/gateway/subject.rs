//! The subject under which an event goes to a queue: a pattern with placeholders. Nothing that Meta sends can add a token
//! to it or make one a wildcard. Knows no queue.

use std::fmt;
use wharf_storage::{Disposition, Event};

/// The pattern where a route names none.
pub const DEFAULT: &str = "wharf.{gateway}.{waba}.{number}.{field}";

/// Longer patterns are mistakes; with [`LONGEST_VALUE`] it keeps subjects under the 4 KiB of a NATS protocol line.
const LONGEST: usize = 256;
/// Bytes of a value that are taken: ids of Meta's and names of fields are far shorter.
const LONGEST_VALUE: usize = 64;
/// What stands where there is no value, or no character that a token may hold.
const NOTHING: char = '_';

/// A pattern for subjects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Placeholder),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placeholder {
    Gateway,
    Waba,
    Number,
    Field,
    Kind,
}

const PLACEHOLDERS: [(&str, Placeholder); 5] = [
    ("gateway", Placeholder::Gateway),
    ("waba", Placeholder::Waba),
    ("number", Placeholder::Number),
    ("field", Placeholder::Field),
    ("type", Placeholder::Kind),
];

/// A text that is no pattern for subjects, and what is wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSubject {
    /// A placeholder that nobody knows, or a brace without its other half.
    #[error("a subject with the placeholders {{gateway}}, {{waba}}, {{number}}, {{field}} and {{type}} only")]
    Placeholder,
    /// A space, a wildcard, an empty token, or a server's own subject.
    #[error(
        "a subject that can be published to: at most 256 bytes, tokens of visible ASCII with one dot between them, \
         no spaces, no * and no >, and no $ at the start"
    )]
    Shape,
}

impl Subject {
    /// Reads a pattern such as [`DEFAULT`].
    pub fn parse(pattern: &str) -> Result<Self, BadSubject> {
        let mut parts = Vec::new();
        let mut rest = pattern;
        while let Some((text, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(BadSubject::Placeholder)?;
            let known = PLACEHOLDERS.iter().find(|(known, _)| *known == name).ok_or(BadSubject::Placeholder)?;
            parts.extend([Part::Text(text.to_owned()), Part::Value(known.1)]);
            rest = after;
        }
        if rest.contains('}') {
            return Err(BadSubject::Placeholder);
        }
        parts.push(Part::Text(rest.to_owned()));
        let tokens_are_sound = pattern.split('.').all(|token| !token.is_empty() && token.bytes().all(is_literal));
        let sound = pattern.len() <= LONGEST && !pattern.starts_with('$') && tokens_are_sound;
        if sound { Ok(Self(parts)) } else { Err(BadSubject::Shape) }
    }

    /// The subject of `event`.
    pub fn of(&self, event: &Event) -> String {
        let mut subject = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => subject.push_str(text),
                Part::Value(placeholder) => subject.extend(token(placeholder.of(event))),
            }
        }
        subject
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::Value(placeholder) => write!(f, "{{{}}}", placeholder.name())?,
            }
        }
        Ok(())
    }
}

impl Default for Subject {
    fn default() -> Self {
        Self::parse(DEFAULT).expect("the default is a pattern")
    }
}

impl Placeholder {
    fn name(self) -> &'static str {
        let known = PLACEHOLDERS.iter().find(|(_, known)| *known == self);
        known.expect("every placeholder is in the list").0
    }

    fn of(self, event: &Event) -> &str {
        match self {
            Placeholder::Gateway => &event.gateway,
            Placeholder::Waba => match event.disposition {
                Disposition::Routed | Disposition::Inactive => &event.stream,
                Disposition::Test | Disposition::Quarantined => event.claimed.as_deref().unwrap_or_default(),
            },
            Placeholder::Number => event.number.id.as_deref().unwrap_or_default(),
            Placeholder::Field => &event.field,
            Placeholder::Kind => event.kind.word(),
        }
    }
}

fn is_literal(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'*' | b'>')
}

/// `value` as part of one token: letters, digits, `-` and `_`; whatever else it holds becomes `_`.
fn token(value: &str) -> impl Iterator<Item = char> {
    let sound = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { NOTHING };
    let nothing = value.is_empty().then_some(NOTHING);
    value.chars().take(LONGEST_VALUE).map(sound).chain(nothing)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::rules::testing::event;

    fn subject(pattern: &str, change: impl FnOnce(&mut Event)) -> String {
        let mut event = Event::clone(&event(1, 1));
        change(&mut event);
        Subject::parse(pattern).unwrap().of(&event)
    }

    #[test]
    fn a_subject_says_where_an_event_came_from() {
        let full = subject("wharf.{gateway}.{waba}.{number}.{field}.{type}-x", |event| {
            event.gateway = "main".into();
            event.stream = "102".into();
            event.number.id = Some("105".into());
            event.field = "messages".into();
        });
        assert_eq!(full, "wharf.main.102.105.messages.message-x");
        assert_eq!(subject("plain", |_| {}), "plain");
    }

    #[test]
    fn no_value_adds_a_token_or_a_wildcard() {
        for field in ["a.b", "a b", "a*b", "a>b", "a\r\nb", "aäb", "a{b"] {
            let subject = subject("x.{field}", |event| event.field = field.into());
            assert_eq!(subject.replace("__", "_"), "x.a_b", "{field:?}");
        }
        let neither = subject("x.{field}.{number}", |event| {
            event.field = "".into();
            event.number.id = None;
        });
        assert_eq!(neither, "x._._");
        assert_eq!(subject("{field}", |event| event.field = "f".repeat(9999).into()).len(), LONGEST_VALUE);
    }

    #[test]
    fn a_test_payload_goes_by_the_account_it_claims() {
        let claimed = subject("{waba}", |event| {
            event.stream = "t.main".into();
            event.disposition = Disposition::Test;
            event.claimed = Some("0".into());
        });
        assert_eq!(claimed, "0");
    }

    #[test]
    fn what_nobody_can_publish_to_is_refused() {
        for pattern in ["", ".", "a.", ".a", "a..b", "a b", "a.*", "a.>", "$JS.API", "ä", &"a".repeat(257)] {
            assert_eq!(Subject::parse(pattern), Err(BadSubject::Shape), "{pattern}");
        }
        for pattern in ["{wabba}", "{waba", "waba}", "{}", "{{waba}}"] {
            assert_eq!(Subject::parse(pattern), Err(BadSubject::Placeholder), "{pattern}");
        }
        assert_eq!(Subject::default().to_string(), DEFAULT);
    }
}
