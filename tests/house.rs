//! The few rules of the house that are worth a test: which room may know which, what the rules may not touch, how files
//! begin and how long they are. Reads sources and manifests; starts nothing.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a source file, tests apart, beyond which somebody must cut it.
const LONGEST: usize = 400;
/// What a decision may not see: actors, HTTP, the time, chance, logs.
const IMPURE: [&str; 12] = [
    "actix",
    "awc",
    "SystemTime",
    "Instant",
    "rand::",
    "log::",
    "tokio",
    "std::fs",
    "std::net",
    "std::thread",
    "std::env",
    "clock::",
];

struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// The path from the root of the repository.
    fn name(&self) -> String {
        self.path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned()
    }

    fn is_test(&self) -> bool {
        let parts: Vec<String> = self.name().split(['/', '.']).map(str::to_owned).collect();
        let tests = ["tests", "testing", "contract", "examples", "fake", "oddities"];
        parts.iter().any(|part| tests.contains(&part.as_str()) || part.ends_with("_tests"))
    }

    /// The lines before the tests at the end of the file, comments left out.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let ends = self.text.find("#[cfg(test)]\nmod tests {").unwrap_or(self.text.len());
        let lines = self.text[..ends].lines().enumerate().map(|(nth, line)| (nth + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Lines of code in which one of `words` stands, as `path:line: text`.
    fn says(&self, words: &[&str]) -> Vec<String> {
        let found = self.code().filter(|(_, line)| words.iter().any(|word| contains_word(line, word)));
        found.map(|(nth, line)| format!("{}:{nth}: {}", self.name(), line.trim())).collect()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("sources are text");
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|left, right| left.path.cmp(&right.path));
    assert!(!sources.is_empty(), "{folder} has sources");
    sources
}

fn everywhere() -> Vec<Source> {
    let folders = ["src", "tests", "actors", "storage"];
    folders.iter().flat_map(|folder| sources(folder)).filter(|source| !source.name().contains("target/")).collect()
}

/// Whether `word` stands in `line` and is not the tail of a longer one: `sled::` is no part of `bobsled::`.
fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|before| !before.is_alphanumeric() && before != '_')
    })
}

/// The names in a manifest's tables of dependencies.
fn dependencies(manifest: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(manifest)).expect("a manifest");
    let table: toml::Table = text.parse().expect("TOML");
    let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
    let named = tables.iter().filter_map(|name| table.get(*name)?.as_table());
    named.flat_map(|table| table.keys().cloned()).collect()
}

fn none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn arrows_point_from_the_edge_to_the_actors_to_the_storage_only() {
    assert!(!dependencies("actors/Cargo.toml").contains(&"wharf".to_owned()), "actors know no edge");
    let storage = dependencies("storage/Cargo.toml");
    assert!(!storage.iter().any(|name| name.starts_with("wharf")), "storage knows no room above it");
    let strangers = ["actix", "actix-rt", "actix-web", "awc", "tokio", "clap", "toml", "serde_json"];
    let known: Vec<String> = storage.into_iter().filter(|name| strangers.contains(&name.as_str())).collect();
    none(&known, "storage knows neither HTTP, actors, settings nor Meta's JSON");
    let found: Vec<String> =
        sources("storage").iter().flat_map(|source| source.says(&["wharf::", "wharf_actors::"])).collect();
    none(&found, "storage uses no room above it");
    let found: Vec<String> = sources("actors").iter().flat_map(|source| source.says(&["wharf::"])).collect();
    none(&found, "actors use no room above them");
}

#[test]
fn the_rules_see_no_actor_no_clock_no_dice_and_no_log() {
    let rules = sources("actors/src/rules");
    let found: Vec<String> =
        rules.iter().filter(|source| !source.is_test()).flat_map(|source| source.says(&IMPURE)).collect();
    none(&found, "decisions take the time and chance as arguments and say what must happen");
}

#[test]
fn metas_dialect_is_pure_too() {
    let dialect = sources("actors/src/cloud");
    let words = ["actix", "awc", "SystemTime::now", "Instant::now", "rand::", "log::", "tokio"];
    let found: Vec<String> =
        dialect.iter().filter(|source| !source.is_test()).flat_map(|source| source.says(&words)).collect();
    none(&found, "the dialect is serde types and pure functions");
}

#[test]
fn one_folder_of_storage_says_sled() {
    let engine =
        |source: &&Source| !source.name().starts_with("storage/src/sled/") && source.name() != "tests/house.rs";
    let found: Vec<String> = everywhere().iter().filter(engine).flat_map(|source| source.says(&["sled::"])).collect();
    // The room's door hands out the engine by name, and its own tests open it.
    let door = |line: &String| line.starts_with("storage/src/lib.rs:") && line.contains("pub use sled::");
    let found: Vec<String> =
        found.into_iter().filter(|line| !door(line) && !line.starts_with("storage/tests/")).collect();
    none(&found, "who wants another engine changes one folder");
    for manifest in ["Cargo.toml", "actors/Cargo.toml"] {
        assert!(!dependencies(manifest).contains(&"sled".to_owned()), "{manifest} does not know the database");
    }
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let silent = |source: &&Source| !source.text.starts_with("//! ");
    let found: Vec<String> = everywhere().iter().filter(silent).map(Source::name).collect();
    none(&found, "a file begins with `//!`, what it is for and what it must not know");
}

#[test]
fn nothing_unwraps_outside_tests() {
    let found: Vec<String> = everywhere()
        .iter()
        .filter(|source| !source.is_test())
        .flat_map(|source| source.says(&["unwrap()", "unwrap_err()"]))
        .collect();
    none(&found, "`expect(\"why it cannot fail\")`, or an error");
}

#[test]
fn no_file_is_longer_than_people_read() {
    let found: Vec<String> = everywhere()
        .iter()
        .filter(|source| !source.is_test())
        .map(|source| (source.name(), source.code().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(name, lines)| format!("{name}: {lines} lines"))
        .collect();
    none(&found, "cut it where a reader would");
}

#[test]
fn no_room_is_called_after_what_it_has_in_common() {
    let vague = ["utils", "util", "common", "helpers", "helper", "types", "manager", "misc"];
    let is_vague = |source: &&Source| source.name().split(['/', '.']).any(|part| vague.contains(&part));
    let found: Vec<String> = everywhere().iter().filter(is_vague).map(Source::name).collect();
    none(&found, "a file is named after its idea");
}
