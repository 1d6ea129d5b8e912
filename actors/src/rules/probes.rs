//! Which holds of sends end by asking Graph, what is asked, and when: per token and not per account, never all at once.
//! Asks nobody.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use wharf_storage::{HoldCause, HoldScope, SendHold};

/// A token that Graph refused is asked about again after this long, in ms.
const TOKEN_AGAIN_MS: u64 = 60_000;
/// An account or a number that may not send is asked about again after this long, in ms.
const HEALTH_AGAIN_MS: u64 = 300_000;
/// Questions asked at one look at most: where many are due, the others are asked at the next looks.
const AT_ONCE: usize = 10;

/// What Graph is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Question {
    /// Whether a token works.
    Token {
        /// The gateway.
        gateway: Arc<str>,
        /// The account, where it has a token of its own.
        account: Option<Box<str>>,
        /// Tells a token from the one before it: a new one is asked about at once.
        version: u64,
    },
    /// Whether an account or a number may send.
    Health {
        /// The account.
        account: Box<str>,
        /// The node to ask: the account's id or the number's.
        node: Box<str>,
    },
}

/// The token that an account uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenInUse {
    /// Whether it is the account's own.
    pub is_own: bool,
    /// Tells it from the one before it.
    pub version: u64,
}

/// What has been asked.
#[derive(Debug, Default)]
pub struct Probes {
    asked: HashMap<Question, u64>,
    /// Accounts of which something was heard that may have ended their holds.
    stirred: HashSet<Box<str>>,
}

impl Question {
    /// The question whose answer ends `hold`; `None` where none does.
    pub fn of(hold: &SendHold, gateway: &Arc<str>, token: TokenInUse) -> Option<Self> {
        match (hold.cause, &hold.scope) {
            (HoldCause::Token, _) => Some(Question::Token {
                gateway: Arc::clone(gateway),
                account: token.is_own.then(|| hold.account.clone()),
                version: token.version,
            }),
            (HoldCause::Meta, HoldScope::Account) => {
                Some(Question::Health { account: hold.account.clone(), node: hold.account.clone() })
            }
            (HoldCause::Meta, HoldScope::Number(id)) => {
                Some(Question::Health { account: hold.account.clone(), node: id.clone() })
            }
            // What Meta restricts and pauses, it lifts by an event or at the moment that it named.
            (HoldCause::Meta, HoldScope::Template(_) | HoldScope::Templates) => None,
            (HoldCause::Meta, HoldScope::FreeForm | HoldScope::NewCustomers) => None,
            (HoldCause::Throttle | HoldCause::Limit | HoldCause::Operator, _) => None,
        }
    }

    /// The account whose health it is about.
    fn account(&self) -> Option<&str> {
        match self {
            Question::Health { account, .. } => Some(account),
            Question::Token { .. } => None,
        }
    }
}

impl Probes {
    /// Something was heard of the account that may have ended its holds: it is asked about at once.
    pub fn stir(&mut self, account: &str) {
        self.stirred.insert(account.into());
    }

    /// The questions that are due, of those that holds ask; `held` has each hold's question and beginning.
    pub fn due(&mut self, held: impl IntoIterator<Item = (Question, u64)>, now: u64) -> Vec<Question> {
        let mut since: HashMap<Question, u64> = HashMap::new();
        for (question, since_ms) in held {
            let first = since.entry(question).or_insert(since_ms);
            *first = (*first).min(since_ms);
        }
        self.asked.retain(|question, _| since.contains_key(question));
        let held: HashSet<&str> = since.keys().filter_map(Question::account).collect();
        self.stirred.retain(|account| held.contains(&**account));
        let mut due: Vec<(u64, Question)> = Vec::new();
        for (question, since_ms) in since {
            let due_at_ms = self.due_at(&question, since_ms);
            if due_at_ms <= now {
                due.push((due_at_ms, question));
            }
        }
        due.sort();
        due.truncate(AT_ONCE);
        let due: Vec<Question> = due.into_iter().map(|(_, question)| question).collect();
        for question in &due {
            self.asked.insert(question.clone(), now);
            if let Question::Health { account, .. } = question {
                self.stirred.remove(account);
            }
        }
        due
    }

    /// A token is asked about at once: perhaps it is not at fault. Who may not send was told so by Graph just now.
    fn due_at(&self, question: &Question, since_ms: u64) -> u64 {
        let asked = self.asked.get(question).copied();
        match question {
            Question::Token { .. } => asked.map_or(since_ms, |at_ms| at_ms + TOKEN_AGAIN_MS),
            Question::Health { account, .. } if self.stirred.contains(account) => since_ms,
            Question::Health { .. } => asked.unwrap_or(since_ms).max(since_ms) + HEALTH_AGAIN_MS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_000;
    const SHARED: TokenInUse = TokenInUse { is_own: false, version: 1 };

    fn hold(account: &str, scope: HoldScope, cause: HoldCause) -> SendHold {
        SendHold { account: account.into(), scope, cause, code: None, reason: "".into(), since_ms: NOW, until_ms: None }
    }

    fn asked(probes: &mut Probes, holds: &[SendHold], token: TokenInUse, now: u64) -> Vec<Question> {
        let gateway = Arc::from("main");
        let held = holds.iter().filter_map(|hold| Some((Question::of(hold, &gateway, token)?, hold.since_ms)));
        probes.due(held.collect::<Vec<_>>(), now)
    }

    #[test]
    fn a_token_is_asked_about_at_once_then_every_minute_and_once_for_all_its_accounts() {
        let mut probes = Probes::default();
        let holds = ["1", "2"].map(|account| hold(account, HoldScope::Account, HoldCause::Token));
        assert_eq!(asked(&mut probes, &holds, SHARED, NOW).len(), 1);
        assert_eq!(asked(&mut probes, &holds, SHARED, NOW + 59_999), []);
        assert_eq!(asked(&mut probes, &holds, SHARED, NOW + 60_000).len(), 1);
        let own = TokenInUse { is_own: true, version: 1 };
        assert_eq!(asked(&mut probes, &holds, own, NOW + 60_001).len(), 2, "tokens of their own");
    }

    #[test]
    fn a_new_token_is_asked_about_at_once() {
        let mut probes = Probes::default();
        let holds = [hold("1", HoldScope::Account, HoldCause::Token)];
        assert_eq!(asked(&mut probes, &holds, SHARED, NOW).len(), 1);
        assert_eq!(asked(&mut probes, &holds, TokenInUse { version: 2, ..SHARED }, NOW + 1).len(), 1);
    }

    #[test]
    fn health_is_asked_every_five_minutes_and_at_once_after_setup() {
        let mut probes = Probes::default();
        let holds = [hold("1", HoldScope::Account, HoldCause::Meta)];
        assert_eq!(asked(&mut probes, &holds, SHARED, NOW + 299_999), []);
        let about_account = Question::Health { account: "1".into(), node: "1".into() };
        assert_eq!(asked(&mut probes, &holds, SHARED, NOW + 300_000), [about_account]);
        assert_eq!(asked(&mut probes, &holds, SHARED, NOW + 599_999), []);
        probes.stir("1");
        assert_eq!(asked(&mut probes, &holds, SHARED, NOW + 400_000).len(), 1);
        assert_eq!(asked(&mut probes, &holds, SHARED, NOW + 400_001), [], "once");
        probes.stir("2");
        assert_eq!(asked(&mut probes, &holds, SHARED, NOW + 400_002), []);
        let later = [SendHold { since_ms: NOW + 400_002, ..hold("2", HoldScope::Account, HoldCause::Meta) }];
        assert_eq!(
            asked(&mut probes, &later, SHARED, NOW + 400_003),
            [],
            "what was heard before it began ends nothing"
        );
        let number = [hold("1", HoldScope::Number("9".into()), HoldCause::Meta)];
        let about_number = Question::Health { account: "1".into(), node: "9".into() };
        assert_eq!(asked(&mut probes, &number, SHARED, NOW + 900_000), [about_number]);
    }

    #[test]
    fn nobody_is_asked_about_what_ends_by_time_event_or_hand() {
        let mut probes = Probes::default();
        for (scope, cause) in [
            (HoldScope::Account, HoldCause::Throttle),
            (HoldScope::Account, HoldCause::Operator),
            (HoldScope::Template("sale".into()), HoldCause::Meta),
            (HoldScope::Templates, HoldCause::Meta),
            (HoldScope::FreeForm, HoldCause::Meta),
        ] {
            assert_eq!(asked(&mut probes, &[hold("1", scope, cause)], SHARED, NOW + 10_000_000), []);
        }
    }

    #[test]
    fn a_thousand_accounts_are_asked_about_a_few_at_a_time_and_each_in_its_turn() {
        let mut probes = Probes::default();
        let holds: Vec<SendHold> =
            (0..25).map(|nth| hold(&nth.to_string(), HoldScope::Account, HoldCause::Meta)).collect();
        let at = |look: u64| NOW + 300_000 + look;
        let mut all: Vec<Question> = (0..3).flat_map(|look| asked(&mut probes, &holds, SHARED, at(look))).collect();
        assert_eq!(all.len(), 25);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 25);
        assert_eq!(asked(&mut probes, &holds, SHARED, at(3)), []);
    }
}
