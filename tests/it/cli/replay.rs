//! `wharf replay`, against a gateway; watching one while Wharf is started anew, against a fake.

use super::fake::refusing;
use super::{command, operate, operate_at};
use crate::harness::application::{Application, Reply};
use crate::harness::mail::{letter, receipts, status, text};
use crate::harness::stage::{KEY, Stage};
use crate::harness::until;
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

const DELIVERED: &str = "/routes/main~1app/delivered";

fn job(state: &str, done: u64) -> Value {
    json!({"id": "rpl_1", "account": "1022", "route": "main/app", "kind": null, "from": 1, "to": 100, "rate": 50,
        "state": state, "done": done, "skipped": 0, "next_seq": done + 1, "through_seq": 100,
        "began_at": "2026-11-29T10:00:00.000Z", "ended_at": null})
}

/// Starts a replay, and is `looks` looks later done with it.
async fn working(looks: u64) -> Application {
    let (fake, seen) = (Application::start().await, AtomicU64::new(0));
    fake.answer(move |call| match call.target.as_str() {
        "POST /api/accounts/1022/replay" => Reply::Json(202, json!({"replay": job("running", 0)}).to_string()),
        "GET /api/accounts/1022/replays" => {
            let nth = seen.fetch_add(1, Ordering::SeqCst);
            // In the middle it is started anew.
            match nth {
                1 if looks > 1 => refusing(503, "wharf.ready.not", "not ready yet"),
                nth if nth >= looks => Reply::Json(200, json!({"data": [job("done", 100)]}).to_string()),
                nth => Reply::Json(200, json!({"data": [job("running", nth * 10)]}).to_string()),
            }
        }
        _ => refusing(404, "wharf.path.unknown", "nothing here"),
    });
    fake
}

#[actix_web::test]
async fn a_replay_is_started_and_watched_until_it_is_done() {
    let fake = working(3).await;
    let args = ["replay", "1022", "--from", "1", "--to", "100", "--route", "main/app", "--rate", "50"];
    let said = operate_at(&fake.url(""), &args).await.well();
    assert_eq!(said.out, "rpl_1 done: 100 delivered again\n");
    let expected = json!({"from": 1, "to": 100, "route": "main/app", "rate": 50});
    assert_eq!(fake.deliveries()[0].json(), expected);
    fake.stop().await;
}

#[actix_web::test]
async fn programs_read_the_replay_whenever_it_moved() {
    let fake = working(3).await;
    let said = operate_at(&fake.url(""), &["replay", "1022", "--from", "1", "--json"]).await.well();
    let told: Vec<Value> = said.lines().iter().map(|line| line["done"].clone()).collect();
    assert_eq!(told, [json!(0), json!(20), json!(100)]);
    assert_eq!(said.lines()[2]["state"], "done");
    fake.stop().await;
}

#[actix_web::test]
async fn whoever_stops_watching_is_told_that_the_replay_goes_on() {
    let fake = working(u64::MAX).await;
    let mut child = command(&["replay", "1022", "--watch", "rpl_1"], &fake.url(""), &fake.url(""), KEY)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    fake.until(3).await;
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    let status = until("it ends", async || child.try_wait().expect("a child of ours")).await;
    assert_eq!(status.code(), Some(0));
    let said = child.wait_with_output().expect("its words");
    let expected = "rpl_1 goes on by itself: `wharf replay 1022 --watch rpl_1` watches it, --cancel rpl_1 ends it\n";
    assert!(String::from_utf8_lossy(&said.stderr).ends_with(expected), "{said:?}");
    fake.stop().await;
}

/// A stage that has delivered `count` messages, each of another customer.
async fn delivered(count: usize) -> (Stage, String) {
    let stage = Stage::engaged_with(|plan| plan.routes = vec![("app", "types = [\"message\"]".into())]).await;
    let line = stage.line(0, 0);
    let messages: Vec<String> = (1..=count).map(|nth| text(&format!("wamid.{nth}"), &format!("49{nth}"))).collect();
    stage.take(letter(&line, &messages)).await;
    stage.until_ledger(DELIVERED, count as i64).await;
    stage.app.forget();
    (stage, line.waba)
}

#[actix_web::test]
async fn a_stretch_is_counted_delivered_again_and_watched_to_its_end() {
    let (stage, waba) = delivered(20).await;
    let dry = ["replay", &waba, "--from", "2h", "--kind", "message", "--dry-run"];
    let said = operate(&stage, &dry).await.well();
    assert!(said.out.starts_with("20 events of ") && said.out.contains("20 to main/app\n"), "{}", said.out);
    assert!(said.out.ends_with(&format!("the first is {waba}.1, the last {waba}.20\n")), "{}", said.out);
    assert_eq!(operate(&stage, &[&dry[..], &["--json"]].concat()).await.well().json()["events"], 20);
    assert!(stage.app.deliveries().is_empty(), "nothing was delivered");
    let said = operate(&stage, &["replay", &waba, "--from", "6", "--to", "15", "--rate", "1000"]).await.well();
    assert!(said.out.starts_with("rpl_") && said.out.ends_with(" done: 10 delivered again\n"), "{}", said.out);
    let id = said.out.split(' ').next().expect("an id").to_owned();
    stage.until_ledger(DELIVERED, 30).await;
    let list = operate(&stage, &["replay", &waba, "--list"]).await.well();
    let row = list.out.lines().nth(1).expect("a replay");
    assert!(row.starts_with(&id) && row.contains("done") && row.contains("those that want them"), "{}", list.out);
    let again = operate(&stage, &["replay", &waba, "--watch", &id, "--json"]).await.well();
    assert_eq!((&again.lines()[0]["state"], &again.lines()[0]["done"]), (&json!("done"), &json!(10)));
    stage.end().await;
}

#[actix_web::test]
async fn a_slow_replay_is_left_to_itself_and_cancelled() {
    let (stage, waba) = delivered(20).await;
    let said = operate(&stage, &["replay", &waba, "--from", "1", "--rate", "1", "--detach"]).await.well();
    let id = said.out.split(' ').next().expect("an id");
    assert!(said.out.contains(&format!(" goes on by itself: `wharf replay {waba} --watch {id}`")), "{}", said.out);
    let said = operate(&stage, &["replay", &waba, "--cancel", id]).await.well();
    assert!(said.out.starts_with(&format!("{id} cancelled: ")), "{}", said.out);
    let watched = operate(&stage, &["replay", &waba, "--watch", id]).await;
    assert_eq!(watched.code, 1, "it was not done: {watched:?}");
    let unknown = operate(&stage, &["replay", &waba, "--watch", "rpl_2"]).await;
    assert!(unknown.code == 1 && unknown.err.contains("no replay rpl_2"), "{unknown:?}");
    let nothing = operate(&stage, &["replay", &waba, "--from", "21"]).await;
    assert!(nothing.code == 1 && nothing.err.contains("wharf.replay.nothing"), "{nothing:?}");
    stage.end().await;
}

#[actix_web::test]
async fn one_event_is_delivered_again_also_where_its_filter_keeps_it_out() {
    let (stage, waba) = delivered(1).await;
    let line = stage.line(0, 0);
    let (first, second) = (format!("{waba}.1"), format!("{waba}.2"));
    let said = operate(&stage, &["replay", &first]).await.well();
    assert_eq!(said.out, format!("{first} goes again to main/app\n`wharf explain {first}` tells what becomes of it\n"));
    stage.until_ledger(DELIVERED, 2).await;
    stage.take(receipts(&line, &[status("wamid.0", "sent", "491")])).await;
    let said = operate(&stage, &["replay", &second]).await;
    assert!(said.code == 1 && said.err.contains("(wharf.replay.nothing, 409)"), "{said:?}");
    operate(&stage, &["replay", &second, "--route", "main/app"]).await.well();
    stage.until_ledger(DELIVERED, 3).await;
    stage.app.answer(|_| Reply::Status(503));
    operate(&stage, &["replay", &first]).await.well();
    let said = operate(&stage, &["replay", &first]).await.well();
    assert!(said.out.starts_with("it is still on its way to main/app\n"), "{said:?}");
    stage.app.answer(|_| Reply::Status(200));
    stage.until_ledger(DELIVERED, 4).await;
    stage.end().await;
}
