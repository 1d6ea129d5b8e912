//! Verbs for many accounts: a few calls at a time, 202 with what is pending, and the repeat follows.

use crate::harness::mail::{letter, text};
use crate::harness::stage::Stage;
use crate::harness::until;
use serde_json::Value;
use std::time::{Duration, Instant};
use wharf::sandbox::Faults;

/// More than can be asked about within the test's patience unless several are asked at once.
const ACCOUNTS: usize = 1_500;
/// Calls that one verb makes at once, at most.
const CALLS_AT_ONCE: u64 = 16;

fn pending(answer: &Value) -> usize {
    answer.as_array().expect("an array").iter().filter(|account| account["pending"] == true).count()
}

/// Of the first thousand accounts those that are wished and not active yet: asked about just now.
async fn begun(stage: &Stage) -> usize {
    let told = stage.look("/api/accounts?limit=1000").await.json();
    let accounts = told["data"].as_array().expect("a list").iter();
    accounts.filter(|account| account["wished"] == true && account["active"] == false).count()
}

/// Repeats a verb until it is done; how often it was pending before, and the last answer.
async fn repeat(stage: &Stage, verb: &str) -> (usize, Value) {
    let mut rounds = 0;
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = stage.verb(&format!("{verb}&wait=1")).await;
        let told = answer.json();
        if answer.status == 200 {
            assert_eq!(pending(&told), 0);
            return (rounds, told);
        }
        assert_eq!(answer.status, 202, "{}", answer.text());
        assert!(Instant::now() < deadline, "{} are still pending", pending(&told));
        rounds += usize::from(pending(&told) > 0);
    }
}

#[actix_web::test]
async fn thousands_of_accounts_are_set_up_and_subscribed_a_few_calls_at_a_time_and_mail_goes_on_meanwhile() {
    let stage = Stage::with(|plan| plan.accounts = ACCOUNTS).await;
    let stats = stage.sandbox.stats();
    stage.sandbox.set_faults(Faults { call_latency_ms: 30, ..Faults::default() });
    assert_eq!(stage.verb("setup&wait=0").await.status, 202);
    let (_, told) = repeat(&stage, "setup").await;
    assert_eq!(told.as_array().map(Vec::len), Some(ACCOUNTS));
    assert!(stats.calls.most() <= CALLS_AT_ONCE, "{} calls at once", stats.calls.most());

    stage.sandbox.set_faults(Faults { call_latency_ms: 80, ..Faults::default() });
    let line = stage.line(0, 0);
    let (repeated, slowest) = futures_util::future::join(repeat(&stage, "subscribe"), async {
        let mut slowest = Duration::ZERO;
        for nth in 0..40 {
            let began = Instant::now();
            stage.take(letter(&line, &[text(&format!("wamid.{nth}"), "491")])).await;
            slowest = slowest.max(began.elapsed());
            if nth == 20 {
                let begun = begun(&stage).await;
                assert!(begun <= 16, "{begun} accounts are being asked about");
            }
            actix_web::rt::time::sleep(Duration::from_millis(50)).await;
        }
        slowest
    })
    .await;
    let (rounds, told) = repeated;
    let told = told.as_array().expect("an array");
    let active = told.iter().filter(|account| account["subscribed_fields"].is_array()).count();
    assert_eq!((active, told.len()), (ACCOUNTS, ACCOUNTS));
    assert!(rounds > 1, "it was pending for a while");
    assert!(stats.calls.most() <= CALLS_AT_ONCE, "{} calls at once", stats.calls.most());
    assert!(slowest < Duration::from_secs(2), "a webhook took {slowest:?}");
    let subscribed = stage.sandbox.world().accounts().iter().filter(|account| account.subscription.is_some()).count();
    assert_eq!(subscribed, ACCOUNTS);
    stage.end().await;
}

#[actix_web::test]
async fn a_later_verb_overtakes_what_an_earlier_one_has_not_begun() {
    let stage = Stage::with(|plan| plan.accounts = 100).await;
    stage.verb("setup").await;
    stage.sandbox.set_faults(Faults { call_latency_ms: 100, ..Faults::default() });
    assert_eq!(stage.verb("subscribe&wait=0").await.status, 202);
    let answer = stage.verb("unsubscribe").await;
    assert_eq!((answer.status, pending(&answer.json())), (200, 0));
    until("nothing is subscribed", async || {
        let told = stage.verb("search").await.json();
        let active = told.as_array()?.iter().any(|account| account["subscribed_fields"].is_array());
        (!active).then_some(())
    })
    .await;
    assert!(stage.sandbox.world().accounts().iter().all(|account| account.subscription.is_none()));
    stage.end().await;
}
