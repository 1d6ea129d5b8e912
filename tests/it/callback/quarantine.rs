//! Mail that came before its account was engaged: kept, and handed over by the `setup` that engages it.

use crate::harness::application::Delivery;
use crate::harness::mail::{letter, letters, post, text};
use crate::harness::stage::Stage;
use crate::harness::until;
use serde_json::json;
use wharf::sandbox::Subscribed;

#[actix_web::test]
async fn setup_hands_the_quarantined_mail_to_the_account_and_on_to_the_application() {
    let stage = Stage::with(|plan| plan.subscribed = Subscribed::All).await;
    let (mine, other) = (stage.line(0, 0), stage.line(1, 0));
    stage
        .take(post(&[
            letters(&mine, &[text("wamid.a", "491"), text("wamid.b", "491")]),
            letters(&other, &[text("wamid.c", "491")]),
        ]))
        .await;
    stage.take(letter(&mine, &[text("wamid.a", "491")])).await;
    let ledger = stage.ledger().await;
    assert_eq!((&ledger["quarantined"], &ledger["duplicate"]), (&json!(3), &json!(1)));
    let claims = stage.look("/api/quarantine").await.json()["claims"].clone();
    let counts: Vec<_> = claims
        .as_array()
        .expect("claims")
        .iter()
        .map(|claim| (claim["claimed"].clone(), claim["count"].clone()))
        .collect();
    let mut expected = [(json!(mine.waba), json!(2)), (json!(other.waba), json!(1))];
    expected.sort_by_key(|(id, _)| id.to_string());
    assert_eq!(counts, expected);

    assert_eq!(stage.verb("setup").await.status, 200);
    let ledger = stage.until_ledger("/quarantined", 0).await;
    assert_eq!((&ledger["routed"], &ledger["received"], &ledger["duplicate"]), (&json!(3), &json!(4), &json!(1)));
    let delivered = stage.app.until(3).await;
    let mine_delivered: Vec<_> =
        delivered.iter().filter(|d| d.header("x-whatsapp-business") == mine.waba).map(Delivery::item_id).collect();
    assert_eq!(mine_delivered, ["wamid.a", "wamid.b"], "in the order in which they came");
    assert_eq!(stage.look("/api/quarantine").await.json()["claims"], json!([]));

    stage.take(letter(&mine, &[text("wamid.a", "491")])).await;
    let ledger = stage.until_ledger("/routes/main~1app/delivered", 3).await;
    assert_eq!(
        (&ledger["routed"], &ledger["duplicate"]),
        (&json!(3), &json!(2)),
        "Meta's late retry is a duplicate now"
    );
    stage.end().await;
}

#[actix_web::test]
async fn an_account_engaged_but_not_subscribed_takes_its_quarantined_mail_as_inactive() {
    let stage = Stage::new().await;
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.a", "491")])).await;
    assert_eq!(stage.verb("setup").await.status, 200);
    let ledger = stage.until_ledger("/quarantined", 0).await;
    assert_eq!((&ledger["inactive"], &ledger["received"]), (&json!(1), &json!(1)));
    assert_eq!(stage.events(&line.waba).await[0]["disposition"], "inactive");
    stage.end().await;
}

#[actix_web::test]
async fn quarantined_mail_survives_a_crash_and_more_than_one_batch_is_handed_over() {
    let mut stage = Stage::with(|plan| plan.subscribed = Subscribed::All).await;
    let (mine, other) = (stage.line(0, 0), stage.line(1, 0));
    for round in 0..5 {
        let letters_of = |line, from: usize| {
            letters(
                line,
                &(from..from + 60).map(|nth| text(&format!("wamid.{nth}"), &nth.to_string())).collect::<Vec<_>>(),
            )
        };
        stage.take(post(&[letters_of(&mine, round * 60), letters_of(&other, round * 60)])).await;
    }
    stage.crash().await;
    assert_eq!(stage.ledger().await["quarantined"], 600);
    assert_eq!(stage.verb("setup").await.status, 200);
    stage.until_ledger("/routes/main~1app/delivered", 600).await;
    let handed = until("all of it is the account's", async || {
        let events = stage.look(&format!("/api/accounts/{}/events?limit=1000", mine.waba)).await.json();
        Some(events["data"].as_array()?.len()).filter(|count| *count == 300)
    });
    handed.await;
    stage.end().await;
}

#[actix_web::test]
async fn a_handing_over_that_a_crash_cut_short_goes_on_after_the_restart() {
    let mut stage = Stage::with(|plan| plan.subscribed = Subscribed::All).await;
    let line = stage.line(0, 0);
    for round in 0..3 {
        let messages: Vec<String> =
            (0..500).map(|nth| text(&format!("wamid.{round}.{nth}"), &nth.to_string())).collect();
        stage.take(letter(&line, &messages)).await;
    }
    assert_eq!(stage.verb("setup").await.status, 200);
    stage.crash().await;
    let ledger = stage.until_ledger("/quarantined", 0).await;
    assert_eq!((&ledger["routed"], &ledger["received"], &ledger["duplicate"]), (&json!(1500), &json!(1500), &json!(0)));
    stage.until_ledger("/routes/main~1app/delivered", 1500).await;
    stage.end().await;
}
