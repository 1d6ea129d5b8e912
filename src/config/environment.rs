//! Variables: overrides of single values, and a whole gateway where there is no file. Knows names, not meanings.

use super::fault::{Fault, Place};
use super::node::{Entry, Node, Table, Value};
use super::reference::{OVERRIDABLE, SETTINGS};
use super::section::nearest;
use std::collections::BTreeMap;

/// The variables, by name.
pub(super) type Variables = BTreeMap<String, String>;

/// Sets what `WHARF_SECTION__KEY` says; an empty variable counts as not set, as compose files leave them.
pub(super) fn overrule(root: &mut Table, variables: &Variables) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (name, text) in variables {
        let Some((section, key)) = name.strip_prefix("WHARF_").and_then(|rest| rest.split_once("__")) else { continue };
        if text.is_empty() {
            continue;
        }
        let (section, key) = (section.to_lowercase(), key.to_lowercase());
        if !OVERRIDABLE.contains(&section.as_str()) {
            faults.push(not_overridable(name, &section, &key));
            continue;
        }
        set(root, &section, key, loose(name, text));
    }
    faults
}

fn set(root: &mut Table, section: &str, key: String, entry: Entry) {
    let table = root.entry(section.to_owned()).or_insert_with(|| Entry {
        place: Place::Environment,
        node: Node { place: Place::Environment, value: Value::Table(Table::new()) },
    });
    // Where the file has something else than a table there, that is the fault to mend first.
    let Value::Table(table) = &mut table.node.value else { return };
    match key.split_once("__") {
        Some((inner, key)) => set(table, inner, key.to_owned(), entry),
        None => drop(table.insert(key, entry)),
    }
}

fn loose(name: &str, text: &str) -> Entry {
    let place = Place::Variable(name.to_owned());
    Entry { place: place.clone(), node: Node { place, value: Value::Loose(text.to_owned()) } }
}

fn not_overridable(name: &str, section: &str, key: &str) -> Fault {
    let near = nearest(section, OVERRIDABLE);
    let hint = near.map(|near| format!("did you mean WHARF_{}__{}?", near.to_uppercase(), key.to_uppercase()));
    Fault {
        place: Place::Variable(name.to_owned()),
        path: format!("{section}.{key}"),
        found: format!("the section `{section}`"),
        expected: format!("one of {}: variables override single values of these", OVERRIDABLE.join(", ")),
        hint,
    }
}

/// Whether any variable that makes a gateway is set.
pub(super) fn names_a_gateway(variables: &Variables) -> bool {
    plain_names().any(|name| given(variables, name).is_some())
}

/// Variables that look like one of ours but are none: `WHARF_VERIFY_TOKN` and the name that was probably meant.
pub(super) fn misspelt(variables: &Variables) -> Vec<(String, &'static str)> {
    let ours = |name: &&String| name.starts_with("WHARF_") && !name.contains("__");
    let unknown = variables.keys().filter(ours).filter(|name| !plain_names().any(|known| known == *name));
    let free = || plain_names().filter(|known| given(variables, known).is_none());
    unknown.filter_map(|name| Some((name.clone(), nearest(name, free())?))).collect()
}

fn plain_names() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().filter_map(|setting| setting.variable)
}

fn given<'v>(variables: &'v Variables, name: &str) -> Option<&'v str> {
    variables.get(name).map(String::as_str).filter(|text| !text.is_empty())
}

/// The one gateway, its route and its key, as a file would say them.
pub(super) fn gateway(variables: &Variables) -> Table {
    let mut gateway = section("gateway", variables);
    gateway.insert("uri".to_owned(), fixed(Value::Text("whatsapp".to_owned())));
    let mut route = section("gateway.route", variables);
    if !route.is_empty() {
        route.insert("name".to_owned(), fixed(Value::Text("default".to_owned())));
        gateway.insert("route".to_owned(), one(route));
    }
    let mut root = Table::from([("gateway".to_owned(), one(gateway))]);
    let mut key = section("key", variables);
    if !key.is_empty() {
        let scopes = crate::auth::Scope::ALL.map(|scope| fixed(Value::Text(scope.word().to_owned())).node);
        key.insert("name".to_owned(), fixed(Value::Text("default".to_owned())));
        key.insert("scopes".to_owned(), fixed(Value::List(scopes.into())));
        root.insert("key".to_owned(), one(key));
    }
    root
}

fn section(name: &str, variables: &Variables) -> Table {
    let settings = SETTINGS.iter().filter(|setting| setting.section == name);
    let set = settings.filter_map(|setting| {
        let variable = setting.variable?;
        Some((setting.key.to_owned(), loose(variable, given(variables, variable)?)))
    });
    set.collect()
}

fn one(table: Table) -> Entry {
    let node = Node { place: Place::Environment, value: Value::Table(table) };
    fixed(Value::List(vec![node]))
}

fn fixed(value: Value) -> Entry {
    Entry { place: Place::Environment, node: Node { place: Place::Environment, value } }
}
