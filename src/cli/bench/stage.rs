//! What all processes of a measurement agree on: the gateway, its secret, its accounts, and the settings made of them.

use crate::cli::bench::BenchError;
use crate::config::Settings;
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

/// The gateway's URI.
pub(super) const URI: &str = "bench";
/// The app secret that signs webhooks, as long as Meta's.
pub(super) const SECRET: &str = "0123456789abcdef0123456789abcdef";
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

/// The settings of the measured gateway: everything at its default but for addresses, folder and route.
pub(super) fn settings(ops: SocketAddr, data: &Path, route: Option<&str>) -> Result<Settings, BenchError> {
    let mut text = format!(
        r#"
[server]
listen = "{LOOPBACK}"
ops_listen = "{ops}"
public_url = "http://127.0.0.1"
[storage]
path = {data:?}
[graph]
base_url = "http://127.0.0.1:9"
[[gateway]]
uri = "{URI}"
whatsapp_token = "no token: nothing of this reaches Graph"
app_secret = "{SECRET}"
verify_token = "bench"
"#
    );
    if let Some(url) = route {
        let _ = write!(text, "[[gateway.route]]\nname = \"sink\"\nurl = \"{url}\"\nsecret = \"bench\"\n");
    }
    Ok(Settings::parse("bench", &text, std::iter::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_of_the_measured_gateway_are_accepted() {
        let settings = settings(LOOPBACK, Path::new("/nowhere"), Some("http://127.0.0.1:9/sink")).expect("settings");
        assert_eq!(&*settings.gateways[0].uri, URI);
        assert_eq!(&*settings.gateways[0].routes.get()[0].name, "bench/sink");
        assert!(settings.server.listen.ip().is_loopback());
    }
}
