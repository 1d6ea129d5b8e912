//! Ids that look like Meta's, all of them drawn from one seed; knows nothing of what they name.

use base64::prelude::{BASE64_STANDARD, Engine};

/// Draws ids: the same seed draws the same ids in the same order.
#[derive(Debug, Clone)]
pub struct Mint {
    seed: u64,
    drawn: u64,
}

/// Who a message id was minted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// A customer's message to a business.
    Inbound,
    /// A message of a business to a customer.
    Outbound,
}

impl Mint {
    /// A mint for `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed: mix(seed), drawn: 0 }
    }

    /// 64 bits that this mint has not drawn before.
    pub fn draw(&mut self) -> u64 {
        self.drawn += 1;
        mix(self.seed.wrapping_add(self.drawn))
    }

    /// A node id as Meta numbers accounts, numbers and media: 15 digits.
    pub fn node_id(&mut self) -> String {
        format!("1{:014}", self.draw() % 100_000_000_000_000)
    }

    /// A media id: 15 digits that begin with 2, then a digit that tells the kind of media.
    pub fn media_id(&mut self, kind: u8) -> String {
        format!("2{}{:013}", kind % 10, self.draw() % 10_000_000_000_000)
    }

    /// The id of a media file that was uploaded: 15 digits that begin with 3.
    pub fn upload_id(&mut self) -> String {
        format!("3{:014}", self.draw() % 100_000_000_000_000)
    }

    /// A message id between a business and `party`: `wamid.` and base64, whose alphabet includes `/`, `+` and `=`.
    pub fn wamid(&mut self, party: &str, direction: Direction) -> String {
        let mark = match direction {
            Direction::Inbound => 0x12,
            Direction::Outbound => 0x11,
        };
        let mut raw = vec![0x1c, 0x18, u8::try_from(party.len()).unwrap_or(u8::MAX)];
        raw.extend_from_slice(party.as_bytes());
        raw.extend_from_slice(&[0x15, 0x02, 0x00, mark, 0x18, 0x14]);
        raw.extend_from_slice(format!("3EB0{:016X}", self.draw()).as_bytes());
        raw.push(0);
        format!("wamid.{}", BASE64_STANDARD.encode(raw))
    }

    /// A trace id as Graph puts into errors: `A` and ten characters or so.
    pub fn trace_id(&mut self) -> String {
        format!("A{}", BASE64_STANDARD.encode(self.draw().to_be_bytes()).trim_end_matches('=').replace(['+', '/'], "_"))
    }
}

/// Spreads `value` over 64 bits; a bijection, so that different values never meet.
pub fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_ids() {
        let mut once = Mint::new(7);
        let mut again = Mint::new(7);
        assert_eq!(once.node_id(), again.node_id());
        assert_eq!(once.wamid("491701234567", Direction::Inbound), again.wamid("491701234567", Direction::Inbound));
    }

    #[test]
    fn no_message_id_comes_twice() {
        let mut mint = Mint::new(1);
        let ids: HashSet<String> = (0..10_000).map(|_| mint.wamid("15550001111", Direction::Outbound)).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.starts_with("wamid.HBg")));
    }

    #[test]
    fn node_ids_have_fifteen_digits() {
        let mut mint = Mint::new(3);
        assert!((0..100).map(|_| mint.node_id()).all(|id| id.len() == 15 && id.bytes().all(|b| b.is_ascii_digit())));
    }
}
