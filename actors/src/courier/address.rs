//! Which addresses a route from outside may reach: public ones. Every name is resolved anew for each connection, all its
//! addresses are looked at, and the connection goes to one that was: nothing resolves a second time in between.

use actix_tls::connect::Resolve;
use futures_util::future::LocalBoxFuture;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where an endpoint may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// Anywhere.
    Any,
    /// In the public internet.
    Public,
}

/// Resolves a name to the addresses that are allowed; where one of them is not, to none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookup(pub(crate) Addresses);

/// A name leads where no delivery may go.
#[derive(Debug, thiserror::Error)]
#[error("{host} has the address {address}, which is not public: the route does not allow_private")]
struct NotPublic {
    host: String,
    address: IpAddr,
}

impl Resolve for Lookup {
    fn lookup<'a>(&'a self, host: &'a str, port: u16) -> LocalBoxFuture<'a, Result<Vec<SocketAddr>, Box<dyn Error>>> {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await?.collect();
            match found.iter().find(|found| self.0 == Addresses::Public && !is_public(found.ip())) {
                None => Ok(found),
                Some(found) => Err(NotPublic { host: host.to_owned(), address: found.ip() }.into()),
            }
        })
    }
}

/// Whether `address` is one of the public internet, not of this machine, this network or a transition mechanism that
/// may lead back into it.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = a == 192 && b == 0 && c == 0;
    let relays = a == 192 && b == 88 && c == 99;
    let benchmarks = a == 198 && (b == 18 || b == 19);
    let reserved = a >= 240 || a == 0;
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || shared
        || protocols
        || relays
        || benchmarks
        || reserved)
}

/// Global unicast is 2000::/3; within it, what embeds an IPv4 address is as public as that.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match [a, b, c, d, e, f] {
        // Mapped, and NAT64's well-known prefix.
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => is_public_v4(v4(g, h)),
        // 6to4.
        [0x2002, high, low, ..] => is_public_v4(v4(high, low)),
        // Teredo hides two addresses; protocol assignments, documentation.
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => false,
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn public_addresses_are_public() {
        for text in
            ["1.1.1.1", "157.240.1.60", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::"]
        {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn this_machine_and_this_network_are_not_however_they_are_written() {
        let v4 = "127.0.0.1 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 0.1.2.3 \
            192.0.0.8 192.88.99.1 198.18.0.1 198.51.100.1 203.0.113.9 224.0.0.1 240.0.0.1 255.255.255.255";
        let v6 = ":: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1 fe80::1 fec0::1 fc00::1 fd12::1 ff02::1 \
            64:ff9b::10.0.0.1 64:ff9b:1::1 2002:7f00:1:: 2002:a00:1:: 2001::1 2001:db8::1 3fff::1 100::1 5f00::1";
        for text in v4.split_whitespace().chain(v6.split_whitespace()) {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[actix_rt::test]
    async fn a_name_that_leads_to_this_machine_is_refused_whatever_its_spelling() {
        for host in ["localhost", "127.1", "2130706433", "0x7f000001"] {
            let refused = Lookup(Addresses::Public).lookup(host, 80).await.unwrap_err().to_string();
            assert!(refused.contains("not public"), "{host}: {refused}");
        }
    }
}
