//! Where the payloads come from, and which accounts and numbers they speak of. Knows no gateway.

use crate::built_in;
use crate::items::{self, Item, Members, elements, object};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wharf_actors::cloud::signature::sign;
use wharf_actors::gateway::Secret;

/// One POST.
pub(crate) struct Payload {
    /// Its file, or its story.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) body: Vec<u8>,
}

/// A POST with the signature it really had.
pub(crate) struct Genuine {
    pub(crate) payload: Payload,
    pub(crate) secret: Secret,
    pub(crate) signature: String,
}

/// Display numbers by phone number id, by account.
pub(crate) type Accounts = BTreeMap<String, BTreeMap<String, String>>;

impl Payload {
    /// Its items.
    pub(crate) fn items(&self) -> Vec<Item> {
        items::of(&self.body)
    }
}

/// Every payload there is, and where they come from.
pub(crate) fn all() -> (&'static str, Vec<Payload>) {
    let Some(folder) = folder() else {
        println!("skipped: WHARF_CORPUS is not set; payloads of our own take the place of real ones");
        return ("built in", built_in::payloads());
    };
    let read = |path: &PathBuf| Payload { name: path.display().to_string(), body: bytes(path) };
    let found: Vec<Payload> = files(&folder).iter().map(read).collect();
    assert!(!found.is_empty(), "WHARF_CORPUS={} holds no payloads", folder.display());
    ("WHARF_CORPUS", found)
}

/// Payloads with genuine signatures: those with a `.meta.txt` beside them, or one that we signed.
pub(crate) fn genuine() -> Vec<Genuine> {
    let Some(folder) = folder() else {
        let (payload, secret) = (built_in::payloads().remove(0), Secret::new("built in"));
        let signature = sign(&secret, &payload.body);
        return vec![Genuine { payload, secret, signature }];
    };
    let found: Vec<Genuine> = files(&folder).iter().filter_map(|path| signed(path)).collect();
    assert!(!found.is_empty(), "WHARF_CORPUS={} holds no signed payload", folder.display());
    found
}

fn signed(path: &Path) -> Option<Genuine> {
    let beside = std::fs::read_to_string(path.with_extension("meta.txt")).ok()?;
    let after = |mark: &str| {
        let found = beside.lines().find_map(|line| line.strip_prefix(mark));
        found.unwrap_or_else(|| panic!("{} has a line {mark}", path.display())).trim().to_owned()
    };
    let payload = Payload { name: path.display().to_string(), body: bytes(path) };
    Some(Genuine { payload, secret: Secret::new(after("app_secret=")), signature: after("X-Hub-Signature-256: ") })
}

/// The accounts that the payloads speak of, with the numbers that stand beside them. What has no account's id, such
/// as a placeholder of some documentation, is nobody's.
pub(crate) fn accounts(payloads: &[Payload]) -> Accounts {
    let mut accounts = Accounts::new();
    for payload in payloads {
        let post: Members<'_> = serde_json::from_slice(&payload.body).expect("a payload is a JSON object");
        let entries = elements_of(&post, "entry").into_iter().filter_map(object);
        for entry in entries {
            let changes = elements_of(&entry, "changes").into_iter().filter_map(object);
            for value in changes.filter_map(|change| object_in(&change, "value")) {
                let inside = object_in(&value, "waba_info").unwrap_or_default();
                note(&mut accounts, text(&inside, "waba_id"), &Members::new());
                note(&mut accounts, text(&entry, "id"), &object_in(&value, "metadata").unwrap_or_default());
            }
        }
    }
    accounts
}

fn note(accounts: &mut Accounts, id: Option<String>, metadata: &Members<'_>) {
    let is_account = |id: &String| id != "0" && id.bytes().all(|byte| byte.is_ascii_digit());
    let Some(id) = id.filter(is_account) else { return };
    let numbers = accounts.entry(id).or_default();
    if let (Some(number), Some(display)) = (text(metadata, "phone_number_id"), text(metadata, "display_phone_number")) {
        numbers.insert(number, display);
    }
}

fn object_in<'a>(members: &Members<'a>, name: &str) -> Option<Members<'a>> {
    members.get(name).and_then(|json| object(json))
}

fn elements_of<'a>(members: &Members<'a>, name: &str) -> Vec<&'a RawValue> {
    members.get(name).map(|json| elements(json)).unwrap_or_default()
}

fn text(members: &Members<'_>, name: &str) -> Option<String> {
    members.get(name).and_then(|json| serde_json::from_str(json.get()).ok())
}

fn folder() -> Option<PathBuf> {
    std::env::var_os("WHARF_CORPUS").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let read = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("WHARF_CORPUS={}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = read.map(|entry| entry.expect("an entry is readable").path()).collect();
    paths.sort();
    let is_payload = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    let found = paths.into_iter().map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    found.flatten().filter(is_payload).collect()
}
