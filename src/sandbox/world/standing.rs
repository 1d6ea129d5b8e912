//! How Meta regards accounts, numbers and templates at the moment, and what that refuses. Plain data: `now` comes in.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use serde_json::Value;

use crate::sandbox::refusal::Refusal;

/// Everything that is not as it should be.
#[derive(Debug, Default)]
pub struct Standing {
    banned: HashSet<String>,
    restricted: HashMap<(String, Class), Instant>,
    templates: HashMap<(String, String), u32>,
    upgrading: HashMap<String, Instant>,
}

/// What a restriction forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Templates.
    BusinessInitiated,
    /// Everything else, which answers a customer.
    CustomerInitiated,
}

impl Standing {
    /// The account may not send at all any more.
    pub fn ban(&mut self, waba: &str) {
        self.banned.insert(waba.to_owned());
    }

    /// The account may send again.
    pub fn reinstate(&mut self, waba: &str) {
        self.banned.remove(waba);
    }

    /// Whether the account may not send at all.
    pub fn is_banned(&self, waba: &str) -> bool {
        self.banned.contains(waba)
    }

    /// The account may not send `class` until then.
    pub fn restrict(&mut self, waba: &str, class: Class, until: Instant) {
        self.restricted.insert((waba.to_owned(), class), until);
    }

    /// Sends of the template `name` are refused with `code` from now on; `None` approves it again.
    pub fn set_template(&mut self, waba: &str, name: &str, code: Option<u32>) {
        let key = (waba.to_owned(), name.to_owned());
        match code {
            Some(code) => self.templates.insert(key, code),
            None => self.templates.remove(&key),
        };
    }

    /// The `status` of the template `name`.
    pub fn template_status(&self, waba: &str, name: &str) -> &'static str {
        match self.templates.get(&(waba.to_owned(), name.to_owned())) {
            None => "APPROVED",
            Some(132_015) => "PAUSED",
            Some(_) => "DISABLED",
        }
    }

    /// The number cannot be used until then, because its throughput is being raised.
    pub fn upgrade(&mut self, number: &str, until: Instant) {
        self.upgrading.insert(number.to_owned(), until);
    }

    /// Whether a send of `body` from `number` of account `waba` is allowed.
    pub fn check(&self, waba: &str, number: &str, body: &Value, now: Instant) -> Result<(), Refusal> {
        if self.is_banned(waba) {
            return Err(Refusal::coded(131_031));
        }
        if self.upgrading.get(number).is_some_and(|until| now < *until) {
            return Err(Refusal::coded(131_057));
        }
        let class = if body["template"].is_object() { Class::BusinessInitiated } else { Class::CustomerInitiated };
        if self.restricted.get(&(waba.to_owned(), class)).is_some_and(|until| now < *until) {
            return Err(Refusal::coded(368));
        }
        let name = body["template"]["name"].as_str().unwrap_or_default();
        match self.templates.get(&(waba.to_owned(), name.to_owned())) {
            Some(code) => Err(Refusal::coded(*code)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_restriction_of_templates_lets_answers_through_and_ends_by_itself() {
        let (mut standing, now) = (Standing::default(), Instant::now());
        standing.restrict("w", Class::BusinessInitiated, now + Duration::from_secs(60));
        let (template, text) = (json!({"template": {"name": "hello"}}), json!({"text": {"body": "hello"}}));
        assert_eq!(standing.check("w", "n", &template, now).map_err(|refusal| refusal.code), Err(368));
        assert_eq!(standing.check("w", "n", &text, now), Ok(()));
        assert_eq!(standing.check("w", "n", &template, now + Duration::from_secs(60)), Ok(()));
    }

    #[test]
    fn a_number_cannot_be_used_while_its_throughput_is_raised() {
        let (mut standing, now) = (Standing::default(), Instant::now());
        standing.upgrade("n", now + Duration::from_secs(60));
        let text = json!({"text": {"body": "hello"}});
        assert_eq!(standing.check("w", "n", &text, now).map_err(|refusal| refusal.code), Err(131_057));
        assert_eq!(standing.check("w", "other", &text, now), Ok(()));
        assert_eq!(standing.check("w", "n", &text, now + Duration::from_secs(60)), Ok(()));
    }

    #[test]
    fn a_paused_template_stops_only_itself() {
        let (mut standing, now) = (Standing::default(), Instant::now());
        standing.set_template("w", "hello", Some(132_015));
        let of = |name: &str| json!({"template": {"name": name}});
        assert_eq!(standing.check("w", "n", &of("hello"), now).map_err(|refusal| refusal.code), Err(132_015));
        assert_eq!(standing.check("w", "n", &of("other"), now), Ok(()));
        assert_eq!(standing.check("another", "n", &of("hello"), now), Ok(()));
        standing.set_template("w", "hello", None);
        assert_eq!(standing.check("w", "n", &of("hello"), now), Ok(()));
    }
}
