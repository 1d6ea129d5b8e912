//! What real webhooks do to those who trust the documentation.

use super::*;

fn message(id: &str, from: &str) -> String {
    format!(r#"{{"from":"{from}","id":"{id}","timestamp":"1700000001","type":"text","text":{{"body":"b"}}}}"#)
}

#[test]
fn the_same_message_twice_in_one_post_is_two_items_with_one_key() {
    let twice = format!(r#""messages":[{0},{0}]"#, message("wamid.D", "1"));
    let items = items(number_post("messages", &twice));
    assert_eq!(items.len(), 2);
    assert_eq!((items[0].key, items[0].content), (items[1].key, items[1].content));
}

#[test]
fn a_batch_cut_anew_holds_the_same_items() {
    let (a, b) = (message("wamid.A", "1"), message("wamid.B", "2"));
    let both = items(number_post("messages", &format!(r#""messages":[{a},{b}]"#)));
    let alone = only(number_post("messages", &format!(r#""messages":[{b}]"#)));
    assert_eq!(both[1].key, alone.key);
}

#[test]
fn test_payloads_of_the_dashboard_are_recognised() {
    let dashboard = r#"{"object":"whatsapp_business_account","entry":[{"id":"0","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"16505551111","phone_number_id":"123456123"},"contacts":[{"profile":{"name":"test user name"},"wa_id":"16315551181"}],"messages":[{"from":"16315551181","id":"ABGGFlA5Fpa","timestamp":"1504902988","type":"text","text":{"body":"this is a text message"}}]}}]}]}"#;
    assert!(only(dashboard).test);
    assert!(only(dashboard.replace("\"0\"", "\"1\"")).test, "the number alone tells");
    assert!(only(dashboard.replace("123456123", "1")).test, "the entry alone tells");
    assert!(only(dashboard.replace("\"id\":\"0\"", "\"id\":0")).test, "also as a number");
    assert!(!only(dashboard.replace("\"0\"", "\"00\"").replace("123456123", "1234561234")).test);
    assert!(!only(number_post("messages", &format!(r#""messages":[{}]"#, message("ABGGFlA5Fpa", "16315551181")))).test);
}

#[test]
fn the_dashboards_preview_without_an_envelope_is_no_webhook() {
    let preview = Bytes::from_static(br#"{"field":"messages","value":{"messages":[]}}"#);
    assert_eq!(split(&preview), Err(Malformed::NoEntries));
}

#[test]
fn a_message_without_its_type_object_is_an_item_and_so_is_the_error_beside_it() {
    let body = number_post(
        "messages",
        r#""contacts":[{"wa_id":"1"}],"messages":[{"from":"1","id":"wamid.I","timestamp":"1700505494","type":"interactive"}],"errors":[{"code":131000}]"#,
    );
    let items = items(&body);
    assert_eq!(items.iter().map(|item| item.kind).collect::<Vec<_>>(), [EventKind::Message, EventKind::Error]);
    assert_sound(body.as_bytes(), &items);
    assert_lossless(body.as_bytes(), &items);
}

#[test]
fn ids_are_opaque_text_whatever_they_are_made_of() {
    let item = only(number_post(
        "messages",
        r#""messages":[{"from":16505551234,"id":"wamid.a+b\/c==","timestamp":1669233778}]"#,
    ));
    assert_eq!(item.message_id.as_deref(), Some("wamid.a+b/c=="));
    assert_eq!(item.customer.wa_id.as_deref(), Some("16505551234"));
    assert_eq!(item.sent_at_s, Some(1_669_233_778));
    let escaped = only(number_post("messages", r#""messages":[{"id":"wamid\u002eA"}]"#));
    let plain = only(number_post("messages", r#""messages":[{"id":"wamid.A"}]"#));
    assert_eq!(escaped.key, plain.key, "another spelling is not another id");
}

#[test]
fn numbers_too_large_for_any_integer_stay_text() {
    let huge = "9".repeat(400);
    let item =
        only(format!(r#"{{"entry":[{{"id":{huge},"time":1e999,"changes":[{{"field":"flows","value":-0.5E-77}}]}}]}}"#));
    assert_eq!(item.owner.entry_id.as_deref(), Some(&*huge));
    assert_eq!(item.stamp, Stamp::Brief);
}

#[test]
fn times_may_be_numbers_strings_milliseconds_or_nonsense() {
    let at = |time: &str| {
        only(number_post("messages", &format!(r#""messages":[{{"id":"a","timestamp":{time}}}]"#))).sent_at_s
    };
    assert_eq!(at("\"1700000001\""), Some(1_700_000_001));
    assert_eq!(at("1700000001"), Some(1_700_000_001));
    assert_eq!(at("1700000001999"), Some(1_700_000_001));
    assert_eq!(at("\"1700000001999000\""), Some(1_700_000_001));
    assert_eq!(at("1700000001.75"), Some(1_700_000_001));
    assert_eq!(at("1.7e9"), Some(1_700_000_000));
    for nonsense in ["\"\"", "\"soon\"", "null", "[]", "0", "-5", "1e999", "true", "\"NaN\""] {
        assert_eq!(at(nonsense), None, "{nonsense}");
    }
}

#[test]
fn a_message_without_a_usable_time_is_undated() {
    let item = only(number_post("messages", r#""messages":[{"id":"wamid.U"}]"#));
    assert_eq!((item.stamp, item.sent_at_s), (Stamp::Undated, None));
}

#[test]
fn half_an_emoji_spoils_nothing() {
    let body = number_post(
        "messages",
        r#""contacts":[{"profile":{"name":"Ann \ud83d"},"wa_id":"1"},{"profile":{"name":"\ude00 Bob"},"wa_id":"2"}],"messages":[{"from":"1","id":"a\ud83d","text":{"body":"\ud83d\ude00"}},{"from":"2","id":"a\ud83e"}]"#,
    );
    let items = items(&body);
    assert_eq!(items.len(), 2);
    assert_ne!(items[0].key, items[1].key, "two broken ids are two ids");
    assert!(text(&items[0].body).contains(r#"Ann \ud83d"#) && !text(&items[0].body).contains("Bob"));
    assert_sound(body.as_bytes(), &items);
}

#[test]
fn half_an_emoji_as_bytes_spoils_nothing_either() {
    let mut body = number_post("messages", r#""messages":[{"id":"a","text":{"body":"??"}},{"id":"b"}]"#).into_bytes();
    let at = body.windows(2).position(|window| window == b"??").expect("the mark is there");
    body.splice(at..at + 2, [0xED, 0xA0, 0xBD]);
    let items = split(&Bytes::from(body.clone())).expect("the batch is taken");
    assert_eq!(items.len(), 2);
    assert_sound(&body, &items);
}

#[test]
fn escaped_names_of_members_are_the_same_members() {
    let item = only(r#"{"\u0065ntry":[{"i\u0064":"7","changes":[{"fi\u0065ld":"flows","value":{}}]}]}"#);
    assert_eq!((item.owner.entry_id.as_deref(), &*item.field), (Some("7"), "flows"));
}

#[test]
fn doubled_keys_lose_nothing() {
    let (a, b, c) = (message("wamid.A", "1"), message("wamid.B", "1"), message("wamid.C", "1"));
    let body = format!(
        r#"{{"entry":[{{"id":"x","id":"{WABA}","changes":[{{"field":"f","field":"messages","value":{{{METADATA},"messages":[{a}],"messages":[{b}]}}}}]}}],"entry":[{{"id":"2","changes":[{{"field":"messages","value":{{"metadata":{{}},"messages":[{c}]}}}}]}}]}}"#
    );
    let items = items(&body);
    let ids: Vec<_> = items.iter().map(|item| item.message_id.as_deref().unwrap_or_default()).collect();
    assert_eq!(ids, ["wamid.A", "wamid.B", "wamid.C"]);
    assert_eq!(items[0].owner.entry_id.as_deref(), Some(WABA), "the last one counts, as for most parsers");
    assert_eq!(items[2].owner.entry_id.as_deref(), Some("2"));
    assert_sound(body.as_bytes(), &items);
}

#[test]
fn nesting_without_end_costs_no_stack() {
    let depth = 100_000;
    let (open, close) = ("[".repeat(depth), "]".repeat(depth));
    let body = number_post(
        "messages",
        &format!(r#""messages":[{{"id":"a","odd":{open}{close}}},{{"id":"b"}}],"beside":{open}1{close}"#),
    );
    let items = items(&body);
    assert_eq!(items.len(), 2);
    assert_eq!(items[0].body.len() + r#",{"id":"b"}"#.len(), body.len(), "all of it but the other message");
    let objects = format!(r#"{{"entry":[{}1{}]}}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth));
    assert_eq!(only(objects).kind, EventKind::Account);
    assert_eq!(split(&Bytes::from(open)), Err(Malformed::NotJson));
}

#[test]
fn a_user_id_in_the_place_of_a_phone_number_is_a_user_id() {
    let body = number_post(
        "messages",
        r#""contacts":[{"wa_id":"US.1349"}],"messages":[{"from":"US.1349","id":"a"},{"from":"","from_user_id":"US.1349","id":"b"},{"from":"1650","from_user_id":"US.2","id":"c"}]"#,
    );
    let customers: Vec<_> = items(&body).into_iter().map(|item| item.customer).collect();
    assert_eq!(
        customers,
        [person(None, Some("US.1349")), person(None, Some("US.1349")), person(Some("1650"), Some("US.2"))]
    );
}

#[test]
fn a_contact_tells_the_id_that_the_message_leaves_out() {
    let body = number_post(
        "messages",
        r#""contacts":[{"wa_id":"1","user_id":"US.1"},{"wa_id":"2","user_id":"US.2"}],"messages":[{"from":"1","id":"a"},{"from_user_id":"US.2","id":"b"},{"id":"c"}]"#,
    );
    let customers: Vec<_> = items(&body).into_iter().map(|item| item.customer).collect();
    assert_eq!(customers, [person(Some("1"), Some("US.1")), person(Some("2"), Some("US.2")), Customer::default()]);
    let lone = number_post("messages", r#""contacts":[{"wa_id":"1","user_id":"US.1"}],"messages":[{"id":"c"}]"#);
    assert_eq!(only(lone).customer, person(Some("1"), Some("US.1")));
}

#[test]
fn a_changed_number_names_the_old_and_the_new_one_and_opens_no_window() {
    for new in ["wa_id", "new_wa_id"] {
        let item = only(number_post(
            "messages",
            &format!(
                r#""messages":[{{"from":"111","id":"a","type":"system","system":{{"{new}":"222","user_id":"US.2","type":"user_changed_number"}}}}]"#
            ),
        ));
        let expected = Customer { previous_wa_id: some("111"), ..person(Some("222"), Some("US.2")) };
        assert_eq!((item.customer, item.opens_window), (expected, false));
    }
}

#[test]
fn a_changed_user_id_in_a_system_message_names_both() {
    let item = only(number_post(
        "messages",
        r#""messages":[{"from_user_id":"US.1","id":"a","type":"system","system":{"user_id":"US.2","type":"user_changed_user_id"}},{"id":"b","type":"system","system":{"user_id":"US.2","previous_user_id":"US.1"}}]"#,
    ).replace(r#",{"id":"b","type":"system","system":{"user_id":"US.2","previous_user_id":"US.1"}}"#, ""));
    assert_eq!(item.customer, Customer { previous_user_id: some("US.1"), ..person(None, Some("US.2")) });
    let told = only(number_post(
        "messages",
        r#""messages":[{"id":"b","type":"system","system":{"user_id":"US.2","previous_user_id":"US.1"}}]"#,
    ));
    assert_eq!(told.customer, item.customer);
}

#[test]
fn an_identity_change_is_no_change_of_ids() {
    let item = only(number_post(
        "messages",
        r#""messages":[{"from":"1","id":"a","type":"system","system":{"body":"x","wa_id":"1","type":"customer_identity_changed"}}]"#,
    ));
    assert_eq!(item.customer, person(Some("1"), None));
}

#[test]
fn a_message_in_a_group_names_group_and_member() {
    let item = only(number_post("messages", r#""messages":[{"from":"1","group_id":"G","id":"a","type":"text"}]"#));
    assert_eq!(item.customer, Customer { group_id: some("G"), ..person(Some("1"), None) });
}

#[test]
fn three_entries_for_three_accounts_get_exactly_their_own() {
    let entry = |waba: &str, number: &str, id: &str| {
        format!(
            r#"{{"id":"{waba}","changes":[{{"field":"messages","value":{{"metadata":{{"phone_number_id":"{number}"}},"messages":[{}]}}}}]}}"#,
            message(id, "1")
        )
    };
    let body =
        format!(r#"{{"entry":[{},{},{}]}}"#, entry("1", "11", "a"), entry("2", "22", "b"), entry("3", "33", "c"));
    let items = items(&body);
    let owners: Vec<_> = items
        .iter()
        .map(|item| (item.owner.entry_id.as_deref().unwrap_or_default(), item.number.id.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(owners, [("1", "11"), ("2", "22"), ("3", "33")]);
    for (item, foreign) in items.iter().zip(["\"22\"", "\"33\"", "\"11\""]) {
        assert!(!text(&item.body).contains(foreign), "nobody gets a neighbour's mail");
    }
    assert_sound(body.as_bytes(), &items);
}

#[test]
fn a_template_update_without_metadata_comes_first_and_fails_nothing() {
    let body = format!(
        r#"{{"entry":[{{"id":"{WABA}","changes":[{{"field":"message_template_status_update","value":{{"event":"APPROVED"}}}},{{"field":"messages","value":{{{METADATA},"messages":[{}]}}}}]}}]}}"#,
        message("a", "1")
    );
    let kinds: Vec<_> = items(&body).into_iter().map(|item| item.kind).collect();
    assert_eq!(kinds, [EventKind::Account, EventKind::Message]);
}

#[test]
fn messages_statuses_and_errors_in_one_change_are_all_items() {
    let body = number_post(
        "messages",
        &format!(
            r#""errors":[{{"code":1}}],"statuses":[{{"id":"s","status":"sent","recipient_id":"9"}}],"messages":[{}]"#,
            message("a", "1")
        ),
    );
    let items = items(&body);
    assert_eq!(
        items.iter().map(|item| item.kind).collect::<Vec<_>>(),
        [EventKind::Error, EventKind::Status, EventKind::Message]
    );
    assert_sound(body.as_bytes(), &items);
    assert_lossless(body.as_bytes(), &items);
}

#[test]
fn an_item_belongs_to_its_entry_unless_the_entry_has_no_id() {
    let with = |id: &str| only(format!(r#"{{"entry":[{{{id}"changes":[{{"field":"flows","value":{{}}}}]}}]}}"#)).owner;
    assert!(with("").decides_by_content);
    assert!(with(r#""id":null,"#).decides_by_content);
    assert!(with(r#""id":"","#).decides_by_content);
    let odd = with(r#""id":{"a":1},"#);
    assert!(!odd.decides_by_content && odd.entry_id.is_none(), "an odd id is nobody's");
}
