//! What holds for any input.

use super::*;
use proptest::prelude::*;

pub(super) const NAMES: [&str; 44] = [
    "entry",
    "changes",
    "value",
    "field",
    "metadata",
    "contacts",
    "messages",
    "statuses",
    "errors",
    "message_echoes",
    "calls",
    "groups",
    "history",
    "state_sync",
    "user_preferences",
    "user_id_update",
    "automatic_events",
    "id",
    "time",
    "from",
    "to",
    "wa_id",
    "user_id",
    "from_user_id",
    "recipient_id",
    "recipient_type",
    "recipient_participant_id",
    "status",
    "type",
    "timestamp",
    "phone_number_id",
    "display_phone_number",
    "system",
    "payment",
    "group_id",
    "standby",
    "event",
    "direction",
    "sender",
    "waba_info",
    "entity_type",
    "phase",
    "object",
    "",
];

const SCALARS: [&str; 18] = [
    "null",
    "true",
    "0",
    "-1.5e+9",
    "123456123",
    "1700000001",
    "\"\"",
    "\"0\"",
    "\"messages\"",
    "\"history\"",
    "\"standby\"",
    "\"account_update\"",
    "\"US.1\"",
    "\"16505551234\"",
    "\"group\"",
    "\"payment\"",
    "\"a\\ud83d\\/\\n\"",
    "\"system\"",
];

/// Any JSON made of Meta's words, doubled keys included.
pub(super) fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![4 => prop::sample::select(&SCALARS[..]).prop_map(str::to_owned), 1 => any::<f64>().prop_filter_map("finite", |number| number.is_finite().then(|| number.to_string()))];
    leaf.prop_recursive(9, 96, 5, |inner| {
        let member =
            (prop::sample::select(&NAMES[..]), inner.clone()).prop_map(|(name, value)| format!("\"{name}\" :{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|elements| format!("[{}]", elements.join(", "))),
            prop::collection::vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

fn object_with(
    name: &'static str,
    elements: impl Strategy<Value = String>,
    beside: &'static [&'static str],
) -> impl Strategy<Value = String> {
    let member = (prop::sample::select(beside), any_json()).prop_map(|(name, value)| format!("\"{name}\":{value}"));
    (prop::collection::vec(elements, 0..4), prop::collection::vec(member, 0..3), any::<bool>()).prop_map(
        move |(elements, beside, first)| {
            let array = format!("\"{name}\":[{}]", elements.join(","));
            let members = if first { [vec![array], beside].concat() } else { [beside, vec![array]].concat() };
            format!("{{{}}}", members.join(","))
        },
    )
}

/// A webhook of the right form whose parts may be anything.
fn any_post() -> impl Strategy<Value = String> {
    let list = prop::sample::select(&NAMES[5..17]);
    let lists = prop::collection::vec((list, prop::collection::vec(any_json(), 0..3)), 0..4);
    let value = (lists, any_json(), any_json()).prop_map(|(lists, metadata, beside)| {
        let lists: String =
            lists.into_iter().map(|(name, elements)| format!(",\"{name}\":[{}]", elements.join(","))).collect();
        format!("{{\"metadata\":{metadata}{lists},\"beside\":{beside}}}")
    });
    let change = (value, prop::sample::select(&SCALARS[6..]))
        .prop_map(|(value, field)| format!("{{\"value\":{value},\"field\":{field}}}"));
    let entry = object_with("changes", prop_oneof![4 => change, 1 => any_json()], &["id", "time", "changes", "uid"]);
    object_with("entry", prop_oneof![6 => entry, 1 => any_json()], &["object", "more"])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(400), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_without_sense_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = split(&Bytes::from(bytes));
    }

    #[test]
    fn broken_webhooks_never_panic(post in any_post(), cut in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = post.into_bytes();
        let at = cut.index(bytes.len());
        bytes[at] = byte;
        if let Ok(items) = split(&Bytes::from(bytes.clone())) {
            assert_sound(&bytes, &items);
        }
        bytes.truncate(at);
        prop_assert!(split(&Bytes::from(bytes)).is_err());
    }

    #[test]
    fn what_another_parser_calls_json_is_json_here(json in any_json(), cut in any::<prop::sample::Index>(), byte in 0x20u8..0x7f) {
        prop_assert!(crate::cloud::webhook::tape::Tape::read(json.as_bytes()).is_some());
        let mut bytes = json.into_bytes();
        let at = cut.index(bytes.len());
        bytes[at] = byte;
        let other = serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok();
        prop_assert_eq!(crate::cloud::webhook::tape::Tape::read(&bytes).is_some(), other, "{}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_json_is_items_or_malformed(json in any_json()) {
        if let Ok(items) = split(&Bytes::from(json.clone())) {
            assert_sound(json.as_bytes(), &items);
        }
    }

    #[test]
    fn items_in_are_items_out(post in any_post()) {
        let bytes = Bytes::from(post.clone());
        let items = split(&bytes).expect("an array entry is there");
        assert_sound(post.as_bytes(), &items);
        let mut again = split(&bytes).expect("the same");
        prop_assert_eq!(&again, &items, "the same bytes say the same");
        again.retain(|item| item.key == 0);
        prop_assert!(again.is_empty());
    }

    #[test]
    fn every_item_is_counted_as_the_design_defines_it(
        messages in 0usize..4, statuses in 0usize..4, errors in 0usize..3, entries in 1usize..4, has_metadata in any::<bool>(),
    ) {
        let list = |name: &str, count: usize| format!("\"{name}\":[{}]", vec!["{\"id\":\"a\"}"; count].join(","));
        let metadata = if has_metadata { "\"metadata\":{}," } else { "" };
        let value = format!("{{{metadata}{},{},{}}}", list("messages", messages), list("statuses", statuses), list("errors", errors));
        let post = post("messages", &value);
        let json: Json = serde_json::from_str(&post).unwrap();
        let whole = format!("{{\"entry\":[{}]}}", vec![json["entry"][0].to_string(); entries].join(","));
        prop_assert_eq!(items(&whole).len(), counted(&serde_json::from_str(&whole).unwrap()));
    }
}
