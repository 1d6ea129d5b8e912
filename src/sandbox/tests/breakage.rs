//! Connections that are lost, answers that hang or are overtaken, messages that fail later.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::receiver::Receiver;
use super::{Client, start, subscribed, until};
use crate::sandbox::{Faults, Sandbox, SandboxOptions};

fn text_to(recipient: &str) -> Value {
    json!({"messaging_product": "whatsapp", "to": recipient, "type": "text", "text": {"body": "hello"}})
}

fn path(sandbox: &Sandbox) -> String {
    format!("/v25.0/{}/messages", sandbox.world().accounts()[0].numbers[0].id)
}

/// Whether there was any answer.
async fn is_answered(sandbox: &Sandbox, recipient: &str) -> bool {
    let request = awc::Client::default().post(format!("{}{}", sandbox.graph_url(), path(sandbox)));
    request.bearer_auth(&sandbox.options().token).send_json(&text_to(recipient)).await.is_ok()
}

#[actix_web::test]
async fn a_connection_may_be_lost_after_the_message_was_taken_and_before() {
    let sandbox = start(subscribed()).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    sandbox.set_callback(&receiver.url);
    assert!(!is_answered(&sandbox, "15550503").await);
    assert_eq!((sandbox.stats().view().sends_cut, sandbox.stats().view().sends_accepted), (1, 0), "nobody has it");
    assert!(!is_answered(&sandbox, "15550502").await);
    assert_eq!((sandbox.stats().view().sends_cut, sandbox.stats().view().sends_accepted), (2, 1), "it was taken");
    until("its statuses", || receiver.elements("statuses").len() >= 2).await;
    assert!(receiver.elements("statuses").iter().all(|status| status["recipient_id"] == "15550502"));
    assert!(is_answered(&sandbox, "15550502").await && is_answered(&sandbox, "15550503").await, "once only");
    sandbox.stop().await;
    receiver.stop().await;
}

#[actix_web::test]
async fn shares_of_sends_are_lost_and_fail_later_as_asked() {
    let faults =
        Faults { lost_after_rate: 0.5, failed_later_rate: 0.5, failed_later_code: 130_429, ..Faults::default() };
    let sandbox = start(SandboxOptions { faults, ..subscribed() }).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    sandbox.set_callback(&receiver.url);
    let mut answered = 0;
    for nth in 0..40 {
        answered += usize::from(is_answered(&sandbox, &format!("1555{}", 1000 + nth)).await);
    }
    assert!((5..35).contains(&answered), "{answered} of 40");
    let failed = || receiver.elements("statuses").iter().filter(|status| status["status"] == "failed").count();
    until("what was answered fails", || failed() == answered).await;
    let statuses = receiver.elements("statuses");
    let failed = statuses.iter().find(|status| status["status"] == "failed").unwrap();
    assert_eq!(failed["errors"][0]["code"], 130_429);
    sandbox.stop().await;
    receiver.stop().await;
}

#[actix_web::test]
async fn a_status_can_overtake_the_answer_of_its_send() {
    let sandbox = start(subscribed()).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    sandbox.set_callback(&receiver.url);
    let (client, path) = (Client::of(&sandbox), path(&sandbox));
    let send = actix_web::rt::spawn(async move { client.post(&path, &text_to("15550202")).await });
    until("a status", || !receiver.elements("statuses").is_empty()).await;
    assert!(!send.is_finished());
    assert_eq!(send.await.unwrap().0, 200);
    sandbox.stop().await;
    receiver.stop().await;
}

#[actix_web::test]
async fn a_send_whose_caller_goes_away_is_taken_all_the_same() {
    let faults = Faults { send_latency_ms: 300, ..Faults::default() };
    let sandbox = start(SandboxOptions { faults, ..subscribed() }).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    sandbox.set_callback(&receiver.url);
    let hasty = awc::Client::builder().timeout(Duration::from_millis(100)).finish();
    let request = hasty.post(format!("{}{}", sandbox.graph_url(), path(&sandbox)));
    let began = Instant::now();
    let answer = request.bearer_auth(&sandbox.options().token).send_json(&text_to("15551234")).await;
    assert!(answer.is_err());
    until("its statuses", || receiver.elements("statuses").len() >= 2).await;
    assert!(began.elapsed() >= Duration::from_millis(320), "statuses come after the latency");
    sandbox.stop().await;
    receiver.stop().await;
}
