//! `wharf key`: list, create and remove; hash needs nobody.

use super::{command, finish, operate};
use crate::harness::process::wharf;
use crate::harness::stage::Stage;
use serde_json::json;
use std::io::Write;
use std::process::Stdio;

#[actix_web::test]
async fn a_key_is_created_shown_once_used_listed_and_removed() {
    let stage = Stage::engaged().await;
    let waba = stage.line(0, 0).waba;
    let create = ["key", "create", "crm", "--scopes", "inspect", "--accounts", &waba];
    let said = operate(&stage, &create).await.well();
    assert!(said.out.contains(&format!("for           accounts {waba}\n")), "{said:?}");
    assert!(said.out.contains("key           wharf_") && said.out.contains("cannot show it again"), "{said:?}");
    let twice = operate(&stage, &create).await;
    assert!(twice.code == 1 && twice.err.contains("crm"), "{twice:?}");
    let alone =
        operate(&stage, &["key", "create", "ci", "--scopes", "inspect", "--accounts", &waba, "--quiet"]).await.well();
    assert!(alone.out.starts_with("wharf_") && alone.out.lines().count() == 1 && alone.err.is_empty(), "{alone:?}");
    let key = alone.out.trim();
    let seen = finish(command(&["accounts", "--json"], &stage.public, &stage.ops, key)).await.well().json();
    assert_eq!((seen["data"].as_array().map(Vec::len), &seen["data"][0]["id"]), (Some(1), &json!(waba)));
    let list = operate(&stage, &["key", "list"]).await.well();
    let row = |name: &str| list.out.lines().find(|row| row.starts_with(name)).expect("a row").to_owned();
    assert!(row("operator").contains("settings  admin,inspect,send,manage  everything"), "{}", list.out);
    assert!(row("ci").contains("api ") && row("ci").contains(&format!("accounts {waba}")), "{}", list.out);
    assert!(!list.out.contains(key), "never the key itself");
    let json = operate(&stage, &["key", "list", "--json"]).await.well().json();
    assert_eq!(json["data"].as_array().map(Vec::len), Some(3));
    operate(&stage, &["key", "remove", "ci"]).await.well();
    let shut = finish(command(&["accounts"], &stage.public, &stage.ops, key)).await;
    assert!(shut.code == 1 && shut.err.contains("this key is not known here"), "{shut:?}");
    let kept = operate(&stage, &["key", "remove", "operator"]).await;
    assert!(kept.code == 1 && kept.err.contains("(wharf.key.in_settings, 409)"), "{kept:?}");
    stage.end().await;
}

#[test]
fn a_key_is_hashed_with_no_server_and_no_key() {
    for (typed, args, expected) in [
        ("key\n", &["key", "hash"][..], "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683\n"),
        (
            "key",
            &["key", "hash", "--json"],
            "{\"sha256\":\"2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683\"}\n",
        ),
    ] {
        let mut command = wharf(args);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process");
        child.stdin.take().expect("piped").write_all(typed.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stdout).as_ref()), (Some(0), expected));
        assert!(String::from_utf8_lossy(&output.stderr).contains("can be guessed"), "so short a key is warned of");
    }
}
