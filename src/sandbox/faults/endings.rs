//! The last digits of a recipient that ask for a fault, as a table; README's is made from it.

/// What a recipient asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The first try is refused with this code, the second is taken.
    RefusedOnce(u32),
    /// Every try is refused with this code.
    Refused(u32),
    /// Taken, then a `failed` status with this code.
    FailsLater(u32),
    /// The first try is taken, and the connection closes instead of an answer.
    LostAfterOnce,
    /// The first try is not taken, and the connection closes instead of an answer.
    LostBeforeOnce,
    /// Taken, and the answer is held back.
    Hangs,
    /// Taken, and the first status comes before the answer.
    Overtaken,
}

/// The last four digits of a recipient, and what they ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Four digits.
    pub digits: &'static str,
    /// What they ask for.
    pub wish: Wish,
}

const fn ending(digits: &'static str, wish: Wish) -> Ending {
    Ending { digits, wish }
}

/// All of them. Errors that may pass come once, errors that are final always.
pub const ENDINGS: &[Ending] = &[
    ending("0000", Wish::RefusedOnce(131_000)),
    ending("0002", Wish::RefusedOnce(2)),
    ending("0004", Wish::RefusedOnce(4)),
    ending("0007", Wish::RefusedOnce(80_007)),
    ending("0016", Wish::RefusedOnce(131_016)),
    ending("0190", Wish::RefusedOnce(190)),
    ending("0368", Wish::RefusedOnce(368)),
    ending("0031", Wish::RefusedOnce(131_031)),
    ending("0048", Wish::RefusedOnce(131_048)),
    ending("0053", Wish::RefusedOnce(131_053)),
    ending("0056", Wish::RefusedOnce(131_056)),
    ending("0057", Wish::RefusedOnce(131_057)),
    ending("0429", Wish::RefusedOnce(130_429)),
    ending("0015", Wish::Refused(132_015)),
    ending("0026", Wish::Refused(131_026)),
    ending("0030", Wish::Refused(131_030)),
    ending("0132", Wish::Refused(132_001)),
    ending("0047", Wish::FailsLater(131_047)),
    ending("0049", Wish::FailsLater(131_049)),
    ending("0050", Wish::FailsLater(131_050)),
    ending("0430", Wish::FailsLater(130_429)),
    ending("0502", Wish::LostAfterOnce),
    ending("0503", Wish::LostBeforeOnce),
    ending("0504", Wish::Hangs),
    ending("0202", Wish::Overtaken),
];

impl Ending {
    /// The ending of `recipient`, where it asks for anything.
    pub fn of(recipient: &str) -> Option<Self> {
        let digits = recipient.get(recipient.len().checked_sub(4)?..)?;
        ENDINGS.iter().find(|ending| ending.digits == digits).copied()
    }
}

/// The table for people, in Markdown.
pub fn markdown() -> String {
    let rows = ENDINGS.iter().map(|ending| format!("| `{}` | {} |\n", ending.digits, ending.wish));
    format!("| the number ends in | what comes of a send to it |\n| --- | --- |\n{}", rows.collect::<String>())
}

impl std::fmt::Display for Wish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Wish::RefusedOnce(code) => write!(f, "{code} at the first try, then taken"),
            Wish::Refused(code) => write!(f, "{code} at every try"),
            Wish::FailsLater(code) => write!(f, "taken, then a `failed` status with {code}"),
            Wish::LostAfterOnce => write!(f, "taken, and the connection closes without an answer; once"),
            Wish::LostBeforeOnce => write!(f, "not taken, and the connection closes without an answer; once"),
            Wish::Hangs => write!(f, "taken, and the answer comes after 30 s"),
            Wish::Overtaken => write!(f, "taken, and the first status comes before the answer"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_ending_stands_in_the_table_twice_and_customers_have_none_of_them() {
        let distinct: HashSet<&str> = ENDINGS.iter().map(|ending| ending.digits).collect();
        assert_eq!(distinct.len(), ENDINGS.len());
        assert!(distinct.iter().all(|digits| digits.len() == 4 && digits.starts_with('0')));
    }

    #[test]
    fn a_recipient_is_known_by_its_last_four_digits() {
        assert_eq!(Ending::of("4915100000429").map(|ending| ending.wish), Some(Wish::RefusedOnce(130_429)));
        assert_eq!(Ending::of("429"), None);
        assert_eq!(Ending::of("DE.\u{e4}b\u{e4}"), None);
    }
}
