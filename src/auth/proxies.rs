//! Whose word on a caller's address is believed. Pure: knows addresses and the text of a header, no request.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// Addresses that share their first bits: `10.0.0.0/8`, `fd00::/8`, or a single one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u32,
}

impl Network {
    /// Whether `address` is one of them. An IPv4 address written as IPv6 is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => same_bits(first.to_bits(), address.to_bits(), self.bits),
            (IpAddr::V6(first), IpAddr::V6(address)) => same_bits(first.to_bits(), address.to_bits(), self.bits),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Whether the first `bits` are the same; addresses of 32 and of 128 bits.
fn same_bits<N: Into<u128>>(one: N, other: N, bits: u32) -> bool {
    let width = u32::try_from(8 * size_of::<N>()).expect("an address has few bits");
    let differ: u128 = one.into() ^ other.into();
    bits == 0 || differ >> (width - bits) == 0
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (first, bits) = match text.split_once('/') {
            Some((first, bits)) => (first, Some(bits)),
            None => (text, None),
        };
        let first: IpAddr = first.trim().parse().map_err(drop)?;
        let width = if first.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.trim().parse().ok().filter(|bits| *bits <= width).ok_or(())?,
            None => width,
        };
        Ok(Self { first, bits })
    }
}

/// The proxies of the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    /// Believes these.
    pub fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// Whether nobody is believed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a request comes from: `peer`, unless that is a trusted proxy; then the rightmost address of
    /// `X-Forwarded-For` that is no trusted proxy, because everything left of it is only what that caller says.
    ///
    /// `forwarded` are the header's values, in their order.
    pub fn caller<'h>(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'h str>) -> IpAddr {
        let mut caller = peer.to_canonical();
        for hop in forwarded.rev().flat_map(|value| value.rsplit(',')) {
            if !self.trusts(caller) {
                return caller;
            }
            // What is no address says nothing; whoever passed it on is the last one known.
            let Some(address) = address(hop) else { return caller };
            caller = address;
        }
        caller
    }

    /// Whether `address` is a trusted proxy's.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// `1.2.3.4`, `1.2.3.4:567`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:567`, quoted or not.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim().trim_matches('"');
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let with_port = || hop.parse().ok().map(|address: SocketAddr| address.ip());
    bare.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(networks: &[&str]) -> TrustedProxies {
        TrustedProxies::new(networks.iter().map(|network| network.parse().expect("a network")).collect())
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn caller(networks: &[&str], peer: &str, forwarded: &[&str]) -> String {
        proxies(networks).caller(ip(peer), forwarded.iter().copied()).to_string()
    }

    #[test]
    fn without_trusted_proxies_nobody_is_believed() {
        assert_eq!(caller(&[], "10.0.0.1", &["203.0.113.7"]), "10.0.0.1");
        assert_eq!(caller(&["10.0.0.0/8"], "192.0.2.1", &["203.0.113.7"]), "192.0.2.1", "no proxy of ours");
    }

    #[test]
    fn the_rightmost_address_that_is_no_trusted_proxy_is_the_caller() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        assert_eq!(caller(&trusted, "10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(caller(&trusted, "10.0.0.1", &["203.0.113.7, 10.9.9.9"]), "203.0.113.7", "two proxies");
        assert_eq!(caller(&trusted, "fd00::1", &["203.0.113.7", "10.9.9.9, fd12::3"]), "203.0.113.7", "two headers");
        assert_eq!(caller(&trusted, "10.0.0.1", &[]), "10.0.0.1", "the proxy itself");
        assert_eq!(caller(&trusted, "10.0.0.1", &["10.0.0.3,10.0.0.2"]), "10.0.0.3", "all of them ours");
    }

    #[test]
    fn what_a_caller_forges_to_the_left_is_not_believed() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(caller(&trusted, "10.0.0.1", &["1.1.1.1, 203.0.113.7"]), "203.0.113.7");
        assert_eq!(caller(&trusted, "10.0.0.1", &["10.0.0.9, 203.0.113.7"]), "203.0.113.7");
        assert_eq!(caller(&trusted, "10.0.0.1", &["1.1.1.1", "203.0.113.7"]), "203.0.113.7");
        for odd in ["", "unknown", "_hidden", "1.1.1.1.1", "203.0.113.7:", "[::1", "203.0.113.7;", "\u{0}"] {
            assert_eq!(caller(&trusted, "10.0.0.1", &[&format!("1.1.1.1, {odd}")]), "10.0.0.1", "{odd:?}");
        }
    }

    #[test]
    fn addresses_are_read_with_ports_brackets_and_quotes() {
        let trusted = ["::1"];
        for hop in ["2001:db8::7", "[2001:db8::7]", "[2001:db8::7]:443", "\"[2001:db8::7]:443\"", " 2001:DB8::7 "] {
            assert_eq!(caller(&trusted, "::1", &[hop]), "2001:db8::7", "{hop}");
        }
        assert_eq!(caller(&trusted, "::1", &["203.0.113.7:51234"]), "203.0.113.7");
        assert_eq!(caller(&trusted, "::1", &["::ffff:203.0.113.7"]), "203.0.113.7");
    }

    #[test]
    fn networks_hold_what_shares_their_first_bits() {
        let cases = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("0.0.0.0/0", "203.0.113.7", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("::/0", "2001:db8::1", true),
            ("::1/128", "::1", true),
        ];
        for (network, address, inside) in cases {
            let network: Network = network.parse().expect("a network");
            assert_eq!(network.contains(ip(address)), inside, "{network:?} {address}");
        }
        for wrong in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/-1", "10.0.0.0/", "localhost", "10.0.0.0/8/8"]
        {
            assert_eq!(wrong.parse::<Network>(), Err(()), "{wrong}");
        }
    }
}
