//! Reconcile: what changes at Meta behind our back is reported, and nothing is mended by itself.

use crate::harness::http;
use crate::harness::mail::{letter, text};
use crate::harness::stage::{Plan, Stage};
use crate::harness::until;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use wharf::sandbox::{Faults, TokenLife};

const DAY_S: i64 = 86_400;

fn often(plan: &mut Plan) {
    plan.graph_more = "reconcile_every = \"1s\"";
    plan.server = "public_url = \"https://wa.example.com\"".into();
}

async fn account(stage: &Stage, waba: &str) -> Value {
    stage.look(&format!("/api/accounts/{waba}")).await.json()
}

fn words(told: &Value, list: &str) -> Vec<String> {
    let list = told[list].as_array().unwrap_or_else(|| panic!("no {list} in {told}"));
    list.iter().map(|one| one["what"].as_str().expect("a word").to_owned()).collect()
}

async fn until_drift(stage: &Stage, waba: &str, expected: &[&str]) -> Value {
    let look = async || {
        let told = account(stage, waba).await;
        (words(&told, "drift") == expected && !told["reconciled_at"].is_null()).then_some(told)
    };
    until(&format!("the drift is {expected:?}"), look).await
}

async fn metrics(stage: &Stage) -> String {
    http::get(&format!("{}/metrics", stage.ops), &[]).await.text().to_owned()
}

async fn alarms(stage: &Stage) -> Vec<Value> {
    let told = stage.look("/api/alarms").await.json();
    told["alarms"].as_array().unwrap_or_else(|| panic!("no alarms in {told}")).clone()
}

#[actix_web::test]
async fn an_app_taken_off_an_account_is_reported_not_mended_and_subscribe_mends_it() {
    let stage = Stage::engaged_with(often).await;
    let line = stage.line(0, 0);
    until_drift(&stage, &line.waba, &[]).await;
    stage.sandbox.world().unsubscribe(&line.waba).expect("an account");
    let told = until_drift(&stage, &line.waba, &["not_subscribed"]).await;
    assert!(told["drift"][0]["since"].is_string(), "{told}");
    assert_eq!((&told["active"], &told["wished"]), (&json!(true), &json!(true)), "nothing is mended");
    // Metrics and alarms show what is durable, which is a moment later.
    let measured = async || metrics(&stage).await.contains("wharf_accounts_drifting 1\n").then_some(());
    until("the drift is measured", measured).await;
    let alarms = alarms(&stage).await;
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    let alarm = json!([alarms[0]["what"], alarms[0]["detail"], alarms[0]["account"], alarms[0]["gateway"]]);
    assert_eq!(alarm, json!(["drift", "not_subscribed", line.waba, "main"]));
    let still = until_drift(&stage, &line.waba, &["not_subscribed"]).await;
    assert_eq!(still["drift"], told["drift"], "since when stays");
    stage.take(letter(&line, &[text("wamid.late", "491")])).await;
    stage.until_ledger("/routes/main~1app/delivered", 1).await;

    assert_eq!(stage.verb(&format!("subscribe&id={}", line.waba)).await.status, 200);
    assert!(stage.sandbox.world().account(&line.waba, "get").expect("an account").subscription.is_some());
    assert_eq!(words(&account(&stage, &line.waba).await, "drift"), Vec::<String>::new(), "at once");
    until_drift(&stage, &line.waba, &[]).await;
    stage.end().await;
}

#[actix_web::test]
async fn an_override_that_points_elsewhere_a_lost_number_and_a_stranger_s_subscription_are_drift() {
    let stage = Stage::engaged_with(|plan| {
        often(plan);
        plan.numbers = 2;
    });
    let stage = stage.await;
    let [first, second, third] = [0, 1, 2].map(|nth| stage.line(nth, 0).waba);
    stage.verb(&format!("unsubscribe&id={third}")).await;
    {
        let mut world = stage.sandbox.world();
        world.subscribe(&first, Some("https://other.example/hook".into())).expect("an account");
        world.subscribe(&third, None).expect("an account");
    }
    until_drift(&stage, &first, &["override_elsewhere"]).await;
    until_drift(&stage, &third, &["inactive_but_subscribed"]).await;
    assert!(stage.sandbox.world().take_number(&second));
    let told = until("the snapshot has one number", async || {
        let told = account(&stage, &second).await;
        (told["snapshot"]["phone_numbers"].as_array().map(Vec::len) == Some(1)).then_some(told)
    });
    assert!(!words(&told.await, "drift").contains(&"not_subscribed".to_owned()));
    until_drift(&stage, &second, &[]).await;
    stage.end().await;
}

#[actix_web::test]
async fn drift_is_remembered_over_a_restart_and_an_account_that_meta_hides_is_drift_too() {
    let mut stage = Stage::engaged_with(often).await;
    let waba = stage.line(0, 0).waba;
    stage.sandbox.set_faults(Faults { refused_accounts: vec![waba.clone()], ..Faults::default() });
    let told = until_drift(&stage, &waba, &["not_readable"]).await;
    let other = stage.line(1, 0).waba;
    until_drift(&stage, &other, &[]).await;
    stage.plan.graph_more = "";
    stage.restart().await;
    assert_eq!(account(&stage, &waba).await["drift"], told["drift"]);
    stage.sandbox.set_faults(Faults::default());
    stage.end().await;
}

#[actix_web::test]
async fn a_token_s_end_and_its_lost_permissions_are_shown_counted_and_alarmed() {
    let stage = Stage::engaged_with(often).await;
    let waba = stage.line(0, 0).waba;
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
    let token = until("the token was looked at", async || {
        let told = account(&stage, &waba).await;
        told["token"]["checked_at"].is_string().then(|| told["token"].clone())
    });
    assert_eq!(json!([token.await["valid"], alarms(&stage).await.len()]), json!([true, 0]));
    let life = TokenLife {
        expires_at: now_s + 90 * DAY_S,
        data_access_expires_at: now_s + 2 * DAY_S - 4000,
        ..TokenLife::default()
    };
    stage.sandbox.world().set_token_life(life);
    let alarm = until("its end is an alarm", async || {
        alarms(&stage).await.into_iter().find(|alarm| alarm["what"] == "token_expires")
    });
    let alarm = alarm.await;
    assert_eq!(json!([alarm["gateway"], alarm["detail"]]), json!(["main", "in 46 h"]), "{alarm}");
    let metrics = metrics(&stage).await;
    let left = metrics.lines().find_map(|line| line.strip_prefix("wharf_token_expires_seconds{gateway=\"main\"} "));
    let left: f64 = left.expect("the metric").parse().expect("a number");
    assert!((1.9 * DAY_S as f64..=2.0 * DAY_S as f64).contains(&left), "{left}");
    let lost = TokenLife { lost_scopes: vec!["whatsapp_business_messaging".into()], ..TokenLife::default() };
    stage.sandbox.world().set_token_life(lost);
    until_drift(&stage, &waba, &["token_scopes_missing"]).await;
    let whats: Vec<Value> = alarms(&stage).await.iter().map(|alarm| alarm["what"].clone()).collect();
    assert!(whats.contains(&json!("token_scopes_missing")), "{whats:?}");
    stage.end().await;
}
