//! The measured gateway: what `wharf serve` runs, with the sandbox as its Graph and everything else at its default.

use crate::cli::bench::child::{Listening, say, words};
use crate::cli::bench::process::{Memory, Process};
use crate::cli::bench::stage::{LOOPBACK, URI};
use crate::cli::bench::{BenchError, while_doing};
use crate::cli::serve as serving;
use crate::config::Settings;
use crate::sandbox::Sandbox;
use crate::server;
use clap::Args;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The key of the load.
pub(super) const KEY: &str = "bench-key-0123456789abcdef0123456789abcdef";
/// It listens, and answers a verb, within this time.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the gateway's process is told.
#[derive(Debug, Clone, Args)]
pub(in crate::cli::bench) struct Served {
    /// The data folder
    #[arg(long)]
    data: PathBuf,
    /// The sandbox
    #[arg(long)]
    graph: String,
    /// Its token
    #[arg(long)]
    token: String,
    /// The secret that it signs with
    #[arg(long)]
    secret: String,
    /// Its app
    #[arg(long)]
    app_id: String,
}

/// Serves until it shall end.
pub(super) async fn serve(options: &Served) -> Result<(), BenchError> {
    let settings = settings(options)?;
    let storage = settings.storage.clone();
    let running = server::start(&settings, move || serving::open(&storage)).await?;
    say(&Listening { public: running.public })?;
    let mut words = words();
    while words.recv().await.is_some() {}
    running.stop().await;
    Ok(())
}

fn settings(options: &Served) -> Result<Settings, BenchError> {
    let Served { data, graph, token, secret, app_id } = options;
    let text = format!(
        r#"
[server]
listen = "{LOOPBACK}"
ops_listen = "{LOOPBACK}"
[storage]
path = {data:?}
[graph]
base_url = "{graph}"
[[gateway]]
uri = "{URI}"
whatsapp_token = "{token}"
app_secret = "{secret}"
app_id = "{app_id}"
verify_token = "bench"
[[key]]
name = "bench"
secret = "{KEY}"
scopes = ["admin", "inspect", "send"]
"#
    );
    Ok(Settings::parse("bench", &text, std::iter::empty())?)
}

/// The running gateway, seen from outside.
pub(super) struct Gateway {
    /// Where sends go.
    pub(super) public: SocketAddr,
    process: Process,
}

impl Gateway {
    /// Starts it over an empty folder, and points the sandbox's webhooks at it.
    pub(super) fn start(sandbox: &Sandbox, folder: impl AsRef<Path>) -> Result<Self, BenchError> {
        let options = sandbox.options();
        let told = [
            ("--data", folder.as_ref().display().to_string()),
            ("--graph", sandbox.graph_url()),
            ("--token", options.token.clone()),
            ("--secret", options.app_secret.clone()),
            ("--app-id", options.app_id.clone()),
        ];
        let args: Vec<String> = told.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect();
        let process = Process::start("gateway", &args)?;
        let Listening { public } = process.hear(PATIENCE, &|| {})?;
        sandbox.set_callback(&format!("http://{public}/{URI}"));
        Ok(Self { public, process })
    }

    /// Asks for a verb, such as `setup`.
    pub(super) fn verb(&self, verb: &str) -> Result<(), BenchError> {
        let answer = self.get(&format!("/{URI}?whatsapp={verb}")).map_err(while_doing(format!("ask for {verb}")))?;
        if answer.starts_with("HTTP/1.1 200") {
            return Ok(());
        }
        let head = answer.lines().next().unwrap_or("nothing").to_owned();
        Err(BenchError::Process { name: "gateway", why: format!("answered {head} to the verb {verb}") })
    }

    /// Its memory.
    pub(super) fn memory(&self) -> Result<Memory, BenchError> {
        self.process.memory()
    }

    /// Ends it.
    pub(super) fn end(self) -> Result<(), BenchError> {
        self.process.end()
    }

    fn get(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.public)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let public = self.public;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {public}\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_of_the_measured_gateway_are_accepted() {
        let [graph, token, secret, app_id] = ["http://127.0.0.1:9", "EAAG", "0123456789abcdef", "1"].map(str::to_owned);
        let settings = settings(&Served { data: "/nowhere".into(), graph, token, secret, app_id }).expect("settings");
        assert_eq!(&*settings.gateways[0].uri, URI);
        assert!(settings.server.listen.ip().is_loopback());
    }
}
