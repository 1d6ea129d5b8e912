//! What is not taken is tried again, until it is or until it is too old.

use crate::harness::application::{Application, Reply, nobody};
use crate::harness::mail::{letter, text};
use crate::harness::stage::Stage;
use crate::harness::until;
use serde_json::json;
use std::time::Duration;

#[actix_web::test]
async fn anything_but_2xx_is_tried_again_and_any_2xx_is_taken() {
    let stage = Stage::engaged().await;
    stage.app.answer(|delivery| {
        let (first, then) = match &*delivery.item_id() {
            "wamid.400" => (400, 204),
            "wamid.429" => (429, 201),
            "wamid.304" => (304, 202),
            _ => (500, 200),
        };
        Reply::Status(if delivery.header("x-wharf-attempt") == "1" { first } else { then })
    });
    // Two at a time: three customers in trouble are the endpoint's.
    for (nth, codes) in (1..).zip([["400", "429"], ["304", "500"]]) {
        let messages = codes.map(|code| text(&format!("wamid.{code}"), code));
        stage.take(letter(&stage.line(0, 0), &messages)).await;
        stage.until_ledger("/routes/main~1app/delivered", nth * 2).await;
    }
    assert_eq!(stage.app.deliveries().len(), 8);
    stage.end().await;
}

#[actix_web::test]
async fn an_application_that_asks_for_time_gets_it() {
    let stage = Stage::engaged().await;
    stage.app.answer(|delivery| match delivery.header("x-wharf-attempt") {
        "1" => Reply::With(503, "Retry-After", "2".into()),
        _ => Reply::Status(200),
    });
    stage.take(letter(&stage.line(0, 0), &[text("wamid.1", "491")])).await;
    let delivered = stage.app.until(2).await;
    let waited = delivered[1].at - delivered[0].at;
    assert!(waited >= Duration::from_millis(1990), "{waited:?}");
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    stage.end().await;
}

#[actix_web::test]
async fn an_application_that_was_away_gets_its_mail_when_it_is_back() {
    let address = nobody();
    let stage = Stage::engaged_with(|plan| {
        plan.routes.clear();
        plan.more = format!("[[gateway.route]]\nname = \"away\"\nurl = \"http://{address}/hook\"\n");
    });
    let stage = stage.await;
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    let account = format!("/api/accounts/{}", line.waba);
    let refused = until("the first attempt has failed", async || {
        let told = stage.look(&account).await.json();
        told["routes"]["main/away"]["last_answer"]["reason"].as_str().map(str::to_owned)
    });
    let reason = refused.await;
    assert!(!reason.is_empty());
    let back = Application::on(address);
    let delivered = back.until(1).await;
    assert_eq!((delivered[0].target.as_str(), delivered[0].item_id()), ("POST /hook", "wamid.1".into()));
    assert_ne!(delivered[0].header("x-wharf-attempt"), "1");
    assert_eq!(
        (delivered[0].header("x-hub-signature-256"), delivered[0].header("webhook-signature")),
        ("", ""),
        "no secret, no signature"
    );
    stage.until_ledger("/routes/main~1away/delivered", 1).await;
    back.stop().await;
    stage.end().await;
}

#[actix_web::test]
async fn redirects_are_not_followed() {
    let stage = Stage::engaged().await;
    let elsewhere = stage.app.url("/elsewhere");
    stage.app.answer(move |delivery| match delivery.header("x-wharf-attempt") {
        "1" => Reply::With(302, "Location", elsewhere.clone()),
        "2" => Reply::With(307, "Location", elsewhere.clone()),
        _ => Reply::Status(200),
    });
    stage.take(letter(&stage.line(0, 0), &[text("wamid.1", "491")])).await;
    let delivered = stage.app.until(3).await;
    assert!(delivered.iter().all(|delivery| delivery.target == "POST /app"), "{delivered:?}");
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    stage.end().await;
}

#[actix_web::test]
async fn what_is_too_old_becomes_a_dead_letter_with_its_reason_and_its_dialog_goes_on() {
    let stage = Stage::engaged_with(|plan| plan.routes[0].1 = "max_age = \"1s\"".into()).await;
    stage.app.answer(|delivery| match &*delivery.item_id() {
        "wamid.bad" => Reply::Status(422),
        _ => Reply::Status(200),
    });
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.bad", "491"), text("wamid.good", "491")])).await;
    let ledger = stage.until_ledger("/routes/main~1app/delivered", 1).await;
    assert_eq!(ledger["routes"]["main/app"]["dead"], 1);
    let dead = stage.look(&format!("/api/accounts/{}/dead", line.waba)).await.json();
    let letter = &dead["data"][0];
    assert_eq!(
        (&letter["route"], &letter["event"], &letter["status"]),
        (&json!("main/app"), &json!(format!("{}.1", line.waba)), &json!(422))
    );
    assert!(letter["reason"].as_str().is_some_and(|reason| reason.contains("422")), "{letter}");
    assert_eq!(letter["body"]["entry"][0]["changes"][0]["value"]["messages"][0]["id"], "wamid.bad");
    assert_eq!(dead["data"].as_array().map(Vec::len), Some(1));
    stage.end().await;
}
