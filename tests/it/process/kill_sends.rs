//! `kill -9` while messages leave, again and again, on one folder, in front of a Graph that loses connections: what was
//! acknowledged comes to its end, and none reaches Graph twice unless its sender allowed that.

use super::serve;
use crate::harness::http;
use crate::harness::process::Process;
use crate::harness::stage::{KEY, Stage, bearer};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use wharf::sandbox::Faults;
use wharf::sandbox::limits::HIGH_THROUGHPUT;

/// Connections that send at the same time.
const CONNECTIONS: usize = 6;
/// Recipients of each number and round: so few that messages queue up behind one another, and none gets more of them
/// than Meta lends a pair.
const RECIPIENTS: usize = 12;
/// How long what is in doubt waits for a status, and a bit: by then everything has ended.
const SETTLED_WITHIN: Duration = Duration::from_secs(40);

/// How often it is killed; `WHARF_KILLS` raises it.
fn kills() -> usize {
    std::env::var("WHARF_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(20).max(20)
}

/// A message that was acknowledged.
struct Acknowledged {
    id: String,
    may_come_twice: bool,
}

/// What one connection of the load sends.
#[derive(Clone)]
struct Load {
    public: String,
    number: String,
    connection: usize,
    round: usize,
}

impl Load {
    /// Sends until the process dies; what was acknowledged.
    async fn run(self) -> Vec<Acknowledged> {
        let mut acknowledged = Vec::new();
        for nth in 0.. {
            let Some(message) = self.send(nth).await else { break };
            acknowledged.extend(message);
        }
        acknowledged
    }

    /// `None` where the process has died; nothing within where the message was not taken.
    async fn send(&self, nth: usize) -> Option<Option<Acknowledged>> {
        let to = format!("4915{}{:02}1111", self.round, (nth + self.connection) % RECIPIENTS);
        let text = format!("{}.{}.{nth}", self.round, self.connection);
        let body = json!({"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": text}});
        let may_come_twice = nth % 4 == 3;
        let (key, priority) = (bearer(KEY), ["normal", "high", "bulk"][nth % 3]);
        let mut headers = vec![("Authorization", key.as_str()), ("X-Wharf-Priority", priority)];
        // One of the connections does not wait for Graph's answer, the others do.
        headers.extend((self.connection == 0).then_some(("Prefer", "respond-async")));
        headers.extend(may_come_twice.then_some(("X-Wharf-On-Unknown", "resend")));
        let url = format!("{}/{}/messages", self.public, self.number);
        let answer = http::try_post(&url, &headers, body.to_string()).await?;
        assert!([200, 202, 503].contains(&answer.status), "{} {}", answer.status, answer.text());
        if answer.status == 503 {
            return Some(None);
        }
        let id = answer.header("x-wharf-message").expect("what is acknowledged has an id").to_owned();
        Some(Some(Acknowledged { id, may_come_twice }))
    }
}

/// One life of the process under load, killed in the middle of it.
async fn life(stage: &mut Stage, round: usize) -> Vec<Acknowledged> {
    let process = start(stage);
    let numbers = [0, 1].map(|account| stage.line(account, 0).number);
    let loads = (0..CONNECTIONS).map(|connection| {
        let number = numbers[connection % 2].clone();
        Load { public: stage.public.clone(), number, connection, round }.run()
    });
    let dies = async {
        let span = 60 + (round as u64 * 53) % 190;
        actix_web::rt::time::sleep(Duration::from_millis(span)).await;
        process.kill();
    };
    let (acknowledged, ()) = futures_util::future::join(join_all(loads), dies).await;
    acknowledged.into_iter().flatten().collect()
}

/// Starts the binary, and points Meta at it.
fn start(stage: &mut Stage) -> Process {
    let process = serve(stage);
    stage.sandbox.set_callback(&format!("{}/main", process.public));
    process
}

/// Waits until no message waits, leaves or is in doubt; the ledger balances at every look.
async fn until_all_have_ended(stage: &Stage) -> Value {
    let deadline = Instant::now() + SETTLED_WITHIN;
    loop {
        let messages = stage.ledger().await["messages"].clone();
        if ["queued", "sending", "unknown"].iter().all(|state| messages[state] == 0) {
            return messages;
        }
        assert!(Instant::now() < deadline, "they do not end: {messages}");
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What has become of a message.
async fn told(stage: &Stage, id: &str) -> Value {
    let answer = stage.look(&format!("/api/messages/{id}")).await;
    assert_eq!(answer.status, 200, "{id} was acknowledged and is lost: {}", answer.text());
    answer.json()
}

/// Whether a message that was acknowledged came to an end that its sender may read, and reached Graph as often as the
/// end says.
fn check(message: &Acknowledged, told: &Value, times: u32) {
    let state = told["state"].as_str().expect("a state");
    let taken = ["accepted", "sent", "delivered", "read", "played"].contains(&state);
    assert!(taken || state == "failed", "{told} is no end");
    assert!(!taken || times > 0, "{told} never reached Graph");
    assert!(times <= 1 || message.may_come_twice, "{told} reached Graph {times} times");
    // Whatever reached Graph twice, or reached it and failed, had been in doubt: an answer was lost, or the process died.
    let tries = told["attempts"].as_array().map_or(&[][..], Vec::as_slice);
    let is_in_doubt =
        |times: u32| tries.iter().any(|attempt| attempt["status"].is_null()) || tries.len() < times as usize;
    let needs_doubt = times > 1 || (!taken && times > 0);
    assert!(!needs_doubt || is_in_doubt(times), "{told} reached Graph {times} times and was never in doubt");
}

#[actix_web::test]
async fn killed_again_and_again_while_messages_leave_each_comes_to_its_end_and_none_leaves_twice() {
    let send = "send_wait = \"2s\"\nunknown_wait = \"5s\"";
    let mut stage = Stage::with(|plan| plan.send = send.into()).await;
    stage.sandbox.set_faults(Faults {
        send_latency_ms: 12,
        lost_after_rate: 0.03,
        lost_before_rate: 0.03,
        overtaken_rate: 0.1,
        overtaken_by_ms: 60,
        throughput: HIGH_THROUGHPUT,
        ..Faults::default()
    });
    for verb in ["setup", "subscribe"] {
        assert_eq!(stage.verb(verb).await.status, 200, "{verb}");
    }
    stage.stop().await;
    let begun = Instant::now();
    let mut acknowledged = Vec::new();
    for round in 0..kills() {
        acknowledged.extend(life(&mut stage, round).await);
    }
    assert!(acknowledged.len() > 5 * kills(), "only {} were acknowledged: no load", acknowledged.len());
    let killed_in = begun.elapsed();

    let process = start(&mut stage);
    let messages = until_all_have_ended(&stage).await;
    let stats = stage.sandbox.stats();
    let (mut twice, mut failed) = (0, 0);
    for message in &acknowledged {
        let told = told(&stage, &message.id).await;
        let times = stats.marks.times(&format!("wharf:{}", message.id));
        check(message, &told, times);
        twice += usize::from(times > 1);
        failed += usize::from(told["state"] == "failed");
    }
    let submitted = messages["submitted"].as_i64().expect("a count");
    assert!(submitted >= acknowledged.len() as i64, "{submitted} submitted, {} acknowledged", acknowledged.len());
    println!(
        "{} acknowledged in {} rounds ({killed_in:?}), {failed} failed, {twice} came twice as allowed, all ended after {:?}: {messages}",
        acknowledged.len(),
        kills(),
        begun.elapsed()
    );
    assert!(process.terminate().success());
}
