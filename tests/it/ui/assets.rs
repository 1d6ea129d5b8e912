//! The dashboard's files: all there, small, guarded, and nobody's but this house's.

use crate::harness::http::{self, Answer};
use crate::harness::stage::Stage;
use flate2::read::GzDecoder;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

/// What all pages together may take on the wire, headers included.
const BUDGET: usize = 100_000;
/// More or less what an answer's head takes.
const HEAD: usize = 700;

async fn get(stage: &Stage, path: &str, headers: &[(&str, &str)]) -> Answer {
    http::get(&format!("{}{path}", stage.ops), headers).await
}

/// The files in the source folder.
fn files() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ui/assets");
    let entries = std::fs::read_dir(folder).expect("the folder of the dashboard's files");
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name in UTF-8")).collect()
}

/// What a file asks for: modules of scripts, links of the page. All by a name of this house.
fn references(text: &str) -> BTreeSet<String> {
    let quoted = text.split('"').filter_map(|part| part.strip_prefix("./").or_else(|| part.strip_prefix("/ui/")));
    quoted.filter(|name| name.contains('.')).map(str::to_owned).collect()
}

#[actix_web::test]
async fn every_file_is_served_with_its_kind_and_its_guards() {
    let stage = Stage::new().await;
    for name in files() {
        let path = if name == "index.html" { "/".to_owned() } else { format!("/ui/{name}") };
        let answer = get(&stage, &path, &[]).await;
        let kind = match name.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            other => panic!("nobody said how {other:?} is served"),
        };
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{name}");
        let policy = answer.header("content-security-policy").expect("a policy");
        for rule in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"] {
            assert!(policy.contains(rule), "{name}: {policy}");
        }
        for rule in ["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(rule), "{name}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{name}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{name}");
    }
    for path in ["/ui/nothing", "/ui/", "/ui/..%2fmod.rs", "/ui/shelf.rs", "/index.html"] {
        assert_eq!(get(&stage, path, &[]).await.status, 404, "{path}");
    }
    assert_eq!(http::get(&format!("{}/", stage.public), &[]).await.status, 404, "operators do not come in here");
    stage.end().await;
}

#[actix_web::test]
async fn what_a_file_asks_for_is_there_and_nothing_is_left_over() {
    let stage = Stage::new().await;
    let mut asked = BTreeSet::from(["index.html".to_owned()]);
    for name in files() {
        let answer = get(&stage, &if name == "index.html" { "/".into() } else { format!("/ui/{name}") }, &[]).await;
        let text = answer.text();
        // The one address in a file is a namespace, which nobody fetches.
        let elsewhere = text.replace("http://www.w3.org/2000/svg", "");
        assert!(!elsewhere.contains("://") || name == "icon.svg", "{name} names another host");
        assert!(!text.contains("innerHTML") && !text.contains("insertAdjacent") && !text.contains("document.write"));
        assert!(!text.contains(" style=") && !text.contains(" onclick=") && !text.contains("eval("), "{name}");
        asked.extend(references(text));
    }
    assert_eq!(asked, files(), "every file is asked for, and every one asked for is there");
    stage.end().await;
}

#[actix_web::test]
async fn all_pages_together_are_small() {
    let stage = Stage::new().await;
    let mut sum = 0;
    for name in files().iter().filter(|name| *name != "index.html") {
        let url = format!("/ui/{name}");
        let answer = get(&stage, &url, &[("Accept-Encoding", "gzip, deflate, br")]).await;
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(answer.header("content-encoding"), Some("gzip"), "{name}");
        let mut unpacked = Vec::new();
        GzDecoder::new(&*answer.body).read_to_end(&mut unpacked).expect("gzip");
        assert_eq!(unpacked, get(&stage, &url, &[]).await.body, "{name}");
        sum += HEAD + answer.body.len();
    }
    assert!(sum < BUDGET, "{sum} bytes");
    stage.end().await;
}

#[actix_web::test]
async fn a_browser_that_has_a_file_is_told_so_until_there_is_another() {
    let stage = Stage::new().await;
    let first = get(&stage, "/ui/main.js", &[]).await;
    let tag = first.header("etag").expect("a tag").to_owned();
    assert_eq!(first.header("cache-control"), Some("no-cache"), "asked about each time");
    let again = get(&stage, "/ui/main.js", &[("If-None-Match", &format!("\"other\", {tag}"))]).await;
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(tag.as_str())));
    let other = get(&stage, "/ui/dom.js", &[("If-None-Match", &tag)]).await;
    assert_eq!(other.status, 200, "each file has its own");
    stage.end().await;
}
