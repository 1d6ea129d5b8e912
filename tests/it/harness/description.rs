//! Whether an answer is what the API's own document says of it: status, media type and shape. Stricter than the document
//! is towards clients: a member that it does not describe is a fault. Knows no endpoint.

use super::http::Answer;
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// What the ops listener serves at `/api/openapi.json`.
pub(crate) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(wharf::ops::openapi::text()).expect("the document is JSON"));

/// What a shape may say beside what is checked here.
const WORDS: [&str; 6] = ["description", "format", "title", "default", "example", "maximum"];

/// Fails where `answer` to `method path` is not as described.
pub(crate) fn holds(method: &str, path: &str, answer: &Answer) {
    let faults = faults(method, path, answer);
    assert!(faults.is_empty(), "{method} {path} {}: {faults:#?}\n{}", answer.status, answer.text());
}

/// The path of the document that `path` is served under: of several the one with the most fixed parts.
pub(crate) fn template(path: &str) -> Option<&'static str> {
    let asked: Vec<&str> = path.split('?').next()?.split('/').collect();
    let fits = |known: &&String| {
        let parts: Vec<&str> = known.split('/').collect();
        let equal = |(part, asked): (&&str, &&str)| part == asked || (part.starts_with('{') && !asked.is_empty());
        parts.len() == asked.len() && parts.iter().zip(&asked).all(equal)
    };
    let paths = DOCUMENT["paths"].as_object().expect("paths").keys();
    paths.filter(fits).min_by_key(|known| known.matches('{').count()).map(String::as_str)
}

/// Everything in which `answer` is not as described.
fn faults(method: &str, path: &str, answer: &Answer) -> Vec<String> {
    let operation = template(path).map(|path| &DOCUMENT["paths"][path][method.to_lowercase()]);
    let Some(operation) = operation.filter(|operation| operation.is_object()) else {
        return if [404, 405].contains(&answer.status) { Vec::new() } else { vec!["not described at all".into()] };
    };
    let told = &operation["responses"][answer.status.to_string()];
    if told.is_null() {
        return vec!["an undescribed status".into()];
    }
    let shown = answer.header("content-type").unwrap_or_default();
    let Some(content) = told["content"].as_object() else {
        return if answer.body.is_empty() { Vec::new() } else { vec![format!("{shown} where nothing is told")] };
    };
    let Some((media_type, content)) = content.iter().find(|(media_type, _)| shown.starts_with(media_type.as_str()))
    else {
        return vec![format!("{shown} instead of {:?}", content.keys())];
    };
    let mut faults = Vec::new();
    if media_type == "application/json" {
        check(&content["schema"], &answer.json(), "", &mut faults);
    }
    faults
}

fn check(schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let Value::Object(schema) = schema else {
        return if schema == &Value::Bool(false) {
            faults.push(format!("{at}: nothing belongs here"))
        };
    };
    for (word, says) in schema {
        match word.as_str() {
            "$ref" => check(shape(says.as_str().expect("a reference")), value, at, faults),
            "anyOf" | "oneOf" if !is_any(says, value, at) => faults.push(format!("{at}: none of its shapes: {value}")),
            "enum" if !says.as_array().expect("words").contains(value) => {
                faults.push(format!("{at}: {value} is none of {says}"));
            }
            "const" if says != value => faults.push(format!("{at}: {value} is not {says}")),
            "type" if !is_of(says, value) => faults.push(format!("{at}: {value} is no {says}")),
            "minimum" if value.as_f64().is_some_and(|it| it < says.as_f64().expect("a number")) => {
                faults.push(format!("{at}: {value} is below {says}"));
            }
            "items" => {
                let elements = value.as_array().into_iter().flatten().enumerate();
                elements.for_each(|(nth, element)| check(says, element, &format!("{at}/{nth}"), faults));
            }
            "required" => {
                let names = says.as_array().expect("names").iter().filter_map(Value::as_str);
                let lacks = names.filter(|name| value.is_object() && value.get(name).is_none());
                faults.extend(lacks.map(|name| format!("{at}: lacks {name}")));
            }
            "properties"
            | "additionalProperties"
            | "anyOf"
            | "oneOf"
            | "enum"
            | "const"
            | "type"
            | "minimum"
            | "uniqueItems" => {}
            other => assert!(WORDS.contains(&other), "{at}: this test does not know {other}"),
        }
    }
    if let Value::Object(members) = value {
        check_members(schema, members, at, faults);
    }
}

fn check_members(schema: &Map<String, Value>, members: &Map<String, Value>, at: &str, faults: &mut Vec<String>) {
    let is_whole = schema.contains_key("type");
    for (name, member) in members {
        let at = format!("{at}/{name}");
        let described =
            schema.get("properties").and_then(|all| all.get(name)).or_else(|| schema.get("additionalProperties"));
        match described {
            Some(described) => check(described, member, &at, faults),
            None if is_whole => faults.push(format!("{at}: a member that nothing describes")),
            None => {}
        }
    }
}

fn is_any(schemas: &Value, value: &Value, at: &str) -> bool {
    let fits = |schema: &Value| {
        let mut faults = Vec::new();
        check(schema, value, at, &mut faults);
        faults.is_empty()
    };
    schemas.as_array().expect("shapes").iter().any(fits)
}

fn is_of(kind: &Value, value: &Value) -> bool {
    let is = |kind: &str| match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("there is no type {other}"),
    };
    match kind.as_array() {
        Some(kinds) => kinds.iter().filter_map(Value::as_str).any(is),
        None => is(kind.as_str().expect("a type")),
    }
}

fn shape(reference: &str) -> &'static Value {
    let found = DOCUMENT.pointer(reference.trim_start_matches('#'));
    found.unwrap_or_else(|| panic!("{reference} is not in the document"))
}
