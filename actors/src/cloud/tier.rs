//! How many customers a day Meta lets a business begin to write to, in the ways in which Meta says so.

/// A portfolio's messaging limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// So many customers within a moving day.
    Customers(u32),
    /// As many as it likes.
    Unlimited,
}

impl Tier {
    /// Reads `TIER_250`, `TIER_2K`, `TIER_UNLIMITED`, or a plain number; `None` for anything else.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        let amount = text.strip_prefix("TIER_").unwrap_or(&text);
        if matches!(amount, "UNLIMITED" | "-1") {
            return Some(Self::Unlimited);
        }
        let (digits, times) = amount.strip_suffix('K').map_or((amount, 1), |digits| (digits, 1000));
        let customers = digits.parse::<u32>().ok()?.checked_mul(times)?;
        (customers > 0).then_some(Self::Customers(customers))
    }

    /// The limit, where there is one.
    pub fn customers(self) -> Option<u32> {
        match self {
            Self::Customers(customers) => Some(customers),
            Self::Unlimited => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_saying_a_limit_is_understood_and_nothing_else() {
        let read = |text: &str| Tier::read(text).map(Tier::customers);
        assert_eq!(
            (read("TIER_50"), read("TIER_250"), read("250")),
            (Some(Some(50)), Some(Some(250)), Some(Some(250)))
        );
        assert_eq!((read("TIER_2K"), read("tier_100k")), (Some(Some(2_000)), Some(Some(100_000))));
        assert_eq!((read("TIER_UNLIMITED"), read("-1")), (Some(None), Some(None)));
        for odd in ["", "TIER_", "TIER_NOT_SET", "0", "K", "99999999999K"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
