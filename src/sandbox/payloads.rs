//! Inbound messages as items: who wrote, from where, when, and what; the content itself is drawn elsewhere.

use std::sync::Arc;

use rand::{Rng, RngExt};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::content::{self, Answers, Content};
use super::ids::{Direction, Mint};
use super::item::{Item, Line};
use super::people::Person;
use super::signing::meta_json;

/// Share of first texts that came from an advertisement.
const REFERRED: f64 = 0.02;

#[derive(Serialize)]
struct Message<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_user_id: Option<&'a str>,
    id: &'a str,
    timestamp: String,
    #[serde(flatten)]
    content: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    referral: Option<Value>,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// A message that `person` writes to `line`; `now` in seconds since 1970.
pub fn inbound(person: &Person, line: &Arc<Line>, dice: &mut impl Rng, mint: &mut Mint, now: u64) -> Item {
    let content = content::draw(dice, mint);
    let referred = content.kind == "text" && dice.random_bool(REFERRED);
    let referral = referred.then(|| content::referral(mint));
    write(person, line, content, referral, mint, now)
}

/// A plain text that `person` writes to `line`; `now` in seconds since 1970.
pub fn inbound_text(person: &Person, line: &Arc<Line>, text: &str, mint: &mut Mint, now: u64) -> Item {
    let members = Map::from_iter([("text".to_owned(), json!({"body": text}))]);
    write(person, line, Content { kind: "text", members, answers: Answers::Nothing }, None, mint, now)
}

fn write(
    person: &Person,
    line: &Arc<Line>,
    content: Content,
    referral: Option<Value>,
    mint: &mut Mint,
    now: u64,
) -> Item {
    let wamid = mint.wamid(person.party(), Direction::Inbound);
    let context = match content.answers {
        Answers::Nothing => None,
        Answers::Business => Some(json!({"from": line.digits, "id": mint.wamid(person.party(), Direction::Outbound)})),
    };
    let message = Message {
        context,
        from: person.wa_id.as_deref(),
        from_user_id: person.user_id.as_deref(),
        id: &wamid,
        timestamp: now.to_string(),
        content: content.members,
        referral,
        kind: content.kind,
    };
    let body = meta_json(&message);
    Item::message(wamid, line, body, Some(person.contact()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;

    #[test]
    fn customers_write_every_type_and_each_is_ascii_json_with_an_id_of_its_own() {
        let (line, mut mint) = (Arc::new(Line::new("1", "2", "1555")), Mint::new(1));
        let mut dice = Xoshiro256PlusPlus::seed_from_u64(1);
        let (mut kinds, mut ids) = (HashSet::new(), HashSet::new());
        for at in 0..3000 {
            let item = inbound(&Person::nth(at, 1), &line, &mut dice, &mut mint, 1_790_000_000);
            assert!(item.body.is_ascii());
            let message: Value = serde_json::from_str(&item.body).expect("JSON");
            assert!(message["from"].is_string() || message["from_user_id"].is_string());
            let kind = message["type"].as_str().expect("a type").to_owned();
            assert!(!message[&kind].is_null(), "{message}");
            kinds.insert(kind);
            assert!(ids.insert(item.key));
        }
        for kind in ["text", "image", "audio", "order", "interactive", "button", "reaction", "unsupported", "contacts"]
        {
            assert!(kinds.contains(kind), "{kind} is missing");
        }
    }
}
