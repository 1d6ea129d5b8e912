//! What documents say in code is so: blocks parse, paths and settings exist, and alerts, runbook, dashboard and metrics
//! name one another. Reads documents and the public face of the code; starts nothing. What needs other programs (the
//! verifiers, promtool) is in tests/peers.

mod alerts;
mod blocks;
mod dashboard;
mod mentions;
mod metrics;

use std::path::{Path, PathBuf};

/// The documents for people.
const DOCUMENTS: [&str; 4] = ["README.md", "deploy/README.md", "deploy/RUNBOOK.md", "deploy/APPLICATIONS.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The words in `text` that may be names: letters, digits and `_`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}

/// The names of metrics in `text`, those of a histogram's parts as the histogram's.
fn metrics_in(text: &str) -> impl Iterator<Item = &str> {
    let names = words(text).filter(|word| word.starts_with("wharf_") || word.starts_with("process_"));
    names.map(|name| {
        let parts = ["_bucket", "_sum", "_count"].into_iter();
        parts.filter_map(|part| name.strip_suffix(part)).find(|whole| is_metric(whole)).unwrap_or(name)
    })
}

fn is_metric(name: &str) -> bool {
    wharf::ops::metrics::catalogue::METRICS.iter().any(|metric| metric.name == name)
}

/// The headings of a level, such as `### `, between the heading `from` and the next one of its level.
fn headings<'t>(text: &'t str, from: &str, level: &str) -> Vec<&'t str> {
    let (_, part) = text.split_once(from).unwrap_or_else(|| panic!("no heading {from:?}"));
    let part = part.split("\n## ").next().expect("a split has a first part");
    part.lines().filter_map(|line| line.strip_prefix(level)).collect()
}
