//! What a sender asks for in headers: keys that make a repeat harmless, how long to wait, when it is too old, and what
//! becomes of a message whose answer was lost.

use super::{id_of, message, taken, text_to, until_state, with_graph};
use crate::harness::application::Reply;
use crate::harness::http::{self, Answer};
use crate::harness::mail::Line;
use crate::harness::stage::{KEY, Stage, bearer};
use crate::harness::until;
use serde_json::json;
use std::time::{Duration, Instant};
use wharf::sandbox::Faults;

/// Sends a text to `to` with headers.
async fn send_with(stage: &Stage, line: &Line, to: &str, headers: &[(&str, &str)]) -> Answer {
    let authorization = bearer(KEY);
    let mut all = vec![("Authorization", &*authorization)];
    all.extend(headers);
    http::post(&format!("{}/v25.0/{}/messages", stage.public, line.number), &all, text_to(to)).await
}

const ORDER_7: [(&str, &str); 1] = [("Idempotency-Key", "order-7")];

#[actix_web::test]
async fn a_twin_in_flight_waits_for_the_first_and_a_later_one_gets_its_answer_also_after_a_restart() {
    let (mut stage, graph) = with_graph("").await;
    graph.answer(|_| Reply::SlowJson(Duration::from_millis(300), 200, taken("wamid.once")));
    let line = stage.line(0, 0);
    let first = send_with(&stage, &line, "491", &ORDER_7);
    let (first, second) = futures_util::future::join(first, send_with(&stage, &line, "491", &ORDER_7)).await;
    assert_eq!((first.status, first.text()), (200, &*taken("wamid.once")));
    assert_eq!((second.status, second.text(), id_of(&second)), (200, first.text(), id_of(&first)));
    for restarted in [false, true] {
        if restarted {
            stage.restart().await;
        }
        let later = send_with(&stage, &line, "491", &ORDER_7).await;
        assert_eq!((later.status, id_of(&later)), (200, id_of(&first)), "restarted: {restarted}");
        assert!(later.text().contains("wamid.once"), "{}", later.text());
        let other_body = send_with(&stage, &line, "492", &ORDER_7).await;
        assert_eq!(other_body.status, 409, "restarted: {restarted}: {}", other_body.text());
        assert!(other_body.json()["error"]["message"].is_string(), "Graph's shape");
    }
    assert_eq!(graph.deliveries().len(), 1);
    let next = send_with(&stage, &line, "491", &[("Idempotency-Key", "order-8")]).await;
    assert_ne!(id_of(&next), id_of(&first), "another key, another message");
    stage.end().await;
}

#[actix_web::test]
async fn what_is_refused_before_it_is_taken_is_not_remembered_under_its_key() {
    let stage = Stage::engaged_with(|plan| plan.send = "strict_window = true".into()).await;
    let line = stage.line(0, 0);
    let long_ago = crate::harness::mail::now_s() - 90_000;
    let text = crate::harness::mail::text("wamid.late", "491510001");
    let text = text.replace(&crate::harness::mail::now_s().to_string(), &long_ago.to_string());
    stage.take(crate::harness::mail::letter(&line, &[text])).await;
    assert_eq!(send_with(&stage, &line, "491510001", &ORDER_7).await.status, 400);
    let again = crate::harness::mail::text("wamid.again", "491510001");
    stage.take(crate::harness::mail::letter(&line, &[again])).await;
    assert_eq!(send_with(&stage, &line, "491510001", &ORDER_7).await.status, 200);
    stage.end().await;
}

#[actix_web::test]
async fn the_duplicate_guard_refuses_the_same_message_again_unless_it_has_a_key_of_its_own() {
    let stage = Stage::engaged_with(|plan| plan.send = "duplicate_guard = true".into()).await;
    let line = stage.line(0, 0);
    assert_eq!(send_with(&stage, &line, "491510001", &[]).await.status, 200);
    let again = send_with(&stage, &line, "491510001", &[]).await;
    assert_eq!(again.status, 409, "{}", again.text());
    assert!(again.text().contains("less than 60 s ago"), "{}", again.text());
    assert_eq!(send_with(&stage, &line, "491510002", &[]).await.status, 200, "another recipient");
    assert_eq!(send_with(&stage, &line, "491510001", &ORDER_7).await.status, 200, "a key of its own");
    assert_eq!(stage.ledger().await["messages"]["submitted"], 3);
    stage.end().await;
}

#[actix_web::test]
async fn a_sender_says_how_long_it_waits() {
    let (stage, graph) = with_graph("send_wait = \"20s\"").await;
    graph.answer(|_| Reply::Never);
    let line = stage.line(0, 0);
    let began = Instant::now();
    let at_once = send_with(&stage, &line, "491", &[("Prefer", "respond-async")]).await;
    assert_eq!(at_once.status, 202, "{}", at_once.text());
    assert_eq!(at_once.json()["messages"][0]["message_status"], "queued");
    let patient = send_with(&stage, &line, "492", &[("Prefer", "wait=1")]).await;
    assert_eq!(patient.status, 202);
    assert!((1..10).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    stage.end().await;
}

#[actix_web::test]
async fn a_message_that_is_too_old_by_its_own_word_is_not_sent() {
    let (stage, graph) = with_graph("send_wait = \"0s\"").await;
    graph.answer(|_| Reply::Json(503, r#"{"error":{"message":"down","code":2}}"#.into()));
    let line = stage.line(0, 0);
    let url = format!("{}/api/accounts/{}/pause", stage.ops, line.waba);
    let paused = http::post(&url, &[("Authorization", &bearer(KEY))], r#"{"what":"sends"}"#).await;
    assert_eq!(paused.status, 200);
    let short = id_of(&send_with(&stage, &line, "491", &[("X-Wharf-Expires", "1")]).await);
    let long = id_of(&send_with(&stage, &line, "492", &[]).await);
    until_state(&stage, &short, "expired").await;
    assert_eq!(message(&stage, &long).await["state"], "queued");
    assert!(graph.deliveries().iter().all(|call| !call.target.contains("/messages")));
    let odd = send_with(&stage, &line, "493", &[("X-Wharf-Expires", "soon")]).await;
    assert_eq!((odd.status, &odd.json()["error"]["code"]), (400, &json!(100)), "{}", odd.text());
    stage.end().await;
}

#[actix_web::test]
async fn a_message_whose_answer_was_lost_is_sent_again_only_for_who_asked_for_it() {
    let stage = Stage::engaged_with(|plan| plan.send = "send_wait = \"0s\"\nunknown_wait = \"1s\"".into()).await;
    let line = stage.line(0, 0);
    // No byte of it reaches Meta, and nobody but Meta knows.
    stage.sandbox.set_faults(Faults { lost_before_rate: 1.0, ..Faults::default() });
    let failing = id_of(&send_with(&stage, &line, "491510001", &[]).await);
    let resent = id_of(&send_with(&stage, &line, "491510002", &[("X-Wharf-On-Unknown", "resend")]).await);
    until("the first answers are lost", async || {
        let states = [message(&stage, &failing).await, message(&stage, &resent).await];
        states.iter().all(|told| told["attempts"][0].is_object()).then_some(())
    })
    .await;
    stage.sandbox.set_faults(Faults::default());
    let told = until_state(&stage, &failing, "failed").await;
    assert!(told["error"].to_string().contains("wharf.unknown"), "{told}");
    until("the other one leaves after all", async || message(&stage, &resent).await["wamid"].is_string().then_some(()))
        .await;
    stage.end().await;
}
