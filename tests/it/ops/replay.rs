//! Events delivered again on request: one at a time, and whole stretches of a journal while everything else goes on.

use crate::harness::application::{Delivery, Reply};
use crate::harness::http::{self, Answer};
use crate::harness::mail::{Line, letter, receipts, status, text};
use crate::harness::stage::{KEY, Stage, bearer};
use crate::harness::until;
use serde_json::{Value, json};

const DELIVERED: &str = "/routes/main~1app/delivered";
const REPLAYED: &str = "/routes/main~1app/replayed";

struct Desk<'s>(&'s Stage);

impl Desk<'_> {
    async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        http::ask(method, &format!("{}{path}", self.0.ops), &[("Authorization", &bearer(KEY))], body).await
    }

    async fn replay(&self, event: &str, body: Value) -> Answer {
        self.ask("POST", &format!("/api/events/{event}/replay"), &body).await
    }

    async fn stretch(&self, line: &Line, body: Value) -> Answer {
        self.ask("POST", &format!("/api/accounts/{}/replay", line.waba), &body).await
    }

    /// The only replay of an account, as it stands.
    async fn standing(&self, line: &Line) -> Value {
        self.0.look(&format!("/api/accounts/{}/replays", line.waba)).await.json()["data"][0].take()
    }

    async fn until_done(&self, line: &Line) -> Value {
        let look = async || Some(self.standing(line).await).filter(|replay| replay["state"] == "done");
        until("the replay is done", look).await
    }

    /// `count` messages, each of another customer.
    async fn fill(&self, line: &Line, count: usize) {
        let messages: Vec<String> = (1..=count).map(|nth| text(&format!("wamid.{nth}"), &format!("49{nth}"))).collect();
        for part in messages.chunks(200) {
            self.0.take(letter(line, part)).await;
        }
        self.0.until_ledger(DELIVERED, count as i64).await;
    }

    /// What came, by id.
    fn got(&self) -> Vec<String> {
        self.0.app.deliveries().iter().map(Delivery::item_id).collect()
    }
}

#[actix_web::test]
async fn an_event_replayed_comes_again_with_its_first_attempt_and_is_counted() {
    let stage = Stage::engaged().await;
    let (desk, line) = (Desk(&stage), stage.line(0, 0));
    desk.fill(&line, 1).await;
    let event = format!("{}.1", line.waba);
    let told = desk.replay(&event, Value::Null).await;
    assert_eq!((told.status, told.json()["routes"].clone()), (202, json!(["main/app"])), "{}", told.text());
    let ledger = stage.until_ledger(DELIVERED, 2).await;
    assert_eq!(ledger.pointer(REPLAYED), Some(&json!(1)));
    let deliveries = stage.app.deliveries();
    assert_eq!(deliveries[0].body, deliveries[1].body);
    for delivery in &deliveries {
        assert_eq!((delivery.header("webhook-id"), delivery.header("x-wharf-attempt")), (&*event, "1"));
    }
    assert!(stage.look("/api/audit").await.text().contains("event.replay"));
    stage.end().await;
}

#[actix_web::test]
async fn a_replay_of_what_is_pending_is_none_and_survives_a_crash_where_it_is_one() {
    let mut stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    Desk(&stage).fill(&line, 1).await;
    stage.app.answer(|_| Reply::Status(500));
    let event = format!("{}.1", line.waba);
    assert_eq!(Desk(&stage).replay(&event, Value::Null).await.status, 202);
    let told = Desk(&stage).replay(&event, json!({"route": "app"})).await;
    assert_eq!(told.status, 202, "{}", told.text());
    assert_eq!((&told.json()["routes"], &told.json()["already_pending"]), (&json!([]), &json!(["main/app"])));
    stage.crash().await;
    stage.app.answer(|_| Reply::Status(200));
    let ledger = stage.until_ledger(DELIVERED, 2).await;
    assert_eq!(ledger.pointer(REPLAYED), Some(&json!(1)), "{ledger}");
    stage.end().await;
}

#[actix_web::test]
async fn what_cannot_be_delivered_again_is_refused_with_words() {
    let stage = Stage::engaged_with(|plan| plan.routes = vec![("app", "types = [\"status\"]".into())]).await;
    let (desk, line) = (Desk(&stage), stage.line(0, 0));
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    let stray = Line { waba: "77777".into(), number: "88888".into(), ..line.clone() };
    stage.take(letter(&stray, &[text("wamid.2", "491")])).await;
    let event = format!("{}.1", line.waba);
    for (event, word) in [(&*event, "filter"), ("q.main.1", "quarantine")] {
        let told = desk.replay(event, Value::Null).await;
        assert_eq!((told.status, &told.json()["id"]), (409, &json!("wharf.replay.nothing")), "{event}");
        assert!(told.text().contains(word), "{}", told.text());
    }
    assert_eq!(desk.replay("1.1", Value::Null).await.status, 404);
    assert_eq!(desk.replay(&event, json!({"route": "nowhere"})).await.status, 404);
    assert_eq!(desk.replay(&event, json!({"rout": "app"})).await.status, 400);
    let named = desk.replay(&event, json!({"route": "main/app"})).await;
    assert_eq!(named.status, 202, "whatever its filter says: {}", named.text());
    stage.until_ledger(DELIVERED, 1).await;
    stage.end().await;
}

#[actix_web::test]
async fn events_of_an_inactive_account_and_test_payloads_are_delivered_when_they_are_replayed() {
    let stage = Stage::engaged_with(|plan| plan.routes = vec![("app", "tests = true".into())]).await;
    let (desk, line) = (Desk(&stage), stage.line(0, 0));
    assert_eq!(stage.verb(&format!("unsubscribe&id={}", line.waba)).await.status, 200);
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    stage.until_ledger("/inactive", 1).await;
    assert_eq!(desk.replay(&format!("{}.1", line.waba), Value::Null).await.status, 202);
    stage.until_ledger(DELIVERED, 1).await;
    let dashboard = Line { waba: "0".into(), number: "123456123".into(), display: "16505551111".into() };
    stage.take(letter(&dashboard, &[text("wamid.test", "16315551181")])).await;
    stage.until_ledger(DELIVERED, 2).await;
    assert_eq!(desk.replay("t.main.1", json!({"route": "app"})).await.status, 202);
    let ledger = stage.until_ledger(DELIVERED, 3).await;
    assert_eq!(ledger.pointer(REPLAYED), Some(&json!(2)));
    assert_eq!(desk.got(), ["wamid.1", "wamid.test", "wamid.test"]);
    stage.end().await;
}

#[actix_web::test]
async fn a_stretch_by_seq_or_by_time_is_counted_and_delivered_once() {
    let stage = Stage::engaged().await;
    let (desk, line) = (Desk(&stage), stage.line(0, 0));
    desk.fill(&line, 20).await;
    stage.take(receipts(&line, &[status("wamid.0", "sent", "491")])).await;
    stage.until_ledger(DELIVERED, 21).await;
    let began = stage.events(&line.waba).await[0]["received_at"].clone();
    let dry = desk.stretch(&line, json!({"from": began, "kind": "message", "dry_run": true})).await;
    let counted = dry.json();
    assert_eq!((dry.status, &counted["events"], &counted["routes"]["main/app"]), (200, &json!(20), &json!(20)));
    assert_eq!((&counted["last"], &counted["at_least"]), (&json!(format!("{}.20", line.waba)), &json!(false)));
    stage.app.forget();
    let told = desk.stretch(&line, json!({"from": 6, "to": 15, "rate": 1000})).await;
    assert_eq!(told.status, 202, "{}", told.text());
    let began = told.json()["replay"].clone();
    assert_eq!((&began["state"], &began["rate"], &began["through_seq"]), (&json!("running"), &json!(1000), &json!(15)));
    let done = desk.until_done(&line).await;
    assert_eq!((&done["done"], &done["skipped"], &done["next_seq"]), (&json!(10), &json!(0), &json!(16)));
    stage.until_ledger(DELIVERED, 31).await;
    let mut got = desk.got();
    got.sort_by_key(|id| id[6..].parse::<u32>().expect("a number"));
    assert_eq!(got, (6..=15).map(|nth| format!("wamid.{nth}")).collect::<Vec<_>>());
    stage.end().await;
}

#[actix_web::test]
async fn a_stretch_goes_on_where_it_was_after_a_crash_and_live_mail_is_not_held_up() {
    let mut stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    Desk(&stage).fill(&line, 120).await;
    stage.app.forget();
    assert_eq!(Desk(&stage).stretch(&line, json!({"from": 1, "rate": 60})).await.status, 202);
    let look = async || (Desk(&stage).standing(&line).await["done"].as_u64() >= Some(12)).then_some(());
    until("the replay is under way", look).await;
    stage.crash().await;
    let standing = Desk(&stage).standing(&line).await;
    assert_eq!(standing["state"], "running", "{standing}");
    stage.take(letter(&line, &[text("wamid.live", "4900")])).await;
    let look = async || Desk(&stage).got().iter().any(|id| id == "wamid.live").then_some(());
    until("live mail is delivered", look).await;
    assert_eq!(Desk(&stage).standing(&line).await["state"], "running", "in the middle of the replay");
    let done = Desk(&stage).until_done(&line).await;
    assert_eq!((&done["done"], &done["skipped"]), (&json!(120), &json!(0)), "{done}");
    let ledger = stage.until_ledger(DELIVERED, 241).await;
    assert_eq!(ledger.pointer(REPLAYED), Some(&json!(120)));
    let got: std::collections::BTreeSet<String> = Desk(&stage).got().into_iter().collect();
    assert_eq!(got.len(), 121, "all of them, and the live one");
    stage.end().await;
}

#[actix_web::test]
async fn a_replay_is_cancelled_and_no_more_than_four_go_on() {
    let stage = Stage::engaged().await;
    let (desk, line) = (Desk(&stage), stage.line(0, 0));
    desk.fill(&line, 30).await;
    let slow = json!({"from": 1, "rate": 1});
    let mut ids = Vec::new();
    for _ in 0..4 {
        let told = desk.stretch(&line, slow.clone()).await;
        ids.push(told.json()["replay"]["id"].as_str().expect("an id").to_owned());
    }
    let fifth = desk.stretch(&line, slow.clone()).await;
    assert_eq!((fifth.status, &fifth.json()["id"]), (409, &json!("wharf.replays.full")));
    let path = |id: &str| format!("/api/accounts/{}/replays/{id}", line.waba);
    for id in &ids {
        let told = desk.ask("DELETE", &path(id), &Value::Null).await;
        assert_eq!((told.status, &told.json()["state"]), (200, &json!("cancelled")), "{}", told.text());
    }
    assert_eq!(desk.ask("DELETE", &path("rpl_nothing"), &Value::Null).await.status, 404);
    for (wrong, status) in [
        (json!({"from": 0}), 400),
        (json!({"from": "yesterday"}), 400),
        (json!({"from": 1, "rate": 10_001}), 400),
        (json!({"from": 1, "kind": "letter"}), 400),
        (json!({"from": 1, "route": "nowhere"}), 404),
        (json!({"from": 9, "to": 8}), 409),
        (json!({}), 400),
    ] {
        assert_eq!(desk.stretch(&line, wrong.clone()).await.status, status, "{wrong}");
    }
    stage.end().await;
}
