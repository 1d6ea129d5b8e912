//! How long an address that sends wrong keys waits for its answer. A plain state machine in bounded memory.

use lru::LruCache;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// Addresses remembered at once; beyond, the one that was quiet longest is forgotten.
const ADDRESSES: NonZeroUsize = NonZeroUsize::new(4096).expect("4096 is not zero");

/// The wait after the first wrong key; each further one doubles it.
const FIRST: Duration = Duration::from_millis(100);

/// The longest wait: long enough to make guessing pointless, short enough to hold few connections.
const LONGEST: Duration = Duration::from_secs(5);

/// After this long without a wrong key an address starts anew.
const FORGIVEN: Duration = Duration::from_secs(600);

/// Doublings after which the longest wait is reached in any case.
const MOST_DOUBLINGS: u32 = 6;

/// Wrong keys by address.
pub(super) struct Slowdown {
    wrong: LruCache<IpAddr, Wrong>,
}

struct Wrong {
    times: u32,
    last: Instant,
}

impl Slowdown {
    pub(super) fn new() -> Self {
        Self { wrong: LruCache::new(ADDRESSES) }
    }

    /// Counts a wrong key from `peer` and says how long its answer waits.
    pub(super) fn wrong_key(&mut self, peer: IpAddr, now: Instant) -> Duration {
        let entry = self.wrong.get_or_insert_mut(one_caller(peer), || Wrong { times: 0, last: now });
        if now.saturating_duration_since(entry.last) >= FORGIVEN {
            entry.times = 0;
        }
        let delay = FIRST.saturating_mul(1 << entry.times.min(MOST_DOUBLINGS)).min(LONGEST);
        entry.times = entry.times.saturating_add(1);
        entry.last = now;
        delay
    }

    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.wrong.len()
    }
}

/// Who a peer is: one customer of an IPv6 provider holds a whole /64, which counts as one address.
pub(crate) fn one_caller(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u32) -> IpAddr {
        IpAddr::from(std::net::Ipv4Addr::from_bits(last))
    }

    #[test]
    fn each_wrong_key_of_an_address_waits_longer_up_to_a_limit() {
        let (mut slowdown, now) = (Slowdown::new(), Instant::now());
        let waits: Vec<u128> = (0..8).map(|_| slowdown.wrong_key(address(1), now).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(slowdown.wrong_key(address(2), now), FIRST, "another address is not to blame");
    }

    #[test]
    fn ten_quiet_minutes_are_forgiven() {
        let (mut slowdown, now) = (Slowdown::new(), Instant::now());
        for _ in 0..5 {
            slowdown.wrong_key(address(1), now);
        }
        assert!(slowdown.wrong_key(address(1), now + FORGIVEN / 2) > FIRST);
        assert_eq!(slowdown.wrong_key(address(1), now + FORGIVEN * 2), FIRST);
    }

    #[test]
    fn a_flood_of_addresses_takes_bounded_memory() {
        let (mut slowdown, now) = (Slowdown::new(), Instant::now());
        for last in 0..20_000 {
            slowdown.wrong_key(address(last), now);
        }
        assert_eq!(slowdown.remembered(), ADDRESSES.get());
    }

    #[test]
    fn an_ipv6_network_of_one_customer_is_one_address() {
        let (mut slowdown, now) = (Slowdown::new(), Instant::now());
        slowdown.wrong_key("2001:db8::1".parse().expect("an address"), now);
        let second = slowdown.wrong_key("2001:db8::2".parse().expect("an address"), now);
        let elsewhere = slowdown.wrong_key("2001:db8:0:1::2".parse().expect("an address"), now);
        assert_eq!((second, elsewhere), (FIRST * 2, FIRST));
        slowdown.wrong_key("::ffff:10.0.0.1".parse().expect("an address"), now);
        assert_eq!(slowdown.wrong_key("10.0.0.1".parse().expect("an address"), now), FIRST * 2);
    }
}
