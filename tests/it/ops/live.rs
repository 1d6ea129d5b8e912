//! The live stream: what happens at an account, as it happens, to those who may hear of it.

use crate::harness::application::Reply;
use crate::harness::description::DOCUMENT;
use crate::harness::mail::{Line, letter, text};
use crate::harness::stage::{KEY, Stage, bearer};
use crate::harness::until;
use actix_web::rt::time::timeout;
use actix_web::web::Bytes;
use awc::error::PayloadError;
use futures_util::{Stream, StreamExt};
use serde_json::{Value, json};
use std::pin::Pin;
use std::time::Duration;

/// For one number of the account alone.
const ONE_NUMBER: &str = "key-of-one-number-0123456789abcdef";

/// A client that reads along.
struct Listener {
    body: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>>,
    text: String,
}

/// One entry: its name, its id, its data.
#[derive(Debug, Clone, PartialEq)]
struct Heard(String, Option<String>, Value);

impl Listener {
    async fn at(stage: &Stage, line: &Line, query: &str, key: &str) -> Self {
        let url = format!("{}/api/accounts/{}/live{query}", stage.ops, line.waba);
        let answer = awc::Client::default().get(url).insert_header(("Authorization", bearer(key))).send().await;
        let answer = answer.expect("an answer");
        let told = &DOCUMENT["paths"]["/api/accounts/{waba}/live"]["get"]["responses"];
        let told = &told[answer.status().as_str()]["content"];
        let kind = answer.headers().get("content-type").expect("a type").to_str().expect("text");
        assert_eq!((answer.status().as_u16(), kind), (200, "text/event-stream"));
        assert!(told[kind].is_object(), "{told} tells nothing of {kind}");
        let mut listener = Self { body: Box::pin(answer), text: String::new() };
        while !listener.text.contains(": listening\n\n") {
            assert!(listener.read().await, "it begins with a word");
        }
        listener.text.clear();
        listener
    }

    /// Reads on; `false` at the end.
    async fn read(&mut self) -> bool {
        let chunk = timeout(Duration::from_secs(20), self.body.next()).await.expect("something in time");
        let Some(chunk) = chunk else { return false };
        self.text += std::str::from_utf8(&chunk.expect("a whole chunk")).expect("UTF-8");
        true
    }

    /// The next `count` entries.
    async fn hear(&mut self, count: usize) -> Vec<Heard> {
        while self.text.matches("\n\n").count() < count {
            assert!(self.read().await, "the stream ended after {}", self.text);
        }
        let entries = std::mem::take(&mut self.text);
        entries.split("\n\n").filter(|entry| !entry.is_empty()).map(parse).collect()
    }

    async fn until_end(mut self) {
        while self.read().await {}
    }
}

fn parse(entry: &str) -> Heard {
    let field = |name: &str| entry.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned));
    let data = field("data").unwrap_or_else(|| panic!("no data in {entry}"));
    Heard(field("event").expect("a name"), field("id"), serde_json::from_str(&data).expect("JSON"))
}

#[actix_web::test]
async fn an_event_its_deliveries_and_a_send_are_told_as_they_happen() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let mut all = Listener::at(&stage, &line, "", KEY).await;
    let mut deliveries = Listener::at(&stage, &line, "?kind=delivery", KEY).await;
    stage.app.answer(|delivery| Reply::Status(if delivery.header("x-wharf-attempt") == "1" { 503 } else { 200 }));
    stage.take(letter(&line, &[text("wamid.1", "491")])).await;
    let told = all.hear(3).await;
    let id = format!("{}.1", line.waba);
    let Heard(name, seq, event) = &told[0];
    assert_eq!((name.as_str(), seq.as_deref(), &event["id"]), ("event", Some("1"), &json!(id)));
    assert_eq!((&event["type"], &event["disposition"]), (&json!("message"), &json!("routed")));
    assert_eq!((&event["number"], &event["routes"]), (&json!(line.number), &json!(["main/app"])));
    assert!(event["at"].is_string() && event["dialog"].is_string(), "{event}");
    let results: Vec<_> =
        told[1..].iter().map(|Heard(name, _, told)| (name, &told["result"], &told["status"])).collect();
    let name = "delivery".to_owned();
    assert_eq!(results, [(&name, &json!("failed"), &json!(503)), (&name, &json!("delivered"), &Value::Null)]);
    assert_eq!((&told[1].2["event"], &told[1].2["attempt"], &told[2].2["attempt"]), (&json!(id), &json!(1), &json!(2)));
    assert!(told[1].2["took_ms"].is_u64() && told[1].2["reason"].is_string(), "{told:?}");
    assert_eq!(deliveries.hear(2).await, told[1..]);

    let body = r#"{"messaging_product":"whatsapp","to":"491700000","type":"text","text":{"body":"x"}}"#;
    let sent = stage.send(&format!("{}/messages", line.number), body).await;
    let message = sent.header("x-wharf-message").expect("an id").to_owned();
    let mut states = Vec::new();
    while states.last().is_none_or(|state| state != "accepted") {
        for Heard(name, _, told) in all.hear(1).await.into_iter().filter(|Heard(name, ..)| name == "send") {
            assert_eq!(
                (name.as_str(), &told["message"], &told["number"]),
                ("send", &json!(message), &json!(line.number))
            );
            states.push(told["state"].as_str().expect("a state").to_owned());
        }
    }
    assert!(states.contains(&"sending".to_owned()), "{states:?}");
    let bad = stage.look(&format!("/api/accounts/{}/live?kind=gossip", line.waba)).await;
    assert_eq!((bad.status, &bad.json()["id"]), (400, &json!("wharf.parameter.bad")));
    drop((all, deliveries));
    stage.end().await;
}

#[actix_web::test]
async fn a_key_for_one_number_hears_of_that_number_and_of_no_other_account() {
    let mut stage = Stage::engaged_with(|plan| plan.numbers = 2).await;
    let (own, other) = (stage.line(0, 0), stage.line(0, 1));
    stage.plan.more = format!(
        "[[key]]\nname = \"one\"\nsecret = \"{ONE_NUMBER}\"\nscopes = [\"inspect\"]\nnumbers = [\"{}\"]\n",
        own.number
    );
    stage.restart().await;
    let mut listener = Listener::at(&stage, &own, "?kind=event", ONE_NUMBER).await;
    stage.take(letter(&other, &[text("wamid.other", "491")])).await;
    stage.take(letter(&own, &[text("wamid.own", "491")])).await;
    let told = listener.hear(1).await;
    assert_eq!((told.len(), &told[0].2["number"]), (1, &json!(own.number)), "{told:?}");
    let elsewhere = stage.look_with(&format!("/api/accounts/{}/live", stage.line(1, 0).waba), ONE_NUMBER).await;
    assert_eq!((elsewhere.status, &elsewhere.json()["id"]), (404, &json!("wharf.account.unknown")));
    drop(listener);
    stage.end().await;
}

#[actix_web::test]
async fn sixteen_listen_to_an_account_and_the_next_one_is_refused_until_one_goes() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    let mut listeners = Vec::new();
    for _ in 0..16 {
        listeners.push(Listener::at(&stage, &line, "", KEY).await);
    }
    let url = format!("/api/accounts/{}/live", line.waba);
    let full = stage.look(&url).await;
    assert_eq!((full.status, &full.json()["id"]), (429, &json!("wharf.live.full")));
    listeners.pop();
    let again = async || {
        let headers = [("Authorization", bearer(KEY))];
        let answer = awc::Client::default().get(format!("{}{url}", stage.ops)).insert_header(headers[0].clone());
        let answer = answer.send().await.expect("an answer");
        (answer.status().as_u16() == 200).then_some(())
    };
    until("there is room again", again).await;
    drop(listeners);
    stage.end().await;
}

#[actix_web::test]
async fn a_stream_ends_with_its_account_and_when_the_server_stops() {
    let mut stage = Stage::engaged().await;
    let (removed, stays) = (stage.line(0, 0), stage.line(1, 0));
    let of_removed = Listener::at(&stage, &removed, "", KEY).await;
    let of_stays = Listener::at(&stage, &stays, "", KEY).await;
    assert_eq!(stage.verb(&format!("remove&id={}", removed.waba)).await.status, 200);
    of_removed.until_end().await;
    let gone = stage.look(&format!("/api/accounts/{}/live", removed.waba)).await;
    assert_eq!(gone.status, 404);
    let reading = actix_web::rt::spawn(of_stays.until_end());
    stage.restart().await;
    reading.await.expect("it came to its end");
    stage.end().await;
}
