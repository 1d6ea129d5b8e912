//! SIGHUP: new keys, tokens and secrets for the running process; what is faulty changes nothing.

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
        .replace("name = \"app\"", "name = \"app\"\nconcurrency = 3")
        + "\n[[gateway]]\nuri = \"later\"\nwhatsapp_token = \"t\"\napp_secret = \"s\"\n";
    served.reload(&changed, &["reloaded"]).await;
    for setting in ["server.listen", "storage", "gateway main: route", "gateway later (new)"] {
        assert!(served.process.has_said(&["needs_restart", setting]), "{setting}: {:?}", served.process.said());
    }
    assert!(!served.process.has_said(&["needs_restart", "server.ops_listen"]));
    assert_eq!(served.post("wamid.1", SECRET).await, 200);
    served.process.kill();
}
