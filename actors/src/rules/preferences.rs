//! What customers of one account said about marketing: the newest word counts, in whatever order they come. Knows neither
//! disk nor queue: what is not in memory must be recalled before a decision needs it.

use crate::cloud::item::Item;
use crate::cloud::json;
use crate::cloud::refusal::Refusal;
use crate::rules::recent::Recent;
use bytes::Bytes;
use serde_json::Value;
use wharf_storage::{Change, Erasure, EventKind, Preference, Wish};

/// Meta's code for a customer who wants no marketing.
pub const OPTED_OUT: i64 = 131_050;
/// Words remembered in memory; the others are on disk.
const REMEMBERED: usize = 1024;

/// The words heard lately.
#[derive(Debug)]
pub struct Preferences {
    account: Box<str>,
    words: Recent<Box<str>, Preference>,
}

/// A word, as an item says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What the customer wants.
    pub wish: Wish,
    /// When they said so, in s since 1970.
    pub said_at_s: u64,
    /// Who: every id that is known of them.
    pub ids: Vec<Box<str>>,
}

impl Word {
    /// What `item` says: a preference, or a message that Meta did not deliver because of one.
    pub fn of(item: &Item) -> Option<Self> {
        let wish = match (item.kind, item.status.as_deref()) {
            (EventKind::Preference, _) => wish_of(item.bytes())?,
            (EventKind::Status, Some("failed")) => {
                let refusal = Refusal::of_status(&Bytes::copy_from_slice(item.bytes()))?;
                (refusal.code == Some(OPTED_OUT)).then_some(Wish::Stop)?
            }
            _ => return None,
        };
        let ids = [&item.customer.wa_id, &item.customer.user_id].into_iter().flatten().cloned().collect();
        Some(Self { wish, said_at_s: item.sent_at_s?, ids })
    }
}

fn wish_of(preference: &[u8]) -> Option<Wish> {
    let said: Value = serde_json::from_slice(preference).ok()?;
    let text = |name: &str| json::text(&said[name]).unwrap_or_default().to_ascii_lowercase();
    match (text("category").as_str(), text("value").as_str()) {
        ("marketing_messages", "stop") => Some(Wish::Stop),
        ("marketing_messages", "resume") => Some(Wish::Resume),
        _ => None,
    }
}

impl Preferences {
    /// None yet.
    pub fn new(account: &str) -> Self {
        Self { account: account.into(), words: Recent::new(REMEMBERED) }
    }

    /// The last word of the customer with this id, as far as memory knows.
    pub fn of(&self, id: &str) -> Option<&Preference> {
        self.words.peek(id)
    }

    /// Takes what is on disk; what memory knows is as new or newer.
    pub fn recall(&mut self, kept: Preference) {
        if !self.words.contains(&kept.id) {
            self.words.put(kept.id.clone(), kept);
        }
    }

    /// Hears a word; what is new of it is to be kept.
    pub fn hear(&mut self, word: Word, change: &mut Change) {
        let Word { wish, said_at_s, ids } = word;
        for id in ids {
            let said = Preference { account: self.account.clone(), id, wish, said_at_s };
            if self.of(&said.id).is_none_or(|known| known.said_at_s <= said_at_s && *known != said) {
                change.put(&said);
                self.words.put(said.id.clone(), said);
            }
        }
    }

    /// Forgets a customer who is erased.
    pub fn forget(&mut self, erasure: &Erasure) {
        self.words.retain(|said| !erasure.names(&said.account, &said.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{item, message};
    use wharf_storage::Kind;

    fn preference(value: &str, at_s: u64) -> Item {
        let text = format!(
            r#"{{"wa_id":"491","user_id":"DE.1","category":"marketing_messages","value":"{value}","timestamp":{at_s}}}"#
        );
        item("100", "9", "user_preferences", &text)
    }

    fn wishes(preferences: &Preferences) -> [Option<Wish>; 2] {
        ["491", "DE.1"].map(|id| preferences.of(id).map(|said| said.wish))
    }

    #[test]
    fn a_word_counts_for_every_id_of_its_customer_and_the_newest_one_stands() {
        let mut preferences = Preferences::new("100");
        for (value, at_s, wish, writes) in [
            ("stop", 1_800_000_010, Wish::Stop, 2),
            ("stop", 1_800_000_010, Wish::Stop, 0),
            ("resume", 1_800_000_005, Wish::Stop, 0),
            ("resume", 1_800_000_020, Wish::Resume, 2),
            ("stop", 1_800_000_015, Wish::Resume, 0),
            ("stop", 1_800_000_030, Wish::Stop, 2),
        ] {
            let mut change = Change::default();
            preferences.hear(Word::of(&preference(value, at_s)).expect("a word"), &mut change);
            assert_eq!((wishes(&preferences), change.writes.len()), ([Some(wish); 2], writes), "{value} {at_s}");
            assert!(change.writes.iter().all(|write| write.kind == Kind::Preference));
        }
    }

    #[test]
    fn what_memory_knows_is_newer_than_the_disk() {
        let mut preferences = Preferences::new("100");
        let kept = |wish: Wish| Preference { account: "100".into(), id: "491".into(), wish, said_at_s: 1_800_000_000 };
        preferences.recall(kept(Wish::Resume));
        preferences.recall(kept(Wish::Stop));
        assert_eq!(wishes(&preferences), [Some(Wish::Resume), None]);
    }

    #[test]
    fn a_message_that_failed_because_of_an_opt_out_is_a_word_too_and_nothing_else_is() {
        let failed = |code: u32| {
            let text = format!(
                r#"{{"id":"w","status":"failed","timestamp":"1800000000","recipient_id":"491","errors":[{{"code":{code}}}]}}"#
            );
            Word::of(&item("100", "9", "statuses", &text))
        };
        let stop = Word { wish: Wish::Stop, said_at_s: 1_800_000_000, ids: vec!["491".into()] };
        assert_eq!((failed(131_050), failed(131_049)), (Some(stop), None));
        assert_eq!(Word::of(&preference("something_new", 1_800_000_000)), None);
        assert_eq!(Word::of(&message("m", r#""from":"491","text":{"body":"stop"}"#)), None);
    }
}
