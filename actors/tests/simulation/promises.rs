//! What must hold of sending at every step, each promise a function with a name of its own. Sees messages when they leave
//! and what was heard of them; knows no machine but by what it shows.
//!
//! Moments are those of the decision: the house may be slow to keep it, and decides nothing anew by that. What Meta
//! counts, it counts when it gets it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use wharf_actors::cloud::verdict::{Class, Delay, Scope, Verdict};
use wharf_actors::rules::outbox::{Outbox, Tried};
use wharf_storage::{
    Event, EventKind, HoldCause, HoldScope, KeyBuilder, Kind, MemoryStore, MessageRecord, MessageState, Noun,
    OnUnknown, Outbox as Kept, Priority, SendHold, Store,
};

/// One recipient of one number.
type Lane = (String, String);

/// Meta lends a pair this many messages ...
const PAIR_BURST: u64 = 45;
/// ... and gives one back in this time, in ms.
const PAIR_EVERY_MS: u64 = 6_000;

#[derive(Default)]
pub struct Promises {
    /// Messages the house accepted, in the order of submission, by lane.
    accepted: BTreeMap<Lane, Vec<(String, Priority)>>,
    under_way: HashMap<Lane, String>,
    /// What the house heard last of a message's tries.
    heard: HashMap<String, Heard>,
    cancelled: BTreeSet<String>,
    /// When the house learned by a status that a message was sent.
    named: HashMap<String, u64>,
    numbers: HashMap<String, Flow>,
    /// When a pair has paid back everything, in ms.
    pairs: HashMap<Lane, u64>,
    /// Limits that were used up.
    pub reached: BTreeSet<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// It may be tried again.
    MayGo,
    /// It is under way, or its end is known, or nobody knows.
    MustNotGo,
}

/// What a number sent and received.
#[derive(Default)]
struct Flow {
    out: Vec<u64>,
    into: Vec<u64>,
    /// Those of `out` that left although the budget was used up.
    beyond: Vec<u64>,
}

impl Promises {
    /// A message that is acknowledged is durable, with its body: from now on it may not be lost.
    pub fn kept_before_acknowledged(&mut self, record: &MessageRecord, store: &MemoryStore) {
        let id = &record.id;
        let key = KeyBuilder::new().text(id).build();
        let has = |kind, key: &[u8]| store.get(kind, key).expect("memory is readable").is_some();
        let is_waiting = has(Kind::Outbox, &record.key().0) || has(Kind::Outbox, &Kept(record.clone()).key().0);
        assert!(is_waiting || has(Kind::Message, &key.0), "{id} is acknowledged and not kept");
        self.accepted.entry(lane(record)).or_default().push((id.to_string(), record.priority));
    }

    /// A message leaves: everything that must hold then.
    pub fn leaves(&mut self, record: &MessageRecord, store: &MemoryStore, outbox: &Outbox) {
        Self::kept_before_it_leaves(record, store);
        Self::never_after_its_expiry(record);
        Self::never_while_held(record, store);
        self.never_once_cancelled(record, store);
        self.one_under_way_per_recipient(record);
        self.never_twice_unless_it_said_unknown(record);
        self.never_twice_knowingly(record);
        self.in_order_within_its_priority(record, outbox);
    }

    /// A message reaches Meta, which counts it.
    pub fn reaches(&mut self, record: &MessageRecord, now: u64) {
        self.within_the_budget_of_its_number(record, now);
        self.within_the_rule_of_its_pair(record, now);
    }

    /// Every step is kept before it is taken: `sending` is durable before a byte leaves, and so is the body.
    fn kept_before_it_leaves(record: &MessageRecord, store: &MemoryStore) {
        let id = &record.id;
        let kept = store.get(Kind::Outbox, &record.key().0).expect("memory is readable");
        let kept = kept.map(|bytes| Kept::from_bytes(&bytes).expect("readable").0);
        // A status of an earlier try may have named it meanwhile.
        let kept = kept.map(|kept| MessageRecord { wamid: None, ..kept });
        assert_eq!(kept.as_ref(), Some(record), "{id} leaves before that is durable");
        assert_eq!(record.state, MessageState::Sending, "{id} leaves");
        let body = store.get(Kind::Body, &record.key().0).expect("memory is readable");
        assert!(body.is_some(), "{id} leaves without a body");
    }

    /// Nothing leaves that is older than its sender wanted.
    fn never_after_its_expiry(record: &MessageRecord) {
        assert!(record.changed_at_ms < record.expires_at_ms, "{} leaves after its expiry", record.id);
    }

    /// Nothing leaves that a hold covered when it was its turn.
    fn never_while_held(record: &MessageRecord, store: &MemoryStore) {
        let holds = store.hot(Kind::SendHold, &KeyBuilder::new().text(&record.account).build().0);
        for hold in holds.iter().map(|(_, bytes)| SendHold::from_bytes(bytes).expect("readable")) {
            let is_held = covers(&hold.scope, record) && hold.since_ms < record.changed_at_ms;
            assert!(!is_held, "{} leaves at {} although {hold:?}", record.id, record.changed_at_ms);
        }
    }

    /// What was withdrawn, durably, never leaves.
    fn never_once_cancelled(&self, record: &MessageRecord, store: &MemoryStore) {
        let ended = store.get(Kind::Message, &record.key().0).expect("memory is readable");
        let cancelled = self.cancelled.contains(&*record.id) && ended.is_some();
        assert!(!cancelled, "{} was cancelled and leaves", record.id);
    }

    /// At most one message is under way from a number to a recipient.
    fn one_under_way_per_recipient(&mut self, record: &MessageRecord) {
        let other = self.under_way.insert(lane(record), record.id.to_string());
        assert_eq!(other, None, "{} leaves while another is under way to the same recipient", record.id);
    }

    /// A message that may have been sent is sent again only where its state had said `unknown` and its sender allows it.
    fn never_twice_unless_it_said_unknown(&mut self, record: &MessageRecord) {
        let id = record.id.to_string();
        if self.heard.insert(id.clone(), Heard::MustNotGo) == Some(Heard::MustNotGo) {
            assert_eq!(record.on_unknown, OnUnknown::Resend, "{id} is sent twice without reason");
            let error = record.error.as_deref().unwrap_or_default();
            assert!(error.contains("wharf.unknown"), "{id} is sent again and never said unknown");
        }
    }

    /// What a status has shown to be sent is not sent again.
    fn never_twice_knowingly(&self, record: &MessageRecord) {
        let named = self.named.get(&*record.id).is_some_and(|at_ms| *at_ms < record.changed_at_ms);
        assert!(!named, "{} is sent again although a status had named it", record.id);
    }

    /// Messages of one priority to one recipient leave in the order of submission; one in doubt holds nobody for ever.
    fn in_order_within_its_priority(&self, record: &MessageRecord, outbox: &Outbox) {
        let mine = self.accepted[&lane(record)].iter().filter(|(_, priority)| *priority == record.priority);
        for (other, _) in mine.take_while(|(other, _)| **other != *record.id) {
            // One that was in doubt had its turn: it may wait for another one.
            let waits = outbox.get(other).is_some_and(|other| {
                other.state != MessageState::Unknown
                    && !other.error.as_deref().is_some_and(|error| error.contains("wharf.unknown"))
            });
            assert!(!waits, "{} overtakes {other}", record.id);
        }
    }

    /// Out and in of a number in any second are at most 1.1 times its rate; where what came in uses that up, a tenth of
    /// the rate still leaves.
    fn within_the_budget_of_its_number(&mut self, record: &MessageRecord, now: u64) {
        let rate = rate_of(&record.number);
        let flow = self.numbers.entry(record.number.to_string()).or_default();
        flow.out.push(now);
        let within = |moments: &[u64]| moments.iter().rev().take_while(|at| **at + 1000 > now).count();
        let into = flow.into.iter().filter(|at| **at < now && **at + 1000 > now).count();
        let all = within(&flow.out) + into;
        if all * 10 > rate * 11 {
            flow.beyond.push(now);
        }
        if all >= rate {
            self.reached.insert("a number that had all it may");
        }
        let beyond = within(&flow.beyond);
        assert!(
            beyond <= rate / 10 + 1,
            "{} had {all} messages in a second, {beyond} of them beyond its rate",
            record.number
        );
    }

    /// A recipient gets 45 messages of a number at once, and one more every six seconds.
    fn within_the_rule_of_its_pair(&mut self, record: &MessageRecord, now: u64) {
        let paid_at_ms = self.pairs.entry(lane(record)).or_default();
        *paid_at_ms = (*paid_at_ms).max(now) + PAIR_EVERY_MS;
        if *paid_at_ms + PAIR_EVERY_MS > now + PAIR_BURST * PAIR_EVERY_MS {
            self.reached.insert("a pair that had all it may");
        }
        assert!(*paid_at_ms <= now + PAIR_BURST * PAIR_EVERY_MS, "{} breaks the rule of its pair", record.id);
    }

    /// A refusal that others would meet as well holds them: of the account, of the number, of the template. Says whether
    /// it was one.
    pub fn a_fault_that_others_share_holds_them(
        &self,
        record: &MessageRecord,
        code: Option<i64>,
        verdict: Verdict,
        outbox: &Outbox,
    ) -> bool {
        let number = HoldScope::Number(record.number.clone());
        let expected = match (verdict.class, verdict.scope, verdict.delay) {
            (Class::Auth, ..) => (HoldScope::Account, HoldCause::Token),
            (Class::Account, Scope::Account, _) => (HoldScope::Account, HoldCause::Meta),
            (Class::Account, Scope::Number, _) => (number, HoldCause::Meta),
            (Class::Template, ..) if code == Some(132_015) && record.template.is_some() => {
                (HoldScope::Template("sale".into()), HoldCause::Meta)
            }
            (Class::Throttled | Class::Transient, Scope::Number, Delay::After(_)) => (number, HoldCause::Throttle),
            (Class::Throttled, Scope::Token | Scope::Account, Delay::After(_)) => {
                (HoldScope::Account, HoldCause::Throttle)
            }
            _ => return false,
        };
        let mut holds = outbox.holds();
        assert!(holds.any(|hold| (hold.scope.clone(), hold.cause) == expected), "{code:?} leaves no {expected:?}");
        true
    }

    /// A message in doubt, or about to be sent again, is taken as soon as a status names it.
    pub fn what_a_status_names_is_taken(&self, names: &[String], outbox: &Outbox) {
        for id in names {
            let state = outbox.get(id).map(|record| record.state);
            assert!(matches!(state, None | Some(MessageState::Sending)), "{id} was named by a status and is {state:?}");
        }
    }

    /// What was under way is in doubt in a house that starts, and nothing else is.
    pub fn what_was_under_way_is_unknown_after_a_restart(store: &MemoryStore, outbox: &Outbox) {
        for (_, bytes) in store.hot(Kind::Outbox, &[]) {
            let kept = Kept::from_bytes(&bytes).expect("readable").0;
            let Some(now) = outbox.get(&kept.id) else { continue };
            let expected = if kept.state == MessageState::Sending { MessageState::Unknown } else { kept.state };
            assert_eq!(now.state, expected, "{} after a restart", kept.id);
        }
    }

    /// At the end every accepted message has come to its own.
    pub fn every_accepted_message_ends(&self, store: &MemoryStore) {
        assert_eq!(store.hot(Kind::Outbox, &[]), Vec::new(), "messages wait at the end");
        for (id, _) in self.accepted.values().flatten() {
            let key = KeyBuilder::new().text(id).build();
            let record = store.get(Kind::Message, &key.0).expect("memory is readable");
            let record = record.unwrap_or_else(|| panic!("{id} was accepted and is nowhere"));
            let record = MessageRecord::from_bytes(&record).expect("readable");
            assert!(record.state > MessageState::Unknown, "{id} ends as {:?}", record.state);
        }
    }

    // ---- what was heard of

    /// The house hears how a try ended.
    pub fn hears(&mut self, record: &MessageRecord, tried: &Tried) {
        let was = self.under_way.remove(&lane(record));
        assert_eq!(was.as_deref(), Some(&*record.id), "who is heard of was under way");
        let may_go = match tried {
            Tried::NotSent { .. } => true,
            Tried::Refused { .. } => true,
            Tried::Taken { .. } | Tried::Lost { .. } => false,
        };
        self.heard.insert(record.id.to_string(), if may_go { Heard::MayGo } else { Heard::MustNotGo });
    }

    /// A message that had ended is about to be queued again.
    pub fn leaves_its_line(&mut self, record: &MessageRecord) {
        self.accepted.entry(lane(record)).or_default().retain(|(id, _)| **id != *record.id);
    }

    /// It is, behind all others.
    pub fn lines_up_anew(&mut self, record: &MessageRecord) {
        self.accepted.entry(lane(record)).or_default().push((record.id.to_string(), record.priority));
    }

    pub fn cancelled(&mut self, id: &str) {
        self.cancelled.insert(id.to_owned());
    }

    /// An event became durable: what came in, and which message a status names.
    pub fn journalled(&mut self, event: &Event) {
        if let (EventKind::Message, Some(number)) = (event.kind, &event.number.id) {
            self.numbers.entry(number.to_string()).or_default().into.push(event.received_at_ms);
        }
        if let Some(id) = event.outbound.as_deref() {
            self.named.entry(id.to_owned()).or_insert(event.received_at_ms);
        }
    }

    /// A house that starts does not know what is under way. Meta remembers what numbers and pairs did before.
    pub fn starts(&mut self, account: &str) {
        self.under_way.retain(|(number, _), _| &number[1..] != account);
    }

    /// What is under way when a process dies is heard of by nobody.
    pub fn crashed(&mut self) {
        self.under_way.clear();
    }
}

fn lane(record: &MessageRecord) -> Lane {
    (record.number.to_string(), record.lane.to_string())
}

/// Messages per second: of each account's two numbers one is used in the WhatsApp Business app as well.
fn rate_of(number: &str) -> usize {
    if number.starts_with('8') { 20 } else { 80 }
}

fn covers(scope: &HoldScope, record: &MessageRecord) -> bool {
    match scope {
        HoldScope::Account => true,
        HoldScope::Number(id) => *id == record.number,
        HoldScope::Template(held) => record.template.as_ref().is_some_and(|template| held.covers(template)),
        HoldScope::Templates => record.template.is_some(),
        HoldScope::FreeForm => record.template.is_none(),
        // Nothing here says what the limit is.
        HoldScope::NewCustomers => false,
    }
}
