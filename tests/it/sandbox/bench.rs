//! `wharf bench send`, small: that it measures what it says, not how much.

use crate::harness::process::wharf;
use serde_json::{Value, json};
use std::process::Stdio;

#[test]
fn bench_send_measures_the_queue_the_overhead_and_two_paces_in_one_run() {
    let data = concat!(env!("CARGO_TARGET_TMPDIR"), "/bench-send");
    let small = ["--messages", "300", "--accounts", "3", "--connections", "16", "--pairs", "20"];
    let short = ["--paced-seconds", "1", "--fast-seconds", "1", "--inbound", "10", "--json", "--data", data];
    let mut command = wharf(&[&["bench", "send"][..], &small, &short].concat());
    let output = command.stderr(Stdio::piped()).output().expect("it runs");
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
