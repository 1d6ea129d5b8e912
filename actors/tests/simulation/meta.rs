//! Meta's side of sending, and what must hold of it: one message under way per recipient, in order, none twice without
//! reason. Knows messages by id; knows no machine.

use crate::dice::Dice;
use crate::scenario::Mood;
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap, VecDeque};
use wharf_actors::cloud::verdict::{Circumstances, Delay, verdict};
use wharf_actors::rules::outbox::{Answer, Outbox, Tried};
use wharf_storage::{Kind, MemoryStore, MessageRecord, MessageState, Noun, OnUnknown, Outbox as Kept, Priority, Store};

/// One recipient of one number.
type Lane = (String, String);

#[derive(Default)]
pub struct Meta {
    /// Messages the house accepted, in the order of submission, by lane.
    accepted: BTreeMap<Lane, Vec<(String, Priority)>>,
    under_way: HashMap<Lane, String>,
    /// What the house heard last of a message's tries.
    heard: HashMap<String, Heard>,
    taken: u64,
    /// When each number's messages left, for a second.
    sent: HashMap<String, VecDeque<u64>>,
    pub submitted: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// It may be tried again.
    MayGo,
    /// It is under way, or its end is known, or nobody knows.
    MustNotGo,
}

impl Meta {
    /// A message is durable: from now on it may not be lost.
    pub fn accept(&mut self, record: &MessageRecord) {
        self.accepted.entry(lane(record)).or_default().push((record.id.to_string(), record.priority));
    }

    /// The house sends.
    pub fn sends(&mut self, record: &MessageRecord, store: &MemoryStore, outbox: &Outbox, now: u64) {
        let id = record.id.to_string();
        let kept = store.get(Kind::Outbox, &record.key().0).expect("memory is readable");
        let kept = kept.map(|bytes| Kept::from_bytes(&bytes).expect("readable").0);
        assert_eq!(kept.as_ref(), Some(record), "{id} leaves before that is durable");
        assert_eq!(record.state, MessageState::Sending, "{id} leaves");
        let other = self.under_way.insert(lane(record), id.clone());
        assert_eq!(other, None, "{id} leaves while another is under way to the same recipient");
        let again = self.heard.insert(id.clone(), Heard::MustNotGo);
        if again == Some(Heard::MustNotGo) {
            assert_eq!(record.on_unknown, OnUnknown::Resend, "{id} is sent twice without reason");
            let error = record.error.as_deref().unwrap_or_default();
            assert!(error.contains("wharf.unknown"), "{id} is sent again and never said unknown");
        }
        self.check_pace(record, now);
        let mine = self.accepted[&lane(record)].iter().filter(|(_, priority)| *priority == record.priority);
        for (other, _) in mine.take_while(|(other, _)| *other != id) {
            let state = outbox.get(other).map(|record| record.state);
            assert!(matches!(state, None | Some(MessageState::Unknown)), "{id} overtakes {other}, which is {state:?}");
        }
    }

    /// No number sends more than Meta allows in a second, and a tenth.
    fn check_pace(&mut self, record: &MessageRecord, now: u64) {
        let sent = self.sent.entry(record.number.to_string()).or_default();
        sent.push_back(now);
        sent.retain(|at| at + 1000 > now);
        assert!(sent.len() <= 88, "{} sends {} messages in a second", record.number, sent.len());
    }

    /// How the try ends, and Meta's id where the message was taken, heard of or not.
    pub fn answer(&mut self, mood: Mood, dice: &mut Dice) -> (Tried, Option<String>) {
        let fate = match mood {
            Mood::Steady => 0,
            Mood::Slow | Mood::Flaky | Mood::Picky => dice.between(0, 7),
            Mood::Down => dice.pick(&[4, 4, 5, 6, 7]),
        };
        self.taken += 1;
        let wamid = format!("wamid.OUT{}", self.taken);
        let answer = |status| Answer { status, body: Bytes::from_static(b"{}") };
        match fate {
            0..=3 => (Tried::Taken { wamid: wamid.as_str().into(), answer: answer(200) }, Some(wamid)),
            4 => (Tried::NotSent { reason: "no connection".into() }, None),
            5 => (refused(dice.pick(&[131_000, 130_429, 131_056, 131_048, 131_053]), answer(400)), None),
            6 => (refused(131_026, answer(400)), None),
            _ => (Tried::Lost { reason: "time-out".into() }, dice.one_in(2).then_some(wamid)),
        }
    }

    /// The house hears how a try ended.
    pub fn hears(&mut self, record: &MessageRecord, tried: &Tried) {
        let was = self.under_way.remove(&lane(record));
        assert_eq!(was.as_deref(), Some(&*record.id), "who is heard of was under way");
        let may_go = match tried {
            Tried::NotSent { .. } => true,
            Tried::Refused { verdict, .. } => verdict.delay != Delay::Never,
            Tried::Taken { .. } | Tried::Lost { .. } => false,
        };
        self.heard.insert(record.id.to_string(), if may_go { Heard::MayGo } else { Heard::MustNotGo });
    }

    /// The process died.
    pub fn crashed(&mut self) {
        self.under_way.clear();
    }

    /// What was under way is unknown to a house that starts.
    pub fn check_restored(&self, store: &MemoryStore, outbox: &Outbox) {
        for (_, bytes) in store.hot(Kind::Outbox, &[]) {
            let kept = Kept::from_bytes(&bytes).expect("readable").0;
            let Some(now) = outbox.get(&kept.id) else { continue };
            let expected = if kept.state == MessageState::Sending { MessageState::Unknown } else { kept.state };
            assert_eq!(now.state, expected, "{} after a restart", kept.id);
        }
    }

    /// At the end every accepted message has come to its own.
    pub fn check_ends(&self, store: &MemoryStore) {
        assert_eq!(store.hot(Kind::Outbox, &[]), Vec::new(), "messages wait at the end");
        for (id, _) in self.accepted.values().flatten() {
            let key = wharf_storage::KeyBuilder::new().text(id).build();
            let record = store.get(Kind::Message, &key.0).expect("memory is readable");
            let record = record.unwrap_or_else(|| panic!("{id} was accepted and is nowhere"));
            let record = MessageRecord::from_bytes(&record).expect("readable");
            assert!(record.state > MessageState::Unknown, "{id} ends as {:?}", record.state);
        }
    }
}

fn lane(record: &MessageRecord) -> Lane {
    (record.number.to_string(), record.lane.to_string())
}

fn refused(code: i64, answer: Answer) -> Tried {
    let verdict = verdict(Some(code), Circumstances { http_status: answer.status, ..Circumstances::default() });
    Tried::Refused { code: Some(code), verdict, answer }
}
