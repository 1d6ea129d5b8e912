//! The benchmark measures itself: a very short run finds all its figures, and nothing is lost on the way.

use serde_json::{Value, json};
use std::process::Command;

/// What a short measurement says as JSON; it ends well only if every promise was kept.
fn measured(run: &str) -> Value {
    let data = ["--json", "--data", env!("CARGO_TARGET_TMPDIR")];
    let output = Command::new(env!("CARGO_BIN_EXE_wharf")).args(run.split(' ')).args(data).output().expect("a process");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}\n{told}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&told).expect("JSON")
}

#[test]
fn beside_four_broken_routes_the_others_are_served_and_everything_arrives_after_the_recovery() {
    // How late the others are served is for a quiet machine to say; here it only must not be for ever.
    let report = measured(
        "bench neighbours --routes 10 --rate 60 --rounds 1 --seconds 2 --warm-up 0.5 --at-most 1000 --memory-mib 1000",
    );
    let round = &report["rounds"][0];
    assert_eq!(round["expected"], 600, "2.5 s twice, at 60 per second, for two routes each");
    assert!(round["broken"]["refused"].as_u64() > Some(0), "{round}");
    assert_eq!(round["broken"]["disordered"], 0, "{round}");
    assert!(report["p99_ratio"]["median"].as_f64() > Some(0.0), "{report}");
}

#[test]
fn an_account_waits_for_its_turn_about_as_long_as_any_other() {
    let report =
        measured("bench fairness --accounts 200 --rate 400 --latency-ms 200 --seconds 3 --warm-up 3 --at-most 10");
    assert!(report["ratio"].as_f64() >= Some(1.0), "{report}");
    assert!(report["turns"]["accounts"].as_u64() > Some(30), "{report}");
    assert_eq!(report["arrived"], report["measured"]["answered_in_all"]);
}

#[test]
fn under_siege_a_healthy_caller_and_large_batches_are_answered() {
    let report = measured(
        "bench hostile --idle 200 --slow 150 --wrong-keys 20 --batches 1 --batch-pause-ms 200 --rate 50 --seconds 2 --warm-up 0.5 --at-most-ms 5000",
    );
    // 150 bodies that say they are 3 MB each announce more than `inflight_bytes`.
    assert!(report["siege"]["batches"]["200"].as_u64() > Some(0), "{report}");
    assert!(report["siege"]["batches"].get("503").is_none(), "{report}");
    assert!(report["siege"]["wrong_keys"].as_u64() > Some(20), "{report}");
    assert_eq!(report["besieged"]["answered"], 100, "{report}");
}

#[test]
fn a_verb_over_many_accounts_answers_after_its_wait_and_goes_on_to_its_end() {
    let report =
        measured("bench verbs --accounts 60 --latency-ms 150 --wait 0 --seconds 1 --rate 20 --at-most-ms 5000");
    for verb in ["setup", "subscribe"] {
        assert_eq!(report[verb]["status"], 202, "{report}");
        assert_eq!(report[verb]["done"], 60, "{report}");
    }
    assert_eq!(report["webhooks"]["answered"], 20, "{report}");
}

#[test]
fn a_short_benchmark_finds_a_ratio_and_every_message_arrives() {
    let run = "bench ingest --json --rounds 1 --seconds 0.5 --warm-up 0.2 --accounts 3 --connections 8 --route --rate 50 --batch";
    let data = ["--data", env!("CARGO_TARGET_TMPDIR")];
    let output = Command::new(env!("CARGO_BIN_EXE_wharf")).args(run.split(' ')).args(data).output().expect("a process");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let roles: Vec<&Value> =
        report["closed"].as_array().expect("servers").iter().map(|subject| &subject["role"]).collect();
    assert_eq!(roles, ["bare", "durable", "routed"]);
    for subject in report["closed"].as_array().expect("servers") {
        assert!(subject["per_second"].as_f64() > Some(0.0), "{subject}");
        assert_eq!(subject["not_200"], 0, "{subject}");
    }
    assert!(report["comparisons"][0]["by_rate"]["median"].as_f64() > Some(0.0));
    assert!(report["closed"][1]["bytes_per_event"].as_f64() > Some(600.0), "the body alone is larger");
    assert_eq!(report["drained"][0]["missing"], 0);
    assert_eq!(report["delivered"]["missing"], 0);
    assert_eq!(report["batch"]["arrived"], 5000);
    for absent in ["burst", "engaged"] {
        assert!(report.get(absent).is_none(), "{absent} was not measured");
    }
}

#[test]
fn bench_send_measures_the_queue_the_overhead_and_two_paces_in_one_run() {
    let data = concat!(env!("CARGO_TARGET_TMPDIR"), "/bench-send");
    let small = ["--messages", "300", "--accounts", "3", "--connections", "16", "--pairs", "20"];
    let short = ["--paced-seconds", "1", "--fast-seconds", "1", "--inbound", "10", "--json", "--data", data];
    let args = [&["bench", "send"][..], &small, &short].concat();
    let output = Command::new(env!("CARGO_BIN_EXE_wharf")).args(args).output().expect("a process");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&report["queued"]["taken"], &report["overhead"]["not_200"]), (&json!(300), &json!(0)));
    for figure in ["/direct/per_second", "/queued/per_second", "/overhead/through/p50_ms", "/overhead/direct/p50_ms"] {
        assert!(report.pointer(figure).and_then(Value::as_f64) > Some(0.0), "{figure} in {report}");
    }
    for (name, rate) in [("paced", 80), ("fast", 1000)] {
        let paced = &report[name];
        assert_eq!(paced["rate"], rate);
        assert_eq!(paced["sent"], paced["messages"], "all work is done: {paced}");
        assert!(paced["worst_second"].as_f64() > Some(0.0) && paced["used"].as_f64() > Some(0.0), "{paced}");
    }
}
