//! TLS at the public listener, and who must show a certificate there.

use super::address;
use super::authority::{Answered, Authority, META, Pair, ask};
use crate::harness::http;
use crate::harness::mail::{letter, text};
use crate::harness::process::{run, wharf};
use crate::harness::stage::{KEY, SECRET, Stage, VERIFY};
use crate::harness::until;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wharf::sandbox::signing::sign;

/// In this time the files were surely looked at.
const LOOKED_AT: Duration = Duration::from_secs(6);

/// A stage whose public listener speaks TLS.
struct Door {
    stage: Stage,
    servers: Authority,
    meta: Authority,
    files: TempDir,
}

enum ClientCertificate {
    Demanded,
    Open,
}

impl Door {
    async fn new(clients: ClientCertificate) -> Self {
        let (servers, meta) = (Authority::new("servers"), Authority::new("meta"));
        let files = tempfile::tempdir().expect("a folder");
        let tls = tls(files.path(), &servers, &meta, &clients);
        let stage = Stage::with(|plan| plan.server = tls).await;
        Self { stage, servers, meta, files }
    }

    async fn ask(&self, shown: Option<&Pair>, request: &str) -> Answered {
        ask(address(&self.stage), &self.servers, shown, request).await
    }

    /// Meta's POST, with what is shown at the handshake.
    async fn post(&self, shown: Option<&Pair>) -> (u16, String) {
        self.ask(shown, &webhook(&self.stage)).await.expect("an answer")
    }

    async fn end(self) {
        self.stage.end().await;
    }
}

fn tls(folder: &Path, servers: &Authority, meta: &Authority, clients: &ClientCertificate) -> String {
    let (cert, key) = servers.server().write(folder, "server");
    let ca = folder.join("meta.ca");
    std::fs::write(&ca, meta.pem()).expect("a file");
    let ca = match clients {
        ClientCertificate::Demanded => format!(", client_ca = {ca:?}"),
        ClientCertificate::Open => String::new(),
    };
    format!("tls = {{ cert = {cert:?}, key = {key:?}{ca} }}")
}

fn webhook(stage: &Stage) -> String {
    let body = letter(&stage.line(0, 0), &[text("wamid.a", "491")]);
    let signature = sign(SECRET, body.as_bytes());
    format!(
        "POST /main HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Hub-Signature-256: {signature}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n")
}

#[actix_web::test]
async fn the_public_listener_speaks_tls_and_nothing_else() {
    let door = Door::new(ClientCertificate::Open).await;
    let handshake = format!("/main?hub.mode=subscribe&hub.verify_token={VERIFY}&hub.challenge=777");
    let (status, answer) = door.ask(None, &get(&handshake)).await.expect("an answer");
    assert_eq!(status, 200);
    assert!(answer.ends_with("777"), "{answer}");
    assert_eq!(door.post(None).await.0, 200, "no client_ca, no certificate needed");
    assert_eq!(door.stage.ledger().await["received"], 1);
    let stranger = Authority::new("stranger");
    let refused = ask(address(&door.stage), &stranger, None, &get(&handshake)).await;
    assert!(refused.expect_err("another authority").contains("UnknownIssuer"));
    let plain = http::try_post(&format!("{}/main", door.stage.public), &[], "{}").await;
    assert!(plain.is_none_or(|answer| answer.status >= 400), "plain HTTP is no way in");
    door.end().await;
}

#[actix_web::test]
async fn a_webhook_needs_metas_client_certificate() {
    let door = Door::new(ClientCertificate::Demanded).await;
    let (status, answer) = door.post(None).await;
    assert_eq!(status, 403);
    assert!(answer.contains("wharf.client_certificate.missing") && answer.contains("connection: close"), "{answer}");
    let stranger = Authority::new("meta");
    let wrong = [
        ("another authority of the same name", stranger.client(META)),
        ("another name", door.meta.client("client.example.com")),
        ("a longer name", door.meta.client(&format!("{META}.example.com"))),
        ("expired", door.meta.expired(META)),
    ];
    for (case, shown) in &wrong {
        let (status, answer) = door.post(Some(shown)).await;
        assert_eq!(status, 403, "{case}");
        assert!(answer.contains("wharf.client_certificate.wrong"), "{case}: {answer}");
    }
    assert_eq!(door.stage.ledger().await["received"], 0);
    let meta = door.meta.client(META);
    assert_eq!(door.post(Some(&meta)).await.0, 200);
    assert_eq!(door.stage.ledger().await["received"], 1);
    door.end().await;
}

#[actix_web::test]
async fn everything_but_webhooks_needs_no_client_certificate_and_minds_no_other() {
    let door = Door::new(ClientCertificate::Demanded).await;
    let own = Authority::new("an application's own").client("bot.example.com");
    let handshake = format!("/main?hub.mode=subscribe&hub.verify_token={VERIFY}&hub.challenge=777");
    for shown in [None, Some(&own)] {
        for path in [&handshake, "/main?whatsapp=setup", "/main?whatsapp=search"] {
            assert_eq!(door.ask(shown, &get(path)).await.expect("an answer").0, 200, "{path}");
        }
        let number = door.stage.line(0, 0).number;
        let body = r#"{"messaging_product":"whatsapp","to":"491","text":{"body":"x"}}"#;
        let request = format!(
            "POST /v25.0/{number}/messages HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {KEY}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let (status, answer) = door.ask(shown, &request).await.expect("an answer");
        assert_eq!(status, 200, "{answer}");
    }
    door.end().await;
}

#[actix_web::test]
async fn a_renewed_certificate_is_shown_soon_and_a_faulty_one_never() {
    let mut door = Door::new(ClientCertificate::Open).await;
    std::fs::write(door.files.path().join("server.cert"), "not a certificate").expect("a file");
    let renewed = Authority::new("renewed");
    let pair = renewed.server();
    // Between the two writes the key does not belong to the certificate: the old pair stays.
    std::fs::write(door.files.path().join("server.key"), &pair.key).expect("a file");
    let began = Instant::now();
    while began.elapsed() < LOOKED_AT {
        assert_eq!(door.post(None).await.0, 200, "the old certificate stays");
    }
    std::fs::write(door.files.path().join("server.cert"), &pair.cert).expect("a file");
    let request = webhook(&door.stage);
    let address = address(&door.stage);
    until("the renewed certificate is shown", async || {
        let (status, _) = ask(address, &renewed, None, &request).await.ok()?;
        assert_eq!(status, 200);
        Some(())
    })
    .await;
    assert!(door.ask(None, &request).await.is_err(), "the old one is gone");
    door.servers = renewed;
    door.end().await;
}

#[actix_web::test]
async fn a_certificate_that_ends_soon_is_alarmed_and_measured_until_it_is_renewed() {
    let door = Door::new(ClientCertificate::Open).await;
    let told = async |door: &Door| door.stage.look("/api/alarms").await.json()["alarms"][0].clone();
    assert_eq!(told(&door).await, serde_json::Value::Null, "it has long to go");
    let left = async |door: &Door| {
        let metrics = http::get(&format!("{}/metrics", door.stage.ops), &[]).await.text().to_owned();
        let line = metrics.lines().find_map(|line| line.strip_prefix("wharf_certificate_expires_seconds "));
        line.and_then(|left| left.parse::<f64>().ok()).unwrap_or_else(|| panic!("no such metric in {metrics}"))
    };
    let day_s = 86_400.0;
    assert!(left(&door).await > 14.0 * day_s);
    let write = |pair: &Pair| drop(pair.write(door.files.path(), "server"));
    write(&door.servers.ending_in(5));
    let alarm = until("the end is told", async || Some(told(&door).await).filter(serde_json::Value::is_object)).await;
    assert_eq!(alarm["what"], "certificate_expires");
    assert!(alarm["since"].is_string() && alarm["detail"].as_str().is_some_and(|detail| detail.starts_with("in ")));
    assert!((3.0 * day_s..=6.0 * day_s).contains(&left(&door).await), "{}", left(&door).await);
    write(&door.servers.expired("localhost"));
    until("its end is told", async || (told(&door).await["detail"] == "it has ended").then_some(())).await;
    write(&door.servers.server());
    until("no alarm is left", async || told(&door).await.is_null().then_some(())).await;
    door.end().await;
}

#[actix_web::test]
async fn files_that_cannot_serve_are_named_with_their_setting() {
    let folder = tempfile::tempdir().expect("a folder");
    let servers = Authority::new("servers");
    let (cert, key) = servers.server().write(folder.path(), "one");
    let (_, other) = servers.server().write(folder.path(), "other");
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").expect("a file");
    let cases = [
        (format!("cert = {:?}, key = {key:?}", folder.path().join("none")), "server.tls.cert", "cannot be read"),
        (format!("cert = {empty:?}, key = {key:?}"), "server.tls.cert", "no certificate"),
        (format!("cert = {cert:?}, key = {other:?}"), "server.tls.key", "not that of the certificate"),
        (format!("cert = {cert:?}, key = {cert:?}"), "server.tls.key", "no private key"),
        (format!("cert = {cert:?}"), "server.tls.key", "nothing"),
        (format!("cert = {cert:?}, key = {key:?}, client_ca = {empty:?}"), "server.tls.client_ca", "no certificate"),
    ];
    let config = folder.path().join("wharf.toml");
    for (tls, setting, found) in cases {
        let gateway = "[[gateway]]\nuri = \"main\"\nwhatsapp_token = \"t\"\napp_secret = \"s\"\n";
        std::fs::write(&config, format!("[server]\ntls = {{ {tls} }}\n{gateway}")).expect("a file");
        let said = run(wharf(&["check", "--config", &config.to_string_lossy()]));
        let said = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
        assert!(said.contains(setting) && said.contains(found) && said.contains("wharf.toml:2:"), "{tls}: {said}");
    }
}
