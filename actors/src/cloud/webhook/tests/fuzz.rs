//! Envelope, items, envelope: for webhooks of every field, bent out of shape. `WHARF_FUZZ_SECONDS` says for how long.

use super::properties::{NAMES, any_json};
use super::*;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::time::{Duration, Instant};

/// Without `WHARF_FUZZ_SECONDS`.
const SECONDS: u64 = 3;

/// What real webhooks look like, one of each shape.
const SEEDS: [&str; 9] = [
    r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"9"},"contacts":[{"profile":{"name":"A"},"wa_id":"1"},{"profile":{"name":"B"},"user_id":"US.2"}],"messages":[{"from":"1","id":"wamid.A","timestamp":"1700000001","type":"text","text":{"body":"hi"}},{"from_user_id":"US.2","id":"wamid.B","timestamp":"1700000001","type":"system","system":{"wa_id":"3","user_id":"US.3"}}]},"field":"messages"}]}]}"#,
    r#"{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"value":{"metadata":{"display_phone_number":"15550783881","phone_number_id":"9"},"contacts":[{"wa_id":"1","user_id":"US.1"}],"statuses":[{"id":"wamid.A","status":"sent","timestamp":"1700000001","recipient_id":"1","biz_opaque_callback_data":"x"},{"id":"wamid.G","status":"read","timestamp":"1","recipient_id":"G","recipient_type":"group","recipient_participant_id":"2"},{"id":"wamid.P","type":"payment","status":"captured","payment":{"reference_id":"r","transaction":{"id":"t","updated_timestamp":1700000009},"refunds":[{"id":"r1"}]}}],"errors":[{"code":131035}]},"field":"messages"}]}]}"#,
    r#"{"entry":[{"id":"1","changes":[{"field":"calls","value":{"metadata":{"display_phone_number":"15550783881","phone_number_id":"9"},"calls":[{"id":"wacid.1","from":"1","to":"15550783881","event":"connect","direction":"USER_INITIATED","timestamp":"1700000001","session":{"sdp":"v=0\r\n"}}],"statuses":[{"id":"wacid.2","type":"call","status":"RINGING","recipient_id":"1"}]}}]}]}"#,
    r#"{"entry":[{"id":"1","changes":[{"field":"history","value":{"metadata":{"phone_number_id":"9"},"history":[{"metadata":{"phase":0,"chunk_order":1,"progress":55},"threads":[{"id":"1","messages":[{"from":"1","id":"wamid.H","history_context":{"status":"READ"}}]}]},{"errors":[{"code":2593109}]}]}},{"field":"history","value":{"metadata":{"phone_number_id":"9"},"messages":[{"from":"1","id":"wamid.M","type":"image"}]}}]}]}"#,
    r#"{"entry":[{"id":"1","changes":[{"field":"smb_message_echoes","value":{"metadata":{"phone_number_id":"9"},"message_echoes":[{"from":"9","to":"1","to_user_id":"US.1","id":"wamid.E"}]}},{"field":"smb_app_state_sync","value":{"metadata":{"phone_number_id":"9"},"state_sync":[{"type":"contact","contact":{"phone_number":"1"},"action":"add","metadata":{"timestamp":"1739321024"}}]}}]}]}"#,
    r#"{"entry":[{"id":"1","changes":[{"field":"user_preferences","value":{"metadata":{"phone_number_id":"9"},"contacts":[{"wa_id":"1"}],"user_preferences":[{"wa_id":"1","category":"marketing_messages","value":"stop","timestamp":1731705721}]}},{"field":"user_id_update","value":{"metadata":{"phone_number_id":"9"},"user_id_update":[{"wa_id":"1","user_id":{"previous":"US.1","current":"US.2"},"timestamp":"1700000003"}]}},{"field":"automatic_events","value":{"metadata":{"phone_number_id":"9"},"automatic_events":[{"id":"wamid.L","event_name":"LeadSubmitted","timestamp":1749069089}]}}]}]}"#,
    r#"{"entry":[{"id":"1","changes":[{"field":"group_participants_update","value":{"metadata":{"phone_number_id":"9"},"groups":[{"timestamp":"1750269342","group_id":"G","type":"group_participants_add","request_id":"R"}]}},{"field":"standby","value":{"metadata":{"phone_number_id":"9"},"standby":{"messages":[{"from":"1","id":"wamid.S"}]}}},{"field":"messaging_handovers","value":{"recipient":{"phone_number_id":"9"},"sender":{"phone_number":"1"},"timestamp":"1788000000","control_passed":{"to":"x"},"metadata":"note"}}]}]}"#,
    r#"{"entry":[{"id":"1","time":1739321024,"changes":[{"field":"account_settings_update","value":{"timestamp":"1671644824","phone_number_settings":{"phone_number_id":"9"}}},{"field":"account_alerts","value":{"entity_type":"PHONE_NUMBER","entity_id":"9"}},{"field":"security","value":{"display_phone_number":"+1 555","event":"PIN_CHANGED"}},{"field":"flows","value":{"event":"X","errors":[1,2]}}]},{"id":"77","time":1739321025,"changes":[{"field":"account_update","value":{"event":"PARTNER_ADDED","waba_info":{"waba_id":"1"}}},{"field":"partner_solutions","value":{"event":"SOLUTION_CREATED"}}]}]}"#,
    r#"{"object":"whatsapp_business_account","entry":[{"id":"0","changes":[{"field":"messages","value":{"metadata":{"display_phone_number":"16505551111","phone_number_id":"123456123"},"contacts":[{"wa_id":"16315551181"}],"messages":[{"from":"16315551181","id":"ABGGFlA5Fpa","timestamp":"1504902988"}]}}]},{"id":"2"},{}]}"#,
];

/// JSON as it is written, doubled names and odd spelling included.
#[derive(Debug, Clone)]
enum Node {
    Written(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    fn read(json: &Json) -> Self {
        match json {
            Json::Array(elements) => Node::Array(elements.iter().map(Node::read).collect()),
            Json::Object(members) => {
                Node::Object(members.iter().map(|(name, value)| (format!("\"{name}\""), Node::read(value))).collect())
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Node::Written(json.to_string()),
        }
    }

    fn write(&self, into: &mut String) {
        match self {
            Node::Written(text) => into.push_str(text),
            Node::Array(elements) => {
                let parts = elements.iter().map(|element| (None, element));
                Self::write_all(parts, '[', ']', into);
            }
            Node::Object(members) => {
                let parts = members.iter().map(|(name, value)| (Some(name), value));
                Self::write_all(parts, '{', '}', into);
            }
        }
    }

    fn write_all<'n>(
        parts: impl Iterator<Item = (Option<&'n String>, &'n Node)>,
        open: char,
        close: char,
        into: &mut String,
    ) {
        into.push(open);
        for (at, (name, value)) in parts.enumerate() {
            into.push_str(if at > 0 { "," } else { "" });
            if let Some(name) = name {
                into.push_str(name);
                into.push(':');
            }
            value.write(into);
        }
        into.push(close);
    }

    fn count(&self) -> usize {
        match self {
            Node::Written(_) => 1,
            Node::Array(elements) => 1 + elements.iter().map(Node::count).sum::<usize>(),
            Node::Object(members) => 1 + members.iter().map(|(_, value)| value.count()).sum::<usize>(),
        }
    }

    /// The node at `at`, counted from the root.
    fn at(&mut self, at: usize) -> Option<&mut Node> {
        if at == 0 {
            return Some(self);
        }
        let mut left = at - 1;
        let children: Vec<&mut Node> = match self {
            Node::Written(_) => Vec::new(),
            Node::Array(elements) => elements.iter_mut().collect(),
            Node::Object(members) => members.iter_mut().map(|(_, value)| value).collect(),
        };
        for child in children {
            let count = child.count();
            if left < count {
                return child.at(left);
            }
            left -= count;
        }
        None
    }

    fn bend(&mut self, bend: &Bend) {
        let count = self.count();
        let (at, other) = (bend.at.index(count), bend.other.index(count));
        let copy = self.at(other).expect("counted").clone();
        let node = self.at(at).expect("counted");
        match (&bend.how, node) {
            (How::Replace(json), node) => *node = Node::Written(json.clone()),
            (How::Copy, node) => *node = copy,
            (How::Insert(name), Node::Object(members)) => {
                let place = other % (members.len() + 1);
                members.insert(place, (format!("\"{name}\""), copy));
            }
            (How::Insert(_), Node::Array(elements)) => {
                let place = other % (elements.len() + 1);
                elements.insert(place, copy);
            }
            (How::Remove, Node::Object(members)) if !members.is_empty() => drop(members.remove(other % members.len())),
            (How::Remove, Node::Array(elements)) if !elements.is_empty() => {
                drop(elements.remove(other % elements.len()));
            }
            (How::Double, Node::Object(members)) if !members.is_empty() => {
                members.push(members[other % members.len()].clone());
            }
            (How::Double, Node::Array(elements)) if !elements.is_empty() => {
                elements.push(elements[other % elements.len()].clone());
            }
            (How::Swap, Node::Object(members)) => members.reverse(),
            (How::Swap, Node::Array(elements)) => elements.reverse(),
            (How::Rename(name), Node::Object(members)) if !members.is_empty() => {
                let place = other % members.len();
                members[place].0 = format!("\"{name}\"");
            }
            (How::Escape, Node::Object(members)) if !members.is_empty() => {
                let place = other % members.len();
                members[place].0 = escaped(&members[place].0);
            }
            (How::Escape, Node::Written(text)) if text.starts_with('"') => *text = escaped(text),
            (How::Space, Node::Written(text)) => *text = format!(" \n{text}\t"),
            (How::Space, Node::Object(members)) if !members.is_empty() => {
                let place = other % members.len();
                members[place].0 = format!("\r\n {} ", members[place].0);
            }
            (How::Insert(_) | How::Remove | How::Double | How::Swap | How::Rename(_) | How::Escape | How::Space, _) => {
            }
        }
    }
}

/// The first letter of a written text in its longest spelling.
fn escaped(text: &str) -> String {
    let quote = text.find('"').map_or(0, |at| at + 1);
    match text[quote..].chars().next() {
        Some(letter) if letter.is_ascii_alphanumeric() => {
            format!("{}\\u{:04X}{}", &text[..quote], letter as u32, &text[quote + 1..])
        }
        _ => text.to_owned(),
    }
}

#[derive(Debug, Clone)]
enum How {
    Replace(String),
    Copy,
    Insert(&'static str),
    Remove,
    Double,
    Swap,
    Rename(&'static str),
    Escape,
    Space,
}

#[derive(Debug, Clone)]
struct Bend {
    at: prop::sample::Index,
    other: prop::sample::Index,
    how: How,
}

fn any_bend() -> impl Strategy<Value = Bend> {
    let name = || prop::sample::select(&NAMES[..]);
    let how = prop_oneof![
        2 => any_json().prop_map(How::Replace),
        2 => Just(How::Copy),
        2 => name().prop_map(How::Insert),
        2 => Just(How::Remove),
        2 => Just(How::Double),
        1 => Just(How::Swap),
        1 => name().prop_map(How::Rename),
        1 => Just(How::Escape),
        1 => Just(How::Space),
    ];
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), how).prop_map(|(at, other, how)| Bend {
        at,
        other,
        how,
    })
}

fn any_bent_webhook() -> impl Strategy<Value = String> {
    (prop::sample::select(&SEEDS[..]), prop::collection::vec(any_bend(), 0..12)).prop_map(|(seed, bends)| {
        let mut post = Node::read(&serde_json::from_str(seed).expect("a seed is JSON"));
        bends.iter().for_each(|bend| post.bend(bend));
        let mut text = String::new();
        post.write(&mut text);
        text
    })
}

/// Whether an object in `json` has a name twice, however it is spelled.
fn has_doubles(json: &[u8]) -> bool {
    struct Unique;
    impl<'de> serde::Deserialize<'de> for Unique {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            from.deserialize_any(Unique)
        }
    }
    impl<'de> serde::de::Visitor<'de> for Unique {
        type Value = Unique;

        fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            to.write_str("JSON without doubled names")
        }

        fn visit_unit<E>(self) -> Result<Unique, E> {
            Ok(Unique)
        }

        fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
            Ok(Unique)
        }

        fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
            Ok(Unique)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
            Ok(Unique)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
            Ok(Unique)
        }

        fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
            Ok(Unique)
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Unique, A::Error> {
            while seq.next_element::<Unique>()?.is_some() {}
            Ok(Unique)
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
            let mut names = BTreeSet::new();
            while let Some((name, Unique)) = map.next_entry::<String, Unique>()? {
                if !names.insert(name) {
                    return Err(serde::de::Error::custom("doubled"));
                }
            }
            Ok(Unique)
        }
    }
    serde_json::from_slice::<Unique>(json).is_err()
}

/// The round trip: everything that holds for whatever body comes in.
fn assert_round_trip(body: &[u8]) {
    let json = serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    let items = match split(&Bytes::copy_from_slice(body)) {
        Ok(items) => items,
        Err(Malformed::NotJson) => {
            let other = serde_json::from_slice::<Json>(body);
            assert!(!other.is_ok_and(|json| json.is_object()), "another parser reads an object");
            return;
        }
        Err(Malformed::NoEntries) => return,
    };
    assert!(json, "another parser calls it broken");
    assert_sound(body, &items);
    if has_doubles(body) {
        return;
    }
    let post: Json = serde_json::from_slice(body).expect("it has no doubled names");
    assert_eq!(items.len(), counted(&post));
    if !items.is_empty() {
        assert_lossless(body, &items);
    }
}

#[test]
fn bent_webhooks_come_out_of_their_items_again() {
    let seconds = std::env::var("WHARF_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let mut cases = 0;
    while Instant::now() < deadline {
        let config = ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() };
        let bent = TestRunner::new(config.clone()).run(&any_bent_webhook(), |post| {
            assert_round_trip(post.as_bytes());
            Ok(())
        });
        let broken = TestRunner::new(config).run(
            &(any_bent_webhook(), any::<prop::sample::Index>(), any::<u8>()),
            |(post, at, byte)| {
                let mut body = post.into_bytes();
                let at = at.index(body.len());
                body[at] = byte;
                assert_round_trip(&body);
                Ok(())
            },
        );
        bent.unwrap_or_else(|fault| panic!("after {cases} cases: {fault}"));
        broken.unwrap_or_else(|fault| panic!("after {cases} cases: {fault}"));
        cases += 512;
    }
    println!("{cases} webhooks in {seconds} s");
}
