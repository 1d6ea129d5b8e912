//! Which messages wait although their turn has come, and who can let them go. Knows no queue and no clock.

use std::collections::BTreeMap;
use wharf_storage::{Change, HoldCause, HoldScope, MessageRecord, Noun, SendHold};

/// The holds of one account.
#[derive(Debug, Default)]
pub(super) struct Holds(BTreeMap<(HoldScope, HoldCause), SendHold>);

impl Holds {
    /// Takes back what was kept.
    pub(super) fn restore(&mut self, hold: SendHold) {
        self.0.insert((hold.scope.clone(), hold.cause), hold);
    }

    /// `hold` begins, or goes on: then it keeps its beginning. Says whether it is news.
    pub(super) fn begin(&mut self, mut hold: SendHold, change: &mut Change) -> bool {
        let place = (hold.scope.clone(), hold.cause);
        let known = self.0.get(&place);
        if known.is_some_and(|known| known.code == hold.code && known.until_ms >= hold.until_ms) {
            return false;
        }
        let is_news = known.is_none();
        hold.since_ms = known.map_or(hold.since_ms, |known| known.since_ms);
        change.put(&hold);
        self.0.insert(place, hold);
        is_news
    }

    /// Ends what `ends` says; returns what ended.
    pub(super) fn end(&mut self, change: &mut Change, ends: impl Fn(&SendHold) -> bool) -> Vec<SendHold> {
        let mut ended = Vec::new();
        self.0.retain(|_, hold| {
            let stays = !ends(hold);
            if !stays {
                change.remove(SendHold::KIND, hold.key());
                ended.push(hold.clone());
            }
            stays
        });
        ended
    }

    /// Ends what ends by itself.
    pub(super) fn expire(&mut self, change: &mut Change, now: u64) -> Vec<SendHold> {
        self.end(change, |hold| hold.until_ms.is_some_and(|until_ms| until_ms <= now))
    }

    /// The next moment at which one ends by itself.
    pub(super) fn due_at(&self) -> Option<u64> {
        self.0.values().filter_map(|hold| hold.until_ms).min()
    }

    /// Whether `record` waits.
    pub(super) fn covers(&self, record: &MessageRecord) -> bool {
        self.0.keys().any(|(scope, _)| is_of(scope, record))
    }

    /// Whether customers who would count anew towards Meta's limit wait.
    pub(super) fn cover_new_customers(&self) -> bool {
        self.0.keys().any(|(scope, _)| *scope == HoldScope::NewCustomers)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &SendHold> {
        self.0.values()
    }
}

fn is_of(scope: &HoldScope, record: &MessageRecord) -> bool {
    match scope {
        HoldScope::Account => true,
        HoldScope::Number(id) => *id == record.number,
        HoldScope::Template(held) => record.template.as_ref().is_some_and(|template| held.covers(template)),
        HoldScope::Templates => is_templated(record),
        HoldScope::FreeForm => !is_templated(record),
        // Who is new only the portfolio knows.
        HoldScope::NewCustomers => false,
    }
}

/// Whether a message is made from a template.
pub(super) fn is_templated(record: &MessageRecord) -> bool {
    record.template.is_some() || &*record.kind == "template"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::{NOW, outbound};
    use wharf_storage::TemplateName;

    fn hold(scope: HoldScope, cause: HoldCause, until_ms: Option<u64>) -> SendHold {
        SendHold { account: "100".into(), scope, cause, code: Some(1), reason: "".into(), since_ms: NOW, until_ms }
    }

    #[test]
    fn a_hold_covers_its_scope_alone() {
        let (mut holds, mut change) = (Holds::default(), Change::default());
        assert!(holds.begin(hold(HoldScope::Number("9".into()), HoldCause::Meta, None), &mut change));
        assert!(holds.begin(hold(HoldScope::Template("sale".into()), HoldCause::Meta, None), &mut change));
        let other = |template: Option<&str>| MessageRecord {
            number: "8".into(),
            template: template.map(Into::into),
            ..outbound("a", "1")
        };
        assert!(holds.covers(&outbound("a", "1")));
        assert!(!holds.covers(&other(None)));
        assert!(!holds.covers(&other(Some("hello"))));
        assert!(holds.covers(&other(Some("sale"))));
    }

    #[test]
    fn a_hold_of_one_language_lets_the_others_go_and_one_of_no_language_holds_all() {
        let in_language =
            |language: Option<&str>| TemplateName { name: "sale".into(), language: language.map(Into::into) };
        let mut change = Change::default();
        for (held, covered) in [(Some("en_US"), [true, true, false, false]), (None, [true; 4])] {
            let mut holds = Holds::default();
            holds.begin(hold(HoldScope::Template(in_language(held)), HoldCause::Meta, None), &mut change);
            let covers = [Some("en_US"), Some("en_us"), Some("de"), None].map(|language| {
                holds.covers(&MessageRecord { template: Some(in_language(language)), ..outbound("a", "1") })
            });
            assert_eq!(covers, covered, "{held:?}");
        }
    }

    #[test]
    fn a_hold_of_all_templates_lets_replies_go_and_the_other_way_round() {
        let reply = outbound("a", "1");
        let sale = MessageRecord { template: Some("sale".into()), ..reply.clone() };
        let mut change = Change::default();
        for (scope, holds_reply) in [(HoldScope::Templates, false), (HoldScope::FreeForm, true)] {
            let mut holds = Holds::default();
            holds.begin(hold(scope, HoldCause::Meta, None), &mut change);
            assert_eq!((holds.covers(&reply), holds.covers(&sale)), (holds_reply, !holds_reply));
        }
    }

    #[test]
    fn holds_of_different_causes_stand_side_by_side_and_end_apart() {
        let (mut holds, mut change) = (Holds::default(), Change::default());
        holds.begin(hold(HoldScope::Account, HoldCause::Token, None), &mut change);
        holds.begin(hold(HoldScope::Account, HoldCause::Operator, None), &mut change);
        assert_eq!(holds.end(&mut change, |hold| hold.cause == HoldCause::Token).len(), 1);
        assert!(holds.covers(&outbound("a", "1")));
        assert_eq!(holds.end(&mut change, |_| true).len(), 1);
        assert!(!holds.covers(&outbound("a", "1")));
    }

    #[test]
    fn a_hold_that_goes_on_keeps_its_beginning_and_one_with_an_end_ends() {
        let (mut holds, mut change) = (Holds::default(), Change::default());
        holds.begin(hold(HoldScope::Account, HoldCause::Throttle, Some(NOW + 10)), &mut change);
        let longer = SendHold { since_ms: NOW + 5, ..hold(HoldScope::Account, HoldCause::Throttle, Some(NOW + 20)) };
        assert!(!holds.begin(longer, &mut change), "no news");
        assert_eq!(holds.due_at(), Some(NOW + 20));
        assert!(holds.expire(&mut change, NOW + 19).is_empty());
        assert_eq!(holds.expire(&mut change, NOW + 20)[0].since_ms, NOW);
        assert_eq!(change.writes.len(), 3);
    }
}
