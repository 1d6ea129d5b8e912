//! The certificate at `public_url`, as a stranger sees it who trusts the machine's authorities.

use super::about;
use crate::door::authority::Authority;
use crate::harness::front::Front;
use crate::harness::http;
use crate::harness::process::{Process, wharf};
use crate::harness::stage::{KEY, SECRET, VERIFY, bearer};
use serde_json::Value;
use std::path::Path;
use wharf::sandbox::{self, Sandbox, SandboxOptions};

fn settings(folder: &Path, front: &Front, sandbox: &Sandbox, servers: &Authority) -> String {
    let (cert, key) = servers.ending_in(10).write(folder, "server");
    let (graph, token) = (sandbox.graph_url(), &sandbox.options().token);
    let data = folder.join("data");
    format!(
        r#"
[server]
listen = "127.0.0.1:0"
ops_listen = "127.0.0.1:0"
workers = 1
public_url = "https://localhost:{}"
tls = {{ cert = {cert:?}, key = {key:?} }}
[storage]
path = {data:?}
[graph]
base_url = "{graph}"
[[gateway]]
uri = "main"
whatsapp_token = "{token}"
app_secret = "{SECRET}"
verify_token = "{VERIFY}"
[[key]]
name = "operator"
secret = "{KEY}"
scopes = ["inspect"]
"#,
        front.port()
    )
}

/// What the doctor finds where the machine trusts `trusted` and Wharf shows a certificate of `servers`.
async fn examined(servers: &Authority, trusted: &Authority) -> (Vec<Value>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let sandbox = sandbox::start(SandboxOptions::default()).await.expect("a sandbox");
    let front = Front::start().await;
    let (file, roots) = (folder.path().join("wharf.toml"), folder.path().join("roots.pem"));
    std::fs::write(&file, settings(folder.path(), &front, &sandbox, servers)).expect("a file");
    std::fs::write(&roots, trusted.pem()).expect("a file");
    let mut command = wharf(&["serve", "--config", &file.to_string_lossy()]);
    command.env("SSL_CERT_FILE", &roots).env_remove("SSL_CERT_DIR");
    let process = Process::start(command);
    front.lead_to(&process.public);
    let answer = http::get(&format!("{}/api/doctor", process.ops), &[("Authorization", &bearer(KEY))]).await;
    sandbox.stop().await;
    let findings = answer.json()["findings"].as_array().expect("findings").clone();
    (findings, format!("https://localhost:{}", front.port()))
}

#[actix_web::test]
async fn a_trusted_certificate_is_told_by_its_end_and_a_stranger_s_by_what_meta_would_say() {
    let (servers, stranger) = (Authority::new("servers"), Authority::new("stranger"));
    let (findings, url) = examined(&servers, &servers).await;
    let (level, says) = about(&findings, "tls", &url);
    assert!(level == "warn" && says.contains("is trusted, and ends in 9 days"), "{level} {says}");
    for check in ["handshake", "signature"] {
        assert_eq!(about(&findings, check, "main").0, "ok", "{check}: {findings:?}");
    }
    let (findings, url) = examined(&servers, &stranger).await;
    let (level, says) = about(&findings, "tls", &url);
    assert!(level == "fail" && says.contains("Meta will not trust it"), "{level} {says}");
    assert_eq!(about(&findings, "handshake", "main").0, "fail");
}
