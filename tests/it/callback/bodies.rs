//! Bodies that Meta should not send and sometimes does: only what is no webhook at all is refused.

use crate::harness::application::Delivery;
use crate::harness::mail::{change, entry, letter, post, text, value};
use crate::harness::stage::Stage;
use serde_json::{Value, json};

#[actix_web::test]
async fn only_what_is_no_object_with_an_array_of_entries_is_refused() {
    let stage = Stage::engaged().await;
    for body in [
        "",
        " ",
        "null",
        "7",
        "\"entry\"",
        "[]",
        "[{\"entry\":[]}]",
        "{",
        "{\"entry\":[}",
        "{}",
        "{\"object\":\"x\"}",
        "{\"entry\":null}",
        "{\"entry\":{}}",
        "{\"entry\":\"x\"}",
        "{\"entry\":1}",
        "hub.mode=subscribe",
    ] {
        let answer = stage.post(body).await;
        assert_eq!((answer.status, &answer.json()["id"]), (400, &"wharf.body.not_json".into()), "{body}");
    }
    assert_eq!(stage.ledger().await["received"], 0);
    stage.end().await;
}

#[actix_web::test]
async fn a_post_without_entries_is_taken_and_holds_nothing() {
    let stage = Stage::engaged().await;
    stage.take(r#"{"object":"whatsapp_business_account","entry":[]}"#).await;
    assert_eq!(stage.ledger().await["received"], 0);
    stage.end().await;
}

/// Every known place with every type that does not belong there.
fn oddities(waba: &str, number: &str) -> Vec<String> {
    let message =
        json!({"from": "491", "id": "wamid.odd", "timestamp": "1790000000", "type": "text", "text": {"body": "x"}});
    let status = json!({"id": "wamid.sent", "status": "read", "timestamp": "1790000000", "recipient_id": "491"});
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550000000", "phone_number_id": number},
        "contacts": [{"profile": {"name": "N"}, "wa_id": "491", "user_id": "US.1"}],
        "messages": [message], "statuses": [status], "errors": [{"code": 1}],
    });
    let whole = json!({"object": "whatsapp_business_account", "entry": [{"id": waba, "time": 1_790_000_000,
        "changes": [{"field": "messages", "value": value}]}]});
    let mut places = Vec::new();
    walk(&whole, "", &mut places);
    let wrong = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5e300),
        json!("text"),
        json!([]),
        json!([[]]),
        json!({}),
        json!({"a": {"b": []}}),
    ];
    let mut bodies = Vec::new();
    for place in places.iter().filter(|place| place.starts_with("/entry/")) {
        for wrong in &wrong {
            let mut odd = whole.clone();
            *odd.pointer_mut(place).expect("a place of this document") = wrong.clone();
            bodies.push(odd.to_string());
        }
    }
    bodies
}

fn walk(value: &Value, at: &str, places: &mut Vec<String>) {
    places.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| walk(member, &format!("{at}/{name}"), places));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(nth, item)| walk(item, &format!("{at}/{nth}"), places));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[actix_web::test]
async fn wrong_types_at_every_known_place_are_taken_and_accounted_for() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let bodies = oddities(&line.waba, &line.number);
    assert!(bodies.len() > 200, "{} odd bodies", bodies.len());
    for body in bodies {
        let before = stage.ledger().await["received"].as_i64().expect("a count");
        let answer = stage.post(body.as_str()).await;
        assert_eq!(answer.status, 200, "{body}");
        let after = stage.ledger().await["received"].as_i64().expect("a count");
        assert!(after > before, "nothing came of {body}");
    }
    stage.end().await;
}

#[actix_web::test]
async fn an_odd_item_does_not_spoil_the_batch_and_is_journalled_as_it_came() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let odd = r#"{"id":"wamid.half","from":"491","text":{"body":"half an emoji \ud83d"},"n":1e999999,"big":123456789012345678901234567890}"#;
    stage
        .take(letter(&line, &[text("wamid.a", "491"), odd.into(), "17".into(), "null".into(), text("wamid.b", "491")]))
        .await;
    assert_eq!(stage.ledger().await["received"], 5);
    let delivered = stage.app.until(5).await;
    assert!(delivered.iter().any(|delivery| String::from_utf8_lossy(&delivery.body).contains(odd)), "byte for byte");
    let ids: Vec<_> = delivered
        .iter()
        .filter(|delivery| !String::from_utf8_lossy(&delivery.body).contains("999999"))
        .map(Delivery::item_id)
        .collect();
    assert!(ids.contains(&"wamid.a".into()) && ids.contains(&"wamid.b".into()), "{ids:?}");
    stage.end().await;
}

#[actix_web::test]
async fn deep_nesting_and_huge_numbers_are_taken() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let message = format!(r#"{{"id":"wamid.deep","from":"491","deep":{deep},"number":{}}}"#, "9".repeat(5000));
    stage.take(letter(&line, &[message])).await;
    stage.take(post(&[entry(&line.waba, &[change(&format!(r#"{{"deep":{deep}}}"#))])])).await;
    assert_eq!(stage.ledger().await["received"], 2);
    stage.app.until(2).await;
    stage.end().await;
}

#[actix_web::test]
async fn a_value_without_items_and_an_unknown_field_are_events_of_the_account() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let unknown = r#"{"field":"a_field_of_next_year","value":{"what":[1,2,3]}}"#;
    stage.take(post(&[entry(&line.waba, &[unknown.into(), change(&value(&line, r#""messages":[]"#))])])).await;
    let events = stage.events(&line.waba).await;
    let kinds: Vec<_> = events.iter().map(|event| (event["type"].clone(), event["field"].clone())).collect();
    let expected = [("account", "a_field_of_next_year"), ("account", "messages")];
    assert_eq!(kinds, expected.map(|(kind, field)| (json!(kind), json!(field))));
    stage.end().await;
}
