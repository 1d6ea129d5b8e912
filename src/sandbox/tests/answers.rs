//! Sends and what becomes of them: statuses, faults, and the bot that answers.

use serde_json::{Value, json};

use super::receiver::Receiver;
use super::{Client, plain_traffic, start, subscribed, until};
use crate::sandbox::{Bot, BotOptions, Faults, Limits, Sandbox, SandboxOptions, Traffic};

fn text_to(recipient: &str) -> Value {
    json!({
        "messaging_product": "whatsapp", "to": recipient, "type": "text", "text": {"body": "hello"},
        "biz_opaque_callback_data": "order/7",
    })
}

fn messages_path(sandbox: &Sandbox) -> String {
    format!("/v25.0/{}/messages", sandbox.world().accounts()[0].numbers[0].id)
}

#[actix_web::test]
async fn statuses_of_a_send_come_back_with_its_mark() {
    let sandbox = start(subscribed()).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    sandbox.set_callback(&receiver.url);
    let (status, answer) = Client::of(&sandbox).post(&messages_path(&sandbox), &text_to("+49 151 0001234")).await;
    assert_eq!((status, &answer["contacts"][0]["wa_id"]), (200, &json!("491510001234")));
    let wamid = answer["messages"][0]["id"].as_str().unwrap().to_owned();
    assert!(wamid.starts_with("wamid."));
    until("two statuses", || receiver.elements("statuses").len() >= 2).await;
    let statuses = receiver.elements("statuses");
    assert_eq!((&statuses[0]["status"], &statuses[1]["status"]), (&json!("sent"), &json!("delivered")));
    assert!(statuses.iter().all(|s| s["id"] == wamid.as_str() && s["biz_opaque_callback_data"] == "order/7"));
    sandbox.stop().await;
    receiver.stop().await;
}

#[actix_web::test]
async fn statuses_come_out_of_order_when_asked_to() {
    let traffic = Traffic { disorder: 1.0, ..plain_traffic() };
    let sandbox = start(SandboxOptions { traffic, ..subscribed() }).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    sandbox.set_callback(&receiver.url);
    let (client, path) = (Client::of(&sandbox), messages_path(&sandbox));
    for nth in 0..20 {
        assert_eq!(client.post(&path, &text_to(&format!("49151000{}", 1000 + nth))).await.0, 200);
    }
    until("the statuses of twenty sends", || {
        sandbox.stats().view().statuses >= 40 && sandbox.stats().view().waiting == 0
    })
    .await;
    let statuses = receiver.elements("statuses");
    let first_of = |id: &Value| statuses.iter().find(|status| status["id"] == *id).unwrap()["status"].clone();
    assert!(statuses.iter().any(|status| first_of(&status["id"]) != "sent"));
    sandbox.stop().await;
    receiver.stop().await;
}

#[actix_web::test]
async fn receipts_and_typing_are_taken_and_nothing_follows() {
    let sandbox = start(subscribed()).await;
    let receipt = json!({
        "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A=", "typing_indicator": {"type": "text"},
    });
    let (status, answer) = Client::of(&sandbox).post(&messages_path(&sandbox), &receipt).await;
    assert_eq!((status, answer), (200, json!({"success": true})));
    assert_eq!(sandbox.stats().view().sends_accepted, 0);
    sandbox.stop().await;
}

#[actix_web::test]
async fn a_send_is_refused_as_graph_refuses() {
    let sandbox = start(subscribed()).await;
    let (client, path) = (Client::of(&sandbox), messages_path(&sandbox));
    let cases = [
        (json!({"to": "4915", "text": {"body": "x"}}), 100),
        (json!({"messaging_product": "whatsapp", "text": {"body": "x"}}), 100),
        (json!({"messaging_product": "whatsapp", "to": "nobody", "text": {"body": "x"}}), 131_009),
        (json!({"messaging_product": "whatsapp", "to": "4915", "type": "text", "text": {}}), 131_008),
        (json!({"messaging_product": "whatsapp", "to": "4915", "type": "image"}), 100),
        (json!({"messaging_product": "whatsapp", "to": "4915", "type": "hologram"}), 100),
        (json!({"messaging_product": "whatsapp", "to": "4915", "text": {"body": "x".repeat(5000)}}), 100),
        (text_to("15550000"), 131_000),
        (text_to("15550026"), 131_026),
    ];
    for (body, code) in cases {
        let (status, answer) = client.post(&path, &body).await;
        assert!(status >= 400, "{body}");
        assert_eq!(answer["error"]["code"], code, "{body} {answer}");
        assert!(answer["error"]["fbtrace_id"].is_string() && answer["error"]["type"].is_string());
    }
    assert_eq!(client.post(&path, &text_to("15550000")).await.0, 200, "the second attempt is taken");
    let (_, answer) = client.post("/v25.0/123/messages", &text_to("4915")).await;
    assert_eq!((&answer["error"]["code"], &answer["error"]["error_subcode"]), (&json!(100), &json!(33)));
    let marketing = path.replace("messages", "marketing_messages");
    assert_eq!(client.post(&marketing, &text_to("4915")).await.1["error"]["code"], 131_055);
    sandbox.stop().await;
}

#[actix_web::test]
async fn the_statuses_of_a_send_can_overtake_its_answer() {
    let faults = Faults { hold_back_ms: 1_500, ..Faults::default() };
    let sandbox = start(SandboxOptions { faults, ..subscribed() }).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    sandbox.set_callback(&receiver.url);
    let (client, path) = (Client::of(&sandbox), messages_path(&sandbox));
    let send = actix_web::rt::spawn(async move { client.post(&path, &text_to("15550504")).await });
    until("a status", || !receiver.elements("statuses").is_empty()).await;
    assert!(!send.is_finished(), "the answer is held back");
    let (_, answer) = send.await.unwrap();
    assert_eq!(receiver.elements("statuses")[0]["id"], answer["messages"][0]["id"]);
    sandbox.stop().await;
    receiver.stop().await;
}

#[actix_web::test]
async fn a_message_that_was_taken_can_fail_later() {
    let sandbox = start(subscribed()).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    sandbox.set_callback(&receiver.url);
    assert_eq!(Client::of(&sandbox).post(&messages_path(&sandbox), &text_to("15550047")).await.0, 200);
    until("a status", || !receiver.elements("statuses").is_empty()).await;
    let status = &receiver.elements("statuses")[0];
    assert_eq!((&status["status"], &status["errors"][0]["code"]), (&json!("failed"), &json!(131_047)));
    sandbox.stop().await;
    receiver.stop().await;
}

#[actix_web::test]
async fn metas_limits_apply_when_asked_to() {
    let faults = Faults { limits: Limits::On, ..Faults::default() };
    let sandbox = start(SandboxOptions { faults, ..subscribed() }).await;
    let (client, path) = (Client::of(&sandbox), messages_path(&sandbox));
    let mut codes = Vec::new();
    for _ in 0..50 {
        codes.push(client.post(&path, &text_to("491511234567")).await.1["error"]["code"].as_u64());
    }
    assert_eq!(codes[..45].iter().flatten().count(), 0, "45 at once");
    assert!(codes.contains(&Some(131_056)));
    sandbox.stop().await;
}

#[actix_web::test]
async fn the_bot_answers_every_text_once() {
    let sandbox = start(subscribed()).await;
    let bot = Bot::start(bot_of(&sandbox)).await.unwrap();
    sandbox.set_callback(&bot.url());
    let number = sandbox.world().accounts()[0].numbers[0].id.clone();
    for customer in 0..30 {
        sandbox.write(customer, &number, "hello \u{1f44b}").unwrap();
    }
    until("thirty answers", || bot.stats().view().answered == 30).await;
    sandbox.set_traffic(Traffic { rate_per_s: 200.0, duplicates: 1.0, ..plain_traffic() }).await;
    until("duplicates", || bot.stats().view().duplicates > 20).await;
    sandbox.stop_traffic().await;
    until("all is answered", || {
        let (sent, seen) = (sandbox.stats().view(), bot.stats().view());
        sent.waiting == 0 && seen.answered + seen.unanswered == sent.sends
    })
    .await;
    let (sent, seen) = (sandbox.stats().view(), bot.stats().view());
    assert_eq!((seen.forged, seen.unanswered), (0, 0));
    assert_eq!(seen.answered, sent.sends_accepted);
    assert!(seen.answered <= seen.messages, "nothing is answered twice");
    assert!(bot.stats().latency.count() > 0);
    bot.stop().await;
    sandbox.stop().await;
}

#[actix_web::test]
async fn the_bot_takes_nothing_that_is_not_signed_with_its_secret() {
    let sandbox = start(subscribed()).await;
    let bot = Bot::start(BotOptions { secret: "another".into(), ..bot_of(&sandbox) }).await.unwrap();
    sandbox.set_callback(&bot.url());
    let number = sandbox.world().accounts()[0].numbers[0].id.clone();
    sandbox.write(1, &number, "hello").unwrap();
    until("a refusal", || bot.stats().view().forged > 0).await;
    assert_eq!(bot.stats().view().messages, 0);
    bot.stop().await;
    sandbox.stop().await;
}

fn bot_of(sandbox: &Sandbox) -> BotOptions {
    BotOptions {
        listen: ([127, 0, 0, 1], 0).into(),
        secret: sandbox.options().app_secret.clone(),
        base_url: sandbox.graph_url(),
        version: "v25.0".into(),
        key: sandbox.options().token.clone(),
        sent_log: Some(sandbox.sent_log()),
    }
}
