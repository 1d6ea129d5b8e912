//! What all processes of a measurement agree on: the gateway, its secret, its accounts, and the settings made of them.

use crate::cli::bench::BenchError;
use crate::config::Settings;
use clap::Args;
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

/// The gateway's URI.
pub(super) const URI: &str = "bench";
/// The app secret that signs webhooks, as long as Meta's.
pub(super) const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// The token for Graph, where there is one.
pub(super) const TOKEN: &str = "the token of a measurement";
/// Customers that write to each account.
pub(super) const CUSTOMERS: u32 = 200;
/// Any free port of this machine, reachable from this machine only.
pub(super) const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The `nth` account's id, 15 digits as Meta's.
pub(super) fn account_id(nth: u32) -> String {
    format!("{:015}", 102_290_000_000_000 + u64::from(nth))
}

/// The phone number id of the `nth` account's only number.
pub(super) fn number_id(nth: u32) -> String {
    format!("{:015}", 106_540_000_000_000 + u64::from(nth))
}

/// The number as people read it.
pub(super) fn display(nth: u32) -> String {
    format!("1555{nth:07}")
}

/// What a measured gateway has that others have not, as `--graph` and `--more` of its process.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Special {
    /// Where Graph is, if anywhere
    #[arg(long)]
    pub(super) graph: Option<String>,
    /// More lines of the settings: routes, keys
    #[arg(long)]
    pub(super) more: Option<String>,
}

impl Special {
    /// As a process is told.
    pub(super) fn as_args(&self) -> Vec<String> {
        let named = [("--graph", &self.graph), ("--more", &self.more)].into_iter();
        named.filter_map(|(name, value)| Some([name.to_owned(), value.clone()?])).flatten().collect()
    }
}

/// The settings of the measured gateway: everything at its default but for addresses, folder, route and what is
/// special.
pub(super) fn settings(
    ops: SocketAddr,
    data: &Path,
    route: Option<&str>,
    special: &Special,
) -> Result<Settings, BenchError> {
    let graph = special.graph.as_deref().unwrap_or("http://127.0.0.1:9");
    let mut text = format!(
        r#"
[server]
listen = "{LOOPBACK}"
ops_listen = "{ops}"
public_url = "http://127.0.0.1"
[storage]
path = {data:?}
[graph]
base_url = "{graph}"
[[gateway]]
uri = "{URI}"
whatsapp_token = "{TOKEN}"
app_secret = "{SECRET}"
verify_token = "bench"
"#
    );
    if let Some(url) = route {
        let _ = write!(text, "[[gateway.route]]\nname = \"sink\"\nurl = \"{url}\"\nsecret = \"bench\"\n");
    }
    text.push_str(special.more.as_deref().unwrap_or_default());
    Ok(Settings::parse("bench", &text, std::iter::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_of_the_measured_gateway_are_accepted() {
        let settings = settings(LOOPBACK, Path::new("/nowhere"), Some("http://127.0.0.1:9/sink"), &Special::default())
            .expect("settings");
        assert_eq!(&*settings.gateways[0].uri, URI);
        assert_eq!(&*settings.gateways[0].routes.get()[0].name, "bench/sink");
        assert!(settings.server.listen.ip().is_loopback());
    }
}
