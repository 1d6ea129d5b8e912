//! Real payloads, where a folder of them is at hand: `WHARF_CORPUS` names it.

use super::*;
use crate::cloud::signature;
use crate::gateway::Secret;
use std::path::{Path, PathBuf};

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            into.push(path);
        }
    }
}

fn corpus() -> Vec<PathBuf> {
    let mut found = Vec::new();
    if let Some(folder) = std::env::var_os("WHARF_CORPUS") {
        files(Path::new(&folder), &mut found);
        assert!(!found.is_empty(), "WHARF_CORPUS holds no payloads");
    }
    found
}

#[test]
fn every_real_payload_is_cut_without_loss() {
    for path in corpus() {
        let body = Bytes::from(std::fs::read(&path).expect("a payload is readable"));
        let items = split(&body).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let json: Json = serde_json::from_slice(&body).expect("a payload is JSON");
        assert_eq!(items.len(), counted(&json), "{}", path.display());
        assert_sound(&body, &items);
        assert_lossless(&body, &items);
    }
}

#[test]
fn genuine_signatures_verify() {
    for path in corpus() {
        let Ok(meta) = std::fs::read_to_string(path.with_extension("meta.txt")) else {
            continue;
        };
        let after = |mark: &str| {
            meta.split(mark).nth(1).and_then(|rest| rest.lines().next()).expect("the mark is there").trim().to_owned()
        };
        let secrets = [Secret::new("another"), Secret::new(after("app_secret="))];
        let body = std::fs::read(&path).expect("a payload is readable");
        let header = after("X-Hub-Signature-256: ");
        assert_eq!(signature::verify(Some(header.as_bytes()), &body, &secrets), Ok(1));
        assert_eq!(signature::sign(&secrets[1], &body), header);
    }
}
