//! What arrives at a callback: signed, escaped, batched, repeated, retried, and only where somebody is subscribed.

use std::collections::HashSet;

use super::receiver::{Receiver, VERIFY_TOKEN, elements};
use super::{Client, plain_traffic, start, subscribed, until};
use crate::sandbox::{SandboxOptions, Subscribed, Traffic};
use serde_json::{Value, json};

fn ids(messages: &[Value]) -> Vec<String> {
    messages.iter().map(|message| message["id"].as_str().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn everything_that_customers_write_arrives_signed_and_escaped() {
    let traffic = Traffic { rate_per_s: 2000.0, statuses: 0.3, account_events: 0.05, ..plain_traffic() };
    let sandbox = start(SandboxOptions { traffic, ..subscribed() }).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    sandbox.set_callback(&receiver.url);
    sandbox.start_traffic().await;
    until("a thousand POSTs", || receiver.posts().len() >= 1000).await;
    sandbox.stop_traffic().await;
    let (stats, posts) = (sandbox.stats(), receiver.posts());
    assert!(posts.iter().all(|post| elements(&post.json, "messages").len() <= 1), "one item in each POST");
    assert!(receiver.elements("statuses").len() > 100);
    assert!(posts.iter().any(|post| post.json["entry"][0]["time"].is_number()), "events about accounts have a time");
    until("every item is answered", || stats.view().items == stats.view().items_accepted).await;
    assert_eq!(stats.view().posts_refused, 0);
    sandbox.stop().await;
    receiver.stop().await;
}

#[actix_web::test]
async fn a_batch_has_at_most_the_items_and_the_bytes_asked_for() {
    let traffic = Traffic { rate_per_s: 20_000.0, batch: 1000, max_bytes: 100_000, ..plain_traffic() };
    let sandbox = start(SandboxOptions { traffic, accounts: 4, ..subscribed() }).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    sandbox.set_callback(&receiver.url);
    sandbox.start_traffic().await;
    until("thirty POSTs", || receiver.posts().len() >= 30).await;
    let posts = receiver.posts();
    assert!(posts.iter().all(|post| post.bytes <= 100_000));
    assert!(posts.iter().any(|post| elements(&post.json, "messages").len() > 50));
    assert!(posts.iter().any(|post| post.json["entry"].as_array().unwrap().len() > 1), "several accounts in one POST");
    sandbox.set_traffic(Traffic { rate_per_s: 20_000.0, batch: 1000, ..plain_traffic() }).await;
    let large = |post: &super::receiver::Post| elements(&post.json, "messages").len() > 800;
    until("a POST with more than 800 items", || receiver.posts().iter().any(large)).await;
    let posts = receiver.posts();
    assert!(posts.iter().all(|post| post.bytes <= 3_000_000 && elements(&post.json, "messages").len() <= 1000));
    sandbox.stop().await;
    receiver.stop().await;
}

#[actix_web::test]
async fn duplicates_come_again_to_the_byte() {
    let traffic = Traffic { rate_per_s: 300.0, duplicates: 0.5, batch: 4, ..plain_traffic() };
    let sandbox = start(SandboxOptions { traffic, ..subscribed() }).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    sandbox.set_callback(&receiver.url);
    sandbox.start_traffic().await;
    until("twenty duplicates", || sandbox.stats().view().duplicates >= 20).await;
    sandbox.stop_traffic().await;
    until("nothing waits", || sandbox.stats().view().waiting == 0).await;
    let messages = receiver.elements("messages");
    let all = ids(&messages);
    let distinct: HashSet<&String> = all.iter().collect();
    assert_eq!((all.len() - distinct.len()) as u64, sandbox.stats().view().duplicates);
    let twice = messages.iter().find(|m| all.iter().filter(|id| m["id"] == **id).count() > 1).unwrap();
    let copies: Vec<&Value> = messages.iter().filter(|message| message["id"] == twice["id"]).collect();
    assert!(copies.iter().all(|copy| *copy == copies[0]));
    sandbox.stop().await;
    receiver.stop().await;
}

#[actix_web::test]
async fn whatever_is_not_answered_200_comes_again() {
    let sandbox = start(subscribed()).await;
    let receiver = Receiver::start(&sandbox.options().app_secret);
    sandbox.set_callback(&receiver.url);
    receiver.answer_with(503);
    let number = sandbox.world().accounts()[0].numbers[0].id.clone();
    let wamid = sandbox.write(1, &number, "Gr\u{fc}\u{df}e \u{1f44b}").unwrap();
    until("a refusal", || sandbox.stats().view().posts_refused >= 2).await;
    receiver.answer_with(200);
    until("the message", || !receiver.posts().is_empty()).await;
    let message = &receiver.elements("messages")[0];
    assert_eq!((&message["id"], &message["text"]["body"]), (&json!(wamid), &json!("Gr\u{fc}\u{df}e \u{1f44b}")));
    assert!(sandbox.sent_log().sent_at(&wamid).is_some());
    sandbox.stop().await;
    receiver.stop().await;
}

#[actix_web::test]
async fn only_subscribed_accounts_are_heard_and_each_at_its_own_callback() {
    let options = SandboxOptions { subscribed: Subscribed::None, accounts: 3, ..subscribed() };
    let sandbox = start(SandboxOptions { traffic: Traffic { rate_per_s: 500.0, ..plain_traffic() }, ..options }).await;
    let (ours, theirs) = (Receiver::start("sandbox-app-secret"), Receiver::start("sandbox-app-secret"));
    sandbox.set_callback(&ours.url);
    sandbox.start_traffic().await;
    let (client, wabas) = (Client::of(&sandbox), sandbox.account_ids());
    for waba in &wabas[..2] {
        assert_eq!(client.post(&format!("/v25.0/{waba}/subscribed_apps"), &json!({})).await.0, 200);
    }
    let wanted = json!({"override_callback_uri": theirs.url, "verify_token": VERIFY_TOKEN});
    assert_eq!(client.post(&format!("/v25.0/{}/subscribed_apps", wabas[1]), &wanted).await.0, 200);
    until("POSTs at both", || ours.posts().len() > 50 && theirs.posts().len() > 50).await;
    assert!(theirs.posts().iter().all(|post| post.json["entry"][0]["id"] == wabas[1]));
    assert!(ours.posts().iter().all(|post| post.json["entry"][0]["id"] != wabas[2]), "nobody subscribed the third");
    sandbox.stop().await;
    ours.stop().await;
    theirs.stop().await;
}
