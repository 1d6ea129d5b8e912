//! A route's URL that names whose mail it takes: `https://app.example/{whatsapp.business}`. Only its path and query may
//! vary, so that nothing which Meta sends can lead to another host. Knows no HTTP client.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What may stand in a segment of a path or in a query as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What stands where an event has no such value.
const NOTHING: &str = "-";
/// The variables, as they stand between braces.
const VARIABLES: [(&str, Variable); 3] = [
    ("whatsapp.business", Variable::Business),
    ("whatsapp.account", Variable::Account),
    ("whatsapp.number", Variable::Number),
];

/// A part of a URL that varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variable {
    /// The account's id.
    Business,
    /// The phone number id.
    Account,
    /// The display number.
    Number,
}

/// The path and query of a URL, with variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Variable),
}

/// A URL whose braces mean nothing here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a URL with {{whatsapp.business}}, {{whatsapp.account}} and {{whatsapp.number}} in its path or query only (a brace itself is %7B or %7D)"
)]
pub struct BadTemplate;

impl Template {
    /// Reads a path and query; `None` where nothing in it varies.
    pub fn parse(text: &str) -> Result<Option<Self>, BadTemplate> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or(BadTemplate)?;
            let (_, variable) = VARIABLES.iter().find(|(known, _)| *known == name).ok_or(BadTemplate)?;
            parts.extend([Part::Text(literal(before)?), Part::Value(*variable)]);
            rest = after;
        }
        let rest = literal(rest)?;
        if parts.is_empty() {
            return Ok(None);
        }
        parts.push(Part::Text(rest));
        Ok(Some(Self(parts)))
    }

    /// The path and query for these values.
    pub fn filled<'v>(&self, value: impl Fn(Variable) -> Option<&'v str>) -> String {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Value(variable) => match value(*variable).filter(|value| !value.is_empty()) {
                    Some(value) => filled.extend(utf8_percent_encode(value, ESCAPED)),
                    None => filled.push_str(NOTHING),
                },
            }
        }
        filled
    }

    /// Whether it differs from one number of an account to another.
    pub fn varies_by_number(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Value(Variable::Account | Variable::Number)))
    }
}

/// The template of a whole URL; `None` where nothing in it varies.
pub fn of_url(url: &str) -> Result<Option<Template>, BadTemplate> {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let path = url[after_scheme..].find(['/', '?']).map_or(url.len(), |at| after_scheme + at);
    literal(&url[..path])?;
    Template::parse(&url[path..])
}

fn literal(text: &str) -> Result<String, BadTemplate> {
    if text.contains(['{', '}']) { Err(BadTemplate) } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(url: &str) -> String {
        let values = |variable| match variable {
            Variable::Business => Some("102"),
            Variable::Account => None,
            Variable::Number => Some("+1 555/../x?y#z"),
        };
        of_url(url).expect("sound").expect("it varies").filled(values)
    }

    #[test]
    fn a_url_takes_the_variables_of_the_event() {
        assert_eq!(filled("https://a.example/{whatsapp.business}/in"), "/102/in");
        assert_eq!(filled("https://a.example?waba={whatsapp.business}&x=1"), "?waba=102&x=1");
        assert_eq!(filled("https://a.example/{whatsapp.account}"), "/-", "what an event has not");
    }

    #[test]
    fn no_value_can_lead_anywhere_else() {
        assert_eq!(filled("https://a.example/{whatsapp.number}"), "/%2B1%20555%2F..%2Fx%3Fy%23z");
    }

    #[test]
    fn a_host_that_varies_and_variables_nobody_knows_are_refused() {
        for url in [
            "https://{whatsapp.business}.example/",
            "https://a.example/{whatsapp.businesses}",
            "https://a.example/{",
            "https://a.example/}",
            "https://a.example/{whatsapp.business}}",
            "https://{whatsapp.business}@a.example/",
        ] {
            assert_eq!(of_url(url), Err(BadTemplate), "{url}");
        }
        assert_eq!(of_url("https://a.example/hook?x=%7B1%7D"), Ok(None));
    }

    #[test]
    fn it_says_whether_it_varies_within_an_account() {
        let varies = |url| of_url(url).expect("sound").expect("it varies").varies_by_number();
        assert!(!varies("https://a.example/{whatsapp.business}"));
        assert!(varies("https://a.example/{whatsapp.business}/{whatsapp.account}"));
    }
}
