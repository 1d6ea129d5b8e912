//! Odd shapes at every level, and what goes along with an item.

use super::*;

#[test]
fn only_an_object_with_an_array_entry_is_a_webhook() {
    let outcome = |body: &'static str| split(&Bytes::from_static(body.as_bytes())).map(|items| items.len());
    for body in [
        "",
        "  ",
        "[]",
        "1",
        "null",
        "\"entry\"",
        "{",
        "{}x",
        "{\"entry\":[}",
        "{\"entry\":[01]}",
        "{'entry':[]}",
        "{\"entry\":[1,]}",
        "nul",
        "{\"a\" 1}",
        "{\"a\":\"\u{1}\"}",
        "{\"entry\":[\"\\x\"]}",
        "{\"entry\":[\"\\u12g4\"]}",
        "{\"entry\":[-]}",
        "{\"entry\":[1.]}",
        "{\"entry\":[1e]}",
        "\u{feff}{}",
    ] {
        assert_eq!(outcome(body), Err(Malformed::NotJson), "{body}");
    }
    for body in ["{}", "{\"entry\":{}}", "{\"entry\":null}", "{\"entries\":[]}", "{\"object\":{\"entry\":[]}}"] {
        assert_eq!(outcome(body), Err(Malformed::NoEntries), "{body}");
    }
    for body in ["{\"entry\":[]}", " {\"object\":1 , \"entry\" :[ ] } \n", "{\"entry\":5,\"entry\":[]}"] {
        assert_eq!(outcome(body), Ok(0), "{body}");
    }
}

#[test]
fn odd_entries_are_one_item_each() {
    let odd = [
        "1",
        "\"x\"",
        "null",
        "true",
        "[]",
        "{}",
        r#"{"id":"5"}"#,
        r#"{"id":"5","changes":[]}"#,
        r#"{"changes":{"field":"messages"}}"#,
        r#"{"changes":null,"value":{"a":1}}"#,
    ];
    let body = format!(r#"{{"object":"o","entry":[{}],"more":[1]}}"#, odd.join(" , "));
    let items = items(&body);
    assert_eq!(items.iter().map(|item| text(item.bytes())).collect::<Vec<_>>(), odd);
    assert!(items.iter().all(|item| item.kind == EventKind::Account && item.field.is_empty()));
    assert!(items.iter().all(|item| text(&item.body).starts_with(r#"{"object":"o","entry":["#)));
    assert!(items.iter().all(|item| text(&item.body).ends_with(r#"],"more":[1]}"#)));
    assert_eq!(items[6].owner.entry_id.as_deref(), Some("5"));
    assert!(items[0].owner.decides_by_content);
    assert_sound(body.as_bytes(), &items);
}

#[test]
fn odd_changes_are_one_item_each() {
    let odd = [
        "1",
        "\"x\"",
        "null",
        "[1]",
        "{}",
        r#"{"field":"messages"}"#,
        r#"{"value":{"metadata":{},"messages":[]}}"#,
        r#"{"field":5,"value":"v"}"#,
        r#"{"field":"messages","value":[{"messages":[1,2]}]}"#,
        r#"{"field":"messages","value":{"metadata":{},"messages":{"id":"a"}}}"#,
    ];
    let body = format!(r#"{{"entry":[{{"id":"7","changes":[{}],"uid":2}}]}}"#, odd.join(","));
    let items = items(&body);
    assert_eq!(items.iter().map(|item| text(item.bytes())).collect::<Vec<_>>(), odd);
    assert!(items.iter().all(|item| item.kind == EventKind::Account && item.owner.entry_id.as_deref() == Some("7")));
    assert!(items.iter().all(|item| text(&item.body).ends_with(r#"],"uid":2}]}"#)));
    assert_sound(body.as_bytes(), &items);
}

#[test]
fn odd_elements_are_items_of_their_list() {
    let odd = [
        "1",
        "\"x\"",
        "null",
        "[]",
        "{}",
        r#"{"id":{}}"#,
        r#"{"id":[],"from":{},"timestamp":{},"system":1}"#,
        r#"{"id":"","from":null}"#,
    ];
    for list in [
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
    ] {
        let body = number_post("messages", &format!(r#""{list}":[{}]"#, odd.join(",")));
        let items = items(&body);
        assert_eq!(items.iter().map(|item| text(item.bytes())).collect::<Vec<_>>(), odd, "{list}");
        assert!(items.iter().all(|item| item.kind != EventKind::Account && item.stamp == Stamp::Brief));
        assert_sound(body.as_bytes(), &items);
    }
}

#[test]
fn wrong_types_beside_the_items_go_along_as_they_are() {
    let body = r#"{"object":7,"entry":[{"id":true,"time":[],"changes":[{"field":{},"value":{"metadata":"m","contacts":{"wa_id":"1"},"errors":"none","messages":[{"id":"a"},{"id":"b"}]}}]}]}"#;
    let items = items(body);
    assert_eq!(items.len(), 2);
    assert_eq!(
        text(&items[1].body),
        r#"{"object":7,"entry":[{"id":true,"time":[],"changes":[{"field":{},"value":{"metadata":"m","contacts":{"wa_id":"1"},"errors":"none","messages":[{"id":"b"}]}}]}]}"#
    );
    assert_sound(body.as_bytes(), &items);
}

#[test]
fn members_nobody_knows_go_with_every_item_of_their_level_byte_for_byte() {
    let body = r#"{ "a" : [1,  2], "object":"o", "entry":[ {"b":{ "x" : "\u00e9\/" },"id":"1","changes":[ {"c":1.50,"value":{"d":null,"metadata":{},"messages":[ {"id":"a"} , {"id":"b"}],"statuses":[],"e":"\ud83d"},"field":"messages","f":[ ]}, {"field":"flows","value":1}],"g":1e2}],"h":{"entry":[]}}"#;
    let items = items(body);
    assert_eq!(items.len(), 3);
    assert_eq!(
        text(&items[0].body),
        r#"{"a":[1,  2],"object":"o","entry":[{"b":{ "x" : "\u00e9\/" },"id":"1","changes":[{"c":1.50,"value":{"d":null,"metadata":{},"messages":[{"id":"a"}],"e":"\ud83d"},"field":"messages","f":[ ]}],"g":1e2}],"h":{"entry":[]}}"#
    );
    assert_eq!(
        text(&items[2].body),
        r#"{"a":[1,  2],"object":"o","entry":[{"b":{ "x" : "\u00e9\/" },"id":"1","changes":[{"field":"flows","value":1}],"g":1e2}],"h":{"entry":[]}}"#
    );
    assert_sound(body.as_bytes(), &items);
}

#[test]
fn a_post_of_one_item_is_its_own_envelope() {
    let body = Bytes::from(format!(" {}\n", number_post("messages", r#""statuses":[],"messages":[ {"id":"a"} ]"#)));
    let items = split(&body).expect("a webhook");
    assert_eq!(items[0].body.as_ptr(), body.as_ptr(), "no copy was made");
    assert_eq!(items[0].bytes(), br#"{"id":"a"}"#);
}

#[test]
fn of_the_contacts_those_that_belong_to_the_item_go_along() {
    let body = number_post(
        "messages",
        r#""contacts":[{"wa_id":"1"},{"user_id":"US.2"},{"wa_id":"3"},{"profile":{"name":"no id"}},7],"messages":[{"from":"1","id":"a"},{"from":"2","from_user_id":"US.2","id":"b"},{"from":"9","id":"c"}],"statuses":[{"id":"d","status":"sent","recipient_id":"3"}]"#,
    );
    let items = items(&body);
    let contacts = |item: &Item| {
        serde_json::from_slice::<Json>(&item.body).unwrap()["entry"][0]["changes"][0]["value"]["contacts"].to_string()
    };
    assert_eq!(contacts(&items[0]), r#"[{"wa_id":"1"},{"profile":{"name":"no id"}},7]"#);
    assert_eq!(contacts(&items[1]), r#"[{"user_id":"US.2"},{"profile":{"name":"no id"}},7]"#);
    assert_eq!(
        contacts(&items[2]),
        r#"[{"wa_id":"1"},{"user_id":"US.2"},{"wa_id":"3"},{"profile":{"name":"no id"}},7]"#
    );
    assert_eq!(contacts(&items[3]), r#"[{"wa_id":"3"},{"profile":{"name":"no id"}},7]"#);
    assert_sound(body.as_bytes(), &items);
    assert_lossless(body.as_bytes(), &items);
}

#[test]
fn a_post_that_would_burst_is_one_item_that_claims_no_account() {
    let messages = vec![r#"{"id":"a"}"#; 2000].join(",");
    let beside = "x".repeat(100_000);
    let body = number_post("messages", &format!(r#""beside":"{beside}","messages":[{messages}]"#));
    let item = only(&body);
    assert_eq!(item.bytes(), body.as_bytes());
    assert_eq!((item.kind, &item.owner.entry_id, item.owner.decides_by_content), (EventKind::Account, &None, false));
    let entries = format!(r#"{{"entry":[{}0]}}"#, "0,".repeat(1_500_000));
    assert_eq!(only(entries).kind, EventKind::Account);
}

#[test]
fn the_largest_post_of_meta_is_cut() {
    let messages: Vec<String> = (0..1000)
        .map(|n| format!(r#"{{"from":"{n}","id":"wamid.{n}","text":{{"body":"{}"}}}}"#, "y".repeat(2_900)))
        .collect();
    let contacts: Vec<String> = (0..1000).map(|n| format!(r#"{{"profile":{{"name":"n"}},"wa_id":"{n}"}}"#)).collect();
    let body =
        number_post("messages", &format!(r#""contacts":[{}],"messages":[{}]"#, contacts.join(","), messages.join(",")));
    assert!(body.len() > 2_900_000);
    let items = items(&body);
    assert_eq!(items.len(), 1000);
    assert!(items.iter().all(|item| item.body.len() < 3_400));
}
