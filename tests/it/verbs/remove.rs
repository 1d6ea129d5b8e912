//! `remove`: what is left of an account that is gone.

use crate::harness::application::Reply;
use crate::harness::mail::{letter, text};
use crate::harness::stage::Stage;
use serde_json::json;
use wharf::sandbox::Faults;

#[actix_web::test]
async fn all_are_removed_only_with_ack() {
    let stage = Stage::engaged().await;
    for query in ["remove", "remove&ack=", "remove&ack=false", "remove&ack=0"] {
        let answer = stage.verb(query).await;
        assert_eq!(
            (answer.status, &answer.json()["id"]),
            (400, &json!("chat.whatsapp.accounts.remove.ack")),
            "{query}"
        );
    }
    assert_eq!(stage.verb("search").await.json().as_array().map(Vec::len), Some(3));
    let answer = stage.verb("remove&ack=true").await;
    assert_eq!((answer.status, answer.json().as_array().map(Vec::len)), (200, Some(3)));
    assert!(!answer.text().contains("subscribed_fields") && !answer.text().contains("error"));
    assert_eq!(stage.verb("search").await.json(), json!([]));
    assert!(stage.sandbox.world().accounts().iter().all(|account| account.subscription.is_none()));
    assert_eq!(stage.verb("remove&ack=true").await.json(), json!([]));
    stage.end().await;
}

#[actix_web::test]
async fn one_unknown_id_and_nothing_is_changed() {
    let stage = Stage::engaged().await;
    let known = stage.sandbox.account_ids()[0].clone();
    let answer = stage.verb(&format!("remove&id={known},777")).await;
    let told = answer.json();
    assert_eq!((answer.status, &told["id"]), (400, &json!("chat.whatsapp.accounts.remove.partial")));
    assert_eq!((&told["code"], &told["status"]), (&json!(400), &json!("Bad Request")));
    assert!(
        told["detail"]
            .as_str()
            .is_some_and(|detail| detail.starts_with("remove: not all requested WhatsApp Business Accounts found"))
    );
    assert_eq!(stage.verb("search").await.json().as_array().map(Vec::len), Some(3));
    assert!(stage.sandbox.world().accounts().iter().all(|account| account.subscription.is_some()));
    stage.end().await;
}

#[actix_web::test]
async fn unfinished_deliveries_and_messages_become_dead_letters_that_can_still_be_read() {
    let mut stage = Stage::engaged_with(|plan| plan.send = "send_wait = \"0s\"".into()).await;
    stage.app.answer(|_| Reply::With(503, "Retry-After", "60".into()));
    let line = stage.line(0, 0);
    let messages: Vec<String> = (0..700).map(|nth| text(&format!("wamid.{nth}"), &(nth % 50).to_string())).collect();
    stage.take(letter(&line, &messages[..400])).await;
    stage.take(letter(&line, &messages[400..])).await;
    stage.sandbox.set_faults(Faults { send_error_rate: 1.0, send_error_code: 131_000, ..Faults::default() });
    let sent = stage
        .send(
            &format!("{}/messages", line.number),
            r#"{"messaging_product":"whatsapp","to":"15550001111","text":{"body":"x"}}"#,
        )
        .await;
    assert_eq!(sent.status, 202, "{}", sent.text());
    stage.app.until(3).await;
    let answer = stage.verb(&format!("remove&id={}", line.waba)).await;
    assert_eq!((answer.status, answer.json()[0]["error"].is_null()), (200, true), "{}", answer.text());
    let ledger = stage.ledger().await;
    let route = &ledger["routes"]["main/app"];
    assert_eq!((&route["pending"], &route["dead"]), (&json!(0), &json!(700)));
    let sends = &ledger["messages"];
    assert_eq!(
        (&sends["submitted"], &sends["queued"], &sends["sending"], &sends["failed"]),
        (&json!(1), &json!(0), &json!(0), &json!(1))
    );
    let path = format!("/api/accounts/{}/dead?limit=1000", line.waba);
    let dead = stage.look(&path).await.json();
    assert_eq!(dead["data"].as_array().map(Vec::len), Some(701));
    assert!(
        dead["data"]
            .as_array()
            .expect("letters")
            .iter()
            .all(|letter| letter["reason"].as_str().is_some_and(|reason| reason.contains("removed")))
    );
    assert_eq!(stage.look(&format!("/api/accounts/{}", line.waba)).await.status, 404);
    stage.crash().await;
    assert_eq!(stage.look(&path).await.json(), dead);
    assert_eq!(stage.events(&line.waba).await.len(), 700, "the journal keeps what it has");
    stage.end().await;
}

#[actix_web::test]
async fn an_account_that_is_set_up_again_goes_on_counting_and_its_old_mail_is_still_known() {
    let mut stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    for nth in 0..5 {
        stage.take(letter(&line, &[text(&format!("wamid.{nth}"), "491")])).await;
    }
    stage.until_ledger("/routes/main~1app/delivered", 5).await;
    stage.verb(&format!("remove&id={}", line.waba)).await;
    stage.take(letter(&line, &[text("wamid.between", "491")])).await;
    assert_eq!(stage.ledger().await["quarantined"], 1);
    stage.restart().await;
    assert_eq!(stage.verb("setup").await.status, 200);
    // Adopted before it is active: kept, and not delivered.
    stage.until_ledger("/quarantined", 0).await;
    assert_eq!(stage.verb("subscribe").await.status, 200);
    stage.take(letter(&line, &[text("wamid.after", "491"), text("wamid.3", "491")])).await;
    let events = stage.events(&line.waba).await;
    let told: Vec<_> =
        events.iter().map(|event| (event["seq"].as_u64(), event["item"]["id"].as_str().map(str::to_owned))).collect();
    let last = told.iter().rev().take(2).rev().cloned().collect::<Vec<_>>();
    assert_eq!(last, [(Some(6), Some("wamid.between".into())), (Some(7), Some("wamid.after".into()))]);
    assert_eq!(stage.ledger().await["duplicate"], 1);
    let delivered = stage.app.until(6).await;
    assert_eq!(delivered.last().expect("one").item_id(), "wamid.after");
    stage.end().await;
}

#[actix_web::test]
async fn where_meta_refuses_the_account_stays_and_force_goes_on() {
    let stage = Stage::engaged().await;
    let one = stage.sandbox.account_ids()[0].clone();
    stage.sandbox.set_faults(Faults { refused_accounts: vec![one.clone()], ..Faults::default() });
    let refused = stage.verb("remove&ack=true").await;
    let told = refused.json();
    let element = told.as_array().expect("an array").iter().find(|account| account["id"] == *one).expect("an element");
    assert_eq!((refused.status, element["error"].is_object()), (200, true), "{told}");
    let left = stage.verb("search").await.json();
    assert_eq!((left.as_array().map(Vec::len), &left[0]["id"]), (Some(1), &json!(one)));
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.still", "491")])).await;
    stage.app.until(1).await;
    let forced = stage.verb(&format!("remove&id={one}&force=true")).await;
    assert_eq!(forced.status, 200, "{}", forced.text());
    assert_eq!(stage.verb("search").await.json(), json!([]));
    stage.end().await;
}
