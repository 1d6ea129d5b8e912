//! Measures the store's hot path: events of 700 bytes, one per change, from 2 threads with up to 64 changes in flight
//! each. `commit_rate [seconds] [preload] [dialogs] [folder]`: with a preload it fills the store first, measures, opens
//! it again and says how long that took; with dialogs each change also writes one of so many, by chance. It knows nothing
//! that the public API does not say.

use bytes::Bytes;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use wharf_storage::{
    Change, Desk, Dialog, Disposition, Event, EventKind, Glance, Mark, NumberRef, Outcome, Receipt, Seen, SledSettings,
    SledStore, Stamp, Store, Tally,
};

const THREADS: u64 = 2;
const IN_FLIGHT: u64 = 64;
const STREAMS: u64 = 50;
const BODY: usize = 600; // with its own fields an event of about 700 bytes

/// Counts what has become durable.
#[derive(Default)]
struct Tray {
    settled: Mutex<Vec<(u64, Instant)>>,
    news: Condvar,
}

impl Desk for Tray {
    fn settle(&self, numbers: &[u64], outcome: &Outcome) {
        assert_eq!(*outcome, Outcome::Durable, "the store lost a change");
        let now = Instant::now();
        self.settled.lock().expect("no holder panics").extend(numbers.iter().map(|number| (*number, now)));
        self.news.notify_one();
    }
}

impl Tray {
    fn take(&self) -> Vec<(u64, Instant)> {
        let settled = self.settled.lock().expect("no holder panics");
        let mut settled = self.news.wait_while(settled, |settled| settled.is_empty()).expect("no holder panics");
        std::mem::take(&mut *settled)
    }
}

struct Load {
    thread: u64,
    next: u64,
    body: Bytes,
    streams: Vec<Arc<str>>,
    seqs: Vec<u64>,
    gateway: Arc<str>,
    dialogs: u64,
}

impl Load {
    fn new(store: &dyn Store, thread: u64, dialogs: u64) -> Self {
        let streams: Vec<Arc<str>> = (0..STREAMS).map(|nth| format!("1000{thread}{nth:06}").into()).collect();
        let seqs = streams.iter().map(|stream| store.last_seq(stream)).collect();
        let body = Bytes::from((0..BODY).map(|at| (at * 7919 % 251) as u8).collect::<Vec<u8>>());
        Self { thread, next: 0, body, streams, seqs, gateway: "main".into(), dialogs }
    }

    fn change(&mut self, now_s: u64) -> Change {
        self.next += 1;
        let nth = (self.next % STREAMS) as usize;
        self.seqs[nth] += 1;
        let seq = self.seqs[nth];
        let event = Event {
            stream: self.streams[nth].clone(),
            seq,
            received_at_ms: now_s * 1000,
            kind: EventKind::Message,
            disposition: Disposition::Routed,
            gateway: self.gateway.clone(),
            secret: 0,
            field: "messages".into(),
            claimed: Some("102290129340398".into()),
            number: NumberRef { id: Some("106540352242922".into()), display: Some("15550783881".into()) },
            dialog: None,
            lane: seq % 100,
            message_id: Some("wamid.HBgLMTY0NjcwNDM1OTUVAgASGBQzQTdGNUU0".into()),
            outbound: None,
            wanted_by: Vec::new(),
            body: self.body.clone(),
            item: (0, BODY as u32),
        };
        let tally = Tally { received: 1, routed: 1, ..Tally::default() };
        let mark = Mark {
            key: mark_key(self.thread, nth as u64, seq),
            stamp: Stamp::Dated(now_s),
            seen: Seen { content: 1, at_s: now_s as u32 },
        };
        let owner = self.streams[nth].clone();
        let mut change =
            Change { events: vec![event.into()], marks: vec![mark], writes: Vec::new(), tallies: vec![(owner, tally)] };
        if self.dialogs > 0 {
            change.put(&self.dialog(nth, now_s));
        }
        change
    }

    fn dialog(&self, nth: usize, now_s: u64) -> Dialog {
        let id = (mark_key(self.thread, nth as u64, self.next) >> 64) as u64 % self.dialogs;
        Dialog {
            account: (&*self.streams[(id % STREAMS) as usize]).into(),
            id,
            number: "106540352242922".into(),
            user_id: Some("US.13491208655302741918".into()),
            wa_id: Some("16505551234".into()),
            group_id: None,
            display: Some("15550783881".into()),
            since_ms: 1,
            seen_at_ms: now_s * 1000,
            window_expires_at_ms: Some(now_s * 1000 + 86_400_000),
        }
    }
}

fn mark_key(thread: u64, stream: u64, seq: u64) -> u128 {
    let mixed = (u128::from(thread + 1) << 96) ^ (u128::from(stream) << 64) ^ u128::from(seq);
    mixed.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645)
}

fn now_s() -> u64 {
    std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

/// Commits until `enough` events or `patience` is over; returns the latencies.
fn commit(store: &dyn Store, mut load: Load, in_flight: u64, enough: u64, patience: Duration) -> Vec<Duration> {
    let tray = Arc::new(Tray::default());
    let mut begun: Vec<Instant> = Vec::new();
    let mut latencies = Vec::new();
    let start = Instant::now();
    loop {
        let more = (begun.len() as u64) < enough && start.elapsed() < patience;
        if !more && latencies.len() == begun.len() {
            return latencies;
        }
        let now_s = now_s();
        while more && begun.len() as u64 - (latencies.len() as u64) < in_flight && (begun.len() as u64) < enough {
            let change = load.change(now_s);
            let wanted = [(change.marks[0].key, change.marks[0].stamp)];
            assert!(!matches!(store.glance(&wanted)[0], Glance::Seen(_)), "a fresh item was seen");
            let desk: Arc<dyn Desk> = tray.clone();
            begun.push(Instant::now());
            store.commit(change, vec![Receipt { desk, number: begun.len() as u64 - 1 }]);
        }
        latencies.extend(tray.take().into_iter().map(|(number, at)| at - begun[number as usize]));
    }
}

fn measure(title: &str, store: &dyn Store, (in_flight, dialogs): (u64, u64), enough: u64, patience: Duration) {
    let (before, start) = (store.figures(), Instant::now());
    let mut latencies: Vec<Duration> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    commit(store, Load::new(store, thread, dialogs), in_flight, enough / THREADS, patience)
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no load panics")).collect()
    });
    let (after, seconds) = (store.figures(), start.elapsed().as_secs_f64());
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!(
        "{title}: {:.0} events/s, {:.1} per group, p50 {:.2} ms, p99 {:.2} ms, worst {:.1} ms; write and sync {:.2} ms; {} MB resident",
        latencies.len() as f64 / seconds,
        (after.events - before.events) as f64 / (after.commits.count - before.commits.count) as f64,
        at(0.5),
        at(0.99),
        at(1.0),
        (after.commits.sum_s - before.commits.sum_s) * 1000.0 / (after.commits.count - before.commits.count) as f64,
        resident_mb(),
    );
}

/// This process's memory, where the system tells.
fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("the folder can be listed");
    let size = |path: &Path| if path.is_dir() { bytes_in(path) } else { path.metadata().map_or(0, |data| data.len()) };
    entries.map(|entry| size(&entry.expect("an entry can be read").path())).sum()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().map_or(5, |text| text.parse().expect("seconds are a number"));
    let preload: u64 = arguments.next().map_or(0, |text| text.parse().expect("the preload is a number"));
    let dialogs: u64 = arguments.next().map_or(0, |text| text.parse().expect("the dialogs are a number"));
    let temporary = tempfile::tempdir().expect("a folder for the data can be made");
    let folder = arguments.next().map_or(temporary.path().to_owned(), Into::into);
    let settings = SledSettings::new(folder.join("data"));
    let store = SledStore::open(settings.clone()).expect("the store opens");
    let patience = Duration::from_secs(seconds);

    measure("fresh ", &store, (IN_FLIGHT, dialogs), u64::MAX, patience);
    if preload > 0 {
        measure("fill  ", &store, (4096, dialogs), preload, Duration::MAX);
        measure("filled", &store, (IN_FLIGHT, dialogs), u64::MAX, patience);
    }
    let events = store.figures().events;
    let start = Instant::now();
    drop(store);
    println!("dropped in {:.0} ms, {} bytes on disk per event, {events} events", ms(start), bytes_in(&folder) / events);
    let start = Instant::now();
    let store = SledStore::open(settings).expect("the store opens again");
    println!("opened again in {:.0} ms", ms(start));
    let start = Instant::now();
    store.tidy();
    println!("indexed and tidy after {:.0} ms more; {:?}", ms(start), store.figures());
    measure("again ", &store, (IN_FLIGHT, dialogs), u64::MAX, patience);
    let start = Instant::now();
    let first = store.events("10000000001", 0, 100, usize::MAX).expect("events can be read");
    println!("read the first {} events of a stream in {:.0} ms", first.len(), ms(start));
    store.close();
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}
