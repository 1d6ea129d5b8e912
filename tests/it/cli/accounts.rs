//! `wharf accounts`.

use super::operate;
use crate::harness::application::Reply;
use crate::harness::mail::{letter, text};
use crate::harness::stage::Stage;

#[actix_web::test]
async fn accounts_are_told_one_a_line_for_people_and_whole_for_programs() {
    let stage = Stage::engaged().await;
    stage.app.answer(|_| Reply::Status(503));
    let line = stage.line(1, 0);
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    stage.until_ledger("/routes/main~1app/pending", 1).await;
    let said = operate(&stage, &["accounts"]).await.well();
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.len(), 4, "{}", said.out);
    let titles: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(titles, ["ID", "NAME", "ACTIVE", "PENDING", "OLDEST", "STANDING", "ALARMS"]);
    let row = lines.iter().find(|row| row.starts_with(&line.waba)).expect("the account");
    let words: Vec<&str> = row.split_whitespace().rev().take(5).collect();
    assert!(matches!(words[..], ["-", "ok", _, "1", "yes"]), "{row}");
    assert!(!said.out.contains('\u{1b}'), "no colour where no terminal is");
    let told = operate(&stage, &["accounts", "--json"]).await.well().json();
    let data = told["data"].as_array().expect("accounts");
    assert_eq!(data.len(), 3);
    assert!(data.iter().all(|account| account["routes"]["main/app"].is_object()), "looked into: {told}");
    assert!(told["alarms"].is_array());
    stage.app.answer(|_| Reply::Status(200));
    stage.end().await;
}

#[actix_web::test]
async fn a_part_of_the_accounts_says_how_to_see_the_rest() {
    let stage = Stage::engaged().await;
    let first = operate(&stage, &["accounts", "--limit", "2"]).await.well();
    assert_eq!(first.out.lines().count(), 3);
    let cursor = first.err.trim().strip_prefix("more: wharf accounts --cursor ").expect("a cursor").to_owned();
    let rest = operate(&stage, &["accounts", "--limit", "2", "--cursor", &cursor]).await.well();
    assert_eq!((rest.out.lines().count(), rest.err.as_str()), (2, ""));
    stage.end().await;
}

#[actix_web::test]
async fn an_account_that_is_not_as_wished_is_told_with_its_drift() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    stage.sandbox.world().unsubscribe(&line.waba).expect("Meta's side changes");
    operate(&stage, &["verb", "setup", "--gateway", "main"]).await.well();
    let said = operate(&stage, &["accounts"]).await.well();
    let row = said.out.lines().find(|row| row.starts_with(&line.waba)).expect("the account");
    assert!(row.contains("  no  "), "{row}");
    let said = operate(&stage, &["accounts", &line.waba]).await.well();
    assert!(said.out.contains("drift         not_subscribed since "), "{}", said.out);
    stage.end().await;
}

#[actix_web::test]
async fn one_account_is_told_in_full() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let said = operate(&stage, &["accounts", &line.waba]).await.well();
    for words in [&line.waba, "at gateway main", "standing      ok", "Routes\n", "main/app", "Numbers\n", &line.number]
    {
        assert!(said.out.contains(words), "{words:?} is missing: {}", said.out);
    }
    let told = operate(&stage, &["accounts", &line.waba, "--json"]).await.well().json();
    assert_eq!(told["id"], *line.waba);
    stage.end().await;
}

#[actix_web::test]
async fn a_house_without_accounts_says_how_they_come() {
    let stage = Stage::new().await;
    let said = operate(&stage, &["accounts"]).await.well();
    assert!(said.err.contains("wharf verb setup"), "{said:?}");
    stage.end().await;
}
