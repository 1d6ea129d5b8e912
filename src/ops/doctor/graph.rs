//! Graph as a whole: does it answer, and is our clock as its own? Asked without any token; judged by pure functions.

use super::finding::Finding;
use crate::edge::Edge;
use wharf_actors::clock::now_ms;
use wharf_actors::courier::probe::{Heard, Probe};

/// Times in signatures and tokens are off by now.
const SKEW_S: u64 = 30;
/// Receivers that check `webhook-timestamp` refuse deliveries from here on.
const TOO_MUCH_SKEW_S: u64 = 300;

/// Graph's answer, whatever it says, has its time in its head.
pub(super) async fn graph(edge: &Edge) -> Vec<Finding> {
    let url = format!("{}/{}", edge.chart.graph_url, edge.graph_version);
    of_graph(&edge.chart.graph_url, &Probe::get(url).ask().await, now_ms() / 1000)
}

fn of_graph(url: &str, heard: &Heard, now_s: u64) -> Vec<Finding> {
    let date_s = match heard {
        Heard::Answer(answered) => answered.date_s,
        Heard::Nothing { reason } => {
            let remedy = "let this machine reach [graph].base_url: DNS, firewall, proxy";
            let unreached = Finding::fail("graph", url, format!("it does not answer: {reason}"), remedy);
            return vec![
                unreached,
                Finding::skipped("clock", "", "it is compared with Graph's, which does not answer"),
            ];
        }
    };
    vec![Finding::ok("graph", url, "it answers"), of_clock(date_s.and_then(|date| u64::try_from(date).ok()), now_s)]
}

fn of_clock(graph_s: Option<u64>, now_s: u64) -> Finding {
    let Some(graph_s) = graph_s else { return Finding::skipped("clock", "", "Graph's answer has no date") };
    let off = now_s.abs_diff(graph_s);
    let way = if now_s > graph_s { "ahead of" } else { "behind" };
    let says = format!("it is {off} s {way} Graph's");
    let remedy = "synchronise the clock (chrony, systemd-timesyncd): receivers refuse signatures that are 5 min off";
    match off {
        within if within <= SKEW_S => Finding::ok("clock", "", format!("it is within {SKEW_S} s of Graph's")),
        within if within <= TOO_MUCH_SKEW_S => Finding::warn("clock", "", says, remedy),
        _ => Finding::fail("clock", "", says, remedy),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level as Found;
    use super::*;
    use wharf_actors::courier::probe::Answered;

    #[test]
    fn a_clock_may_be_half_a_minute_off_and_must_not_be_five() {
        for (now, found) in [
            (1000, Found::Ok),
            (1030, Found::Ok),
            (970, Found::Ok),
            (1031, Found::Warn),
            (700, Found::Warn),
            (1301, Found::Fail),
            (1, Found::Fail),
        ] {
            assert_eq!(of_clock(Some(1000), now).level, found, "{now}");
        }
        assert_eq!(of_clock(None, 7).level, Found::Skipped);
        assert!(of_clock(Some(1000), 900).says.contains("100 s behind"));
    }

    #[test]
    fn a_graph_that_does_not_answer_is_a_failure_and_its_clock_unknown() {
        let nothing = Heard::Nothing { reason: "refused".into() };
        let levels = |heard: &Heard| of_graph("g", heard, 1000).iter().map(|it| it.level).collect::<Vec<_>>();
        assert_eq!(levels(&nothing), [Found::Fail, Found::Skipped]);
        let answered = Answered { status: 400, date_s: Some(1000), ..Answered::default() };
        assert_eq!(levels(&Heard::Answer(answered)), [Found::Ok, Found::Ok], "whatever the status");
    }
}
