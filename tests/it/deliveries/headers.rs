//! The headers of a delivery: two signatures that hold, the dialog variables, the attempt.

use crate::harness::application::{Delivery, Reply};
use crate::harness::mail::{entry, letter, post, text};
use crate::harness::stage::{KEY, ROUTE_SECRET, SECRET, Stage};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wharf::sandbox::signing;

/// As a Standard Webhooks library checks it.
fn is_standard(delivery: &Delivery) -> bool {
    let key = BASE64_STANDARD.decode(ROUTE_SECRET.trim_start_matches("whsec_")).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length");
    mac.update(format!("{}.{}.", delivery.header("webhook-id"), delivery.header("webhook-timestamp")).as_bytes());
    mac.update(&delivery.body);
    let expected = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    delivery.header("webhook-signature") == expected
}

#[actix_web::test]
async fn every_delivery_is_signed_twice_and_names_its_dialog_variables() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    let delivery = stage.app.until(1).await.remove(0);
    assert!(signing::verify(ROUTE_SECRET, &delivery.body, delivery.header("x-hub-signature-256")));
    assert!(is_standard(&delivery));
    assert_eq!(delivery.header("content-type"), "application/json");
    assert_eq!(delivery.header("webhook-id"), format!("{}.1", line.waba));
    assert_eq!(delivery.header("x-whatsapp-business"), line.waba);
    assert_eq!(delivery.header("x-whatsapp-account"), line.number);
    assert_eq!(delivery.header("x-whatsapp-number"), line.display);
    assert_eq!(delivery.header("x-wharf-attempt"), "1");
    stage.end().await;
}

#[actix_web::test]
async fn the_event_id_is_the_same_at_every_attempt_and_the_attempts_are_counted() {
    let stage = Stage::engaged().await;
    stage.app.answer(|delivery| Reply::Status(if delivery.header("x-wharf-attempt") == "3" { 200 } else { 500 }));
    stage.take(letter(&stage.line(0, 0), &[text("wamid.1", "491")])).await;
    let delivered = stage.app.until(3).await;
    assert_eq!(
        delivered.iter().map(|delivery| delivery.header("x-wharf-attempt")).collect::<Vec<_>>(),
        ["1", "2", "3"]
    );
    assert!(delivered.iter().all(|delivery| delivery.header("webhook-id") == delivered[0].header("webhook-id")));
    assert!(delivered.iter().all(is_standard), "each attempt is signed at its own time");
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    stage.end().await;
}

#[actix_web::test]
async fn what_has_no_number_names_none() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    stage.take(post(&[entry(&line.waba, &[r#"{"field":"account_alerts","value":{"alert":"X"}}"#.into()])])).await;
    let delivery = stage.app.until(1).await.remove(0);
    assert_eq!(delivery.header("x-whatsapp-business"), line.waba);
    assert_eq!((delivery.header("x-whatsapp-account"), delivery.header("x-whatsapp-number")), ("", ""));
    stage.end().await;
}

#[actix_web::test]
async fn no_credential_of_ours_or_of_meta_is_in_a_delivery() {
    let stage = Stage::engaged_with(|plan| plan.routes.push(("dialog", "format = \"dialog\"".into()))).await;
    stage.take(letter(&stage.line(0, 0), &[text("wamid.1", "491")])).await;
    let token = stage.sandbox.options().token.clone();
    for delivery in stage.app.until(2).await {
        let whole = format!("{delivery:?} {}", String::from_utf8_lossy(&delivery.body));
        for credential in [&token, SECRET, ROUTE_SECRET, KEY, "authorization"] {
            assert!(!whole.contains(credential), "{credential} in {whole}");
        }
    }
    stage.end().await;
}
