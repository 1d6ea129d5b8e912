//! Secrets stay in: not one of them is in any line of the log or in any answer of a run that uses them all.

use crate::harness::application::Reply;
use crate::harness::http::{self, Answer};
use crate::harness::mail::{letter, text};
use crate::harness::process::{Process, wharf};
use crate::harness::stage::{KEY, OLD_SECRET, ROUTE_SECRET, SECRET, Stage, VERIFY, bearer};
use crate::harness::until;
use wharf::sandbox::signing::sign;

/// Everything our own rooms say, and what the libraries below say when they are asked to tell much.
const LOUD: &str = "debug,wharf=trace,wharf_actors=trace,wharf_storage=trace";
const WRONG_KEY: &str = "a-key-that-somebody-guessed-0123";
const CLIENT_TOKEN: &str = "EAAGtokenOfAClientWhoSignedUp";
const STORE_KEY: &str = "a key for the secrets in the store of this test";
const WRONG_TOKEN: &str = "a-verify-token-that-is-not-ours";

fn shown(answer: &Answer) -> String {
    format!("{answer:?} {}", String::from_utf8_lossy(&answer.body))
}

/// Everything an operator, an application, Meta and a stranger may ask; the answers as text.
async fn everything(stage: &Stage) -> Vec<String> {
    let line = stage.line(0, 0);
    let mut answers = Vec::new();
    for verb in ["setup", "subscribe", "search", "setup&id=1", "subscribe&id=1", "nonsense"] {
        answers.push(stage.verb(verb).await);
    }
    let wrong = bearer(WRONG_KEY);
    answers.push(stage.verb_with("main", "search", &[("Authorization", &wrong)]).await);
    for token in [VERIFY, WRONG_TOKEN] {
        let query = format!("hub.mode=subscribe&hub.verify_token={token}&hub.challenge=7");
        answers.push(http::get(&format!("{}/main?{query}", stage.public), &[]).await);
    }
    for (secret, body) in [(SECRET, "{"), (OLD_SECRET, "{}"), ("no secret of ours", "{\"entry\":[]}")] {
        let signature = sign(secret, body.as_bytes());
        let url = format!("{}/main", stage.public);
        answers.push(http::post(&url, &[("X-Hub-Signature-256", &signature)], body).await);
    }
    answers.push(stage.post(letter(&line, &[text("wamid.a", "491")])).await);
    let message = r#"{"messaging_product":"whatsapp","to":"491","type":"text","text":{"body":"x"}}"#;
    answers.push(stage.send(&format!("v25.0/{}/messages", line.number), message).await);
    answers.push(stage.send("v25.0/7/messages", message).await);
    stage.app.until(1).await;
    for path in ["healthz", "readyz", "metrics", "api/accounts", "api/ledger", "api/quarantine", "api/audit"] {
        answers.push(stage.look(&format!("/{path}")).await);
    }
    for list in ["", "/events", "/dead", "/dialogs", "/messages"] {
        answers.push(stage.look(&format!("/api/accounts/{}{list}", line.waba)).await);
    }
    answers.push(stage.look(&format!("/api/events/{}.1", line.waba)).await);
    let url = format!("{}/api/accounts/{}/token", stage.ops, line.waba);
    stage.sandbox.world().give_client_token(&line.waba, CLIENT_TOKEN);
    for token in [CLIENT_TOKEN, WRONG_TOKEN] {
        let body = format!("{{\"token\":\"{token}\"}}");
        answers.push(http::ask("PUT", &url, &[("Authorization", &bearer(KEY))], body).await);
    }
    assert_eq!(answers[answers.len() - 2].status, 200, "{}", answers[answers.len() - 2].text());
    answers.push(stage.send(&format!("v25.0/{}/messages", line.number), message).await);
    answers.push(stage.look(&format!("/api/accounts/{}", line.waba)).await);
    answers.push(stage.look("/api/audit").await);
    answers.push(stage.verb("unsubscribe").await);
    answers.iter().map(shown).collect()
}

#[actix_web::test]
async fn no_secret_is_in_any_answer_or_in_any_line_of_the_log() {
    let mut stage = Stage::with(|plan| plan.storage = format!("secret_key = \"{STORE_KEY}\"")).await;
    stage.app.answer(|_| Reply::Status(500));
    stage.stop().await;
    let path = stage.folder.path().join("wharf.toml");
    let credentials =
        stage.app.url("/app").replace("http://", "http://user:pass-of-the-route@") + "?token=query-of-the-route";
    std::fs::write(&path, stage.settings().replace(&stage.app.url("/app"), &credentials)).expect("a file");
    let mut command = wharf(&["serve", "--config", &path.to_string_lossy()]);
    command.env("RUST_LOG", LOUD);
    let mut process = Process::start(command);
    stage.public.clone_from(&process.public);
    stage.ops.clone_from(&process.ops);
    let answers = everything(&stage).await;
    std::fs::write(&path, stage.settings().replace("workers = 1", "workers = \"x\"")).expect("a file");
    process.signal("-HUP");
    until("it says that it was not reloaded", async || process.has_said(&["not_reloaded"]).then_some(())).await;
    let token = stage.sandbox.options().token.clone();
    let route = ROUTE_SECRET.trim_start_matches("whsec_");
    let secrets = [
        KEY,
        SECRET,
        OLD_SECRET,
        VERIFY,
        route,
        &token,
        WRONG_KEY,
        WRONG_TOKEN,
        CLIENT_TOKEN,
        STORE_KEY,
        "pass-of-the-route",
        "query-of-the-route",
    ];
    let log = process.said().to_vec();
    assert!(log.len() > 20, "{} lines", log.len());
    for secret in secrets {
        for text in log.iter().chain(&answers) {
            assert!(!text.contains(secret), "{secret} stands in {text}");
        }
    }
    process.kill();
}

#[actix_web::test]
async fn a_webhook_with_a_wrong_signature_leaves_neither_its_body_nor_the_right_digest_in_the_log_or_the_answer() {
    let mut stage = Stage::new().await;
    stage.stop().await;
    let path = stage.folder.path().join("wharf.toml");
    std::fs::write(&path, stage.settings()).expect("a file");
    let mut command = wharf(&["serve", "--config", &path.to_string_lossy()]);
    command.env("RUST_LOG", LOUD);
    let mut process = Process::start(command);
    let body = letter(&stage.line(0, 0), &[text("wamid.of-a-stranger", "491555000")]);
    let url = format!("{}/main", process.public);
    let wrong = sign("no secret of ours", body.as_bytes());
    let answer = http::post(&url, &[("X-Hub-Signature-256", &wrong)], body.clone()).await;
    assert_eq!(answer.status, 401);
    // What is asked after it is in the log after it.
    let unknown = http::get(&format!("{}/main?whatsapp=search", process.public), &[]).await;
    assert_eq!(unknown.status, 401);
    process.signal("-TERM");
    until("it says farewell", async || process.has_said(&["stopped"]).then_some(())).await;
    let right = [SECRET, OLD_SECRET].map(|secret| sign(secret, body.as_bytes()).replace("sha256=", ""));
    for text in process.said().iter().cloned().chain([shown(&answer)]) {
        for private in ["wamid.of-a-stranger", "491555000", &right[0], &right[1]] {
            assert!(!text.contains(private), "{private} stands in {text}");
        }
    }
    process.kill();
}
