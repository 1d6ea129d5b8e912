//! SIGHUP: new keys, tokens, secrets, routes and gateways for the running process; what is faulty changes nothing.

use crate::harness::application::Reply;
use crate::harness::http;
use crate::harness::mail::{letter, text};
use crate::harness::process::Process;
use crate::harness::stage::{KEY, OLD_SECRET, SECRET, Stage, VERIFY, bearer};
use crate::harness::until;
use std::path::PathBuf;
use wharf::sandbox::signing::sign;

const NEW_SECRET: &str = "the-app-secret-of-next-year";
const NEW_KEY: &str = "key-of-the-operator-who-came-later";

/// The binary on a stage, and its settings file.
struct Served {
    stage: Stage,
    process: Process,
    path: PathBuf,
}

impl Served {
    async fn new() -> Self {
        let mut stage = Stage::engaged().await;
        stage.stop().await;
        let path = stage.folder.path().join("wharf.toml");
        std::fs::write(&path, stage.settings()).expect("a file");
        let mut command = crate::harness::process::wharf(&["serve", "--config", &path.to_string_lossy()]);
        command.env("RUST_LOG", "info");
        let process = Process::start(command);
        stage.public.clone_from(&process.public);
        stage.ops.clone_from(&process.ops);
        Self { stage, process, path }
    }

    /// Writes `text` as the settings, and waits until the process says `words` about it.
    async fn reload(&mut self, text: &str, words: &[&str]) {
        std::fs::write(&self.path, text).expect("a file");
        self.process.signal("-HUP");
        until(&format!("it says {words:?}"), async || self.process.has_said(words).then_some(())).await;
    }

    async fn post(&self, id: &str, secret: &str) -> u16 {
        let body = letter(&self.stage.line(0, 0), &[text(id, "491")]);
        let signature = sign(secret, body.as_bytes());
        let url = format!("{}/main", self.stage.public);
        http::post(&url, &[("X-Hub-Signature-256", &signature)], body).await.status
    }

    async fn search(&self, key: &str) -> u16 {
        self.stage.verb_with("main", "search", &[("Authorization", &bearer(key))]).await.status
    }

    async fn shake(&self, token: &str) -> u16 {
        let query = format!("hub.mode=subscribe&hub.verify_token={token}&hub.challenge=7");
        http::get(&format!("{}/main?{query}", self.stage.public), &[]).await.status
    }
}

#[actix_web::test]
async fn sighup_takes_new_secrets_beside_old_ones_and_says_which_one_signed() {
    let mut served = Served::new().await;
    assert_eq!(served.post("wamid.1", NEW_SECRET).await, 401);
    let rotated = served
        .stage
        .settings()
        .replace(&format!("[\"{SECRET}\", \"{OLD_SECRET}\"]"), &format!("[\"{NEW_SECRET}\", \"{SECRET}\"]"));
    served.reload(&rotated, &["reloaded", "keys=1"]).await;
    assert_eq!(served.post("wamid.2", NEW_SECRET).await, 200);
    assert_eq!(served.post("wamid.3", SECRET).await, 200, "the one before stays valid beside it");
    assert_eq!(served.post("wamid.4", OLD_SECRET).await, 401, "what is no longer in the file is not");
    let events = served.stage.events(&served.stage.line(0, 0).waba).await;
    let which: Vec<_> = events.iter().map(|event| event["secret"].clone()).collect();
    assert_eq!(which, [0, 1], "{events:?}");
    served.process.kill();
}

#[actix_web::test]
async fn sighup_takes_new_keys_and_verify_tokens() {
    let mut served = Served::new().await;
    assert_eq!((served.search(KEY).await, served.search(NEW_KEY).await, served.shake(VERIFY).await), (200, 401, 200));
    let changed = served.stage.settings().replace(KEY, NEW_KEY).replace(VERIFY, "another-verify-token");
    served.reload(&changed, &["reloaded"]).await;
    assert_eq!((served.search(KEY).await, served.search(NEW_KEY).await), (401, 200));
    assert_eq!((served.shake(VERIFY).await, served.shake("another-verify-token").await), (403, 200));
    served.process.kill();
}

#[actix_web::test]
async fn a_faulty_file_changes_nothing_and_every_fault_is_logged() {
    let mut served = Served::new().await;
    let settings = served.stage.settings().replace(KEY, NEW_KEY);
    let faulty = settings.replace("workers = 1", "workers = 0\nlissten = 1");
    served.reload(&faulty, &["not_reloaded faults=2", "nothing changed"]).await;
    assert!(served.process.has_said(&["not_reloaded", "server.workers", "wharf.toml:"]));
    assert!(served.process.has_said(&["not_reloaded", "lissten"]));
    assert_eq!((served.search(KEY).await, served.search(NEW_KEY).await), (200, 401));
    served.reload("[server", &["not_reloaded faults=1"]).await;
    assert_eq!((served.search(KEY).await, served.post("wamid.1", SECRET).await), (200, 200));
    served.reload(&settings, &["reloaded keys=1"]).await;
    assert_eq!(served.search(NEW_KEY).await, 200, "a mended file is taken");
    served.process.kill();
}

#[actix_web::test]
async fn what_cannot_change_without_a_restart_says_so() {
    let mut served = Served::new().await;
    let settings = served.stage.settings();
    let changed = settings
        .replacen("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1:1\"", 1)
        .replace("[send]", "dead_retention = \"9d\"\n[send]")
        .replace("uri = \"main\"", "uri = \"main\"\nbusiness_id = \"123\"");
    served.reload(&changed, &["reloaded"]).await;
    for setting in ["server.listen", "storage", "gateway main: business_id"] {
        assert!(served.process.has_said(&["needs_restart", setting]), "{setting}: {:?}", served.process.said());
    }
    assert!(!served.process.has_said(&["needs_restart", "server.ops_listen"]));
    assert_eq!(served.post("wamid.1", SECRET).await, 200);
    served.process.kill();
}

const EXTRA: &str = "[[key]]";

/// The settings with another route of the last gateway.
fn with_route(settings: &str, name: &str, url: &str) -> String {
    settings.replacen(EXTRA, &format!("[[gateway.route]]\nname = \"{name}\"\nurl = \"{url}\"\n{EXTRA}"), 1)
}

/// What came to `path`, by id.
fn got(served: &Served, path: &str) -> Vec<String> {
    let deliveries = served.stage.app.deliveries().into_iter();
    deliveries.filter(|delivery| delivery.target.ends_with(path)).map(|delivery| delivery.item_id()).collect()
}

#[actix_web::test]
async fn a_route_added_while_running_gets_the_next_event_and_a_changed_url_takes_what_is_pending_along() {
    let mut served = Served::new().await;
    served.stage.app.answer(|delivery| Reply::Status(if delivery.target.ends_with("/broken") { 500 } else { 200 }));
    assert_eq!(served.post("wamid.before", SECRET).await, 200);
    served.stage.until_ledger("/routes/main~1app/delivered", 1).await;
    let settings = served.stage.settings();
    let broken = with_route(&settings, "late", &served.stage.app.url("/broken"));
    served.reload(&broken, &["reloaded"]).await;
    assert_eq!(served.post("wamid.after", SECRET).await, 200);
    until("it was tried", async || (!got(&served, "/broken").is_empty()).then_some(())).await;
    assert!(got(&served, "/broken").iter().all(|id| id == "wamid.after"), "it begins with the next event");
    let mended = with_route(&settings, "late", &served.stage.app.url("/mended"));
    served.reload(&mended, &["reloaded"]).await;
    served.stage.until_ledger("/routes/main~1late/delivered", 1).await;
    assert_eq!(got(&served, "/mended"), ["wamid.after"]);
    served.process.kill();
}

#[actix_web::test]
async fn what_a_removed_route_had_pending_survives_and_comes_back_with_it() {
    let mut served = Served::new().await;
    let settings = served.stage.settings();
    served.stage.app.answer(|delivery| Reply::Status(if delivery.target.ends_with("/late") { 500 } else { 200 }));
    let with = with_route(&settings, "late", &served.stage.app.url("/late"));
    served.reload(&with, &["reloaded"]).await;
    assert_eq!(served.post("wamid.1", SECRET).await, 200);
    until("it was tried", async || (!got(&served, "/late").is_empty()).then_some(())).await;
    served.reload(&settings, &["route_removed route=main/late"]).await;
    let path = format!("/api/accounts/{}", served.stage.line(0, 0).waba);
    until("it is shown as removed", async || {
        let view = served.stage.look(&path).await.json();
        let route = &view["routes"]["main/late"];
        (route["removed"] == true && route["pending"] == 1).then_some(())
    })
    .await;
    let alarms = served.stage.look("/api/alarms").await;
    assert!(alarms.text().contains("route_removed"), "{}", alarms.text());
    assert_eq!(served.post("wamid.meanwhile", SECRET).await, 200);
    served.stage.until_ledger("/routes/main~1app/delivered", 2).await;
    served.stage.app.answer(|_| Reply::Status(200));
    served.stage.app.forget();
    let back = with.replace("name = \"late\"", "name = \"late\"\nconcurrency = 3");
    served.reload(&back, &["reloaded"]).await;
    served.stage.until_ledger("/routes/main~1late/delivered", 1).await;
    assert_eq!(got(&served, "/late"), ["wamid.1"], "what came meanwhile was never offered to it");
    served.process.kill();
}

#[actix_web::test]
async fn what_a_removed_route_left_can_be_ended_and_becomes_dead_letters() {
    let mut served = Served::new().await;
    let settings = served.stage.settings();
    served.stage.app.answer(|delivery| Reply::Status(if delivery.target.ends_with("/late") { 500 } else { 200 }));
    let with = with_route(&settings, "late", &served.stage.app.url("/late"));
    served.reload(&with, &["reloaded"]).await;
    for nth in 0..3 {
        assert_eq!(served.post(&format!("wamid.{nth}"), SECRET).await, 200);
    }
    let headers = [("Authorization", &*bearer(KEY))];
    let url = |served: &Served| format!("{}/api/routes/main/late", served.stage.ops);
    let stands = http::delete(&url(&served), &headers).await;
    assert_eq!((stands.status, &stands.json()["id"]), (409, &serde_json::json!("wharf.route.stands")));
    served.reload(&settings, &["route_removed route=main/late"]).await;
    let ended = until("it is ended", async || {
        Some(http::delete(&url(&served), &headers).await).filter(|answer| answer.status == 200)
    });
    assert_eq!(ended.await.json()["accounts"], 3);
    served.stage.until_ledger("/routes/main~1late/dead", 3).await;
    assert_eq!(http::delete(&url(&served), &headers).await.status, 404);
    served.process.kill();
}

#[actix_web::test]
async fn a_gateway_comes_and_goes_without_a_restart_and_finds_its_accounts_again() {
    let mut served = Served::new().await;
    let settings = served.stage.settings();
    let gateway = settings.find("[[gateway]]").expect("a gateway");
    let end = settings.find(EXTRA).expect("a key");
    let later = settings[gateway..end].replace("\"main\"", "\"later\"").replace("/app\"", "/later\"");
    let both = settings.replacen(EXTRA, &format!("{later}\n{EXTRA}"), 1);
    let shake = "hub.mode=subscribe&hub.verify_token=sandbox-verify-token&hub.challenge=7";
    let shake_url = format!("{}/later?{shake}", served.stage.public);
    assert_eq!(http::get(&shake_url, &[]).await.status, 404);
    served.reload(&both, &["reloaded", "gateways=2"]).await;
    assert_eq!(http::get(&shake_url, &[]).await.status, 200);
    let stray =
        letter(&crate::harness::mail::Line { waba: "77".into(), ..served.stage.line(0, 0) }, &[text("w", "491")]);
    assert_eq!(served.stage.post_to("later", stray).await.status, 200);
    served.stage.until_ledger("/quarantined", 1).await;
    let alone = settings.replace(&settings[gateway..end], &later);
    served.reload(&alone, &["gateway_removed gateway=main"]).await;
    let gone = async || (served.post("wamid.gone", SECRET).await == 404).then_some(());
    until("its path answers 404", gone).await;
    let waba = served.stage.line(0, 0).waba;
    assert_eq!(served.stage.look(&format!("/api/accounts/{waba}")).await.status, 404);
    until("it is back", async || {
        served.process.signal("-HUP");
        std::fs::write(&served.path, &both).expect("a file");
        (served.post("wamid.back", SECRET).await == 200).then_some(())
    })
    .await;
    served.stage.until_ledger("/routes/main~1app/delivered", 1).await;
    assert_eq!(got(&served, "/app"), ["wamid.back"]);
    served.process.kill();
}
