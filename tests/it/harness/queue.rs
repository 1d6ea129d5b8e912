//! A real `nats-server` with JetStream in a folder of its own, and what its stream holds. Knows no gateway.

use super::until;
use async_nats::Client;
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The server; it ends with the test.
pub(crate) struct NatsServer {
    child: Child,
    folder: TempDir,
    pub(crate) url: String,
}

impl NatsServer {
    /// Starts it, with the login `wharf`, `secret`; `None`, with the reason printed, where there is no such program.
    pub(crate) async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_str().expect("a path in UTF-8");
        // Port -1 is one that the server chooses and writes into its ports file.
        let spawn = |program: &str| {
            let mut command = Command::new(program);
            command.args(["-js", "-a", "127.0.0.1", "-p", "-1", "-sd", path, "--ports_file_dir", path]);
            command.args(["--user", "wharf", "--pass", "secret"]).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn()
        };
        // Debian puts it where only root looks.
        let Ok(child) = spawn("nats-server").or_else(|_| spawn("/usr/sbin/nats-server")) else {
            println!("skipped: there is no nats-server here (tests/run --peers installs it)");
            return None;
        };
        let mut server = Self { child, folder, url: String::new() };
        server.url = until("nats-server listens", async || server.listening()).await;
        Some(server)
    }

    fn listening(&self) -> Option<String> {
        let ports = self.folder.path().join(format!("nats-server_{}.ports", self.child.id()));
        let ports: Value = serde_json::from_slice(&std::fs::read(ports).ok()?).ok()?;
        ports["nats"][0].as_str().map(str::to_owned)
    }

    /// Somebody who looks into it.
    pub(crate) async fn client(&self) -> Client {
        let options = async_nats::ConnectOptions::new().user_and_password("wharf".into(), "secret".into());
        options.connect(&self.url).await.expect("a server that listens")
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Asks JetStream.
pub(crate) async fn ask(client: &Client, verb: &str, request: Value) -> Value {
    let answer = client.request(format!("$JS.API.{verb}"), request.to_string().into()).await.expect("an answer");
    serde_json::from_slice(&answer.payload).expect("JSON")
}

/// The stream's messages in order: subject, headers as text, body.
pub(crate) async fn messages(client: &Client, stream: &str) -> Vec<(String, String, Value)> {
    let count = ask(client, &format!("STREAM.INFO.{stream}"), json!({})).await["state"]["last_seq"].as_u64();
    let mut messages = Vec::new();
    for seq in 1..=count.unwrap_or(0) {
        let told = ask(client, &format!("STREAM.MSG.GET.{stream}"), json!({ "seq": seq })).await;
        let text = |key: &str| told["message"][key].as_str().unwrap_or_default();
        let decoded = |key: &str| base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text(key)).expect("base64");
        let headers = String::from_utf8(decoded("hdrs")).expect("headers are text");
        messages.push((text("subject").to_owned(), headers, serde_json::from_slice(&decoded("data")).expect("JSON")));
    }
    messages
}
