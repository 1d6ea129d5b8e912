//! The benchmark measures itself: a very short run finds all its figures, and nothing is lost on the way.

use serde_json::{Value, json};
use std::process::Command;

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
