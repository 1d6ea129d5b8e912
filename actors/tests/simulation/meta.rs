//! Meta's side of sending, and what must hold of it: one message under way per recipient, in order, none twice without
//! reason. Knows messages by id; knows no machine.

use crate::dice::Dice;
use crate::scenario::Mood;
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use wharf_actors::rules::outbox::{Answer, Outbox, Tried};
use wharf_storage::{Kind, MemoryStore, MessageRecord, MessageState, Noun, Outbox as Kept, Store};

/// One recipient of one number.
type Lane = (String, String);

#[derive(Default)]
pub struct Meta {
    /// Messages the house accepted, in the order of submission, by lane.
    accepted: BTreeMap<Lane, Vec<String>>,
    under_way: HashMap<Lane, String>,
    /// What the house heard last of a message's tries.
    heard: HashMap<String, Heard>,
    taken: u64,
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
        self.accepted.entry(lane(record)).or_default().push(record.id.to_string());
    }

    /// The house sends.
    pub fn sends(&mut self, record: &MessageRecord, store: &MemoryStore, outbox: &Outbox) {
        let id = record.id.to_string();
        let kept = store.get(Kind::Outbox, &record.key().0).expect("memory is readable");
        let kept = kept.map(|bytes| Kept::from_bytes(&bytes).expect("readable").0);
        assert_eq!(kept.as_ref(), Some(record), "{id} leaves before that is durable");
        assert_eq!(record.state, MessageState::Sending, "{id} leaves");
        let other = self.under_way.insert(lane(record), id.clone());
        assert_eq!(other, None, "{id} leaves while another is under way to the same recipient");
        let again = self.heard.insert(id.clone(), Heard::MustNotGo);
        assert_ne!(again, Some(Heard::MustNotGo), "{id} is sent twice without reason");
        let before = self.accepted[&lane(record)].iter().take_while(|other| **other != id);
        for other in before {
            let state = outbox.get(other).map(|record| record.state);
            assert!(matches!(state, None | Some(MessageState::Unknown)), "{id} overtakes {other}, which is {state:?}");
        }
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
            5 => (Tried::Refused { code: Some(131_000), passing: true, answer: answer(500) }, None),
            6 => (Tried::Refused { code: Some(131_026), passing: false, answer: answer(400) }, None),
            _ => (Tried::Lost { reason: "time-out".into() }, dice.one_in(2).then_some(wamid)),
        }
    }

    /// The house hears how a try ended.
    pub fn hears(&mut self, record: &MessageRecord, tried: &Tried) {
        let was = self.under_way.remove(&lane(record));
        assert_eq!(was.as_deref(), Some(&*record.id), "who is heard of was under way");
        let may_go = matches!(tried, Tried::NotSent { .. } | Tried::Refused { passing: true, .. });
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
        for id in self.accepted.values().flatten() {
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
