//! Graph's `fields` parameter: `id,name,phone_numbers.limit(5){id,status}`, read and applied to a node.

use serde_json::{Map, Value};

/// One wanted field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: String,
    /// The most elements wanted of an edge, from `.limit(N)`.
    pub(super) limit: Option<usize>,
    /// The fields wanted of what it names, from `{…}`.
    pub(super) inner: Option<String>,
}

/// The fields that `text` asks for.
pub(super) fn parse(text: &str) -> Vec<Field> {
    split(text).into_iter().map(str::trim).filter(|part| !part.is_empty()).map(field).collect()
}

/// The members of `node` that `wanted` names, and `id`; `defaults` where nothing is wanted.
pub(super) fn pick(node: &Value, wanted: Option<&str>, defaults: &str) -> Value {
    let wanted = parse(wanted.filter(|text| !text.trim().is_empty()).unwrap_or(defaults));
    let mut picked = Map::new();
    for name in wanted.iter().map(|field| field.name.as_str()).chain(["id"]) {
        if let Some(value) = node.get(name) {
            picked.insert(name.to_owned(), value.clone());
        }
    }
    Value::Object(picked)
}

/// Splits at the commas that stand in no brace.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

fn field(text: &str) -> Field {
    let (head, inner) = match text.split_once('{') {
        Some((head, rest)) => (head, Some(rest.strip_suffix('}').unwrap_or(rest).to_owned())),
        None => (text, None),
    };
    let (name, modifiers) = head.split_once('.').unwrap_or((head, ""));
    let limit = modifiers.split_once("limit(").and_then(|(_, rest)| rest.split(')').next()?.parse().ok());
    Field { name: name.to_owned(), limit, inner }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_fields_with_a_limit_are_understood() {
        let fields = parse("id, name,phone_numbers.limit(5){id,throughput{level}},country");
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["id", "name", "phone_numbers", "country"]);
        assert_eq!(fields[2].limit, Some(5));
        assert_eq!(fields[2].inner.as_deref(), Some("id,throughput{level}"));
    }

    #[test]
    fn the_id_is_always_there_and_unknown_fields_are_left_out() {
        let node = json!({"id": "1", "name": "n", "secret": 1});
        assert_eq!(pick(&node, Some("name,nothing"), ""), json!({"id": "1", "name": "n"}));
        assert_eq!(pick(&node, None, "name"), json!({"id": "1", "name": "n"}));
    }
}
