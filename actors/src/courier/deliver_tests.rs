//! What a delivery is on the wire, and what is said of it, against a fake application.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::courier::coalesce::Coalescer;
use crate::courier::fake::{Fake, Reply};
use crate::gateway::Batch;
use crate::rules::reader::{Reader, Verdict};
use crate::rules::testing::{event, route};
use tokio::sync::oneshot;

const HOUR_MS: u64 = 3_600_000;

fn ways(route: &Route, gates: &Gates) -> Ways {
    let sink = Rc::new(Sink::new(route, gates).unwrap());
    Ways { routes: Rc::default(), queues: Rc::default(), sink }
}

fn to(fake: &Fake, change: impl FnOnce(&mut Route)) -> Arc<Route> {
    let mut route = Route { url: fake.url.clone(), ..route("sim/all") };
    change(&mut route);
    Arc::new(route)
}

fn attempt(route: &Arc<Route>, event: &Arc<Event>) -> Attempt {
    let since_ms = event.received_at_ms;
    Attempt { route: Arc::clone(route), event: Arc::clone(event), attempt: 1, out_of_order: false, since_ms }
}

fn answers(status: u16) -> Fake {
    Fake::start(move |_| Reply::Raw(status, vec![], vec![]))
}

/// Sends the deliveries of these events in one POST and gives what each was told.
async fn together(route: &Arc<Route>, ways: &Ways, events: &[Arc<Event>]) -> Vec<Attempted> {
    let (waiting, told): (Vec<Waiting>, Vec<_>) = events
        .iter()
        .map(|event| {
            let (tell, told) = oneshot::channel();
            ((attempt(route, event), tell), told)
        })
        .unzip();
    post_together(waiting, ways.clone()).await;
    futures_util::future::join_all(told).await.into_iter().map(Result::unwrap).collect()
}

#[actix_rt::test]
async fn what_comes_after_a_parked_event_says_so_over_http_and_what_does_not_says_nothing() {
    let fake = answers(200);
    let route = to(&fake, |_| {});
    let ways = ways(&route, &Gates::default());
    let after = Attempt { out_of_order: true, ..attempt(&route, &event(2, 7)) };
    assert_eq!(ways.try_one(after).await, Attempted::Delivered);
    assert_eq!(ways.try_one(attempt(&route, &event(3, 8))).await, Attempted::Delivered);
    let said: Vec<Option<String>> =
        fake.seen().iter().map(|seen| seen.headers.get("x-wharf-out-of-order").cloned()).collect();
    assert_eq!(said, [Some("true".to_owned()), None]);
}

#[actix_rt::test]
async fn a_final_answer_to_a_batch_is_final_for_none_of_its_events() {
    let fake = answers(422);
    let route = to(&fake, |route| {
        (route.format, route.finals) = (Format::Dialog, vec![422]);
    });
    let events = [event(1, 7), event(2, 8), event(3, 9)];
    let mut reader = Reader::new(Arc::clone(&route), 0, 1 << 20);
    events.iter().for_each(|event| reader.offer(event, true));
    let now = events[0].received_at_ms;
    assert_eq!(reader.start_due(now).len(), 3);
    for (event, told) in events.iter().zip(together(&route, &ways(&route, &Gates::default()), &events).await) {
        assert!(matches!(&told, Attempted::Failed { status: None, reason, .. } if reason.contains("422")), "{told:?}");
        assert_eq!(reader.attempted(event.seq, told, 0.5, now), Some(Verdict::Again));
    }
    assert_eq!(fake.seen().len(), 1, "one POST for all");
}

#[actix_rt::test]
async fn a_batch_of_one_hears_its_own_final_answer() {
    let fake = answers(422);
    let route = to(&fake, |route| route.finals = vec![422]);
    let told = together(&route, &ways(&route, &Gates::default()), &[event(1, 7)]).await;
    assert!(matches!(told[0], Attempted::Failed { status: Some(422), .. }), "{told:?}");
}

#[actix_rt::test]
async fn a_delivery_that_fails_says_how_long_its_endpoint_was_paused_since_it_was_accepted() {
    let fake = answers(500);
    let route = to(&fake, |_| {});
    let gates = Gates::default();
    let ways = ways(&route, &gates);
    let now = now_ms();
    let accepted = |hours: u64| {
        let mut event = (*event(hours, hours)).clone();
        event.received_at_ms = now - hours * HOUR_MS;
        Arc::new(event)
    };
    let Entered::Permit(permit) = ways.sink.gate().enter(&"100".into(), 1, || now).await else { panic!("let in") };
    permit.pause(now - 90 * HOUR_MS);
    assert!(gates.resume(&route.url, now - 10 * HOUR_MS));
    for (hours, held) in [(100, 80), (50, 40)] {
        let told = ways.try_one(attempt(&route, &accepted(hours))).await;
        assert!(
            matches!(told, Attempted::Failed { held_ms, .. } if held_ms == held * HOUR_MS),
            "accepted {hours} h ago: {told:?}"
        );
    }
    let batch = to(&fake, |route| route.format = Format::Dialog);
    let told = together(&batch, &ways, &[accepted(100), accepted(5)]).await;
    let held: Vec<u64> = told
        .iter()
        .map(|told| match told {
            Attempted::Failed { held_ms, .. } => held_ms / HOUR_MS,
            Attempted::Delivered | Attempted::Erased | Attempted::NotTried { .. } => panic!("{told:?}"),
        })
        .collect();
    assert_eq!(held, [80, 0], "each in a batch has its own");
}

#[actix_rt::test]
async fn a_batch_leaves_when_it_is_full_or_has_waited() {
    let fake = answers(200);
    let route = to(&fake, |route| route.format = Format::Dialog);
    let ways = ways(&route, &Gates::default());
    let coalescer = Coalescer::default();
    let batch = Batch { max: 2, wait: Duration::from_millis(20) };
    let told: Vec<_> = (1..=3)
        .map(|seq| {
            let ways = ways.clone();
            let send = move |waiting| drop(actix_rt::spawn(post_together(waiting, ways.clone())));
            coalescer.add(attempt(&route, &event(seq, seq)), batch, send)
        })
        .collect();
    let told = tokio::time::timeout(Duration::from_secs(10), futures_util::future::join_all(told)).await.unwrap();
    assert!(told.iter().all(|told| *told == Ok(Attempted::Delivered)), "{told:?}");
    assert_eq!(fake.seen().len(), 2, "two together, the third alone");
}
