//! `wharf events` and `wharf dead`.

use super::fake::answering;
use super::followed::Followed;
use super::{operate, operate_at};
use crate::harness::application::Reply;
use crate::harness::mail::{letter, text};
use crate::harness::stage::Stage;
use serde_json::json;

#[actix_web::test]
async fn events_are_listed_and_one_is_shown_with_its_bytes() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let item = text("wamid.1", "491");
    stage.take(letter(&line, &[item.clone(), text("wamid.2", "492")])).await;
    let (first, second) = (format!("{}.1", line.waba), format!("{}.2", line.waba));
    let said = operate(&stage, &["events", &line.waba]).await.well();
    assert!(said.out.contains(&first) && said.out.contains(&second), "{}", said.out);
    let told =
        operate(&stage, &["events", &line.waba, "--after", "1", "--kind", "message", "--json"]).await.well().json();
    assert_eq!((told["data"].as_array().map(Vec::len), &told["data"][0]["id"]), (Some(1), &json!(second)));
    let part = operate(&stage, &["events", &line.waba, "--limit", "1"]).await.well();
    assert!(part.err.contains("--after 1"), "{part:?}");
    let said = operate(&stage, &["events", &first]).await.well();
    assert!(said.out.ends_with(&format!("\n\n{item}\n")), "byte for byte: {}", said.out);
    let told = operate(&stage, &["events", &first, "--json"]).await.well();
    assert!(told.out.contains(&item), "{}", told.out);
    stage.end().await;
}

#[actix_web::test]
async fn a_followed_journal_tells_each_event_as_it_comes() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    let followed = Followed::start(&stage, &["events", &line.waba, "--follow", "--json"]);
    followed.until(&["wamid.1"]).await;
    stage.take(letter(&line, &[text("wamid.2", "491")])).await;
    followed.until(&["wamid.2"]).await;
    drop(followed);
    stage.end().await;
}

#[actix_web::test]
async fn dead_letters_are_told_with_their_reason() {
    let stage = Stage::engaged_with(|plan| plan.routes = vec![("app", "final = [422]".into())]).await;
    let line = stage.line(0, 0);
    let empty = operate(&stage, &["dead", &line.waba]).await.well();
    assert_eq!((empty.out.as_str(), empty.err.as_str()), ("", "no dead letters\n"));
    stage.app.answer(|_| Reply::Status(422));
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    stage.until_ledger("/routes/main~1app/dead", 1).await;
    let said = operate(&stage, &["dead", &line.waba]).await.well();
    let row = said.out.lines().nth(1).expect("a letter");
    assert!(row.contains(&format!("{}.1", line.waba)) && row.contains("main/app  422"), "{row}");
    let told = operate(&stage, &["dead", &line.waba, "--json"]).await.well().json();
    assert_eq!(told["data"][0]["route"], "main/app");
    stage.end().await;
}

#[actix_web::test]
async fn what_was_given_up_is_tried_again_all_of_it_however_much_a_route_holds_at_once() {
    let stage = Stage::engaged_with(|plan| plan.routes = vec![("app", "final = [422]".into())]).await;
    let line = stage.line(0, 0);
    stage.app.answer(|_| Reply::Status(422));
    let messages: Vec<String> = (1..=300).map(|nth| text(&format!("wamid.{nth}"), "491")).collect();
    stage.take(letter(&line, &messages)).await;
    stage.until_ledger("/routes/main~1app/dead", 300).await;
    stage.app.answer(|_| Reply::Status(200));
    let event = format!("{}.7", line.waba);
    let said = operate(&stage, &["dead", &line.waba, "--redrive", "--event", &event]).await.well();
    assert_eq!(said.out, "1 redriven\n");
    let said = operate(&stage, &["dead", &line.waba, "--redrive", "--route", "main/app"]).await.well();
    assert_eq!(said.out, "299 redriven\n");
    stage.until_ledger("/routes/main~1app/delivered", 300).await;
    let none = operate(&stage, &["dead", &line.waba, "--redrive"]).await.well();
    assert_eq!(none.out, "0 redriven\n");
    let unknown = operate(&stage, &["dead", &line.waba, "--redrive", "--route", "nowhere"]).await;
    assert!(unknown.code == 1 && unknown.err.contains("wharf.route.unknown"), "{unknown:?}");
    stage.end().await;
}

#[actix_web::test]
async fn a_redrive_that_skips_everything_is_no() {
    let fake = answering(Vec::new()).await;
    fake.answer(|_| Reply::Json(202, json!({"redriven": 0, "skipped": 3, "left": 0}).to_string()));
    let said = operate_at(&fake.url(""), &["dead", "1022", "--redrive", "--json"]).await;
    assert_eq!((said.code, said.json()), (1, json!({"redriven": 0, "skipped": 3, "left": 0})));
    fake.stop().await;
}
