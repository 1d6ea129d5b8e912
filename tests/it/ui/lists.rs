//! What the list of accounts tells at a glance.

use crate::harness::application::Reply;
use crate::harness::http;
use crate::harness::mail::{letter, text};
use crate::harness::stage::{KEY, Stage, bearer};
use crate::harness::until;
use serde_json::json;

#[actix_web::test]
async fn an_account_in_the_list_tells_what_waits_and_how_it_stands() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    stage.app.answer(|_| Reply::Status(503));
    stage.take(letter(&line, &[text("wamid.1", "491700000")])).await;
    let look = async || {
        let told = stage.look(&format!("/api/accounts?q={}", line.waba)).await.json();
        (told["data"][0]["pending"] == 1 && told["data"][0]["oldest_undelivered_at"].is_string()).then_some(told)
    };
    let told = until("a delivery waits", look).await;
    let account = &told["data"][0];
    assert_eq!((&account["dead"], &account["queued"], &account["standing"]), (&json!(0), &json!(0), &json!("ok")));
    assert_eq!((&account["drift"], &account["has_dead_letters"]), (&json!([]), &json!(false)));
    stage.app.answer(|_| Reply::Status(200));
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    stage.end().await;
}

#[actix_web::test]
async fn an_account_has_dead_letters_until_they_are_redriven_and_remembers_what_it_gave_up() {
    let stage = Stage::engaged_with(|plan| plan.routes = vec![("app", "final = [422]".into())]).await;
    let line = stage.line(0, 0);
    stage.app.answer(|_| Reply::Status(422));
    stage.take(letter(&line, &[text("wamid.1", "491700000")])).await;
    stage.until_ledger("/routes/main~1app/dead", 1).await;
    stage.app.answer(|_| Reply::Status(200));
    let look = async || stage.look(&format!("/api/accounts?q={}", line.waba)).await.json()["data"][0].clone();
    let account = look().await;
    assert_eq!((&account["dead"], &account["has_dead_letters"]), (&json!(1), &json!(true)));
    let url = format!("{}/api/accounts/{}/dead/redrive", stage.ops, line.waba);
    assert_eq!(http::post(&url, &[("Authorization", &bearer(KEY))], "{}").await.status, 202);
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    let account = look().await;
    assert_eq!((&account["dead"], &account["has_dead_letters"]), (&json!(1), &json!(false)));
    stage.end().await;
}

#[actix_web::test]
async fn accounts_are_found_by_a_part_of_their_id_or_name_in_any_case() {
    let stage = Stage::engaged().await;
    let account = stage.sandbox.world().accounts()[1].clone();
    let name = account.name.to_uppercase().replace(' ', "%20");
    for sought in [account.id[3..].to_owned(), name] {
        let told = stage.look(&format!("/api/accounts?q={sought}")).await.json();
        let found: Vec<_> = told["data"].as_array().expect("a list").iter().map(|one| one["id"].clone()).collect();
        assert_eq!(found, [json!(account.id)], "{sought}");
    }
    assert_eq!(stage.look("/api/accounts?q=nobody").await.json()["data"], json!([]));
    let all = stage.look("/api/accounts?q=").await.json();
    assert_eq!(all["data"].as_array().map(Vec::len), Some(3), "an empty field seeks nothing");
    stage.end().await;
}
