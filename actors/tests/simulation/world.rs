//! Meta and the customers: who writes what, in which POSTs, and what comes again. Knows nothing of the house but what
//! it answers.

use crate::dice::Dice;
use bytes::Bytes;
use std::collections::HashMap;
use wharf_actors::cloud::splice::mark_of;
use wharf_storage::MessageRecord;

/// Something of which there is one in the world, however often Meta sends it.
pub type Thing = usize;

/// One of Meta's POSTs.
#[derive(Debug, Clone)]
pub struct Post {
    pub body: Bytes,
    /// What is in it, in order; `None` for a test payload.
    pub things: Vec<Option<Thing>>,
    pub tries: u32,
}

/// What is known of a thing.
#[derive(Debug, Clone)]
pub struct Known {
    pub account: String,
    /// The id of the number it is about.
    pub number: String,
    /// Each way of writing it that was ever sent.
    pub texts: Vec<String>,
    /// The names of its customer, those that hold from now on first.
    pub names: Vec<String>,
    /// In a status: Meta's id of the message, and its state.
    pub status: Option<(String, &'static str)>,
}

/// Meta and the customers.
#[derive(Default)]
pub struct World {
    pub things: Vec<Known>,
    by_text: HashMap<String, Thing>,
    /// By customer: how often the phone number changed.
    moves: HashMap<(String, u64), u64>,
    tests: u64,
}

impl World {
    /// What an item's bytes are.
    pub fn thing(&self, text: &str) -> Option<Thing> {
        self.by_text.get(text).copied()
    }

    /// A POST of some new items, and now and then of old ones again, byte for byte or not.
    pub fn post(&mut self, dice: &mut Dice, accounts: &[String], customers: u64, items: u64) -> Post {
        let mut parts = Vec::new();
        for _ in 0..items {
            let again = !self.things.is_empty() && dice.one_in(6);
            if dice.one_in(40) {
                self.tests += 1;
                let text = format!(
                    r#"{{"from":"16315551181","id":"ABGGFlA5Fpa","timestamp":"1504902988","n":{}}}"#,
                    self.tests / 2
                );
                parts.push((None, "123456123".to_owned(), "messages", text));
                continue;
            }
            let thing = if again {
                dice.between(0, self.things.len() as u64 - 1) as usize
            } else {
                self.message(dice, accounts, customers)
            };
            let text = self.spell(thing, again && dice.one_in(5));
            let known = &self.things[thing];
            let list = if known.status.is_some() { "statuses" } else { "messages" };
            parts.push((Some(thing), known.number.clone(), list, text));
        }
        assemble(&parts)
    }

    /// POSTs of the statuses of one message, with the mark that it carried; `failed` is why Meta gave it up.
    pub fn statuses(&mut self, dice: &mut Dice, of: &MessageRecord, wamid: &str, failed: Option<u32>) -> Vec<Post> {
        let mut posts = Vec::new();
        let states: &[&'static str] =
            if failed.is_some() { &["sent", "failed"] } else { &["sent", "delivered", "read"] };
        for state in states {
            if dice.one_in(4) {
                continue;
            }
            let errors = failed.filter(|_| *state == "failed");
            let errors =
                errors.map_or_else(String::new, |code| format!(r#""errors":[{{"code":{code},"title":"no"}}],"#));
            let begins = format!(
                r#"{{{errors}"id":"{wamid}","status":"{state}","timestamp":"1800000000","recipient_id":"{}""#,
                of.to
            );
            let names = vec![format!("p|{}", of.to)];
            let marked = format!(r#"{begins},"biz_opaque_callback_data":"{}"}}"#, mark_of(&of.id));
            let own = of.opaque.as_ref().map(|own| format!(r#","biz_opaque_callback_data":"{own}""#));
            let kept = format!("{begins}{}}}", own.unwrap_or_default());
            let thing = self.learn(&of.number, marked.clone(), names, Some((wamid.to_owned(), state)));
            self.by_text.insert(kept, thing);
            posts.push(assemble(&[(Some(thing), of.number.to_string(), "statuses", marked)]));
        }
        posts
    }

    fn message(&mut self, dice: &mut Dice, accounts: &[String], customers: u64) -> Thing {
        let account = accounts[dice.between(0, accounts.len() as u64 - 1) as usize].clone();
        let (who, nth) = (dice.between(1, customers), self.things.len());
        let moves = self.moves.entry((account.clone(), who)).or_default();
        let old_phone = format!("1{who:03}{moves}");
        let user = format!("US.{who:05}");
        let (by_user, by_phone) = (format!("u|{user}"), format!("p|{old_phone}"));
        let (by, names) = match dice.between(0, 9) {
            0..=2 => (format!(r#""from":"{old_phone}""#), vec![by_phone]),
            3..=5 => (format!(r#""from_user_id":"{user}""#), vec![by_user]),
            6..=8 => (format!(r#""from":"{old_phone}","from_user_id":"{user}""#), vec![by_user, by_phone]),
            _ => {
                *moves += 1;
                let new_phone = format!("1{who:03}{moves}");
                let system = format!(r#"{{"type":"user_changed_number","wa_id":"{new_phone}"}}"#);
                let by = format!(r#""from":"{old_phone}","type":"system","system":{system}"#);
                (by, vec![format!("p|{new_phone}"), by_phone])
            }
        };
        let text =
            format!(r#"{{{by},"id":"wamid.IN{nth}","timestamp":"1800000000","text":{{"body":"\u00e9 {nth}"}}}}"#);
        let number = format!("{}{account}", dice.pick(&["9", "9", "8"]));
        self.learn(&number, text, names, None)
    }

    fn learn(
        &mut self,
        number: &str,
        text: String,
        names: Vec<String>,
        status: Option<(String, &'static str)>,
    ) -> Thing {
        let thing = self.things.len();
        self.by_text.insert(text.clone(), thing);
        let (account, number) = (number[1..].to_owned(), number.to_owned());
        // A dialog is one of a number.
        let names = names.into_iter().map(|name| format!("{number}|{name}")).collect();
        self.things.push(Known { account, number, texts: vec![text], names, status });
        thing
    }

    /// As it was written first, or with other bytes under the same key.
    fn spell(&mut self, thing: Thing, anew: bool) -> String {
        let known = &mut self.things[thing];
        if anew && known.status.is_none() {
            let text =
                format!("{},\"again\":{}}}", known.texts[0].strip_suffix('}').expect("an object"), known.texts.len());
            known.texts.push(text.clone());
            self.by_text.insert(text, thing);
        }
        known.texts.last().expect("written at least once").clone()
    }
}

/// A POST with an entry for each run of items of one number and list.
fn assemble(parts: &[(Option<Thing>, String, &'static str, String)]) -> Post {
    let things = parts.iter().map(|part| part.0).collect();
    let entries: Vec<String> = parts
        .chunk_by(|left, right| (&left.1, left.2) == (&right.1, right.2))
        .map(|run| {
            let (_, number, list, _) = &run[0];
            let account = if number == "123456123" { "0" } else { &number[1..] };
            let items: Vec<&str> = run.iter().map(|(.., text)| text.as_str()).collect();
            format!(
                r#"{{"id":"{account}","changes":[{{"value":{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"+1 {number}","phone_number_id":"{number}"}},"{list}":[{}]}},"field":"messages"}}]}}"#,
                items.join(",")
            )
        })
        .collect();
    let body = format!(r#"{{"object":"whatsapp_business_account","entry":[{}]}}"#, entries.join(","));
    Post { body: body.into(), things, tries: 0 }
}
