//! A customer who asks to be forgotten is: every byte of every file of the data folder is looked at.

use crate::harness::application::{Application, Reply};
use crate::harness::http::{self, Answer};
use crate::harness::mail::{Line, letter, text, value, worded};
use crate::harness::stage::{KEY, Stage, bearer};
use crate::harness::until;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use wharf_storage::{Erasure, SledSettings, SledStore, Store, widen};

/// The customer who is forgotten, and what they wrote.
const GONE: &str = "380441234567";
const USER: &str = "UA.13491208655302741918";
const WORDS: &str = "purple elephants are my secret";
/// The one who stays.
const STAYS: &str = "4917612345678";

/// The files under `folder` that hold `text` anywhere.
fn holding(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match std::fs::read(&path) {
            Ok(bytes) if bytes.windows(text.len()).any(|part| part == text.as_bytes()) => found.push(path),
            Ok(_) => {}
            Err(_) if path.is_dir() => found.extend(holding(&path, text)),
            // It was removed meanwhile.
            Err(_) => {}
        }
    }
    found
}

fn nothing_is_left(stage: &Stage) {
    let data = stage.folder.path().join("data");
    for text in [GONE, USER, WORDS] {
        assert_eq!(holding(&data, text), [] as [PathBuf; 0], "{text}");
    }
}

async fn erase(stage: &Stage, what: &str) -> Answer {
    erase_with(stage, what, KEY).await
}

async fn erase_with(stage: &Stage, what: &str, key: &str) -> Answer {
    http::delete(&format!("{}/api/customers/{what}", stage.ops), &[("Authorization", &bearer(key))]).await
}

/// A message with a profile and both ids, as Meta sends it.
fn from_gone(line: &Line, id: &str) -> String {
    let contacts =
        format!(r#""contacts":[{{"profile":{{"name":"Olena Petrenko"}},"wa_id":"{GONE}","user_id":"{USER}"}}],"#);
    let message = worded(id, GONE, WORDS).replacen('{', &format!(r#"{{"from_user_id":"{USER}","#), 1);
    let members = format!(r#"{contacts}"messages":[{message}]"#);
    crate::harness::mail::post(&[crate::harness::mail::entry(
        &line.waba,
        &[crate::harness::mail::change(&value(line, &members))],
    )])
}

fn to(number: &str) -> String {
    json!({"messaging_product": "whatsapp", "to": number, "type": "text", "text": {"body": WORDS}}).to_string()
}

/// Mail from the customer that is delivered, dead, open and in quarantine, and messages to them that Meta took and not.
async fn furnished() -> (Stage, Application, Line) {
    let mut stage = Stage::engaged_with(|plan| plan.routes = vec![("app", "final = [400]".into())]).await;
    let graph = Application::start().await;
    stage.plan.graph = Some(graph.url(""));
    stage.plan.send = "send_wait = \"1s\"".to_owned();
    stage.restart().await;
    let line = stage.line(0, 0);
    stage.take(letter(&line, &[text("wamid.stays", STAYS)])).await;
    stage.take(from_gone(&line, "wamid.delivered")).await;
    stage.app.until(2).await;
    // Applications that fail like to quote what they were sent.
    stage.app.answer(|_| Reply::Json(400, format!("no: {WORDS}")));
    stage.take(from_gone(&line, "wamid.dead")).await;
    stage.until_ledger("/routes/main~1app/dead", 1).await;
    stage.app.answer(|_| Reply::Json(503, format!("not now: {GONE} says {WORDS}")));
    stage.take(from_gone(&line, "wamid.open")).await;
    let stranger = Line { waba: "99988877766".into(), number: "998".into(), display: "+1 555".into() };
    stage.take(from_gone(&stranger, "wamid.stray")).await;
    let taken = r#"{"messages":[{"id":"wamid.out"}]}"#;
    graph.answer(move |call| match call.json()["to"].as_str() {
        Some(to) if to.starts_with('+') => Reply::Json(200, taken.into()),
        // A throttle never ends a message, however slow the machine is.
        _ => Reply::Json(400, r#"{"error":{"code":131056}}"#.into()),
    });
    let path = format!("v25.0/{}/messages", line.number);
    assert_eq!(stage.send(&path, to("+380 44 123 45 67")).await.status, 200);
    assert_eq!(stage.send(&path, to(GONE)).await.status, 202);
    (stage, graph, line)
}

#[actix_web::test]
async fn a_customer_is_erased_to_the_last_byte_and_everything_else_goes_on() {
    let (mut stage, _graph, line) = furnished().await;
    assert!(!holding(stage.folder.path(), WORDS).is_empty());
    let erased = erase(&stage, GONE).await;
    assert_eq!(erased.status, 200, "{}", erased.text());
    let told = erased.json();
    assert_eq!((&told["state"], &told["verified"]), (&json!("erased"), &json!(true)), "{told}");
    let found = &told["found"][&line.waba];
    assert_eq!((&found["events"], &found["dialogs"], &found["messages"]), (&json!(3), &json!(1), &json!(2)), "{told}");
    assert_eq!((&found["dead_letters"], &told["found"]["q.main"]["events"]), (&json!(1), &json!(1)), "{told}");
    nothing_is_left(&stage);

    let ledger = stage.until_ledger("/routes/main~1app/dead", 2).await;
    assert_eq!(
        (&ledger["received"], &ledger["routed"], &ledger["messages"]["cancelled"]),
        (&json!(5), &json!(4), &json!(1))
    );
    let events = stage.events(&line.waba).await;
    let bodies: Vec<&Value> = events.iter().map(|event| &event["body"]).collect();
    assert_eq!(bodies, [&Value::Null, &json!("erased"), &json!("erased"), &json!("erased")]);
    assert_eq!(events[0]["message_id"], "wamid.stays");
    let dialogs = stage.look(&format!("/api/accounts/{}/dialogs", line.waba)).await;
    assert!(dialogs.text().contains(STAYS) && !dialogs.text().contains(GONE), "{}", dialogs.text());
    let again = erase(&stage, GONE).await.json();
    assert_eq!((&again["state"], &again["verified"]), (&json!("nothing_left"), &json!(true)));
    let audit = stage.look("/api/audit?limit=1000").await;
    assert!(audit.text().contains("erase") && !audit.text().contains(GONE), "{}", audit.text());

    stage.restart().await;
    nothing_is_left(&stage);
    stage.app.answer(|_| Reply::Status(200));
    stage.app.forget();
    stage.take(from_gone(&line, "wamid.delivered")).await;
    assert_eq!(stage.ledger().await["duplicate"], 1, "a copy is still a copy");
    stage.take(from_gone(&line, "wamid.anew")).await;
    let anew = stage.app.until(1).await;
    assert_eq!(anew[0].item_id(), "wamid.anew", "nothing that was erased is delivered");
    stage.end().await;
}

#[actix_web::test]
async fn a_quarantined_item_that_was_erased_is_handed_to_nobody() {
    let stage = Stage::new().await;
    let line = stage.line(0, 0);
    stage.take(from_gone(&line, "wamid.1")).await;
    stage.take(letter(&line, &[text("wamid.2", STAYS)])).await;
    assert_eq!(erase(&stage, USER).await.json()["found"]["q.main"]["events"], 1);
    assert_eq!(stage.verb("setup").await.status, 200);
    let ledger = stage.until_ledger("/routes/main~1app/offered", 0).await;
    assert_eq!(ledger["received"], 2);
    until("the other one is handed over", async || (stage.events(&line.waba).await.len() == 1).then_some(())).await;
    stage.end().await;
}

#[actix_web::test]
async fn an_erasure_keeps_to_what_its_key_is_for() {
    let narrow = |plan: &mut crate::harness::stage::Plan| {
        plan.more = "[[key]]\nname = \"looker\"\nsecret = \"a-key-that-may-look-and-nothing-else-at-all\"\nscopes = [\"inspect\"]\n\
            [[key]]\nname = \"elsewhere\"\nsecret = \"a-key-for-an-account-that-is-not-engaged-here\"\nscopes = [\"admin\"]\naccounts = [\"12345\"]\n"
            .to_owned();
    };
    let stage = Stage::engaged_with(narrow).await;
    let (line, other) = (stage.line(0, 0), stage.line(1, 0));
    stage.take(from_gone(&line, "wamid.1")).await;
    stage.take(from_gone(&other, "wamid.2")).await;
    assert_eq!(erase_with(&stage, GONE, "a-key-that-may-look-and-nothing-else-at-all").await.status, 403);
    let elsewhere = erase_with(&stage, GONE, "a-key-for-an-account-that-is-not-engaged-here").await;
    assert_eq!(elsewhere.json()["state"], "nothing_left");
    for bad in ["12", "a%20b%22c", &line.waba, &line.number] {
        let refusal = erase(&stage, bad).await;
        assert_eq!((refusal.status, &refusal.json()["id"]), (400, &json!("wharf.parameter.bad")), "{bad}");
    }
    assert_eq!(erase(&stage, &format!("{GONE}?account=777")).await.status, 404);
    let one = erase(&stage, &format!("{GONE}?account={}", line.waba)).await.json();
    assert_eq!((&one["total"]["events"], &one["found"][&line.waba]["events"]), (&json!(1), &json!(1)), "{one}");
    assert_eq!(stage.events(&other.waba).await[0]["dialog"]["wa_id"], GONE);
    stage.end().await;
}

#[actix_web::test]
async fn an_erasure_that_a_stop_cut_short_goes_on_at_the_next_start() {
    let mut stage = Stage::engaged().await;
    let line = stage.line(0, 0);
    stage.take(from_gone(&line, "wamid.1")).await;
    stage.app.until(1).await;
    stage.stop().await;
    let data = stage.folder.path().join("data");
    let store = SledStore::open(SledSettings::new(&data)).expect("a store");
    let wish = Erasure { id: GONE.into(), until_ms: u64::MAX, ..Erasure::default() };
    store.wish(&widen(&store, wish).expect("widened")).expect("kept");
    store.close();
    drop(store);
    assert!(!holding(&data, USER).is_empty());
    stage.start().await;
    let look = async || [GONE, USER, WORDS].iter().all(|text| holding(&data, text).is_empty()).then_some(());
    until("nothing is left", look).await;
    assert_eq!(stage.events(&line.waba).await[0]["body"], "erased");
    stage.end().await;
}
