//! What documents name exists: paths of the ops listener, settings, variables, metrics, places in other documents.

use super::{DOCUMENTS, is_metric, metrics_in, read, root};
use std::collections::BTreeSet;
use std::path::Path;
use wharf::config::reference;

/// The paths of the router.
fn served() -> Vec<String> {
    let router = read("src/router.rs");
    let paths = router.split('"').skip(1).step_by(2).filter(|text| text.starts_with("/api/"));
    paths.map(str::to_owned).collect()
}

/// Where a path in a text ends.
fn ends_path(c: char) -> bool {
    c.is_whitespace() || "`\"'?,;)|<>".contains(c)
}

#[test]
fn every_path_of_the_api_that_a_document_names_is_served() {
    let served = served();
    for document in DOCUMENTS {
        let text = read(document);
        for (at, _) in text.match_indices("/api/") {
            let path = text[at..].split(ends_path).next().unwrap_or_default().trim_end_matches(['.', ':']);
            assert!(
                path == "/api/" || served.iter().any(|known| fits(path, known)),
                "{document}: {path} is not served"
            );
        }
    }
}

/// Whether `said` is `known` with something in its braces.
fn fits(said: &str, known: &str) -> bool {
    let (said, known): (Vec<&str>, Vec<&str>) = (said.split('/').collect(), known.split('/').collect());
    let same = |(said, known): (&&str, &&str)| if known.starts_with('{') { !said.is_empty() } else { said == known };
    said.len() == known.len() && said.iter().zip(&known).all(same)
}

#[test]
fn every_setting_that_a_document_names_exists() {
    let sections: BTreeSet<&str> = reference::SETTINGS.iter().map(|setting| setting.section).collect();
    for document in DOCUMENTS {
        for span in spans(&read(document)) {
            let name = span.split([' ', '=']).next().unwrap_or_default();
            let is_name =
                name.contains('.') && name.chars().all(|c| c.is_ascii_lowercase() || "._0123456789".contains(c));
            let begins = sections.iter().any(|section| name.starts_with(&format!("{section}.")));
            if !is_name || !begins || is_file(name) {
                continue;
            }
            let inside = format!("{name}.");
            let known = |setting: &reference::Setting| setting.path() == name || setting.path().starts_with(&inside);
            assert!(reference::SETTINGS.iter().any(known), "{document}: there is no setting {name}");
        }
    }
}

fn is_file(name: &str) -> bool {
    [".rs", ".md", ".toml", ".json"].iter().any(|ending| name.ends_with(ending))
}

#[test]
fn every_metric_that_a_document_names_exists() {
    for document in DOCUMENTS {
        let text = read(document);
        for name in spans(&text).iter().flat_map(|span| metrics_in(span)) {
            assert!(is_metric(name), "{document}: there is no metric {name}");
        }
    }
}

#[test]
fn every_place_that_a_document_links_to_exists() {
    for document in DOCUMENTS {
        let text = read(document);
        let folder = Path::new(document).parent().expect("a document lies in a folder");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let Some((file, place)) = link.split_once('#').filter(|_| !link.contains("://")) else { continue };
            let target = if file.is_empty() { root().join(document) } else { root().join(folder).join(file) };
            let target = std::fs::read_to_string(&target).unwrap_or_else(|error| panic!("{document}: {link}: {error}"));
            assert!(anchors(&target).any(|anchor| anchor == place), "{document} links to {link}, which has no heading");
        }
    }
}

/// The places of a document that links can lead to.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let headings =
        text.lines().filter_map(|line| line.strip_prefix('#')).map(|line| line.trim_start_matches('#').trim());
    headings.map(|heading| {
        let kept = heading.to_lowercase().replace(' ', "-");
        kept.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    })
}

/// Code spans outside of blocks.
fn spans(text: &str) -> Vec<String> {
    let outside = text.split("```").step_by(2);
    outside.flat_map(|part| part.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn the_tests_read_paths_as_people_do() {
    assert!(fits("/api/accounts/$WABA/dead", "/api/accounts/{waba}/dead"));
    assert!(!fits("/api/accounts/$WABA/death", "/api/accounts/{waba}/dead"));
    assert!(!fits("/api/accounts//dead", "/api/accounts/{waba}/dead"));
    assert!(anchors("### What it's not\n").any(|anchor| anchor == "what-its-not"));
}
