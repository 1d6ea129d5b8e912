//! An account's death and its rebuilding, seen through the supervisor.

use super::*;
use crate::cloud::webhook::split;
use crate::desk::LoopDesk;
use crate::gateway::{Overrides, Secret};
use crate::messages::{Deliver, Look};
use actix_rt::time::{sleep, timeout};
use bytes::Bytes;
use std::rc::Rc;
use tokio::sync::oneshot;
use wharf_storage::{MemoryStore, Outcome};

/// A message that no account survives.
#[derive(Message)]
#[rtype(result = "()")]
struct Poison;

impl Handler<Poison> for Account {
    type Result = ();

    fn handle(&mut self, _: Poison, _: &mut Self::Context) {
        panic!("poisoned for a test");
    }
}

fn gateway() -> Arc<Gateway> {
    Arc::new(Gateway {
        uri: "main".into(),
        token: Secret::new("t").into(),
        app_secrets: vec![Secret::new("s")].into(),
        app_id: None,
        verify_token: None.into(),
        business_id: None,
        overrides: Overrides::App,
        callback_url: None,
        routes: Vec::new().into(),
        own_tokens: Default::default(),
        verbs: Default::default(),
        admin_origin: None,
    })
}

fn plan(store: Arc<MemoryStore>) -> Plan {
    Plan {
        store,
        gateways: vec![gateway()],
        graph: GraphSettings { base_url: "http://127.0.0.1:9".to_owned(), version: "v25.0".to_owned() },
        arbiters: (0..2).map(|_| Arbiter::new().handle()).collect(),
        dialog_ttl: Duration::from_secs(3600),
        retention: Duration::from_secs(3600),
        keep_body: wharf_storage::KeepBody::Retention,
        quarantine: Default::default(),
        dead_bytes: 1 << 30,
        dead_retention: Duration::from_secs(3600),
        unknown_wait: Duration::from_secs(3600),
        guards: Default::default(),
        reconcile_every: Duration::from_secs(3600),
        vault: Arc::default(),
    }
}

fn record(id: &str) -> AccountRecord {
    AccountRecord {
        id: id.into(),
        gateway: "main".into(),
        snapshot: Bytes::from_static(b"{}"),
        wished: true,
        active: true,
        override_uri: None,
        refusal: None,
        engaged_at_ms: 1,
        refreshed_at_ms: 1,
    }
}

async fn deliver(actor: &Addr<Account>, desk: &Rc<LoopDesk<oneshot::Sender<Outcome>>>, wamid: &str) -> Option<Outcome> {
    let body = format!(
        r#"{{"entry":[{{"id":"100","changes":[{{"field":"messages","value":{{"metadata":{{"phone_number_id":"7"}},"messages":[{{"id":"{wamid}","from":"1","timestamp":"1800000000","type":"text"}}]}}}}]}}]}}"#
    );
    let items = split(&Bytes::from(body)).expect("a webhook");
    let (tell, told) = oneshot::channel();
    actor.do_send(Deliver { secret: 0, items, receipt: desk.receipt(tell), waits: None });
    timeout(Duration::from_secs(5), told).await.ok()?.ok()
}

/// What `waits` comes to, if that is soon.
async fn within<T>(waits: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(5), waits).await.expect("soon")
}

/// The account's actor, once it answers.
async fn actor(wharf: &Wharf) -> Addr<Account> {
    let answers = async {
        loop {
            let (actor, _) = wharf.directory.account("100").expect("engaged");
            if actor.send(Look).await.is_ok() {
                return actor;
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(5), answers).await.expect("the account answers again")
}

#[actix_rt::test]
async fn an_account_that_panics_is_rebuilt_from_storage_and_goes_on_where_it_was() {
    let wharf = build(plan(Arc::new(MemoryStore::new()))).expect("builds");
    wharf.supervisor.send(Engage { record: record("100") }).await.expect("alive").expect("engaged");
    let desk = LoopDesk::open(|settled: Vec<(oneshot::Sender<Outcome>, Outcome)>| {
        settled.into_iter().for_each(|(waiter, outcome)| drop(waiter.send(outcome)));
    });
    let before = actor(&wharf).await;
    assert_eq!(deliver(&before, &desk, "wamid.1").await, Some(Outcome::Durable));
    let _ = before.send(Poison).await;
    let after = actor(&wharf).await;
    assert!(after != before, "a new actor stands in the routing table");
    assert_eq!(deliver(&after, &desk, "wamid.1").await, Some(Outcome::Durable), "a duplicate");
    assert_eq!(deliver(&after, &desk, "wamid.2").await, Some(Outcome::Durable));
    let ledger = wharf.store.ledger("100");
    assert_eq!((ledger.received, ledger.routed, ledger.duplicate), (3, 2, 1));
    assert_eq!(wharf.store.last_seq("100"), 2);
}

#[actix_rt::test]
async fn an_account_whose_commit_fails_comes_back_as_it_was_committed_and_stays_silent() {
    let store = Arc::new(MemoryStore::manual());
    let wharf = build(plan(Arc::clone(&store))).expect("builds");
    let engaging = wharf.supervisor.send(Engage { record: record("100") });
    let settle = async {
        while store.last_seq("none") == 0 && wharf.directory.account("100").is_none() {
            store.settle_all();
            sleep(Duration::from_millis(2)).await;
        }
    };
    let (engaged, ()) = within(async { tokio::join!(engaging, settle) }).await;
    engaged.expect("alive").expect("engaged");
    let desk = LoopDesk::open(|settled: Vec<(oneshot::Sender<Outcome>, Outcome)>| {
        settled.into_iter().for_each(|(waiter, outcome)| drop(waiter.send(outcome)));
    });
    let before = actor(&wharf).await;
    let delivering = deliver(&before, &desk, "wamid.1");
    let failing = async {
        while store.waiting() == 0 {
            sleep(Duration::from_millis(2)).await;
        }
        store.fail_next("the disk is gone");
    };
    let (outcome, ()) = within(async { tokio::join!(delivering, failing) }).await;
    assert!(matches!(outcome, Some(Outcome::Lost { .. })), "{outcome:?}");
    let rebuilt = async {
        while actor(&wharf).await == before {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(5), rebuilt).await.expect("rebuilt");
    assert_eq!(wharf.store.last_seq("100"), 0, "what was decided on the lost commit is void");
    assert!(matches!(wharf.store.standing(), Standing::Closed { .. }));
}
