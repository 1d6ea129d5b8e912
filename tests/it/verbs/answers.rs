//! What the verbs answer and what they do, where nothing goes wrong.

use crate::harness::stage::{Plan, Stage};
use serde_json::{Value, json};
use wharf::sandbox::{Subscribed, TokenReach};

/// The ids in an answer, in its order.
fn ids(answer: &Value) -> Vec<String> {
    let ids =
        answer.as_array().expect("an array").iter().map(|account| account["id"].as_str().expect("an id").to_owned());
    ids.collect()
}

fn active(answer: &Value) -> Vec<bool> {
    answer
        .as_array()
        .expect("an array")
        .iter()
        .map(|account| account["subscribed_fields"] == json!(["messages"]))
        .collect()
}

fn sorted(stage: &Stage) -> Vec<String> {
    let mut ids = stage.sandbox.account_ids();
    ids.sort();
    ids
}

#[actix_web::test]
async fn an_element_has_the_references_members_in_their_order_and_nothing_that_is_empty() {
    let stage = Stage::with(|plan| plan.accounts = 1).await;
    let answer = stage.verb("setup").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json; charset=utf-8")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let line = stage.line(0, 0);
    let name = stage.sandbox.world().accounts()[0].name.clone();
    let element = |tail: &str| {
        let number = format!(
            r#"{{"id":"{}","display_phone_number":"{}","verified_name":"{name} no. 1","account_mode":"LIVE","is_pin_enabled":true,"messaging_limit_tier":"TIER_UNLIMITED","name_status":"APPROVED","status":"CONNECTED"}}"#,
            line.number, line.display
        );
        format!(
            r#"[{{"id":"{}","name":"{name}","country":"DE","account_review_status":"APPROVED","ownership_type":"SELF","business_verification_status":"verified","phone_numbers":[{number}]{tail}}}]"#,
            line.waba
        )
    };
    assert_eq!(answer.text(), element(""));
    let subscribed = stage.verb("subscribe").await;
    assert_eq!(subscribed.text(), element(r#","subscribed_fields":["messages"]"#));
    assert_eq!(subscribed.text(), stage.verb("search").await.text());
    stage.end().await;
}

#[actix_web::test]
async fn setup_engages_what_the_token_opens_and_activates_nothing() {
    let stage = Stage::new().await;
    assert_eq!(stage.verb("search").await.json(), json!([]));
    let told = stage.verb("setup").await.json();
    assert_eq!((ids(&told), active(&told)), (sorted(&stage), vec![false; 3]));
    assert_eq!(stage.verb("search").await.json(), told);
    assert!(stage.sandbox.world().accounts().iter().all(|account| account.subscription.is_none()));
    stage.end().await;
}

#[actix_web::test]
async fn an_account_first_engaged_is_active_where_our_app_is_subscribed_already() {
    let stage = Stage::with(|plan| plan.subscribed = Subscribed::All).await;
    assert_eq!(active(&stage.verb("setup").await.json()), [true; 3]);
    stage.end().await;
}

#[actix_web::test]
async fn subscribe_and_unsubscribe_do_so_at_meta_and_say_so() {
    let stage = Stage::new().await;
    stage.verb("setup").await;
    let subscriptions =
        || stage.sandbox.world().accounts().iter().map(|account| account.subscription.is_some()).collect::<Vec<_>>();
    let one = sorted(&stage)[1].clone();
    let told = stage.verb(&format!("subscribe&id={one}")).await.json();
    assert_eq!((ids(&told), active(&told)), (vec![one.clone()], vec![true]));
    assert_eq!(subscriptions().iter().filter(|subscribed| **subscribed).count(), 1);
    let told = stage.verb("subscribe").await.json();
    assert_eq!((ids(&told), active(&told), subscriptions()), (sorted(&stage), vec![true; 3], vec![true; 3]));
    let told = stage.verb(&format!("unsubscribe&id={one}")).await.json();
    assert_eq!((ids(&told), active(&told)), (vec![one], vec![false]));
    assert_eq!(active(&stage.verb("search").await.json()), [true, false, true]);
    stage.end().await;
}

#[actix_web::test]
async fn search_takes_several_spellings_and_leaves_unknown_ids_out() {
    let stage = Stage::new().await;
    stage.verb("setup").await;
    let all = sorted(&stage);
    for query in ["", "search", "search&id=", "search&id=--", "search&id=%20,"] {
        assert_eq!(ids(&stage.verb(query).await.json()), all, "{query}");
    }
    let bare = crate::harness::http::get(
        &format!("{}/main?whatsapp", stage.public),
        &[("Authorization", &crate::harness::stage::bearer(crate::harness::stage::KEY))],
    )
    .await;
    assert_eq!(ids(&bare.json()), all);
    assert_eq!(stage.verb("search&id=999").await.json(), json!([]));
    let unknown = stage.verb("find").await;
    assert_eq!((unknown.status, &unknown.json()["id"]), (400, &json!("chat.whatsapp.verb.unknown")));
    stage.end().await;
}

#[actix_web::test]
async fn what_the_verbs_did_survives_a_restart_and_a_crash() {
    let mut stage = Stage::engaged().await;
    let told = stage.verb("search").await.json();
    stage.restart().await;
    assert_eq!(stage.verb("search").await.json(), told);
    let one = sorted(&stage)[0].clone();
    stage.verb(&format!("unsubscribe&id={one}")).await;
    stage.crash().await;
    assert_eq!(active(&stage.verb("search").await.json()), [false, true, true]);
    stage.end().await;
}

#[actix_web::test]
async fn fifty_one_accounts_with_sixty_numbers_are_set_up_and_subscribed_in_one_go() {
    let stage = Stage::with(|plan: &mut Plan| (plan.accounts, plan.numbers) = (51, 60)).await;
    let told = stage.verb("setup").await.json();
    assert_eq!(ids(&told), sorted(&stage));
    assert!(
        told.as_array()
            .expect("an array")
            .iter()
            .all(|account| account["phone_numbers"].as_array().map(Vec::len) == Some(60)),
        "pages are followed"
    );
    assert_eq!(active(&stage.verb("subscribe").await.json()), [true; 51]);
    stage.end().await;
}

#[actix_web::test]
async fn a_token_that_names_no_accounts_opens_those_asked_for_and_those_of_the_business() {
    let mut stage = Stage::with(|plan| plan.reach = TokenReach::Unlisted).await;
    assert_eq!(stage.verb("setup").await.json(), json!([]));
    let one = sorted(&stage)[2].clone();
    assert_eq!(ids(&stage.verb(&format!("setup&id={one}")).await.json()), *std::slice::from_ref(&one));
    assert_eq!(ids(&stage.verb("setup").await.json()), [one], "what is engaged is refreshed");
    let business = stage.sandbox.world().business_id().to_owned();
    stage.plan.gateway_more = format!("business_id = \"{business}\"");
    stage.restart().await;
    assert_eq!(ids(&stage.verb("setup").await.json()), sorted(&stage));
    stage.end().await;
}

#[actix_web::test]
async fn what_is_still_being_asked_after_the_wait_is_pending_and_search_follows_it() {
    let stage = Stage::new().await;
    stage.verb("setup").await;
    let answer = stage.verb("subscribe&wait=0").await;
    assert_eq!(answer.status, 202);
    let pending =
        answer.json().as_array().expect("an array").iter().filter(|account| account["pending"] == true).count();
    assert_eq!(pending, 3, "{}", answer.text());
    let look = async || (active(&stage.verb("search").await.json()) == [true; 3]).then_some(());
    crate::harness::until("all are active", look).await;
    assert!(!stage.verb("search").await.text().contains("pending"));
    for wait in ["x", "-1", "301"] {
        assert_eq!(stage.verb(&format!("subscribe&wait={wait}")).await.status, 400, "{wait}");
    }
    stage.end().await;
}

#[actix_web::test]
async fn a_setup_that_outlasts_its_wait_is_answered_too_and_goes_on() {
    let stage = Stage::new().await;
    let answer = stage.verb("setup&wait=0").await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    crate::harness::until("all are engaged", async || {
        (ids(&stage.verb("search").await.json()).len() == 3).then_some(())
    })
    .await;
    let again = crate::harness::until("the repeat tells how it ended", async || {
        let again = stage.verb("setup&wait=0").await;
        (again.status == 200).then_some(again)
    });
    let again = again.await;
    assert_eq!(ids(&again.json()), sorted(&stage));
    assert!(!again.text().contains("pending"), "{}", again.text());
    let anew = stage.verb("setup&wait=0").await;
    let told = anew.json();
    let pending = told.as_array().expect("an array").iter().filter(|account| account["pending"] == true).count();
    assert_eq!((anew.status, pending), (202, 3), "that was told, so this is another one: {told}");
    stage.end().await;
}

#[actix_web::test]
async fn two_setups_at_once_engage_each_account_once() {
    let stage = Stage::new().await;
    let answers = futures_util::future::join_all((0..4).map(|_| stage.verb("setup"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && ids(&answer.json()).len() == 3));
    stage.verb("subscribe").await;
    let line = stage.line(0, 0);
    for nth in 0..20 {
        stage
            .take(crate::harness::mail::letter(&line, &[crate::harness::mail::text(&format!("wamid.{nth}"), "491")]))
            .await;
    }
    let events = stage.events(&line.waba).await;
    let seqs: Vec<_> = events.iter().filter_map(|event| event["seq"].as_u64()).collect();
    assert_eq!(seqs, (1..=20).collect::<Vec<_>>());
    stage.until_ledger("/routes/main~1app/delivered", 20).await;
    stage.end().await;
}
