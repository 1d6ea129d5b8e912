//! Fills a data folder through the store's trait before the gateway starts on it: engaged, active accounts as `setup`
//! and `subscribe` would have left them, and a journal as the last six days would have.

use super::BenchError;
use super::child::say;
use super::stage::{CUSTOMERS, LOOPBACK, URI, account_id, display, number_id};
use super::webhook::{Request, Webhook};
use bytes::Bytes;
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime};
use wharf_storage::{
    AccountRecord, Change, Desk, Disposition, Event, EventDialog, EventKind, Mark, NumberRef, Outcome, Receipt, Seen,
    SledSettings, SledStore, Stamp, Store, Tally,
};

/// Events in one change: as many as fill a few pages.
const EVENTS_AT_ONCE: u64 = 200;
/// Changes under way at once.
const CHANGES_AT_ONCE: u64 = 64;
/// How far back the journal goes: within the retention of 7 days.
const HISTORY: Duration = Duration::from_secs(6 * 86_400);

/// What to put in.
#[derive(Debug, Clone, Args)]
pub(super) struct Options {
    /// The data folder
    #[arg(long)]
    pub(super) data: PathBuf,
    /// Accounts, engaged and active
    #[arg(long)]
    pub(super) accounts: u32,
    /// Events in the journal, spread over the accounts
    #[arg(long, default_value_t = 0)]
    pub(super) events: u64,
}

/// How far it is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Filled {
    /// Events put in so far.
    pub(super) events: u64,
    /// Whether that is all, and the store is closed.
    pub(super) done: bool,
}

/// Fills the folder, saying every now and then how far it is.
pub(super) fn run(options: &Options) -> Result<(), BenchError> {
    let store = SledStore::open(SledSettings::new(&options.data))?;
    let tray = Arc::new(Tray::default());
    let now_ms = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis() as u64);
    let accounts: Vec<u32> = (0..options.accounts).collect();
    for some in accounts.chunks(1000) {
        let mut change = Change::default();
        some.iter().for_each(|nth| change.put(&account(*nth, now_ms)));
        tray.commit(&store, change)?;
    }
    let mut history = History::new(options, now_ms);
    while let Some(change) = history.next() {
        tray.commit(&store, change)?;
        if history.made.is_multiple_of(EVENTS_AT_ONCE * 256) {
            say(&Filled { events: history.made, done: false })?;
        }
    }
    tray.wait_for_all()?;
    store.close();
    say(&Filled { events: history.made, done: true })
}

/// The `nth` account with its number, as Graph shows it.
pub(super) fn node(nth: u32) -> serde_json::Value {
    let number = json!({
        "id": number_id(nth), "display_phone_number": display(nth), "verified_name": format!("Business {nth}"),
        "quality_rating": "GREEN", "platform_type": "CLOUD_API", "throughput": {"level": "STANDARD"},
        "code_verification_status": "VERIFIED", "name_status": "APPROVED", "status": "CONNECTED",
    });
    json!({
        "id": account_id(nth), "name": format!("Business {nth}"), "currency": "EUR", "timezone_id": "1",
        "message_template_namespace": "ba30dd89_2ebd_41e4_b805_f2c05ae04cc9", "account_review_status": "APPROVED",
        "phone_numbers": [number],
    })
}

fn account(nth: u32, now_ms: u64) -> AccountRecord {
    AccountRecord {
        id: account_id(nth).into(),
        gateway: URI.into(),
        snapshot: node(nth).to_string().into(),
        wished: true,
        active: true,
        override_uri: None,
        refusal: None,
        engaged_at_ms: now_ms,
        refreshed_at_ms: now_ms,
    }
}

/// The past, from its beginning.
struct History {
    accounts: u64,
    events: u64,
    made: u64,
    now_ms: u64,
    request: Request,
    streams: Vec<Arc<str>>,
    seqs: Vec<u64>,
    gateway: Arc<str>,
}

impl History {
    fn new(options: &Options, now_ms: u64) -> Self {
        Self {
            accounts: u64::from(options.accounts),
            events: options.events,
            made: 0,
            now_ms,
            request: Request::new(LOOPBACK),
            streams: (0..options.accounts).map(|nth| account_id(nth).into()).collect(),
            seqs: vec![0; options.accounts as usize],
            gateway: URI.into(),
        }
    }

    /// The next change: some events of each account in turn.
    fn next(&mut self) -> Option<Change> {
        let end = (self.made + EVENTS_AT_ONCE).min(self.events);
        let mut change = Change::default();
        for made in self.made..end {
            let (event, mark) = self.event(made);
            let tally = Tally { received: 1, routed: 1, ..Tally::default() };
            change.tallies.push((Arc::clone(&event.stream), tally));
            change.events.push(Arc::new(event));
            change.marks.push(mark);
        }
        self.made = end;
        (!change.is_empty()).then_some(change)
    }

    fn event(&mut self, made: u64) -> (Event, Mark) {
        let back_ms = HISTORY.as_millis() as u64 * (self.events - made) / self.events;
        let received_at_ms = self.now_ms - back_ms;
        let webhook = Webhook::nth(made as u32, 0, self.accounts as u32, received_at_ms * 1000);
        let body = Bytes::copy_from_slice(self.request.body(webhook));
        let at = (made % self.accounts) as usize;
        self.seqs[at] += 1;
        let (number, customer) = (number_id(webhook.account), u64::from(webhook.customer));
        let item = (body.len() as u32 - 400, body.len() as u32 - 40);
        let event = Event {
            stream: Arc::clone(&self.streams[at]),
            seq: self.seqs[at],
            received_at_ms,
            kind: EventKind::Message,
            disposition: Disposition::Routed,
            gateway: Arc::clone(&self.gateway),
            secret: 0,
            field: "messages".into(),
            claimed: Some(self.streams[at].as_ref().into()),
            number: NumberRef { id: Some(number.into()), display: Some(display(webhook.account).into()) },
            dialog: Some(dialog(webhook, customer, received_at_ms)),
            lane: customer,
            message_id: Some(format!("wamid.{made:060}").into()),
            outbound: None,
            wanted_by: Vec::new(),
            body,
            item,
        };
        let at_s = received_at_ms / 1000;
        let key = u128::from(made + 1).wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645);
        (event, Mark { key, stamp: Stamp::Dated(at_s), seen: Seen { content: made as u32, at_s: at_s as u32 } })
    }
}

fn dialog(webhook: Webhook, customer: u64, received_at_ms: u64) -> EventDialog {
    EventDialog {
        id: customer + 1,
        new: false,
        user_id: Some(format!("DE.{customer:020}").into()),
        wa_id: Some(format!("49{:011}", u64::from(webhook.account) * u64::from(CUSTOMERS) + customer).into()),
        group_id: None,
        window_expires_at_ms: Some(received_at_ms + 86_400_000),
    }
}

/// Counts what has become durable, and keeps the rest bounded.
#[derive(Default)]
struct Tray {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    begun: u64,
    settled: u64,
    lost: Option<Arc<str>>,
}

impl Tray {
    fn commit(self: &Arc<Self>, store: &dyn Store, change: Change) -> Result<(), BenchError> {
        let number = self.wait_until_under_way(CHANGES_AT_ONCE)?;
        let desk: Arc<dyn Desk> = Arc::clone(self) as Arc<dyn Desk>;
        store.commit(change, vec![Receipt { desk, number }]);
        Ok(())
    }

    fn wait_for_all(&self) -> Result<(), BenchError> {
        self.wait_until_under_way(1).map(drop)
    }

    /// Waits until fewer than `most` changes are under way, then counts one more.
    fn wait_until_under_way(&self, most: u64) -> Result<u64, BenchError> {
        let state = self.state.lock().expect("no holder panics");
        let waits = |state: &mut State| state.lost.is_none() && state.begun - state.settled >= most;
        let mut state = self.news.wait_while(state, waits).expect("no holder panics");
        if let Some(reason) = &state.lost {
            return Err(BenchError::Lost(reason.to_string()));
        }
        state.begun += 1;
        Ok(state.begun)
    }
}

impl Desk for Tray {
    fn settle(&self, numbers: &[u64], outcome: &Outcome) {
        let mut state = self.state.lock().expect("no holder panics");
        state.settled += numbers.len() as u64;
        if let Outcome::Lost { reason } = outcome {
            state.lost = Some(Arc::clone(reason));
        }
        self.news.notify_one();
    }
}
