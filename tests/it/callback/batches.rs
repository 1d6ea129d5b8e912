//! One POST, many items: each goes to its account, and none is lost for standing beside another.

use crate::harness::mail::{change, entry, letters, post, status, text, value};
use crate::harness::stage::Stage;
use serde_json::json;

#[actix_web::test]
async fn a_batch_for_three_accounts_gives_each_exactly_its_own() {
    let stage = Stage::engaged().await;
    let lines = [0, 1, 2].map(|nth| stage.line(nth, 0));
    let entries: Vec<String> =
        lines.iter().map(|line| letters(line, &[text(&format!("wamid.{}", line.waba), "491")])).collect();
    stage.take(post(&entries)).await;
    for line in &lines {
        let events = stage.events(&line.waba).await;
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["item"]["id"], format!("wamid.{}", line.waba));
        assert_eq!(events[0]["number"], line.number);
    }
    let delivered = stage.app.until(3).await;
    for delivery in &delivered {
        let waba = delivery.header("x-whatsapp-business").to_owned();
        assert_eq!(delivery.item_id(), format!("wamid.{waba}"));
        assert_eq!(delivery.json()["entry"][0]["id"], waba);
    }
    let ledger = stage.until_ledger("/routes/main~1app/delivered", 3).await;
    assert_eq!((&ledger["received"], &ledger["routed"]), (&json!(3), &json!(3)));
    stage.end().await;
}

#[actix_web::test]
async fn messages_statuses_and_errors_in_one_change_all_arrive() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let members = format!(
        r#""contacts":[{{"wa_id":"491","profile":{{"name":"A"}}}}],"messages":[{},{}],"statuses":[{}],"errors":[{{"code":131051,"title":"Unsupported"}}]"#,
        text("wamid.a", "491"),
        text("wamid.b", "491"),
        status("wamid.sent", "delivered", "491"),
    );
    stage.take(post(&[entry(&line.waba, &[change(&value(&line, &members))])])).await;
    let mut kinds: Vec<_> = stage.events(&line.waba).await.iter().map(|event| event["type"].to_string()).collect();
    kinds.sort();
    assert_eq!(kinds, ["\"error\"", "\"message\"", "\"message\"", "\"status\""]);
    let delivered = stage.app.until(4).await;
    for delivery in delivered {
        let value = &delivery.json()["entry"][0]["changes"][0]["value"];
        let items: usize =
            ["messages", "statuses", "errors"].iter().filter_map(|list| value[list].as_array()).map(Vec::len).sum();
        assert_eq!(items, 1, "one item each: {value}");
        assert_eq!(value["metadata"]["phone_number_id"], line.number);
    }
    stage.end().await;
}

#[actix_web::test]
async fn a_change_without_metadata_first_in_the_batch_does_not_hold_up_the_rest() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let template =
        r#"{"field":"message_template_status_update","value":{"event":"APPROVED","message_template_id":12345}}"#;
    stage.take(post(&[entry(&line.waba, &[template.into()]), letters(&line, &[text("wamid.a", "491")])])).await;
    let events = stage.events(&line.waba).await;
    assert_eq!((&events[0]["type"], &events[1]["type"]), (&json!("account"), &json!("message")));
    assert_eq!(events[0]["item"]["value"]["event"], "APPROVED");
    stage.app.until(2).await;
    stage.end().await;
}

#[actix_web::test]
async fn what_came_for_an_inactive_account_is_kept_and_not_delivered() {
    let stage = Stage::new().await;
    assert_eq!(stage.verb("setup").await.status, 200);
    let line = stage.line(0, 0);
    stage.take(crate::harness::mail::letter(&line, &[text("wamid.early", "491")])).await;
    let events = stage.events(&line.waba).await;
    assert_eq!(events[0]["disposition"], "inactive");
    assert_eq!(stage.verb("subscribe").await.status, 200);
    stage.take(crate::harness::mail::letter(&line, &[text("wamid.late", "491")])).await;
    let delivered = stage.app.until(1).await;
    assert_eq!(delivered[0].item_id(), "wamid.late");
    let ledger = stage.until_ledger("/routes/main~1app/delivered", 1).await;
    assert_eq!((&ledger["inactive"], &ledger["routed"], &ledger["received"]), (&json!(1), &json!(1), &json!(2)));
    stage.end().await;
}
