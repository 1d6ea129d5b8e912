//! Payloads as Meta sends them, through a real gateway over real sockets and a real store: each is answered 200 and
//! comes out item by item with the same bytes. `WHARF_CORPUS` names a folder of them; without it a few of our own do.
#![allow(clippy::unwrap_used)]

mod application;
mod built_in;
mod gateway;
mod items;
mod payloads;

use application::Delivery;
use gateway::House;
use items::Item;
use payloads::Payload;
use std::collections::BTreeMap;
use wharf_actors::gateway::Secret;
use wharf_storage::RouteTally;

#[actix_web::test]
async fn every_payload_is_accepted_and_comes_out_item_by_item_with_the_same_bytes() {
    let (source, mut waiting) = payloads::all();
    let accounts = payloads::accounts(&waiting);
    let total = waiting.len();
    let mut items = 0;
    // Payloads of one corpus may hold copies of each other's items; those that met a copy go to a new gateway.
    while !waiting.is_empty() {
        let house = House::open(&[&Secret::new("ours")], &accounts).await;
        let round = Round::post(&house, waiting).await;
        items += round.check(&house).await;
        round.again(&house).await;
        waiting = round.met_copies;
        house.close().await;
    }
    println!("{total} payloads with {items} items came out whole ({source})");
}

/// What became of the payloads of one gateway.
struct Round {
    whole: Vec<Payload>,
    met_copies: Vec<Payload>,
    copies: i64,
}

impl Round {
    async fn post(house: &House, payloads: Vec<Payload>) -> Self {
        let mut round = Self { whole: Vec::new(), met_copies: Vec::new(), copies: 0 };
        for payload in payloads {
            let before = house.ledger();
            assert_eq!(house.post(&payload.body).await, 200, "{}", payload.name);
            let after = house.ledger();
            let came = after.received - before.received;
            assert_eq!(came, payload.items().len() as i64, "items of {}", payload.name);
            let copies = after.duplicate - before.duplicate;
            round.copies += copies;
            if copies == 0 { &mut round.whole } else { &mut round.met_copies }.push(payload);
        }
        assert!(!round.whole.is_empty(), "{} holds the same item twice", round.met_copies[0].name);
        round
    }

    /// Compares what came out with what went in; how many items came out whole.
    async fn check(&self, house: &House) -> usize {
        let deliveries = house.settled().await;
        let quarantined = house.quarantined().await;
        let ledger = house.ledger();
        assert_eq!(ledger.faults(), Vec::<String>::new());
        assert_eq!((ledger.inactive, ledger.evicted, ledger.duplicate), (0, 0, self.copies));
        assert_eq!(ledger.routed + ledger.test, deliveries.len() as i64);
        assert_eq!(ledger.quarantined, quarantined.len() as i64);

        let route = ledger.routes.values().copied().fold(RouteTally::default(), |mut sum, route| {
            sum.add(&route);
            sum
        });
        let delivered = deliveries.len() as i64;
        // Alarms are events of our own: this route takes what Meta sends and leaves them out.
        let filtered = house.alarms().await;
        assert_eq!(route, RouteTally { offered: delivered + filtered, filtered, delivered, ..RouteTally::default() });

        let mut out = Bag::default();
        deliveries.iter().for_each(|delivery| out.put(&delivery.webhook_id, &delivery.body));
        quarantined.iter().for_each(|event| out.put(&event.id(), &event.body));
        self.whole.iter().for_each(|payload| out.take(payload));
        let copied: usize = self.met_copies.iter().map(|payload| payload.items().len()).sum();
        assert_eq!(out.left(), copied - self.copies as usize, "nothing came out that did not go in");
        self.whole.iter().map(|payload| payload.items().len()).sum()
    }

    /// Posts everything again: all of it is a copy, but for the test payloads, and the sums say so.
    async fn again(&self, house: &House) {
        let before = house.ledger();
        for payload in &self.whole {
            assert_eq!(house.post(&payload.body).await, 200, "{} again", payload.name);
        }
        let after = house.ledger();
        let came: i64 = self.whole.iter().map(|payload| payload.items().len() as i64).sum();
        assert_eq!(after.faults(), Vec::<String>::new());
        assert_eq!(after.received - before.received, came);
        assert_eq!(after.duplicate - before.duplicate, came - (after.test - before.test));
        assert_eq!((after.routed, after.quarantined), (before.routed, before.quarantined));
        assert_eq!(after.duplicate_differing, before.duplicate_differing, "the same bytes are the same item");
    }
}

/// What came out, each item with the bodies that held it.
#[derive(Default)]
struct Bag(BTreeMap<Item, Vec<Vec<u8>>>);

impl Bag {
    fn put(&mut self, event: &str, body: &[u8]) {
        let mut items = items::of(body);
        assert_eq!(items.len(), 1, "{event} holds exactly one item: {}", String::from_utf8_lossy(body));
        self.0.entry(items.remove(0)).or_default().push(body.to_vec());
    }

    /// Takes the items of `payload` out; a POST of one item must have stayed as it was.
    fn take(&mut self, payload: &Payload) {
        let items = payload.items();
        for item in &items {
            let bodies = self.0.get_mut(item).filter(|bodies| !bodies.is_empty());
            let bodies = bodies.unwrap_or_else(|| panic!("{}: did not come out: {}", payload.name, item.bytes));
            let same = bodies.iter().position(|body| *body == payload.body);
            assert!(items.len() > 1 || same.is_some(), "{} came out with other bytes", payload.name);
            bodies.swap_remove(same.unwrap_or(0));
        }
    }

    fn left(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }
}

#[actix_web::test]
async fn genuine_bytes_with_their_genuine_signature_are_accepted_and_arrive_unchanged() {
    for genuine in payloads::genuine() {
        let accounts = payloads::accounts(std::slice::from_ref(&genuine.payload));
        let house = House::open(&[&Secret::new("the next one"), &genuine.secret], &accounts).await;
        let body = &genuine.payload.body;
        assert_eq!(house.post_signed(body, &genuine.signature).await, 200);
        let deliveries: Vec<Delivery> = house.settled().await;
        assert_eq!(deliveries.len(), 1);
        assert_eq!(deliveries[0].body, *body);

        let mut forged = body.clone();
        *forged.last_mut().expect("a payload is not empty") = b' ';
        assert_eq!(house.post_signed(&forged, &genuine.signature).await, 401);
        house.close().await;
    }
}

#[actix_web::test]
async fn the_payloads_of_an_account_nobody_engaged_are_kept_whole_in_quarantine() {
    let house = House::open(&[&Secret::new("ours")], &BTreeMap::new()).await;
    let strays = built_in::payloads();
    for payload in &strays {
        assert_eq!(house.post(&payload.body).await, 200, "{}", payload.name);
    }
    let tests = house.settled().await;
    assert_eq!(tests.len(), 1, "a test payload needs no account");
    let mut out = Bag::default();
    tests.iter().for_each(|delivery| out.put(&delivery.webhook_id, &delivery.body));
    house.quarantined().await.iter().for_each(|event| out.put(&event.id(), &event.body));
    strays.iter().for_each(|payload| out.take(payload));
    assert_eq!(out.left(), 0);
    house.close().await;
}
