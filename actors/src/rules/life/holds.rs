//! Which sends an account's life forbids, and which an event allows again: one row per event. Knows no queue.

use super::events::{digits, word};
use super::{BanState, Life};
use serde_json::Value;
use std::collections::BTreeMap;
use wharf_storage::TemplateName;

/// Which sends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// All of the account.
    Account,
    /// All that are made from a template.
    Templates,
    /// All that are made from none.
    FreeForm,
    /// Those of the number whose display number has these digits.
    Number(String),
    /// Those made from this template.
    Template(TemplateName),
}

/// Why, and until when where Meta says so, in ms since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forbidden {
    /// For people.
    pub why: String,
    /// It ends by itself then.
    pub until_ms: Option<u64>,
}

impl Life {
    /// What may not be sent, as far as events said so.
    pub fn forbids(&self) -> BTreeMap<Place, Forbidden> {
        let mut places: BTreeMap<Place, Forbidden> = BTreeMap::new();
        let mut forbid = |place: Place, why: String, until_ms: Option<u64>| {
            let known = places.entry(place).or_insert(Forbidden { why, until_ms });
            // Where one of several has no end, none has.
            known.until_ms = known.until_ms.zip(until_ms).map(|(known, other)| known.max(other));
        };
        if self.ban.as_ref().is_some_and(|ban| ban.state == BanState::Disabled) {
            forbid(Place::Account, "Meta disabled the account".to_owned(), None);
        }
        if let Some(gone) = &self.offboarded {
            forbid(Place::Account, gone.why.clone(), None);
        }
        for (digits, number) in &self.numbers {
            if let Some(gone) = &number.offboarded {
                forbid(Place::Number(digits.clone()), gone.why.clone(), None);
            }
        }
        for restriction in &self.restrictions {
            if let Some(place) = restricted(&restriction.what) {
                forbid(place, restriction.what.clone(), restriction.until_ms);
            }
        }
        for template in self.templates.values() {
            if let Some(status) = template.withheld.as_ref().filter(|_| !template.name.is_empty()) {
                forbid(Place::Template(template.full_name()), status.clone(), None);
            }
        }
        places
    }

    /// What the event in `envelope`, heard just now, allows again, whoever forbade it. One that came late, after a newer
    /// word that forbids, allows nothing.
    pub fn allowed_by(&self, envelope: &[u8]) -> Vec<Place> {
        let forbidden = self.forbids();
        self.allows(envelope).into_iter().filter(|place| !forbidden.contains_key(place)).collect()
    }

    fn allows(&self, envelope: &[u8]) -> Option<Place> {
        let post: Value = serde_json::from_slice(envelope).ok()?;
        let change = &post["entry"][0]["changes"][0];
        let value = &change["value"];
        match (change["field"].as_str()?, value["event"].as_str()?) {
            ("account_update", "DISABLED_UPDATE") => {
                (value["ban_info"]["waba_ban_state"] == "REINSTATE").then_some(Place::Account)
            }
            ("account_update", "ACCOUNT_RECONNECTED" | "PARTNER_ADDED" | "PARTNER_APP_INSTALLED") => {
                Some(digits(value, "phone_number").map_or(Place::Account, Place::Number))
            }
            ("message_template_status_update", event) if template_leaves(event) == Some(true) => {
                // What an event leaves out, an earlier one of the same template may have said.
                let known = self.templates.get(&word(value, "message_template_id")?)?;
                (!known.name.is_empty()).then(|| Place::Template(known.full_name()))
            }
            _ => None,
        }
    }
}

/// Which sends a restriction is about; calls and new numbers are none.
fn restricted(what: &str) -> Option<Place> {
    match () {
        () if what.contains("CALL") => None,
        () if what.contains("BIZ_INITIATED") || what.contains("TEMPLATES") => Some(Place::Templates),
        () if what.contains("CUSTOMER_INITIATED") => Some(Place::FreeForm),
        () => None,
    }
}

/// Whether a template may leave after this event of its status; `None` where that stays as it was.
pub(super) fn template_leaves(event: &str) -> Option<bool> {
    match event {
        "APPROVED" | "REINSTATED" | "UNPAUSED" | "UNLOCKED" | "UNARCHIVED" => Some(true),
        "PAUSED" | "DISABLED" | "REJECTED" | "DELETED" | "ARCHIVED" | "LOCKED" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: u64 = 1_800_000_000_000;
    const NOW_S: u64 = NOW / 1000;

    fn told(field: &str, at_s: u64, value: &Value) -> Vec<u8> {
        let change = json!({"field": field, "value": value});
        json!({"entry": [{"id": "1", "time": at_s, "changes": [change]}]}).to_string().into_bytes()
    }

    fn after(events: &[(&str, Value)]) -> Life {
        let mut life = Life::default();
        for (field, value) in events {
            life.hear(&told(field, NOW_S, value), NOW);
        }
        life
    }

    fn places(events: &[(&str, Value)]) -> Vec<Place> {
        after(events).forbids().into_keys().collect()
    }

    fn update(value: Value) -> (&'static str, Value) {
        ("account_update", value)
    }

    fn ban(state: &str) -> (&'static str, Value) {
        update(json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}}))
    }

    fn restriction(what: &str) -> (&'static str, Value) {
        let info = json!([{"restriction_type": what, "expiration": NOW_S + 60}]);
        update(json!({"event": "ACCOUNT_RESTRICTION", "restriction_info": info}))
    }

    fn template(event: &str, id: u64) -> (&'static str, Value) {
        let value = json!({"event": event, "message_template_id": id, "message_template_name": "sale"});
        ("message_template_status_update", value)
    }

    #[test]
    fn a_ban_holds_the_account_its_announcement_does_not_and_its_end_allows_all() {
        assert_eq!(places(&[ban("SCHEDULE_FOR_DISABLE")]), []);
        assert_eq!(places(&[ban("DISABLE")]), [Place::Account]);
        assert_eq!(places(&[ban("DISABLE"), ban("REINSTATE")]), []);
        let (field, value) = ban("REINSTATE");
        assert_eq!(Life::default().allowed_by(&told(field, NOW_S, &value)), [Place::Account]);
    }

    #[test]
    fn each_restriction_holds_its_own_kind_until_its_end() {
        for (what, place) in [
            ("RESTRICTED_BIZ_INITIATED_MESSAGING", Some(Place::Templates)),
            ("RESTRICTED_CUSTOMER_INITIATED_MESSAGING", Some(Place::FreeForm)),
            ("RESTRICTED_UTILITY_TEMPLATES", Some(Place::Templates)),
            ("RESTRICTED_DIRECT_SEND_UTILITY_TEMPLATES", Some(Place::Templates)),
            ("RESTRICTED_ADD_PHONE_NUMBER_ACTION", None),
            ("RESTRICTED_BIZ_INITIATED_CALLING", None),
            ("RESTRICTED_SOMETHING_NEW", None),
        ] {
            let mut life = after(&[restriction(what)]);
            let forbidden: Vec<_> = life.forbids().into_iter().collect();
            assert_eq!(forbidden.first().map(|(place, _)| place.clone()), place, "{what}");
            assert!(forbidden.iter().all(|(_, why)| why.until_ms == Some(NOW + 60_000)), "{what}");
            life.expire(NOW + 60_000);
            assert!(life.forbids().is_empty(), "{what}");
        }
    }

    #[test]
    fn an_account_or_number_that_left_is_held_and_one_that_came_back_is_not() {
        for left in ["ACCOUNT_DELETED", "PARTNER_REMOVED", "PARTNER_APP_UNINSTALLED", "ACCOUNT_OFFBOARDED"] {
            assert_eq!(places(&[update(json!({ "event": left }))]), [Place::Account], "{left}");
        }
        let number = json!({"event": "PARTNER_REMOVED", "phone_number": "+49 151"});
        assert_eq!(places(&[update(number.clone())]), [Place::Number("49151".into())]);
        for back in ["ACCOUNT_RECONNECTED", "PARTNER_ADDED", "PARTNER_APP_INSTALLED"] {
            let left = update(json!({"event": "PARTNER_REMOVED"}));
            assert_eq!(places(&[left, update(json!({ "event": back }))]), [], "{back}");
            let of_number = json!({"event": back, "phone_number": "49151"});
            assert_eq!(places(&[update(number.clone()), update(of_number.clone())]), [], "{back}");
            let told = told("account_update", NOW_S, &of_number);
            assert_eq!(Life::default().allowed_by(&told), [Place::Number("49151".into())]);
        }
    }

    #[test]
    fn a_template_that_is_withheld_is_held_until_it_is_let_out() {
        let sale = || vec![Place::Template("sale".into())];
        for event in ["PAUSED", "DISABLED", "REJECTED", "DELETED", "ARCHIVED", "LOCKED"] {
            assert_eq!(places(&[template(event, 5)]), sale(), "{event}");
        }
        for event in ["APPROVED", "REINSTATED", "UNPAUSED", "UNLOCKED", "UNARCHIVED"] {
            assert_eq!(places(&[template("PAUSED", 5), template(event, 5)]), [], "{event}");
            let (field, value) = template(event, 5);
            let life = after(&[(field, value.clone())]);
            assert_eq!(life.allowed_by(&told(field, NOW_S, &value)), sale(), "also what Graph refused");
        }
        for event in ["PENDING", "IN_APPEAL", "FLAGGED", "LIMIT_EXCEEDED", "PENDING_DELETION", "SOMETHING_NEW"] {
            assert_eq!(places(&[template(event, 5)]), [], "{event}");
            assert_eq!(places(&[template("PAUSED", 5), template(event, 5)]), sale(), "{event} changes nothing");
        }
        assert_eq!(places(&[template("PAUSED", 5), template("APPROVED", 6)]), sale(), "another language of it");
    }

    #[test]
    fn each_language_of_a_template_is_held_and_let_out_on_its_own() {
        let of = |event: &str, id: u64, language: &str| {
            let (field, mut value) = template(event, id);
            value["message_template_language"] = json!(language);
            (field, value)
        };
        let place =
            |language: &str| Place::Template(TemplateName { name: "sale".into(), language: Some(language.into()) });
        let both = [of("PAUSED", 5, "de"), of("PAUSED", 6, "en_US")];
        assert_eq!(places(&both), [place("de"), place("en_US")]);
        let life = after(&[both[0].clone(), both[1].clone(), of("APPROVED", 6, "en_US")]);
        assert_eq!(life.forbids().into_keys().collect::<Vec<_>>(), [place("de")]);
        let (field, value) = template("APPROVED", 6);
        assert_eq!(life.allowed_by(&told(field, NOW_S, &value)), [place("en_US")], "its id tells the language");
    }

    #[test]
    fn an_old_word_that_comes_late_allows_nothing() {
        let life = after(&[ban("DISABLE"), template("PAUSED", 5)]);
        for (field, value) in [ban("REINSTATE"), template("APPROVED", 5)] {
            let mut life = life.clone();
            let late = told(field, NOW_S - 10, &value);
            life.hear(&late, NOW);
            assert_eq!(life.allowed_by(&late), []);
            assert_eq!(life.forbids().len(), 2);
        }
    }
}
