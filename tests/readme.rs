//! README.md and deploy/README.md say what the code says: tables, files, commands and paths. Knows documents and the
//! public face of the code; starts nothing. `UPDATE_README=1 cargo test --test readme` writes the generated tables.

use clap::CommandFactory;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use wharf::cli::Cli;
use wharf::config::reference;

/// The documents whose commands and files are checked.
const DOCUMENTS: [&str; 2] = ["README.md", "deploy/README.md"];
/// The headers of Standard Webhooks; `webhook-` begins other words too.
const WEBHOOK_HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];
/// The rooms whose folders the code map must show.
const ROOMS: [&str; 3] = ["src", "actors/src", "storage/src"];

#[test]
fn the_table_of_settings_is_what_check_lists() {
    holds_table("settings", &reference::markdown());
}

#[test]
fn the_table_of_error_codes_is_the_one_in_the_code() {
    holds_table("errors", &wharf::error::markdown());
}

#[test]
fn the_table_of_numbers_that_ask_the_sandbox_for_a_fault_is_the_one_in_the_code() {
    holds_table("sandbox endings", &wharf::sandbox::faults::endings::markdown());
}

#[test]
fn every_file_of_the_code_map_exists() {
    let missing: Vec<PathBuf> = code_map().into_iter().filter(|path| !root().join(path).exists()).collect();
    assert!(missing.is_empty(), "the code map of README.md names what is not there: {missing:?}");
}

#[test]
fn every_folder_of_a_room_is_in_the_code_map() {
    let map = code_map();
    for room in ROOMS {
        for folder in folders(&root().join(room)) {
            let path = Path::new(room).join(folder);
            let shown = map.contains(&path) || map.contains(&path.with_extension("rs"));
            assert!(shown, "the code map of README.md does not show {}: give it a line", path.display());
        }
    }
}

#[test]
fn every_file_that_a_document_names_exists() {
    for document in DOCUMENTS {
        let text = read(document);
        let folder = Path::new(document).parent().expect("a document lies in a folder");
        let links = pieces(&text, "](", ")").into_iter().filter(|link| !link.contains(':') && !link.starts_with('#'));
        for link in links {
            let file = link.split('#').next().expect("a split has a first part");
            assert!(root().join(folder).join(file).exists(), "{document} links to {link}, which is not there");
        }
        for code in spans(&text).into_iter().filter(|code| code.contains('/') && code.ends_with(".rs")) {
            assert!(root().join(code).exists(), "{document} names {code}, which is not there");
        }
    }
}

#[test]
fn every_command_that_a_document_shows_exists() {
    for document in DOCUMENTS {
        let text = read(document);
        let commands: Vec<String> = commands(&text).collect();
        assert!(!commands.is_empty(), "{document} shows no command: has the way of writing them changed?");
        for command in commands {
            if let Err(what) = takes(&command) {
                panic!("{document} shows `wharf {command}`, but {what}");
            }
        }
    }
}

#[test]
fn every_path_of_the_ops_listener_is_in_the_readme() {
    let readme = read("README.md");
    // What a gateway's verbs do stands elsewhere, wherever they are.
    for path in wharf::router::OPS.iter().map(|endpoint| endpoint.path).filter(|path| *path != "/{uri}") {
        let is_told =
            ["GET", "POST", "PUT", "DELETE"].iter().any(|method| readme.contains(&format!("| `{method} {path}` |")));
        assert!(is_told, "README.md does not say what {path} is for");
    }
}

#[test]
fn every_header_of_ours_is_in_the_readme_and_every_header_there_is_in_the_code() {
    let mut code = String::new();
    ROOMS.iter().for_each(|room| sources(&root().join(room), &mut code));
    let (shown, written) = (headers(&read("README.md")), headers(&code));
    let untold: Vec<_> = written.difference(&shown).collect();
    assert!(untold.is_empty(), "README.md does not name {untold:?}");
    let unknown: Vec<_> = shown.difference(&written).collect();
    assert!(unknown.is_empty(), "README.md names headers that nothing sends or reads: {unknown:?}");
}

/// Our own headers in a text.
fn headers(text: &str) -> BTreeSet<String> {
    let starts = ["X-Wharf-", "X-WhatsApp-", "webhook-"].into_iter().flat_map(|start| text.match_indices(start));
    let names = starts.map(|(at, start)| {
        let rest = text[at + start.len()..].chars().take_while(|c| c.is_ascii_alphabetic() || *c == '-');
        format!("{start}{}", rest.collect::<String>())
    });
    let is_header = |name: &String| !name.starts_with("webhook-") || WEBHOOK_HEADERS.contains(&name.as_str());
    names.filter(is_header).collect()
}

/// Everything in the Rust files under `folder`.
fn sources(folder: &Path, into: &mut String) {
    for found in std::fs::read_dir(folder).expect("a folder").map(|found| found.expect("an entry").path()) {
        if found.is_dir() {
            sources(&found, into);
        } else if found.extension().is_some_and(|extension| extension == "rs") {
            into.push_str(&std::fs::read_to_string(&found).expect("a source file"));
        }
    }
}

#[test]
fn the_tests_read_documents_as_people_do() {
    let text =
        "`wharf check --list` and\n```sh\nA=1 wharf serve --config x & # wharf fly\ncargo run --release -- demo\n```\n";
    assert_eq!(commands(text).collect::<Vec<_>>(), ["serve --config x", "demo", "check --list"]);
    assert!(takes("check --list").is_ok() && takes("").is_ok());
    assert!(takes("fly").is_err() && takes("check --fly").is_err());
}

/// Checks, or with `UPDATE_README=1` writes, what stands between the two markers of `name`.
fn holds_table(name: &str, expected: &str) {
    let readme = read("README.md");
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = readme.split_once(&begin).unwrap_or_else(|| panic!("README.md lacks {begin}"));
    let (found, after) = rest.split_once(&end).unwrap_or_else(|| panic!("README.md lacks {end}"));
    let expected = format!("\n{expected}\n");
    if std::env::var_os("UPDATE_README").is_some() && found != expected {
        let text = format!("{before}{begin}{expected}{end}{after}");
        std::fs::write(root().join("README.md"), text).expect("README.md can be written");
        return;
    }
    assert!(
        found == expected,
        "the table `{name}` of README.md is not in step; UPDATE_README=1 writes this one:\n{expected}"
    );
}

/// The paths of the code map: two spaces deeper means inside.
fn code_map() -> Vec<PathBuf> {
    let readme = read("README.md");
    let (_, map) = readme.split_once("<!-- code map -->\n```text\n").expect("README.md has a code map");
    let (map, _) = map.split_once("\n```").expect("the code map ends");
    let mut above: Vec<PathBuf> = Vec::new();
    let mut paths = Vec::new();
    for line in map.lines() {
        let name = line.trim_start();
        above.truncate((line.len() - name.len()) / 2);
        let name = name.split("  ").next().expect("a split has a first part");
        let path = above.last().map_or_else(|| PathBuf::from(name), |folder| folder.join(name));
        above.push(path.clone());
        paths.push(path);
    }
    paths
}

/// The names of the folders in `folder`.
fn folders(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a room can be read").map(|entry| entry.expect("an entry"));
    let folders = entries.filter(|entry| entry.path().is_dir());
    folders.map(|folder| folder.file_name().to_string_lossy().into_owned()).collect()
}

/// What is said to `wharf` in the shell blocks and in the code spans of a document.
fn commands(text: &str) -> impl Iterator<Item = String> {
    let blocks = pieces(text, "```sh\n", "```").into_iter().flat_map(str::lines);
    let typed = blocks.flat_map(|line| line.split(" #").next().unwrap_or_default().split(['|', ';', '&']));
    let all: Vec<&str> = typed.chain(spans(text)).collect();
    all.into_iter().filter_map(to_wharf).collect::<Vec<_>>().into_iter()
}

/// The words after `wharf`, if that is what is called.
fn to_wharf(command: &str) -> Option<String> {
    let is_setting = |word: &&str| {
        word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    };
    let words: Vec<&str> = command.split_whitespace().skip_while(is_setting).collect();
    let said = match words.as_slice() {
        ["wharf", said @ ..] | ["cargo", "run", "--release", "--", said @ ..] => said,
        ["sudo", "wharf" | "/usr/local/bin/wharf", said @ ..] | ["/usr/local/bin/wharf", said @ ..] => said,
        _ => return None,
    };
    Some(said.join(" "))
}

/// Whether the command line knows these subcommands and options.
fn takes(said: &str) -> Result<(), String> {
    let mut command = Cli::command();
    for word in said.split_whitespace() {
        if let Some(option) = word.strip_prefix("--") {
            let name = option.split('=').next().expect("a split has a first part");
            let known = ["help", "version"].contains(&name)
                || command.get_arguments().any(|known| known.get_long() == Some(name));
            if !known {
                return Err(format!("there is no --{name}"));
            }
        } else if command.has_subcommands() {
            // What a command is about may stand before what is done: `routes WABA put`.
            let is_about = command.get_positionals().next().is_some();
            match command.find_subcommand(word).cloned() {
                Some(next) => command = next,
                None if is_about => {}
                None => return Err(format!("there is no command {word}")),
            }
        }
    }
    Ok(())
}

/// Code spans outside of blocks.
fn spans(text: &str) -> Vec<&str> {
    let outside = text.split("```").step_by(2);
    outside.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

/// Everything between `begin` and the next `end`.
fn pieces<'t>(text: &'t str, begin: &str, end: &str) -> Vec<&'t str> {
    let after = text.split(begin).skip(1);
    after.filter_map(|rest| rest.split(end).next()).collect()
}

fn read(document: &str) -> String {
    std::fs::read_to_string(root().join(document)).unwrap_or_else(|error| panic!("{document}: {error}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
