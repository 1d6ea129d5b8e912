//! `wharf events` and `wharf dead`.

use super::fake::answering;
use super::{command, operate, operate_at};
use crate::harness::application::Reply;
use crate::harness::mail::{letter, text};
use crate::harness::stage::{KEY, Stage};
use crate::harness::until;
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc::channel;

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
    let mut command = command(&["events", &line.waba, "--follow", "--json"], &stage.public, &stage.ops, KEY);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("a process");
    let told = BufReader::new(child.stdout.take().expect("piped"));
    let (tell, lines) = channel();
    std::thread::spawn(move || told.lines().map_while(Result::ok).for_each(|line| drop(tell.send(line))));
    let next = async || until("an event is told", async || lines.try_recv().ok()).await;
    assert!(next().await.contains("wamid.1"));
    stage.take(letter(&line, &[text("wamid.2", "491")])).await;
    assert!(next().await.contains("wamid.2"));
    child.kill().expect("it follows until it is ended");
    child.wait().expect("it ends");
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
async fn a_redrive_goes_on_until_nothing_is_left() {
    let path = "POST /api/accounts/1022/dead/redrive";
    let fake = answering(Vec::new()).await;
    let left = std::sync::atomic::AtomicU64::new(2);
    fake.answer(move |_| {
        let left = left.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
        Reply::Json(202, json!({"redriven": 100, "skipped": 1, "left": left.saturating_sub(1) * 100}).to_string())
    });
    let said = operate_at(&fake.url(""), &["dead", "1022", "--redrive", "--route", "main/app"]).await.well();
    assert!(said.out.starts_with("200 redriven, 1 skipped ("), "{said:?}");
    let calls = fake.deliveries();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.target == path && call.json() == json!({"route": "main/app"})));
    fake.answer(|_| Reply::Json(202, json!({"redriven": 0, "skipped": 3, "left": 3}).to_string()));
    let said = operate_at(&fake.url(""), &["dead", "1022", "--redrive", "--json"]).await;
    assert_eq!((said.code, said.json()), (1, json!({"redriven": 0, "skipped": 3, "left": 3})));
    fake.stop().await;
}
