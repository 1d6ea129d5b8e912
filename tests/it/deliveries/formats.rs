//! The two bodies of a delivery: Meta's own envelope, and the item with its dialog.

use crate::harness::mail::{entry, now_s, post, status};
use crate::harness::stage::Stage;
use serde_json::json;

/// Meta's escapes, spaces where Meta has none, and a member that nobody knows.
fn odd_message(id: &str) -> String {
    let at = now_s();
    format!(
        r#"{{"from":"491", "id":"{id}","timestamp":"{at}","type":"text","text":{{"body":"caf\u00e9 \/ \ud83d\ude00"}} ,"new_member":[1.0e3, null]}}"#
    )
}

#[actix_web::test]
async fn a_meta_delivery_holds_the_one_item_and_the_other_members_byte_for_byte() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let (one, two) = (odd_message("wamid.1"), odd_message("wamid.2"));
    let two = two.replace("491", "492");
    let metadata = format!(r#""metadata":{{"display_phone_number":"1555", "phone_number_id":"{}"}}"#, line.number);
    let contacts = r#"{"profile":{"name":"Zo\u00eb"},"wa_id":"491"},{"profile":{"name":"B"}, "wa_id":"492"}"#;
    let value = format!(
        r#"{{"messaging_product":"whatsapp",{metadata},"contacts":[{contacts}],"messages":[{one},{two}],"later":{{"x" :1}}}}"#
    );
    let body = post(&[entry(&line.waba, &[format!(r#"{{"value":{value},"field":"messages"}}"#)])]);
    stage.take(body).await;
    let delivered = stage.app.until(2).await;
    for (nth, (item, contact)) in
        [(one, r#"{"profile":{"name":"Zo\u00eb"},"wa_id":"491"}"#), (two, r#"{"profile":{"name":"B"}, "wa_id":"492"}"#)]
            .iter()
            .enumerate()
    {
        let text = delivered.iter().map(|delivery| String::from_utf8_lossy(&delivery.body).into_owned());
        let text = text
            .into_iter()
            .find(|text| text.contains(item))
            .unwrap_or_else(|| panic!("item {nth} is not byte for byte"));
        for member in [&*metadata, contact, r#""later":{"x" :1}"#, r#""object":"whatsapp_business_account""#] {
            assert!(text.contains(member), "{member} is missing in {text}");
        }
        let told: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(told["entry"][0]["changes"][0]["value"]["messages"].as_array().map(Vec::len), Some(1));
        assert_eq!(told["entry"][0]["changes"][0]["value"]["contacts"].as_array().map(Vec::len), Some(1));
    }
    stage.end().await;
}

#[actix_web::test]
async fn a_dialog_delivery_names_the_dialog_with_its_variables_and_holds_the_item_byte_for_byte() {
    let stage = Stage::engaged_with(|plan| plan.routes[0].1 = "format = \"dialog\"".into()).await;
    let line = stage.line(0, 0);
    let item = odd_message("wamid.1");
    stage.take(crate::harness::mail::letter(&line, std::slice::from_ref(&item))).await;
    let delivery = stage.app.until(1).await.remove(0);
    let text = String::from_utf8_lossy(&delivery.body).into_owned();
    assert!(text.ends_with(&format!(r#","message":{item}}}"#)), "{text}");
    let told = delivery.json();
    assert_eq!(
        (&told["id"], &told["type"], &told["field"]),
        (&json!(format!("{}.1", line.waba)), &json!("message"), &json!("messages"))
    );
    assert_eq!(told["message_id"], "wamid.1");
    assert!(told["received_at"].as_str().is_some_and(|at| at.ends_with('Z') && at.contains('T')), "{told}");
    assert_eq!(told["dialog"]["new"], true);
    assert_eq!(told["dialog"]["customer"], json!({"wa_id": "491"}));
    assert!(told["dialog"]["window_expires_at"].is_string());
    let variables =
        json!({"whatsapp.business": line.waba, "whatsapp.account": line.number, "whatsapp.number": line.display});
    assert_eq!(told["dialog"]["variables"], variables, "the number as Graph shows it");
    stage.end().await;
}

#[actix_web::test]
async fn of_a_whole_change_the_dialog_formats_message_is_its_value() {
    let stage = Stage::engaged_with(|plan| plan.routes[0].1 = "format = \"dialog\"".into()).await;
    let line = stage.line(0, 0);
    stage.take(post(&[entry(&line.waba, &[r#"{"field":"account_alerts","value":{"alert" : "X"}}"#.into()])])).await;
    stage.take(crate::harness::mail::receipts(&line, &[status("wamid.s", "sent", "491")])).await;
    let delivered = stage.app.until(2).await;
    let of_type =
        |kind: &str| delivered.iter().find(|delivery| delivery.json()["type"] == kind).expect("one of each").json();
    let account = of_type("account");
    assert_eq!((&account["message"], &account["field"]), (&json!({"alert": "X"}), &json!("account_alerts")));
    assert_eq!(account["dialog"], json!({"variables": {"whatsapp.business": line.waba}}));
    let status = of_type("status");
    assert_eq!((&status["message"]["status"], &status["message_id"]), (&json!("sent"), &json!("wamid.s")));
    stage.end().await;
}
