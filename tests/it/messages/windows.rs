//! `send.strict_window`: a free-form message to a customer whose window is known to be closed is refused at once.

use super::{message, send, text_to};
use crate::harness::mail::{letter, now_s, text};
use crate::harness::stage::Stage;
use serde_json::json;

const DAY_S: u64 = 86_400;

/// A text that its customer sent so long ago, in seconds.
fn text_of(id: &str, from: &str, ago_s: u64) -> String {
    text(id, from).replace(&now_s().to_string(), &(now_s() - ago_s).to_string())
}

#[actix_web::test]
async fn a_reply_after_the_window_is_refused_as_graph_would_and_everything_else_passes() {
    let mut stage = Stage::engaged_with(|plan| plan.send = "strict_window = true".into()).await;
    let line = stage.line(0, 0);
    let (late, fresh, stranger) = ("49151000001", "49151000002", "49151000003");
    let letters = [text_of("wamid.late", late, DAY_S + 60), text_of("wamid.fresh", fresh, DAY_S - 600)];
    stage.take(letter(&line, &letters)).await;
    for _ in 0..2 {
        let refused = send(&stage, &line, late).await;
        let error = refused.json()["error"].clone();
        assert_eq!((refused.status, &error["code"]), (400, &json!(131_047)), "{}", refused.text());
        assert!(error["message"].is_string() && error["type"] == "OAuthException", "{error}");
        assert_eq!(refused.header("x-wharf-message"), None);
        for to in [fresh, stranger] {
            assert_eq!(send(&stage, &line, to).await.status, 200, "{to}");
        }
        let template = json!({"messaging_product": "whatsapp", "to": late, "type": "template",
            "template": {"name": "sale", "language": {"code": "de"}}});
        let path = format!("v25.0/{}/messages", line.number);
        let sent = stage.send(&path, template.to_string()).await;
        assert_eq!(sent.status, 200, "a template always passes: {}", sent.text());
        // The disk knows it too.
        stage.restart().await;
    }
    assert_eq!(stage.ledger().await["messages"]["submitted"], 6, "what was refused is no message");
    stage.take(letter(&line, &[text("wamid.again", late)])).await;
    let open = send(&stage, &line, late).await;
    assert_eq!(open.status, 200, "who writes again opens the window: {}", open.text());
    stage.end().await;
}

#[actix_web::test]
async fn unless_the_settings_ask_for_it_graph_decides() {
    let stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text_of("wamid.late", "49151000001", DAY_S + 60)])).await;
    let answer = stage.send(&format!("v25.0/{}/messages", line.number), text_to("49151000001")).await;
    let id = super::id_of(&answer);
    assert_eq!(message(&stage, &id).await["attempts"].as_array().map(Vec::len), Some(1), "Graph was asked");
    stage.end().await;
}
