//! Reading one table, key by key: what is missing takes its default, what is wrong becomes a fault, and what is left
//! over is unknown. Knows [`reference`](super::reference); does not know what a setting is for.

use super::environment;
use super::fault::{Fault, Faults, Place, Warning};
use super::node::{Entry, Node, Table, Value};
use super::reference::{self, Absent};
use std::collections::BTreeMap;

/// One reading of the settings: the variables that secrets may stand in, and what was found amiss so far.
pub(super) struct Reading {
    pub(super) variables: BTreeMap<String, String>,
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<Warning>,
}

impl Reading {
    pub(super) fn new(variables: BTreeMap<String, String>) -> Self {
        Self { variables, faults: Vec::new(), warnings: Vec::new() }
    }

    /// The faults in the order of their places, if there are any; else `settled` and the warnings.
    pub(super) fn finish<T>(mut self, settled: Option<T>) -> Result<(T, Vec<Warning>), Faults> {
        self.faults.sort_by(|a, b| a.place.cmp(&b.place));
        match settled {
            Some(settled) if self.faults.is_empty() => Ok((settled, self.warnings)),
            Some(_) | None => Err(Faults(self.faults)),
        }
    }
}

/// A table being read.
pub(super) struct Section<'r> {
    pub(super) reading: &'r mut Reading,
    /// The section's name in the reference.
    name: &'static str,
    /// Its name in this file: `gateway[0].route[1]`.
    path: String,
    place: Place,
    left: Table,
    places: BTreeMap<String, Place>,
}

/// A table of the file that is not yet being read.
pub(super) struct Unread {
    pub(super) path: String,
    pub(super) node: Node,
}

impl<'r> Section<'r> {
    /// Starts to read `node`, which must be a table.
    pub(super) fn open(name: &'static str, unread: Unread, reading: &'r mut Reading) -> Option<Self> {
        let Unread { path, node: Node { place, value } } = unread;
        let Value::Table(left) = value else {
            let expected = format!("a table: [{name}] with settings under it");
            reading.faults.push(Fault { place, path, found: value.shown(), expected, hint: None });
            return None;
        };
        let places = left.iter().map(|(key, entry)| (key.clone(), entry.node.place.clone())).collect();
        Some(Self { reading, name, path, place, left, places })
    }

    /// A setting: as given, else its default, else `None`. `parse` says in its error what is expected.
    pub(super) fn get<T>(&mut self, key: &str, parse: impl Fn(&Value) -> Result<T, String>) -> Option<T> {
        self.read(key, parse, Value::shown)
    }

    /// As [`get`](Self::get), for what may be a secret by mistake: a fault does not show it.
    pub(super) fn get_hidden<T>(&mut self, key: &str, parse: impl Fn(&Value) -> Result<T, String>) -> Option<T> {
        self.read(key, parse, |value| value.kind().to_owned())
    }

    fn read<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&Value) -> Result<T, String>,
        show: impl Fn(&Value) -> String,
    ) -> Option<T> {
        let node = self.take(key)?;
        match parse(&node.value) {
            Ok(value) => Some(value),
            Err(expected) => {
                self.fault(key, node.place, show(&node.value), expected);
                None
            }
        }
    }

    /// A setting that may stay unset: the outer `None` says that it is wrong, the inner one that it is not there.
    pub(super) fn maybe<T>(&mut self, key: &str, parse: impl Fn(&Value) -> Result<T, String>) -> Option<Option<T>> {
        if !self.has(key) {
            return Some(None);
        }
        self.get(key, parse).map(Some)
    }

    /// Whether the key is given, read or not.
    pub(super) fn has(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    /// Whether the value of `key` stands in a file as text, not yet taken.
    pub(super) fn is_written_out(&self, key: &str) -> bool {
        let in_file = |node: &Node| matches!(node.place, Place::File { .. }) && node.value.text().is_some();
        self.left.get(key).is_some_and(|entry| in_file(&entry.node))
    }

    /// The value of `key`, or its default; where it is required and missing, that is a fault.
    pub(super) fn take(&mut self, key: &str) -> Option<Node> {
        if let Some(entry) = self.left.remove(key) {
            return Some(entry.node);
        }
        let setting = reference::find(self.name, key).expect("every setting that is read stands in the reference");
        match setting.absent {
            Absent::Default(text) => Some(Node { place: self.place.clone(), value: Value::Loose(text.to_owned()) }),
            Absent::Required => {
                self.missing(key);
                None
            }
            Absent::Nothing | Absent::NotYet => None,
        }
    }

    /// Counts `keys` as read: another fault speaks of them.
    pub(super) fn forget<const N: usize>(&mut self, keys: [&str; N]) {
        for key in keys {
            self.left.remove(key);
        }
    }

    /// The tables of `[[key]]`, to be read after this one is closed.
    pub(super) fn tables(&mut self, key: &str) -> Vec<Unread> {
        let Some(Entry { node, .. }) = self.left.remove(key) else { return Vec::new() };
        let path = self.path_of(key);
        let Value::List(nodes) = node.value else {
            self.fault(
                key,
                node.place,
                node.value.kind().to_owned(),
                format!("[[{}]] with two brackets", plain(&path)),
            );
            return Vec::new();
        };
        nodes.into_iter().enumerate().map(|(at, node)| Unread { path: format!("{path}[{at}]"), node }).collect()
    }

    /// The table `[key]`, to be read after this one is closed; an empty one if it is not there.
    pub(super) fn table(&mut self, key: &str) -> Unread {
        let empty = Node { place: self.place.clone(), value: Value::Table(Table::new()) };
        let node = self.left.remove(key).map_or(empty, |entry| entry.node);
        Unread { path: self.path_of(key), node }
    }

    /// Ends the reading: whatever nobody took is unknown, or not available yet.
    pub(super) fn close(mut self) {
        for (key, entry) in std::mem::take(&mut self.left) {
            let known = reference::find(self.name, &key);
            match known {
                Some(_) => self.not_yet(&key, entry.place),
                None => self.unknown(&key, entry.place),
            }
        }
    }

    /// Records a fault of `key` at `place`.
    pub(super) fn fault(&mut self, key: &str, place: Place, found: String, expected: String) {
        let path = self.path_of(key);
        self.reading.faults.push(Fault { place, path, found, expected, hint: None });
    }

    /// Records a fault of `key` where it stands, else where its table does.
    pub(super) fn fault_at(&mut self, key: &str, found: impl Into<String>, expected: impl Into<String>) {
        self.fault(key, self.place_of(key), found.into(), expected.into());
    }

    /// Records that `key` is missing, and which variable would give it where there is no file.
    pub(super) fn missing(&mut self, key: &str) {
        let setting = reference::find(self.name, key);
        let expected = setting.map_or("a value", |setting| setting.meaning).to_owned();
        let variable = setting.and_then(|setting| setting.variable).filter(|_| self.is_from_variables());
        let hint = variable.map(|name| self.how_to_set(name));
        let (place, path) = (self.place.clone(), self.path_of(key));
        self.reading.faults.push(Fault { place, path, found: "nothing".to_owned(), expected, hint });
    }

    /// Records a warning about `key`, or about the table itself where `key` is empty.
    pub(super) fn warn(&mut self, key: &str, text: impl Into<String>) {
        let (path, place) = (self.path_of(key), self.place_of(key));
        self.reading.warnings.push(Warning { place, path, text: text.into() });
    }

    /// Where `key` is set, else where its table stands.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.places.get(key).unwrap_or(&self.place).clone()
    }

    /// The full path of `key`; of the table itself where `key` is empty.
    pub(super) fn path_of(&self, key: &str) -> String {
        match (self.path.is_empty(), key.is_empty()) {
            (true, _) => key.to_owned(),
            (false, true) => self.path.clone(),
            (false, false) => format!("{}.{key}", self.path),
        }
    }

    fn is_from_variables(&self) -> bool {
        matches!(self.place, Place::Environment | Place::Variable(_))
    }

    fn how_to_set(&self, variable: &str) -> String {
        let misspelt = environment::misspelt(&self.reading.variables);
        match misspelt.iter().find(|(_, meant)| *meant == variable) {
            Some((name, _)) => format!("set {variable}; is {name} a misspelling of it?"),
            None => format!("set {variable}"),
        }
    }

    fn not_yet(&mut self, key: &str, place: Place) {
        let expected = "no such setting: it is not available yet in this version; leave it out".to_owned();
        self.fault(key, place, format!("`{key}`"), expected);
    }

    fn unknown(&mut self, key: &str, place: Place) {
        let names = self.known_names();
        let path = self.path_of(key);
        let hint = nearest(key, names.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        let expected = format!("one of {}", names.join(", "));
        let found = format!("the unknown {} `{key}`", if self.name.is_empty() { "section" } else { "setting" });
        self.reading.faults.push(Fault { place, path, found, expected, hint });
    }

    fn known_names(&self) -> Vec<&'static str> {
        let settings = reference::of_section(self.name).filter(|setting| setting.absent != Absent::NotYet);
        let mut names: Vec<&str> = settings.map(|setting| setting.key).collect();
        match self.name {
            "" => names.extend(["server", "storage", "graph", "send", "gateway", "key"]),
            "gateway" => names.push("route"),
            "gateway.route" => names.push("batch"),
            "server" => names.push("tls"),
            _ => {}
        }
        names
    }
}

/// `gateway[0].route` as it is written in a header: `gateway.route`.
fn plain(path: &str) -> String {
    let mut depth = 0;
    let outside = path.chars().filter(|c| {
        depth += usize::from(*c == '[');
        let keep = depth == 0;
        depth -= usize::from(*c == ']');
        keep
    });
    outside.collect()
}

/// The known word that `typed` was probably meant to be.
pub(super) fn nearest<'n>(typed: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let typed = typed.to_lowercase().replace('-', "_");
    let near = |word: &&str| strsim::damerau_levenshtein(&typed, &word.to_lowercase());
    let best = known.into_iter().min_by_key(near)?;
    let allowed = best.chars().count().min(typed.chars().count()).div_ceil(3).min(3);
    (near(&best) <= allowed).then_some(best)
}
