//! Fenced blocks: each language that a machine reads is read.

use super::{DOCUMENTS, read};
use wharf::config::{Settings, reference};

/// A fenced block: where it stands, the word after the fence, what is in it.
struct Block {
    place: String,
    language: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    for document in DOCUMENTS {
        let text = read(document);
        let mut open: Option<(String, Block)> = None;
        for (nth, line) in text.lines().enumerate() {
            let is_fence = line.trim_start().starts_with("```");
            open = match (open, is_fence) {
                (None, false) => None,
                (None, true) => {
                    let (indent, info) = line.split_once("```").expect("looked at just now");
                    let language = info.split(' ').next().unwrap_or_default().to_owned();
                    let place = format!("{document}:{}", nth + 1);
                    Some((indent.to_owned(), Block { place, language, text: String::new() }))
                }
                (Some((_, block)), true) => {
                    blocks.push(block);
                    None
                }
                (Some((indent, mut block)), false) => {
                    block.text.push_str(line.strip_prefix(&*indent).unwrap_or(line));
                    block.text.push('\n');
                    Some((indent, block))
                }
            };
        }
        assert!(open.is_none(), "{document} has a fence that never closes");
    }
    blocks
}

fn of(language: &str) -> Vec<Block> {
    let found: Vec<Block> = blocks().into_iter().filter(|block| block.language == language).collect();
    assert!(!found.is_empty(), "no document has a block of {language}: has the way of writing them changed?");
    found
}

#[test]
fn every_block_says_its_language() {
    let known = ["sh", "json", "toml", "text", "python", "javascript", "java", "yaml", "ini", "console", "mermaid"];
    for block in blocks() {
        assert!(known.contains(&&*block.language), "{}: {:?} is none of {known:?}", block.place, block.language);
    }
}

#[test]
fn every_block_of_json_parses() {
    for block in of("json") {
        let parsed = serde_json::from_str::<serde_json::Value>(&block.text);
        parsed.unwrap_or_else(|error| panic!("{}: {error}\n{}", block.place, block.text));
    }
}

#[test]
fn every_block_of_toml_is_a_piece_of_settings() {
    for block in of("toml") {
        let table: toml::Table = block.text.parse().unwrap_or_else(|error| panic!("{}: {error}", block.place));
        known(&block.place, "", &toml::Value::Table(table));
    }
}

/// A piece with everything in it that Wharf needs is whole: then it is taken.
#[test]
fn every_block_with_a_gateway_and_a_key_is_taken_by_wharf() {
    let whole: Vec<Block> = of("toml").into_iter().filter(|block| block.text.contains("[[key]]")).collect();
    assert!(!whole.is_empty(), "APPLICATIONS.md shows whole settings");
    for block in whole {
        let taken = Settings::parse(&block.place, &block.text, std::iter::empty());
        taken.unwrap_or_else(|faults| panic!("{}: {faults}", block.place));
    }
}

/// Every key below `path` is a setting's, or a table on the way to one.
fn known(place: &str, path: &str, value: &toml::Value) {
    let is_secret = |table: &toml::Table| ["env", "file"].iter().any(|key| table.contains_key(*key));
    match value {
        toml::Value::Table(table) if path.is_empty() || !is_secret(table) => {
            for (key, value) in table {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let on_the_way = format!("{below}.");
                let is_known = |setting: &reference::Setting| {
                    let setting = setting.path();
                    setting == below || setting.starts_with(&on_the_way)
                };
                assert!(reference::SETTINGS.iter().any(is_known), "{place}: there is no setting {below}");
                known(place, &below, value);
            }
        }
        toml::Value::Array(values) => {
            values.iter().filter(|value| value.is_table()).for_each(|value| known(place, path, value));
        }
        toml::Value::Table(_)
        | toml::Value::String(_)
        | toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_) => {}
    }
}
