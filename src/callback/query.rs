//! The query of a callback URL: every value of a name, in order. (`web::Query` fails on a repeated name or keeps one.)

/// A decoded query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what stands behind the `?`.
    pub fn read(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The same of what came in another form.
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The first value of `name`.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of `name`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether `name` says yes: `1`, `t`, `true`, in any case.
    pub fn says_yes(&self, name: &str) -> bool {
        self.first(name).is_some_and(|value| ["1", "t", "true"].iter().any(|yes| value.eq_ignore_ascii_case(yes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_names_keep_all_their_values_in_order() {
        let query = Query::read("whatsapp=search&id=1,2&id=3&ack=T&id=");
        assert_eq!(query.all("id").collect::<Vec<_>>(), ["1,2", "3", ""]);
        assert_eq!(query.first("whatsapp"), Some("search"));
        assert!(query.says_yes("ack"));
        assert!(!Query::read("ack=no").says_yes("ack"));
        assert_eq!(Query::read("whatsapp").first("whatsapp"), Some(""));
    }
}
