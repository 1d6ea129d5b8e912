//! `wharf replay`, against a fake that speaks as agreed.

use super::fake::{answering, refusing};
use super::{command, operate_at};
use crate::harness::application::{Application, Reply};
use crate::harness::stage::KEY;
use crate::harness::until;
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

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
        "DELETE /api/accounts/1022/replays/rpl_1" => Reply::Json(200, job("cancelled", 30).to_string()),
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

#[actix_web::test]
async fn replays_are_listed_cancelled_and_only_counted() {
    let fake = working(0).await;
    let said = operate_at(&fake.url(""), &["replay", "1022", "--list"]).await.well();
    assert!(said.out.contains("rpl_1   done   main/app   100"), "{}", said.out);
    let said = operate_at(&fake.url(""), &["replay", "1022", "--cancel", "rpl_1"]).await.well();
    assert_eq!(said.out, "rpl_1 cancelled: 30 delivered again\n");
    let unknown = operate_at(&fake.url(""), &["replay", "1022", "--watch", "rpl_2"]).await;
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("no replay rpl_2"), "{unknown:?}");
    let counted =
        json!({"dry_run": true, "events": 42, "bytes": 4096, "routes": {"main/app": 42}, "first": 1, "last": 42});
    fake.answer(move |_| Reply::Json(200, counted.to_string()));
    let said = operate_at(&fake.url(""), &["replay", "1022", "--from", "2h", "--dry-run"]).await.well();
    assert!(said.out.starts_with("42 events of 4KiB would be delivered again\n"), "{}", said.out);
    let body = fake.deliveries().pop().expect("a call").json();
    assert_eq!(body["dry_run"], true);
    fake.stop().await;
}

#[actix_web::test]
async fn one_event_is_delivered_again() {
    let told = json!({"event": "1022.57", "routes": ["main/app"], "already_pending": []});
    let nothing = json!({"id": "wharf.replay.nothing", "code": 409, "detail": "no route wants it"});
    let fake = answering(vec![
        ("POST /api/events/1022.57/replay", 202, told),
        ("POST /api/events/1022.58/replay", 409, nothing),
    ])
    .await;
    let said = operate_at(&fake.url(""), &["replay", "1022.57", "--route", "main/app"]).await.well();
    assert!(said.out.starts_with("1022.57 goes again to main/app\n"), "{said:?}");
    assert_eq!(fake.deliveries()[0].json(), json!({"route": "main/app"}));
    let said = operate_at(&fake.url(""), &["replay", "1022.58"]).await;
    assert_eq!(said.code, 1);
    assert!(said.err.contains("no route wants it (wharf.replay.nothing, 409)"), "{said:?}");
    fake.stop().await;
}
