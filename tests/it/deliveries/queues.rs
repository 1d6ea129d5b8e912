//! A queue behind a route: what a consumer finds in it, with a server made for tests and with a real one.

use crate::harness::application::nobody;
use crate::harness::mail::{letter, receipts, status, text};
use crate::harness::nats::{Arrival, FakeNats, Reply};
use crate::harness::queue::{NatsServer, ask, messages};
use crate::harness::stage::Stage;
use crate::harness::until;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A gateway with a second route, to a queue.
async fn stage(url: &str, more: &str) -> Stage {
    let table = format!("[[gateway.route]]\nname = \"queue\"\nurl = \"{url}\"\nsecret = \"s\"\n{more}\n");
    Stage::engaged_with(|plan| plan.more = table).await
}

fn item(body: &Value) -> (String, String) {
    let message = &body["entry"][0]["changes"][0]["value"]["messages"][0];
    let text = |key: &str| message[key].as_str().unwrap_or_default().to_owned();
    (text("from"), text("id"))
}

fn bodies(arrivals: &[Arrival]) -> Vec<Value> {
    arrivals.iter().map(|arrival| serde_json::from_slice(&arrival.body).expect("JSON")).collect()
}

fn in_order_per_dialog(bodies: &[Value]) {
    let customers: BTreeSet<String> = bodies.iter().map(|body| item(body).0).collect();
    for customer in customers {
        let ids: Vec<String> =
            bodies.iter().map(item).filter(|(from, _)| *from == customer).map(|(_, id)| id).collect();
        assert!(ids.is_sorted(), "{customer}: {ids:?}");
    }
}

async fn mail(stage: &Stage, from: usize, to: usize) {
    for nth in from..to {
        let customer = format!("49{}", nth % 5);
        stage.take(letter(&stage.line(0, 0), &[text(&format!("wamid.{nth:03}"), &customer)])).await;
    }
}

#[actix_web::test]
async fn a_queue_that_was_down_gets_everything_once_and_in_order_when_it_is_back() {
    let mut fake = FakeNats::down_at(nobody());
    let stage = stage(&fake.url(), "").await;
    mail(&stage, 0, 20).await;
    stage.until_ledger("/routes/main~1app/delivered", 20).await;
    fake.up();
    stage.until_ledger("/routes/main~1queue/delivered", 20).await;
    fake.down();
    mail(&stage, 20, 40).await;
    stage.until_ledger("/routes/main~1app/delivered", 40).await;
    fake.up();
    stage.until_ledger("/routes/main~1queue/delivered", 40).await;
    let kept = fake.kept();
    assert_eq!(kept.len(), 40);
    in_order_per_dialog(&bodies(&kept));
    stage.end().await;
}

#[actix_web::test]
async fn a_consumer_finds_what_an_application_is_posted() {
    let fake = FakeNats::start();
    let stage = stage(&fake.url(), "").await;
    mail(&stage, 0, 1).await;
    stage.until_ledger("/routes/main~1queue/delivered", 1).await;
    let (posted, kept) = (stage.app.until(1).await, fake.kept());
    let (posted, kept) = (&posted[0], &kept[0]);
    let line = stage.line(0, 0);
    assert_eq!(kept.subject, format!("wharf.main.{}.{}.messages", line.waba, line.number));
    assert_eq!(kept.body, posted.body);
    for name in ["webhook-id", "content-type", "x-wharf-attempt", "x-whatsapp-business", "x-whatsapp-account"] {
        let published = kept.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let published = published.map(|(_, value)| &**value);
        assert_eq!(published, Some(posted.header(name)), "{name}");
    }
    assert_eq!(kept.header("Nats-Msg-Id"), kept.header("webhook-id"));
    assert!(kept.header("X-Hub-Signature-256").starts_with("sha256=") && !kept.header("webhook-signature").is_empty());
    stage.end().await;
}

#[actix_web::test]
async fn an_acknowledgement_that_got_lost_makes_no_second_message() {
    let fake = FakeNats::start();
    let stage = stage(&fake.url(), "").await;
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    fake.answer(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::KeepSilently,
        _ => Reply::Keep,
    });
    // Of one dialog: nothing else is under way when the connection breaks.
    let letters: Vec<String> = (0..3).map(|nth| text(&format!("wamid.{nth}"), "491")).collect();
    stage.take(letter(&stage.line(0, 0), &letters)).await;
    stage.until_ledger("/routes/main~1queue/delivered", 3).await;
    assert_eq!((fake.kept().len(), fake.tried().len()), (3, 4));
    stage.end().await;
}

#[actix_web::test]
async fn a_real_server_with_a_stream_holds_every_event_of_a_mixed_load_exactly_once() {
    let Some(server) = NatsServer::start().await else { return };
    let client = server.client().await;
    let credential = "subject = \"wharf.{gateway}.{waba}.{type}\"\ncredential = \"wharf:secret\"";
    let stage = stage(&server.url, credential).await;
    // The first events find no stream yet: they are tried again.
    mail(&stage, 0, 10).await;
    let account = format!("/api/accounts/{}", stage.line(0, 0).waba);
    let opened = async || {
        let told = stage.look(&account).await.json();
        (told["routes"]["main/queue"]["breaker"] == "open").then_some(())
    };
    until("the queue's breaker opens", opened).await;
    let made = ask(&client, "STREAM.CREATE.EVENTS", json!({ "name": "EVENTS", "subjects": ["wharf.>"] })).await;
    assert!(made["error"].is_null(), "{made}");
    mail(&stage, 10, 60).await;
    for account in 0..3 {
        let line = stage.line(account, 0);
        let letters: Vec<String> = (0..20).map(|nth| text(&format!("wamid.{account}.{nth:02}"), "600")).collect();
        stage.take(letter(&line, &letters)).await;
        let statuses: Vec<String> =
            (0..20).map(|nth| status(&format!("wamid.s{account}.{nth:02}"), "sent", "601")).collect();
        stage.take(receipts(&line, &statuses)).await;
    }
    stage.until_ledger("/routes/main~1queue/delivered", 180).await;
    let held = messages(&client, "EVENTS").await;
    let ids: BTreeSet<&str> = held.iter().flat_map(|(_, headers, _)| headers.lines()).filter_map(id).collect();
    assert_eq!((held.len(), ids.len()), (180, 180));
    let of = |word: &str| held.iter().filter(|(subject, ..)| subject.ends_with(word)).count();
    assert_eq!((of(".message"), of(".status")), (120, 60));
    let first: Vec<Value> =
        held.into_iter().map(|(_, _, body)| body).filter(|body| item(body).0.starts_with("49")).collect();
    assert_eq!(first.len(), 60);
    in_order_per_dialog(&first);
    stage.end().await;
}

fn id(header: &str) -> Option<&str> {
    header.strip_prefix("Nats-Msg-Id: ")
}
