//! What the disk promised, kept a second time and more plainly: the oracle that every step is compared with. Sees
//! changes as they become durable; knows no machine.

use crate::reopened::Reopened;
use crate::scenario::GATEWAY;
use crate::world::{Thing, World};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use wharf_actors::gateway::Route;
use wharf_actors::rules::account::ALARM_FIELD;
use wharf_actors::rules::deliveries::is_wanted;
use wharf_storage::{
    Change, Claim, DeadLetter, Disposition, Event, KeyBuilder, Kind, MemoryStore, MessageRecord, MessageState, Noun,
    OpenDelivery, Outbox, Progress, Store, Tally, Trail,
};

/// What a commit is about, as its maker knows it.
#[derive(Debug, Clone, Default)]
pub struct About {
    pub owner: String,
    /// Items that came in with it.
    pub items: i64,
    /// Whether they leave the quarantine.
    pub adopted: bool,
    /// Deliveries that it opens again.
    pub reopened: Vec<(Way, u64)>,
}

/// Which deliveries: stream and route.
pub type Way = (String, String);

#[derive(Default)]
pub struct Books {
    /// Events of our own, which nobody sent, by stream.
    alarms: BTreeMap<String, usize>,
    /// By stream, in order of seq.
    pub journal: BTreeMap<String, Vec<Arc<Event>>>,
    things: HashMap<String, HashSet<Thing>>,
    received: BTreeMap<String, i64>,
    adopted: i64,
    /// By way and lane: the wanted events.
    lanes: HashMap<Way, HashMap<u64, Vec<u64>>>,
    /// Wanted events whose delivery ended, with the moment.
    pub ended: BTreeMap<Way, BTreeMap<u64, u64>>,
    pub under_way: HashSet<(Way, u64)>,
    /// What the applications have.
    pub applied: HashSet<(Way, u64)>,
    pub dead: BTreeSet<(Way, u64)>,
    aliases: HashMap<(String, String), u64>,
    /// When each dialog began.
    dialogs: HashMap<(String, u64), u64>,
    /// Dialogs that became others since the last crash.
    joins: Vec<Join>,
    /// Deliveries that are open again.
    pub again: Reopened,
    /// Changes with progress that are on their way to the disk, by stream.
    pub keeping: HashMap<String, usize>,
    /// When such a change was durable last, by stream.
    kept_at: HashMap<String, u64>,
}

/// Two lanes that are one from an event on.
struct Join {
    stream: String,
    from: u64,
    into: u64,
    until: u64,
}

impl Books {
    /// `change` became durable.
    pub fn commit(&mut self, change: &Change, about: &About, routes: &[Arc<Route>], world: &World, now: u64) {
        let received = self.received.entry(about.owner.clone()).or_default();
        *received += about.items;
        if about.adopted {
            *self.received.entry(GATEWAY.to_owned()).or_default() -= about.items;
            self.adopted += about.items;
        }
        for event in &change.events {
            self.journalled(event, routes, world);
        }
        self.again.durable(&about.reopened);
        for stream in keeps_progress(change) {
            *self.keeping.entry(stream.clone()).or_default() -= 1;
            self.kept_at.insert(stream, now);
        }
    }

    fn journalled(&mut self, event: &Arc<Event>, routes: &[Arc<Route>], world: &World) {
        let stream = event.stream.to_string();
        let journal = self.journal.entry(stream.clone()).or_default();
        assert_eq!(event.seq, journal.len() as u64 + 1, "seqs of {stream} ascend by one and are never used again");
        journal.push(Arc::clone(event));
        let text = std::str::from_utf8(event.item_bytes()).expect("Meta sends text");
        if &*event.field == ALARM_FIELD {
            *self.alarms.entry(stream.clone()).or_default() += 1;
        } else if event.disposition != Disposition::Test {
            let is_marked = text.contains("wharf:msg_");
            assert!(!is_marked || event.disposition == Disposition::Quarantined, "{text} shows our mark");
            let thing = world.thing(text).unwrap_or_else(|| panic!("{text} is kept and was not sent like that"));
            let is_new = self.things.entry(stream.clone()).or_default().insert(thing);
            assert!(is_new, "{text} is in the journal of {stream} twice");
            if event.disposition != Disposition::Quarantined {
                assert_eq!(world.things[thing].account, stream, "nobody gets a neighbour's mail");
                self.check_dialog(event, &world.things[thing].names);
            }
        }
        for route in routes.iter().filter(|route| is_wanted(event, route)) {
            let way = (stream.clone(), route.name.to_string());
            self.lanes.entry(way).or_default().entry(event.lane).or_default().push(event.seq);
        }
    }

    /// All names lead to one dialog: of those that known names lead to, the one that began first.
    fn check_dialog(&mut self, event: &Event, names: &[String]) {
        let stream = event.stream.to_string();
        let dialog = event.dialog.as_ref().expect("an item with a customer has a dialog");
        let known = names.iter().filter_map(|name| self.aliases.get(&(stream.clone(), name.clone())).copied());
        let known: Vec<u64> = known.collect();
        assert_eq!(event.lane, dialog.id, "the lane is the dialog's");
        match known.iter().copied().min_by_key(|id| self.dialogs[&(stream.clone(), *id)]) {
            Some(first) => {
                assert_eq!((dialog.id, dialog.new), (first, false), "{} {names:?} continues its dialog", event.id())
            }
            None => {
                assert!(dialog.new, "{} {names:?} begins a dialog", event.id());
                let twice = self.dialogs.insert((stream.clone(), dialog.id), event.received_at_ms);
                assert_eq!(twice, None, "a new dialog has an id of its own");
            }
        }
        for other in known.into_iter().filter(|id| *id != dialog.id) {
            self.merged(&stream, other, dialog.id, event.seq);
        }
        for name in names {
            self.aliases.insert((stream.clone(), name.clone()), dialog.id);
        }
    }

    /// Dialog `from` became `into` with event `until`: all its names lead there, and order holds across.
    fn merged(&mut self, stream: &str, from: u64, into: u64, until: u64) {
        let led = self.aliases.iter_mut().filter(|((of, _), id)| of == stream && **id == from);
        led.for_each(|(_, id)| *id = into);
        let earlier = self.joins.iter().filter(|join| join.stream == stream && join.into == from);
        let all: Vec<u64> = earlier.map(|join| join.from).chain([from]).collect();
        self.joins.extend(all.into_iter().map(|from| Join { stream: stream.to_owned(), from, into, until }));
    }

    /// A webhook was answered 200.
    pub fn acknowledged(&self, things: &[Option<Thing>], world: &World) {
        for thing in things.iter().flatten() {
            let account = &world.things[*thing].account;
            let owners = [account.clone(), format!("q.{GATEWAY}")];
            let is_kept = owners.iter().any(|owner| self.things.get(owner).is_some_and(|kept| kept.contains(thing)));
            assert!(is_kept, "200 for {:?}, which nobody has", world.things[*thing]);
        }
    }

    /// A delivery starts; `out_of_order` where it says that its lane goes on without one before it.
    pub fn starts(&mut self, way: &Way, seq: u64, attempt: u32, out_of_order: bool) -> Arc<Event> {
        let journal = self.journal.get(&way.0).map_or(&[][..], |journal| journal);
        let event =
            journal.get(seq as usize - 1).unwrap_or_else(|| panic!("{way:?} {seq} starts before it is durable"));
        let lane = self.lanes.get(way).and_then(|lanes| lanes.get(&event.lane)).map_or(&[][..], |lane| lane);
        let is_again = self.again.may_start(way, seq);
        let place = lane.binary_search(&seq).unwrap_or(0);
        assert!(is_again || lane.contains(&seq), "{way:?} does not want {seq}");
        let ended = self.ended.entry(way.clone()).or_default();
        assert!(!ended.contains_key(&seq), "{way:?} {seq} had ended");
        if place > 0 && !out_of_order && !is_again {
            let before = lane[place - 1];
            let had_its_turn = ended.contains_key(&before) || self.again.has(way, before);
            assert!(had_its_turn, "{way:?} {seq} overtakes {before} of its lane");
        }
        let has_joined = self.joins.iter().any(|join| join.stream == way.0);
        if attempt == 1 && !out_of_order && !has_joined {
            let ahead = self.again.ahead_of(way, event.lane, seq);
            assert_eq!(ahead, None, "{way:?} {seq} overtakes what is open again in its lane");
        }
        let joined =
            self.joins.iter().filter(|join| join.stream == way.0 && join.into == event.lane && seq >= join.until);
        for from in joined.map(|join| join.from).filter(|_| !out_of_order) {
            let lane = self.lanes.get(way).and_then(|lanes| lanes.get(&from)).map_or(&[][..], |lane| lane);
            let waits = |other: &&u64| **other < seq && !ended.contains_key(other) && !self.again.has(way, **other);
            let ahead = lane.iter().find(waits).filter(|_| !is_again);
            assert_eq!(ahead, None, "{way:?} {seq} overtakes one of the dialog that became its own");
        }
        assert!(self.under_way.insert((way.clone(), seq)), "{way:?} {seq} is under way already");
        Arc::clone(event)
    }

    /// A delivery ended, delivered or dead.
    pub fn ends(&mut self, way: &Way, seq: u64, now: u64) {
        self.again.ends(way, seq);
        let twice = self.ended.entry(way.clone()).or_default().insert(seq, now);
        assert_eq!(twice, None, "{way:?} {seq} ends twice");
    }

    /// `change` is about to be kept: which deliveries does it open again?
    pub fn reopens(&mut self, change: &Change) -> Vec<(Way, u64)> {
        let mut reopened = Vec::new();
        for write in change.writes.iter().filter(|write| write.kind == Kind::Progress) {
            let Some(bytes) = &write.value else { continue };
            let progress = Progress::from_bytes(bytes).expect("readable");
            let way = (progress.account.to_string(), progress.route.to_string());
            for open in progress.open.iter().filter(|open| open.again_after > 0) {
                if self.again.has(&way, open.seq) {
                    continue;
                }
                let before = self.ended.entry(way.clone()).or_default().remove(&open.seq);
                let was_dead = self.dead.remove(&(way.clone(), open.seq));
                self.again.opens(&way, open, before.map(|at| (at, was_dead)));
                reopened.push((way.clone(), open.seq));
            }
        }
        reopened
    }

    /// The account leaves: what of `events` is wanted and has not ended, ends as dead.
    pub fn bury(&mut self, way: &Way, events: &[Arc<Event>], now: u64) {
        let ended = self.ended.entry(way.clone()).or_default();
        let lanes = self.lanes.get(way);
        for seq in events.iter().map(|event| event.seq) {
            let event = &self.journal[&way.0][seq as usize - 1];
            let is_wanted = lanes.and_then(|lanes| lanes.get(&event.lane)).is_some_and(|lane| lane.contains(&seq));
            let was_again = self.again.ends(way, seq);
            if (is_wanted || was_again) && !ended.contains_key(&seq) {
                ended.insert(seq, now);
                self.dead.insert((way.clone(), seq));
            }
        }
    }

    /// The process died: what it knew beyond the disk is void. Little may be repeated by that; says how much.
    pub fn crashed(&mut self, store: &MemoryStore, group_ms: u64, now: u64) -> usize {
        self.under_way.clear();
        // A restart forgets which lanes are one.
        self.joins.clear();
        for (way, seq, before) in self.again.forget_what_is_not_durable() {
            if let Some((at, is_dead)) = before {
                self.ended.entry(way.clone()).or_default().insert(seq, at);
                self.dead.extend(is_dead.then_some((way, seq)));
            }
        }
        let mut repeated = 0;
        for (way, ended) in &mut self.ended {
            let kept_at = self.kept_at.get(&way.0).copied().unwrap_or(0);
            let keeping = self.keeping.get(&way.0).copied().unwrap_or(0) > 0 || kept_at + group_ms >= now;
            let progress = progress(store, way);
            ended.retain(|seq, at| {
                let kept = progress.as_ref().is_none_or(|progress| has_ended(progress, *seq));
                assert!(
                    kept || keeping || *at + group_ms >= now,
                    "{way:?} {seq} ended {} ms ago and is repeated",
                    now - *at
                );
                if !kept {
                    repeated += 1;
                    self.dead.remove(&(way.clone(), *seq));
                }
                kept
            });
        }
        self.keeping.clear();
        self.again.restart(store, &self.journal);
        repeated
    }

    /// Whether every failed attempt that is counted is remembered too.
    pub fn check_trails(store: &MemoryStore) {
        for (_, bytes) in store.hot(Kind::Progress, &[]) {
            let Progress { account, route, open, .. } = Progress::from_bytes(&bytes).expect("readable");
            for OpenDelivery { seq, attempts, .. } in open.iter().filter(|open| open.attempts > 0) {
                let key = Trail::key_of(&account, *seq, &route, *attempts);
                let kept = store.get(Kind::Trail, &key.0).expect("memory is readable");
                assert!(kept.is_some(), "attempt {attempts} of {account}.{seq} for {route} left no trail");
            }
        }
    }

    /// Whether the committed ledgers balance, each and together.
    pub fn check_ledgers(store: &MemoryStore) {
        let mut sum = Tally::default();
        for (owner, ledger) in store.ledgers() {
            assert_eq!(ledger.faults(), Vec::<String>::new(), "ledger of {owner}");
            sum.add(&ledger);
        }
        assert_eq!(sum.faults(), Vec::<String>::new(), "all ledgers together");
    }

    /// Whether the committed counters say what is really there.
    pub fn check_counts(&self, store: &MemoryStore) {
        for (owner, ledger) in store.ledgers() {
            assert_eq!(ledger.received, self.received.get(&owner).copied().unwrap_or(0), "received by {owner}");
            if owner == GATEWAY {
                assert_eq!(ledger.test as usize, self.count(&format!("t.{GATEWAY}")), "tests");
                let quarantined = self.count(&format!("q.{GATEWAY}")) as i64 - self.adopted;
                assert_eq!(ledger.quarantined, quarantined, "quarantined");
                let claims = store.hot(Kind::Claim, &[]);
                let claims = claims.iter().map(|(_, bytes)| Claim::from_bytes(bytes).expect("readable").count as i64);
                assert_eq!(claims.sum::<i64>(), quarantined, "claims");
                self.check_routes(store, &format!("t.{GATEWAY}"), &ledger);
            } else {
                let of_metas = self.count(&owner) - self.alarms.get(&owner).copied().unwrap_or(0);
                assert_eq!((ledger.routed + ledger.inactive) as usize, of_metas, "events of {owner}");
                self.check_routes(store, &owner, &ledger);
                check_messages(store, &owner, &ledger);
            }
        }
    }

    fn count(&self, stream: &str) -> usize {
        self.journal.get(stream).map_or(0, Vec::len)
    }

    fn check_routes(&self, store: &MemoryStore, stream: &str, ledger: &Tally) {
        for (route, tally) in &ledger.routes {
            let way = (stream.to_owned(), route.clone());
            let wanted: Vec<u64> =
                self.lanes.get(&way).into_iter().flat_map(|lanes| lanes.values().flatten().copied()).collect();
            let progress = progress(store, &way);
            let pending = progress.map_or(0, |progress| {
                let beyond = wanted.iter().filter(|seq| **seq > progress.high).count();
                progress.open.len() + beyond
            });
            assert_eq!(tally.replayed, self.again.count(&way), "replayed of {way:?}");
            assert_eq!(tally.pending as usize, pending, "pending of {way:?}");
            assert_eq!(tally.offered - tally.filtered, wanted.len() as i64, "wanted of {way:?}");
        }
    }

    /// At the end: every wanted event is with its application or a dead letter, and nothing waits.
    pub fn check_deliveries(&self, store: &MemoryStore) {
        let letters = store.page(Kind::Dead, &[], None, usize::MAX).expect("memory is readable");
        let letters = letters.iter().map(|(_, bytes)| DeadLetter::from_bytes(bytes).expect("readable"));
        let letters: BTreeSet<(String, String)> =
            letters.filter_map(|letter| Some((letter.route?.into_string(), letter.event?.into_string()))).collect();
        for (way, lanes) in &self.lanes {
            for seq in lanes.values().flatten() {
                let id = format!("{}.{seq}", way.0);
                assert!(self.ended.get(way).is_some_and(|ended| ended.contains_key(seq)), "{way:?} {seq} never ended");
                let is_dead = self.dead.contains(&(way.clone(), *seq));
                assert!(is_dead || self.applied.contains(&(way.clone(), *seq)), "{way:?} never got {seq}");
                assert!(!is_dead || letters.contains(&(way.1.clone(), id)), "{way:?} {seq} has no dead letter");
            }
        }
        for (owner, ledger) in store.ledgers() {
            assert!(self.again.is_empty(), "something is open again at the end");
            assert!(
                ledger.routes.values().all(|route| route.pending == 0),
                "{owner} has deliveries pending at the end"
            );
        }
    }
}

/// The streams of which a change keeps the progress.
pub fn keeps_progress(change: &Change) -> BTreeSet<String> {
    let kept = change.writes.iter().filter(|write| write.kind == Kind::Progress);
    let stream =
        |key: &[u8]| String::from_utf8_lossy(key.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned();
    kept.map(|write| stream(&write.key.0)).collect()
}

fn progress(store: &MemoryStore, way: &Way) -> Option<Progress> {
    let key = KeyBuilder::new().text(&way.0).text(&way.1).build();
    let bytes = store.get(Kind::Progress, &key.0).expect("memory is readable")?;
    Some(Progress::from_bytes(&bytes).expect("readable"))
}

fn has_ended(progress: &Progress, seq: u64) -> bool {
    seq <= progress.high && !progress.open.iter().any(|open| open.seq == seq)
}

/// Every message of `account` as it is committed.
pub fn messages(store: &MemoryStore, account: &str) -> Vec<MessageRecord> {
    let kept = store.hot(Kind::Outbox, &[]);
    let kept = kept.iter().map(|(_, bytes)| Outbox::from_bytes(bytes).expect("readable").0);
    let done = store.page(Kind::Message, &[], None, usize::MAX).expect("memory is readable");
    let done = done.iter().map(|(_, bytes)| MessageRecord::from_bytes(bytes).expect("readable"));
    kept.chain(done).filter(|record| *record.account == *account).collect()
}

fn check_messages(store: &MemoryStore, account: &str, ledger: &Tally) {
    let messages = messages(store, account);
    let count = |is: &dyn Fn(&MessageRecord) -> bool| messages.iter().filter(|record| is(record)).count() as i64;
    // One under way may have been named by a status already.
    let is_taken = |record: &MessageRecord| record.wamid.is_some() && record.state > MessageState::Unknown;
    let of = |state: MessageState| count(&|record| record.state == state && !is_taken(record));
    let tally = &ledger.messages;
    assert_eq!(tally.submitted, count(&|_| true), "submitted to {account}");
    assert_eq!(tally.taken, count(&is_taken), "taken for {account}");
    let states = [
        MessageState::Queued,
        MessageState::Sending,
        MessageState::Unknown,
        MessageState::Failed,
        MessageState::Expired,
        MessageState::Cancelled,
    ];
    let counted = [tally.queued, tally.sending, tally.unknown, tally.failed, tally.expired, tally.cancelled];
    assert_eq!(counted, states.map(of), "messages of {account} by state");
}
