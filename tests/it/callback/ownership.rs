//! Nobody gets a neighbour's mail: an item is its account's only at the gateway that engages it.

use crate::harness::mail::{change, entry, letter, letters, post, text, value};
use crate::harness::stage::Stage;
use serde_json::json;
use wharf::sandbox::TokenReach;

/// Two gateways; the first engages the first account, the second the second.
async fn two() -> Stage {
    let stage = Stage::with(|plan| {
        plan.gateways = vec!["main", "other"];
        plan.reach = TokenReach::Unlisted;
    });
    let stage = stage.await;
    for (nth, gateway) in ["main", "other"].iter().enumerate() {
        let waba = stage.line(nth, 0).waba;
        for verb in ["setup", "subscribe"] {
            assert_eq!(stage.verb_at(gateway, &format!("{verb}&id={waba}")).await.status, 200);
        }
    }
    stage
}

#[actix_web::test]
async fn mail_of_another_gateways_account_goes_to_the_quarantine_of_the_gateway_it_came_in_by() {
    let stage = two().await;
    let (mine, theirs) = (stage.line(0, 0), stage.line(1, 0));
    assert_eq!(stage.post_to("main", letter(&theirs, &[text("wamid.stray", "491")])).await.status, 200);
    let strays = stage.events("q.main").await;
    assert_eq!((strays.len(), &strays[0]["claimed"]), (1, &json!(theirs.waba)));
    assert!(strays[0]["id"].as_str().expect("an id").starts_with("q.main."));
    assert!(stage.events(&theirs.waba).await.is_empty() && stage.events("q.other").await.is_empty());
    assert_eq!(stage.post_to("other", letter(&theirs, &[text("wamid.stray", "491")])).await.status, 200);
    assert_eq!(stage.events(&theirs.waba).await.len(), 1, "its own gateway takes it, a stray copy or not");
    assert!(stage.events(&mine.waba).await.is_empty());
    let delivered = stage.app.until(1).await;
    assert_eq!(delivered[0].header("x-whatsapp-business"), theirs.waba);
    let ledger = stage.ledger().await;
    assert_eq!((&ledger["quarantined"], &ledger["routed"]), (&json!(1), &json!(1)));
    stage.end().await;
}

#[actix_web::test]
async fn an_entry_that_claims_a_stranger_is_not_ours_even_if_the_number_is() {
    let stage = two().await;
    let mine = stage.line(0, 0);
    let forged =
        entry("999999999999999", &[change(&value(&mine, &format!(r#""messages":[{}]"#, text("wamid.x", "491"))))]);
    assert_eq!(stage.post_to("main", post(&[forged])).await.status, 200);
    assert!(stage.events(&mine.waba).await.is_empty());
    assert_eq!(stage.events("q.main").await[0]["claimed"], "999999999999999");
    stage.end().await;
}

#[actix_web::test]
async fn without_an_entry_id_the_number_decides() {
    let stage = two().await;
    let mine = stage.line(0, 0);
    let members = format!(r#""messages":[{}]"#, text("wamid.x", "491"));
    let nameless = format!(r#"{{"changes":[{}]}}"#, change(&value(&mine, &members)));
    assert_eq!(stage.post_to("main", post(std::slice::from_ref(&nameless))).await.status, 200);
    assert_eq!(stage.events(&mine.waba).await.len(), 1);
    assert_eq!(stage.post_to("other", post(&[nameless])).await.status, 200);
    assert_eq!(stage.events("q.other").await.len(), 1, "another gateway's number decides nothing here");
    stage.end().await;
}

#[actix_web::test]
async fn a_portfolios_account_update_belongs_to_the_account_in_it() {
    let stage = two().await;
    let (mine, theirs) = (stage.line(0, 0), stage.line(1, 0));
    let update = |waba: &str| {
        let value =
            format!(r#"{{"event":"PARTNER_ADDED","waba_info":{{"waba_id":"{waba}","owner_business_id":"7"}}}}"#);
        post(&[format!(r#"{{"id":"888","time":1790000000,"changes":[{{"field":"account_update","value":{value}}}]}}"#)])
    };
    for waba in [&mine.waba, &theirs.waba] {
        assert_eq!(stage.post_to("main", update(waba)).await.status, 200);
    }
    assert_eq!(stage.events(&mine.waba).await[0]["field"], "account_update");
    assert_eq!(stage.events("q.main").await[0]["claimed"], theirs.waba);
    stage.end().await;
}

#[actix_web::test]
async fn one_batch_with_mine_a_neighbours_and_a_strangers_mail_is_divided() {
    let stage = two().await;
    let (mine, theirs) = (stage.line(0, 0), stage.line(1, 0));
    let body = post(&[
        letters(&theirs, &[text("wamid.1", "491")]),
        letters(&mine, &[text("wamid.2", "491")]),
        entry("777", &[change("{\"what\":1}")]),
        letters(&mine, &[text("wamid.3", "491")]),
    ]);
    assert_eq!(stage.post_to("main", body).await.status, 200);
    let mine: Vec<_> = stage.events(&mine.waba).await.iter().map(|event| event["item"]["id"].clone()).collect();
    assert_eq!(mine, ["wamid.2", "wamid.3"]);
    let strays: Vec<_> = stage.events("q.main").await.iter().map(|event| event["claimed"].clone()).collect();
    assert_eq!(strays, [theirs.waba.as_str(), "777"]);
    stage.end().await;
}
