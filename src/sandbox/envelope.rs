//! Puts items into the envelope of a webhook POST: one entry per account, one change per number and kind.

use std::collections::HashSet;

use super::item::{Item, Kind, Place};

/// Meta puts at most this many updates into one POST.
pub const MAX_ITEMS: usize = 1000;
/// Meta's POSTs have at most this many bytes.
pub const MAX_BYTES: usize = 3_000_000;

/// The body of a POST with `items`; neighbours about the same account and number share an entry and a change.
pub fn body(items: &[Item]) -> String {
    let mut text = String::with_capacity(items.iter().map(Item::weight).sum::<usize>() + 64);
    text.push_str(r#"{"object":"whatsapp_business_account","entry":["#);
    for (at, entry) in items.chunk_by(same_entry).enumerate() {
        push_comma(&mut text, at);
        push_entry(&mut text, entry);
    }
    text.push_str("]}");
    text
}

/// Cuts `items` into POSTs of at most `max_items` items and `max_bytes` bytes; one that is larger goes alone.
pub fn cut(items: Vec<Item>, max_items: usize, max_bytes: usize) -> Vec<Vec<Item>> {
    let (mut posts, mut post, mut bytes) = (Vec::new(), Vec::new(), 64);
    for item in items {
        let weight = item.weight();
        if !post.is_empty() && (post.len() >= max_items || bytes + weight > max_bytes) {
            posts.push(std::mem::take(&mut post));
            bytes = 64;
        }
        bytes += weight;
        post.push(item);
    }
    if !post.is_empty() {
        posts.push(post);
    }
    posts
}

fn same_entry(one: &Item, other: &Item) -> bool {
    match (&one.place, &other.place) {
        (Place::Number(a), Place::Number(b)) => a.waba == b.waba,
        (Place::Number(_) | Place::Account { .. }, Place::Account { .. })
        | (Place::Account { .. }, Place::Number(_)) => false,
    }
}

fn push_entry(text: &mut String, items: &[Item]) {
    match &items[0].place {
        Place::Account { entry_id, field, time, .. } => {
            let body = &items[0].body;
            text.push_str(&format!(
                r#"{{"id":"{entry_id}","time":{time},"changes":[{{"value":{body},"field":"{field}"}}]}}"#
            ));
        }
        Place::Number(line) => {
            text.push_str(&format!(r#"{{"id":"{}","changes":["#, line.waba));
            for (at, change) in items.chunk_by(same_change).enumerate() {
                push_comma(text, at);
                push_change(text, change);
            }
            text.push_str("]}");
        }
    }
}

fn same_change(one: &Item, other: &Item) -> bool {
    let same_number = match (&one.place, &other.place) {
        (Place::Number(a), Place::Number(b)) => a.number == b.number,
        (Place::Number(_) | Place::Account { .. }, Place::Account { .. })
        | (Place::Account { .. }, Place::Number(_)) => false,
    };
    same_number && one.kind == other.kind
}

fn push_change(text: &mut String, items: &[Item]) {
    let Place::Number(line) = &items[0].place else { return };
    let list = match items[0].kind {
        Kind::Message => "messages",
        Kind::Status => "statuses",
        Kind::Account => return,
    };
    text.push_str(r#"{"value":{"messaging_product":"whatsapp","metadata":"#);
    text.push_str(&line.metadata);
    push_contacts(text, items);
    text.push_str(&format!(r#","{list}":["#));
    for (at, item) in items.iter().enumerate() {
        push_comma(text, at);
        text.push_str(&item.body);
    }
    text.push_str(r#"]},"field":"messages"}"#);
}

fn push_contacts(text: &mut String, items: &[Item]) {
    let mut seen = HashSet::new();
    let contacts = items.iter().filter_map(|item| item.contact.as_deref());
    let contacts: Vec<&str> = contacts.filter(|contact| seen.insert(*contact)).collect();
    if contacts.is_empty() {
        return;
    }
    text.push_str(r#","contacts":["#);
    text.push_str(&contacts.join(","));
    text.push(']');
}

fn push_comma(text: &mut String, at: usize) {
    if at > 0 {
        text.push(',');
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value;

    use super::super::item::Line;
    use super::*;

    fn message(line: &Arc<Line>, key: &str) -> Item {
        Item::message(key.into(), line, format!(r#"{{"id":"{key}"}}"#), Some(r#"{"wa_id":"49"}"#.into()))
    }

    #[test]
    fn one_post_carries_several_accounts_numbers_and_kinds() {
        let (one, two) = (Arc::new(Line::new("1", "11", "1555")), Arc::new(Line::new("2", "22", "1556")));
        let status = Item::status("s".into(), &one, r#"{"id":"s"}"#.into(), None);
        let items = [message(&one, "a"), message(&one, "b"), status, message(&two, "c")];
        let parsed: Value = serde_json::from_str(&body(&items)).expect("JSON");
        assert_eq!(parsed["entry"][0]["id"], "1");
        assert_eq!(parsed["entry"][0]["changes"][0]["value"]["messages"][1]["id"], "b");
        assert_eq!(parsed["entry"][0]["changes"][0]["value"]["contacts"].as_array().map(Vec::len), Some(1));
        assert_eq!(parsed["entry"][0]["changes"][1]["value"]["statuses"][0]["id"], "s");
        assert_eq!(parsed["entry"][1]["changes"][0]["value"]["metadata"]["phone_number_id"], "22");
    }

    #[test]
    fn a_post_is_never_larger_than_asked() {
        let line = Arc::new(Line::new("1", "11", "1555"));
        let items: Vec<Item> = (0..500).map(|n| message(&line, &format!("{n}"))).collect();
        for post in cut(items.clone(), 100, 4000) {
            assert!(post.len() <= 100 && body(&post).len() <= 4000, "{} bytes", body(&post).len());
        }
        assert_eq!(cut(items, 100, MAX_BYTES).len(), 5);
    }
}
