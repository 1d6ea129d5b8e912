//! `wharf explain` of events: the story, and what it says can be done.

use super::operate;
use crate::harness::application::Reply;
use crate::harness::mail::{letter, text};
use crate::harness::stage::Stage;
use crate::harness::until;

/// The story of an event, once it has all of `words`.
async fn story(stage: &Stage, event: &str, words: &[&str]) -> String {
    let look = async || {
        let said = operate(stage, &["explain", event]).await.well();
        words.iter().all(|word| said.out.contains(word)).then_some(said.out)
    };
    until(&format!("its story tells {words:?}"), look).await
}

/// The operator types what the story says can be done.
async fn type_it(stage: &Stage, story: &str) -> String {
    let ways = story.split_once("What can be done\n").expect("something can be done").1;
    let first = ways.lines().next().expect("a command").trim();
    let command = first.split_once("  ").expect("a command, and what it does").0;
    let args: Vec<&str> = command.split(' ').skip(1).collect();
    operate(stage, &args).await.out
}

#[actix_web::test]
async fn an_event_that_arrived_is_told_in_order_and_to_programs_as_it_came() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    let event = format!("{}.1", line.waba);
    let told = story(&stage, &event, &["attempt 1 delivered it after "]).await;
    assert!(told.starts_with("Delivered to main/app at the first try, "), "{told}");
    let parts = [
        format!("\nevent {event}: message in field messages, "),
        "came in at /main, signed with the current app secret\n".to_owned(),
        "at Meta it is wamid.1\n".to_owned(),
        "it keeps its turn within dialog ".to_owned(),
        "\nroute main/app: delivered, it has no filter: it wants everything\n".to_owned(),
    ];
    let places: Vec<usize> =
        parts.iter().map(|part| told.find(part).unwrap_or_else(|| panic!("{part} in {told}"))).collect();
    assert!(places.is_sorted(), "{told}");
    assert!(!told.contains("What can be done"), "{told}");
    let json = operate(&stage, &["explain", &event, "--json"]).await.well().json();
    assert_eq!((&json["event"]["id"], &json["routes"][0]["state"]), (&event.into(), &"delivered".into()));
    stage.end().await;
}

#[actix_web::test]
async fn an_event_that_fails_is_told_with_its_attempts_and_the_command_that_tries_the_endpoint() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    stage.app.answer(|_| Reply::Json(503, "the database is away".into()));
    stage.take(letter(&line, &[text("wamid.1", "491"), text("wamid.2", "491")])).await;
    let (first, second) = (format!("{}.1", line.waba), format!("{}.2", line.waba));
    let told = story(&stage, &first, &["attempt 1 was answered 503 after ", "next attempt, not before"]).await;
    assert!(told.contains(" ms: the database is away\n"), "the status is said once: {told}");
    assert_eq!(told.split_once("  +").map(|(before, _)| before.contains("came in")), Some(true), "{told}");
    assert!(type_it(&stage, &told).await.starts_with("main/app takes none: it answered 503 after "));
    let behind = story(&stage, &second, &["of its lane, which is before it"]).await;
    assert!(behind.contains(&format!("wharf explain {first} ")), "{behind}");
    stage.app.answer(|_| Reply::Status(200));
    stage.until_ledger("/routes/main~1app/delivered", 2).await;
    stage.end().await;
}

#[actix_web::test]
async fn what_the_story_of_a_dead_or_a_held_event_says_can_be_done_helps() {
    let stage = Stage::engaged_with(|plan| plan.routes = vec![("app", "final = [422]".into())]).await;
    let line = stage.line(0, 0);
    stage.app.answer(|_| Reply::Status(422));
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    let (first, second) = (format!("{}.1", line.waba), format!("{}.2", line.waba));
    stage.until_ledger("/routes/main~1app/dead", 1).await;
    let told = story(&stage, &first, &["route main/app: dead, ", "given up: refused for good: HTTP 422"]).await;
    stage.app.answer(|_| Reply::Status(200));
    assert_eq!(type_it(&stage, &told).await, "1 redriven\n");
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    operate(&stage, &["hold", &line.waba, "--deliveries"]).await.well();
    stage.take(letter(&line, &[text("wamid.2", "492")])).await;
    let told = story(&stage, &second, &["route main/app: held, ", "held by operator since"]).await;
    assert!(type_it(&stage, &told).await.ends_with("go on\n"));
    stage.until_ledger("/routes/main~1app/delivered", 2).await;
    stage.app.answer(|_| Reply::Status(410));
    stage.take(letter(&line, &[text("wamid.3", "493")])).await;
    let told = story(&stage, &format!("{}.3", line.waba), &["route main/app: held, ", "paused by HTTP 410"]).await;
    stage.app.answer(|_| Reply::Status(200));
    assert_eq!(type_it(&stage, &told).await, "main/app goes on\n");
    stage.until_ledger("/routes/main~1app/delivered", 3).await;
    stage.end().await;
}

#[actix_web::test]
async fn an_event_of_an_account_that_is_not_subscribed_says_how_it_comes_about() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    operate(&stage, &["verb", "unsubscribe", "--gateway", "main", "--id", &line.waba]).await.well();
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    let event = format!("{}.1", line.waba);
    let told = story(&stage, &event, &["Not delivered"]).await;
    assert!(type_it(&stage, &told).await.contains("yes"), "it is subscribed now: {told}");
    let said = operate(&stage, &["replay", &event]).await.well();
    assert!(said.out.starts_with(&format!("{event} goes again to main/app\n")), "{said:?}");
    stage.until_ledger("/routes/main~1app/delivered", 1).await;
    stage.end().await;
}
