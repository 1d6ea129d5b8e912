//! Anything that callers may do, in any order, with reopens in between: the engine answers as the plain one in memory.

use super::{open, small};
use crate::contract::ask;
use crate::testing::{commit, event, mark, routed};
use crate::{Change, Clock, Key, Kind, MemoryStore, Outcome, SledStore, Stamp, Store, Write};
use bytes::Bytes;
use proptest::prelude::*;
use std::time::Duration;

const START_S: u64 = 1_800_000_000;
const STREAMS: [&str; 3] = ["a", "ab", "b"];
const KINDS: [Kind; 4] = [Kind::Account, Kind::Claim, Kind::Dialog, Kind::Alias];
const MARKS: u128 = 40;

#[derive(Debug, Clone)]
enum Op {
    Commit {
        events: Vec<(usize, usize)>,
        marks: Vec<u128>,
        writes: Vec<(usize, u8, Option<usize>)>,
        owners: Vec<usize>,
    },
    Pass(u64),
    Tidy,
    Reopen,
    Close,
    Read {
        kind: usize,
        prefix: String,
        after: Option<u8>,
        limit: usize,
        stream: usize,
        seq: u64,
        bytes: usize,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let size = prop_oneof![8 => 0..2000_usize, 1 => 60_000..140_000_usize];
    let events = prop::collection::vec((0..STREAMS.len(), size), 0..4);
    let marks = prop::collection::vec(0..MARKS, 0..4);
    let length = prop_oneof![8 => 0..200_usize, 1 => 30_000..100_000_usize];
    let writes = prop::collection::vec((0..KINDS.len(), 0..30_u8, prop::option::weighted(0.7, length)), 0..5);
    let owners = prop::collection::vec(0..STREAMS.len(), 0..3);
    let commit = (events, marks, writes, owners).prop_map(|(events, marks, writes, owners)| Op::Commit {
        events,
        marks,
        writes,
        owners,
    });
    let read =
        (0..KINDS.len(), "k?[012]?", prop::option::of(0..31_u8), 0..9_usize, 0..3_usize, 0..60_u64, 0..9000_usize)
            .prop_map(|(kind, prefix, after, limit, stream, seq, bytes)| Op::Read {
                kind,
                prefix,
                after,
                limit,
                stream,
                seq,
                bytes,
            });
    prop_oneof![
        12 => commit,
        2 => (0..900_u64).prop_map(Op::Pass),
        2 => Just(Op::Tidy),
        1 => Just(Op::Reopen),
        1 => Just(Op::Close),
        8 => read,
    ]
}

fn key(nth: u8) -> Key {
    Key(format!("k{nth:02}").into_bytes())
}

/// The same stamp for every copy of an item.
fn stamp(key: u128) -> Stamp {
    match key % 8 {
        0 => Stamp::Brief,
        1 => Stamp::Undated,
        old => Stamp::Dated(START_S - old as u64 * 1000),
    }
}

struct Pair {
    settings: crate::SledSettings,
    sled: Option<SledStore>,
    model: MemoryStore,
    clock: Clock,
    committed: u64,
}

impl Pair {
    fn new(folder: &std::path::Path) -> Self {
        let clock = Clock::by_hand(START_S);
        let mut settings = small(folder);
        settings.clock = clock.clone();
        settings.dedupe = Duration::from_secs(3600);
        let model = MemoryStore::new().timed(clock.clone(), settings.dedupe);
        let sled = Some(open(settings.clone()).unwrap());
        Self { settings, sled, model, clock, committed: 0 }
    }

    fn sled(&self) -> &SledStore {
        self.sled.as_ref().unwrap()
    }

    fn run(&mut self, op: &Op) {
        match op {
            Op::Commit { events, marks, writes, owners } => {
                let change = self.change(events, marks, writes, owners);
                assert_eq!(commit(self.sled(), change.clone()), Outcome::Durable);
                assert_eq!(commit(&self.model, change), Outcome::Durable);
            }
            Op::Pass(seconds) => self.clock.set(self.clock.now_s() + seconds),
            Op::Tidy => self.sled().tidy(),
            Op::Reopen => self.reopen(),
            Op::Close => {
                self.sled().close();
                self.reopen();
            }
            Op::Read { kind, prefix, after, limit, stream, seq, bytes } => {
                let after = after.map(key);
                let after = after.as_ref().map(|key| &key.0[..]);
                let (kind, stream) = (KINDS[*kind], STREAMS[*stream]);
                let page = |store: &dyn Store| store.page(kind, prefix.as_bytes(), after, *limit).unwrap();
                assert_eq!(page(self.sled()), page(&self.model));
                let events = |store: &dyn Store| store.events(stream, *seq, *limit, *bytes).unwrap();
                assert_eq!(events(self.sled()), events(&self.model));
                let event = |store: &dyn Store| store.event(stream, *seq).unwrap();
                assert_eq!(event(self.sled()), event(&self.model));
            }
        }
    }

    fn change(
        &mut self,
        events: &[(usize, usize)],
        marks: &[u128],
        writes: &[(usize, u8, Option<usize>)],
        owners: &[usize],
    ) -> Change {
        let mut next = STREAMS.map(|stream| self.model.last_seq(stream));
        let mut change = Change::default();
        for (stream, size) in events {
            next[*stream] += 1;
            change.events.push(event(STREAMS[*stream], next[*stream], *size).into());
        }
        let now_s = self.clock.now_s();
        for key in marks {
            self.committed += 1;
            change.marks.push(mark(*key, stamp(*key), self.committed as u32, now_s));
        }
        for (kind, nth, length) in writes {
            let value = length.map(|length| Bytes::from(vec![*nth; length]));
            change.writes.push(Write { kind: KINDS[*kind], key: key(*nth), value });
        }
        change.tallies.extend(owners.iter().map(|owner| routed(STREAMS[*owner], 1)));
        change
    }

    fn reopen(&mut self) {
        drop(self.sled.take());
        self.sled = Some(open(self.settings.clone()).unwrap());
    }

    /// Everything there is, on both sides.
    fn compare(&self) {
        let read = |store: &dyn Store| {
            let kinds = Kind::ALL.map(|kind| store.page(kind, &[], None, usize::MAX).unwrap());
            let events = STREAMS.map(|stream| store.events(stream, 0, usize::MAX, usize::MAX).unwrap());
            let marks: Vec<_> = (0..MARKS).map(|key| ask(store, key, stamp(key))).collect();
            let records: Vec<_> = (0..30).map(|nth| KINDS.map(|kind| store.get(kind, &key(nth).0).unwrap())).collect();
            (kinds, events, marks, records, store.ledgers(), STREAMS.map(|stream| store.last_seq(stream)))
        };
        let (ours, theirs) = (read(self.sled()), read(&self.model));
        assert!(ours.0 == theirs.0, "records in pages differ");
        assert!(ours.1 == theirs.1, "events differ");
        assert_eq!(ours.2, theirs.2, "marks differ");
        assert!(ours.3 == theirs.3, "single records differ");
        assert_eq!((ours.4, ours.5), (theirs.4, theirs.5), "ledgers or last seqs differ");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_answers_as_its_model_whatever_is_asked(ops in prop::collection::vec(op(), 1..60)) {
        let folder = tempfile::tempdir().unwrap();
        let mut pair = Pair::new(folder.path());
        for op in &ops {
            pair.run(op);
        }
        pair.compare();
        pair.reopen();
        pair.compare();
    }
}
