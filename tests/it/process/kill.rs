//! `kill -9` in the middle of load, again and again, on one folder: what was answered 200 is there, once.

use super::serve;
use crate::harness::application::Delivery;
use crate::harness::http;
use crate::harness::mail::{letter, text};
use crate::harness::stage::{SECRET, Stage};
use crate::harness::until;
use futures_util::future::join_all;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::time::Duration;
use wharf::sandbox::signing::sign;

/// Connections that post at the same time.
const CONNECTIONS: usize = 6;
/// Deliveries that a kill may repeat: those under way on the route, and per account the group on its way to the disk and
/// the one that gathers meanwhile.
const REPEATED_PER_KILL: usize = 32 + 3 * 2 * 64;

/// How often it is killed; `WHARF_KILLS` raises it.
fn kills() -> usize {
    std::env::var("WHARF_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(20).max(20)
}

/// What one connection had answered with 200 before the process died; the last one may have been taken unanswered.
async fn load(url: Rc<String>, bodies: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for (id, body) in bodies {
        let signature = sign(SECRET, body.as_bytes());
        match http::try_post(&url, &[("X-Hub-Signature-256", &signature)], body).await {
            Some(answer) if answer.status == 200 => acknowledged.push(id),
            Some(answer) => assert_eq!(answer.status, 503, "{}", answer.text()),
            None => break,
        }
    }
    acknowledged
}

#[actix_web::test]
async fn killed_in_the_middle_of_load_again_and_again_it_loses_nothing_and_repeats_little() {
    let mut stage = Stage::engaged().await;
    stage.stop().await;
    let lines = [0, 1, 2].map(|nth| stage.line(nth, 0));
    let mut acknowledged = BTreeSet::new();
    for round in 0..kills() {
        let process = serve(&mut stage);
        let url = Rc::new(format!("{}/main", process.public));
        let connections = (0..CONNECTIONS).map(|connection| {
            let line = lines[connection % 3].clone();
            let body = move |nth: usize| {
                let id = format!("wamid.{round}.{connection}.{nth}");
                (id.clone(), letter(&line, &[text(&id, &format!("49{}", nth % 5))]))
            };
            load(Rc::clone(&url), (0..).map(body))
        });
        let dies = async {
            let span = 30 + (round as u64 * 37) % 170;
            actix_web::rt::time::sleep(Duration::from_millis(span)).await;
            process.kill();
        };
        let (rounds, ()) = futures_util::future::join(join_all(connections), dies).await;
        acknowledged.extend(rounds.into_iter().flatten());
    }
    assert!(acknowledged.len() > 5 * kills(), "only {} were acknowledged: no load", acknowledged.len());

    let process = serve(&mut stage);
    let journal = journal(&stage, &lines.map(|line| line.waba)).await;
    let lost: Vec<_> = acknowledged.iter().filter(|id| !journal.contains_key(*id)).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let twice: Vec<_> = journal.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "journalled twice: {twice:?}");

    let ledger = stage.until_ledger("/routes/main~1app/pending", 0).await;
    assert_eq!(ledger["routed"], journal.len(), "{ledger}");
    assert_eq!(ledger["routes"]["main/app"]["delivered"], journal.len());
    let deliveries = stage.app.deliveries();
    let delivered: BTreeSet<String> = deliveries.iter().map(Delivery::item_id).collect();
    assert_eq!(delivered.len(), journal.len(), "everything is delivered");
    let repeated = deliveries.len() - delivered.len();
    assert!(repeated <= kills() * REPEATED_PER_KILL, "{repeated} deliveries repeated in {} kills", kills());
    println!("{} acknowledged in {} rounds, {} deliveries repeated", acknowledged.len(), kills(), repeated);

    let again: Vec<_> = acknowledged.iter().rev().take(20).collect();
    for id in &again {
        let connection: usize = id.split('.').nth(2).and_then(|nth| nth.parse().ok()).expect("an id of ours");
        stage.take(letter(&stage.line(connection % 3, 0), &[text(id, "491")])).await;
    }
    let ledger = stage.ledger().await;
    assert_eq!(ledger["routed"], journal.len(), "known after all those kills");
    assert!(process.terminate().success());
}

/// How often each id stands in the journals of `accounts`.
async fn journal(stage: &Stage, accounts: &[String]) -> HashMap<String, usize> {
    let mut times = HashMap::new();
    for waba in accounts {
        let mut after = String::from("0");
        loop {
            let page = stage.look(&format!("/api/accounts/{waba}/events?limit=1000&after={after}")).await.json();
            let events = page["data"].as_array().expect("events");
            for id in events.iter().filter_map(|event| event["item"]["id"].as_str()) {
                *times.entry(id.to_owned()).or_default() += 1;
            }
            let Some(next) = page["next"].as_str() else { break };
            after = next.to_owned();
        }
    }
    times
}

#[actix_web::test]
async fn killed_while_messages_leave_it_loses_none_and_sends_none_twice() {
    let mut stage = Stage::engaged_with(|plan| plan.send = "send_wait = \"0s\"".into()).await;
    stage.stop().await;
    stage.sandbox.set_faults(wharf::sandbox::Faults { send_latency_ms: 15, ..wharf::sandbox::Faults::default() });
    let number = stage.line(0, 0).number;
    let mut ids = BTreeSet::new();
    for round in 0..5 {
        let process = serve(&mut stage);
        for nth in 0..8 {
            let body = format!(
                r#"{{"messaging_product":"whatsapp","to":"4915{}1111","text":{{"body":"{round}.{nth}"}}}}"#,
                nth % 3
            );
            let answer = stage.send(&format!("{number}/messages"), body).await;
            assert_eq!(answer.status, 202, "{}", answer.text());
            ids.insert(answer.header("x-wharf-message").expect("an id").to_owned());
        }
        process.kill();
    }
    let process = serve(&mut stage);
    let settled = async || {
        let messages = stage.ledger().await["messages"].clone();
        let open = ["queued", "sending"].iter().filter_map(|state| messages[state].as_i64()).sum::<i64>();
        (open == 0).then_some(messages)
    };
    let messages: Value = until("all have left or are in doubt", settled).await;
    let (taken, unknown) =
        (messages["taken"].as_i64().expect("a count"), messages["unknown"].as_i64().expect("a count"));
    assert_eq!((taken + unknown, messages["submitted"].as_i64()), (40, Some(40)), "{messages}");
    assert!(unknown <= 5 * 3, "one per recipient and kill may be in doubt: {unknown}");
    let accepted = stage.sandbox.stats().view().sends_accepted as i64;
    assert!(
        (taken..=taken + unknown).contains(&accepted),
        "{accepted} reached Graph; taken {taken}, in doubt {unknown}"
    );
    for id in &ids {
        let told = stage.look(&format!("/api/messages/{id}")).await;
        assert_eq!(told.status, 200, "{id} is lost");
    }
    process.kill();
}
