//! `wharf doctor`, `wharf doctor signature` and `wharf register` as processes, against a Wharf that runs or does not.

use super::fronted;
use crate::harness::front::Manner;
use crate::harness::process::wharf;
use crate::harness::stage::{KEY, SECRET, Stage};
use serde_json::Value;
use std::process::Output;
use wharf::sandbox::signing::sign;

/// Runs a command with the operator's key, on a thread of its own: this one serves.
async fn run(stage: &Stage, args: &[&str]) -> Output {
    let mut command = wharf(args);
    command.env("WHARF_OPS", &stage.ops).env("WHARF_KEY", KEY).current_dir(stage.folder.path());
    actix_web::rt::task::spawn_blocking(move || command.output()).await.expect("a thread").expect("a process")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[actix_web::test]
async fn the_doctor_prints_groups_marks_and_remedies_and_its_exit_code_says_whether_something_is_broken() {
    let (stage, front) = fronted(|_| {}).await;
    let registered = run(&stage, &["register", "--gateway", "main"]).await;
    assert_eq!(registered.status.code(), Some(0), "{}", said(&registered));
    assert!(
        said(&registered).contains(&format!("after         {}/main (account_alerts, ", front.url)),
        "{}",
        said(&registered)
    );
    let json = run(&stage, &["doctor", "--json"]).await;
    let told: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let broken = |it: &&Value| it["level"] == "fail";
    let failed: Vec<&Value> = told["findings"].as_array().expect("findings").iter().filter(broken).collect();
    assert_eq!(json.status.code(), Some(i32::from(!failed.is_empty())), "{failed:?}");
    front.set(Manner::HangsUp);
    let ill = run(&stage, &["doctor", "--gateway", "main"]).await;
    assert_eq!(ill.status.code(), Some(1));
    let text = said(&ill);
    for line in
        ["This Wharf\n", "The way in\n", "  ✗ fail     handshake main: ", "             -> ", " broken (fail), "]
    {
        assert!(text.contains(line), "{line:?} is missing in {text}");
    }
    let unknown = run(&stage, &["doctor", "--gateway", "nowhere"]).await;
    assert!(unknown.status.code() == Some(1) && said(&unknown).contains("wharf.gateway.unknown"), "{}", said(&unknown));
    stage.end().await;
}

#[actix_web::test]
async fn a_signature_is_diagnosed_from_a_file() {
    let stage = Stage::new().await;
    let body = r#"{"entry":[]}"#;
    std::fs::write(stage.folder.path().join("body"), body).expect("a file");
    std::fs::write(stage.folder.path().join("key"), format!("{KEY}\n")).expect("a file");
    let header = sign(SECRET, body.as_bytes());
    let args = |header| {
        ["doctor", "signature", "--gateway", "main", "--header", header, "--body", "body", "--key-file", "key"]
    };
    let good = run(&stage, &args(&header)).await;
    assert!(good.status.code() == Some(0) && said(&good).contains("✓ it matches"), "{}", said(&good));
    let bad = run(&stage, &args("sha1=00")).await;
    assert!(bad.status.code() == Some(1) && said(&bad).contains("SHA-1"), "{}", said(&bad));
    stage.end().await;
}

#[test]
fn where_no_wharf_answers_the_doctor_looks_at_what_it_can_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let unasked = "wharf: it was not asked: this needs an API key\n             -> set WHARF_KEY";
    let unreached = "wharf: http://127.0.0.1:9 cannot be reached: nobody listens there\n             -> is it running?";
    for (key, words) in [("", unasked), (KEY, unreached)] {
        let mut doctor = wharf(&["doctor", "--ops", "http://127.0.0.1:9"]);
        let output = doctor.env("WHARF_KEY", key).current_dir(folder.path()).output().expect("a process");
        assert_eq!(output.status.code(), Some(3));
        let text = said(&output);
        assert!(text.contains(&format!("✗ fail     {words}")), "{text}");
        assert!(text.contains("settings: "), "there are none, and that is said: {text}");
    }
}
