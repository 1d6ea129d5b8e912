//! The simulated customers: who they are and how Meta knows them. Drawn from their place in line, so none is stored.

use serde_json::{Value, json};

use super::ids::mix;
use super::signing::meta_json;

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name in the profile.
    pub name: String,
    /// Digits; `None` for one who hides it behind a username.
    pub wa_id: Option<String>,
    /// The business-scoped user id; `None` in webhooks of the old kind.
    pub user_id: Option<String>,
    /// The username of one who has adopted one.
    pub username: Option<String>,
}

const COUNTRIES: &[(&str, &str)] =
    &[("DE", "4915"), ("BR", "5511"), ("IN", "9198"), ("GB", "4477"), ("ES", "346"), ("UA", "38067"), ("MX", "5215")];

const NAMES: &[&str] = &[
    "Zo\u{eb} M\u{fc}ller",
    "Jo\u{e3}o Concei\u{e7}\u{e3}o",
    "\u{905}\u{928}\u{928}\u{94d}\u{92f}\u{93e}",
    "Harry O'Neill",
    "Bego\u{f1}a \u{2600}\u{fe0f}",
    "\u{41e}\u{43b}\u{435}\u{43d}\u{430}",
    "Mar\u{ed}a Jos\u{e9} \u{1f33b}",
    "\u{674e}\u{5c0f}\u{9f99}",
    "\u{645}\u{62d}\u{645}\u{62f}",
    "Chloe \u{1f469}\u{200d}\u{1f4bb}",
    "A/B \"Test\" Tester",
    "\u{1f451}\u{1f451}\u{1f451}",
];

impl Person {
    /// Customer number `at` of the world with `seed`: of ten, six are known both ways, two by number, two by user id.
    pub fn nth(at: u64, seed: u64) -> Self {
        let dice = mix(seed ^ at.rotate_left(32));
        let (country, prefix) = COUNTRIES[(dice % COUNTRIES.len() as u64) as usize];
        // The last four digits begin at 1000: endings below ask for faults.
        let wa_id = format!("{prefix}{:05}{}", at / 9000, 1000 + at % 9000);
        let user_id = user_id_of(country, &wa_id);
        let name = NAMES[(dice >> 8) as usize % NAMES.len()].to_owned();
        let username = format!("user.{:x}", dice >> 40);
        match (dice >> 16) % 10 {
            0..6 => Self { name, wa_id: Some(wa_id), user_id: Some(user_id), username: None },
            6..8 => Self { name, wa_id: Some(wa_id), user_id: None, username: None },
            _ => Self { name, wa_id: None, user_id: Some(user_id), username: Some(username) },
        }
    }

    /// A customer that only an answer's recipient is known of.
    pub fn addressed(wa_id: Option<&str>, user_id: Option<&str>) -> Self {
        let derived = wa_id.map(|digits| user_id_of(country_of(digits), digits));
        Self {
            name: "Customer".to_owned(),
            wa_id: wa_id.map(str::to_owned),
            user_id: user_id.map(str::to_owned).or(derived),
            username: None,
        }
    }

    /// The wa_id, or the user id of one without.
    pub fn party(&self) -> &str {
        self.wa_id.as_deref().or(self.user_id.as_deref()).unwrap_or_default()
    }

    /// The element of `contacts`, written as Meta writes it.
    pub fn contact(&self) -> String {
        let mut profile = json!({"name": self.name});
        set(&mut profile, "username", self.username.as_deref());
        let mut contact = json!({"profile": profile});
        set(&mut contact, "wa_id", self.wa_id.as_deref());
        set(&mut contact, "user_id", self.user_id.as_deref());
        meta_json(&contact)
    }
}

fn set(object: &mut Value, member: &str, value: Option<&str>) {
    if let Some(value) = value {
        object[member] = value.into();
    }
}

/// The country whose customers have such numbers, so that an answer finds the user id its customer wrote with.
fn country_of(wa_id: &str) -> &'static str {
    COUNTRIES.iter().find(|(_, prefix)| wa_id.starts_with(prefix)).map_or("US", |(country, _)| country)
}

fn user_id_of(country: &str, wa_id: &str) -> String {
    let hash = wa_id.bytes().fold(0, |hash, byte| mix(hash ^ u64::from(byte)));
    format!("{country}.{}", hash % 10_000_000_000_000_000)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_customer_is_the_same_at_every_visit_and_no_other() {
        assert_eq!(Person::nth(5, 1), Person::nth(5, 1));
        let parties: HashSet<String> = (0..50_000).map(|at| Person::nth(at, 1).party().to_owned()).collect();
        assert_eq!(parties.len(), 50_000);
    }

    #[test]
    fn an_answer_finds_the_user_id_that_its_customer_wrote_with() {
        let known = |person: &Person| person.wa_id.is_some() && person.user_id.is_some();
        for person in (0..200).map(|at| Person::nth(at, 1)).filter(known) {
            assert_eq!(Person::addressed(person.wa_id.as_deref(), None).user_id, person.user_id);
        }
    }

    #[test]
    fn customers_are_known_by_number_by_user_id_or_by_both() {
        let people: Vec<Person> = (0..200).map(|at| Person::nth(at, 1)).collect();
        assert!(people.iter().any(|person| person.wa_id.is_none()));
        assert!(people.iter().any(|person| person.user_id.is_none()));
        assert!(people.iter().any(|person| person.wa_id.is_some() && person.user_id.is_some()));
    }

    #[test]
    fn no_customer_has_a_number_that_asks_for_a_fault() {
        let numbers = (0..20_000).filter_map(|at| Person::nth(at, 1).wa_id);
        assert!(numbers.into_iter().all(|digits| !digits[digits.len() - 4..].starts_with('0')));
    }
}
