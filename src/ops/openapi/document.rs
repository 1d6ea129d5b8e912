//! From the table of endpoints to an OpenAPI 3.1 document. Knows no endpoint by name.

use super::told::{Access, AnswerTold, BodyTold, Parameter, Presence, Told, Versioned};
use crate::auth::Scope;
use crate::error::{ErrorBody, ErrorId};
use crate::ops::table::Endpoint;
use schemars::SchemaGenerator;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use wharf_actors::supervisor::verbs::Verb;

/// The document of these endpoints.
pub(super) fn of(table: &[Endpoint]) -> Value {
    let mut shapes = Shapes::new();
    let mut paths = Map::new();
    let mut groups: Vec<&str> = Vec::new();
    for endpoint in table {
        let told = (endpoint.told)();
        if !groups.contains(&told.group) {
            groups.push(told.group);
        }
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method.as_str().to_ascii_lowercase()] = operation(endpoint, &told, &mut shapes);
    }
    named_for_readers(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Wharf: the ops listener",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Looking into the house, and what operators change. Times are RFC 3339, UTC, with milliseconds, or null. Ids are text. An error is told by its `id`, which stays the same over versions.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "tags": groups.into_iter().map(|group| json!({ "name": group })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": shapes.all(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "An API key." },
                "basic": { "type": "http", "scheme": "basic", "description": "An API key as the password; the user name does not matter." },
            },
        },
    }))
}

/// Shapes of what comes out and of what goes in: the two see optional members differently.
struct Shapes {
    written: SchemaGenerator,
    read: SchemaGenerator,
}

impl Shapes {
    fn new() -> Self {
        let generator = |contract| {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
            settings.contract = contract;
            settings.into_generator()
        };
        Self { written: generator(Contract::Serialize), read: generator(Contract::Deserialize) }
    }

    fn all(mut self) -> Map<String, Value> {
        let mut all = self.written.take_definitions(true);
        all.extend(self.read.take_definitions(true));
        all
    }
}

fn operation(endpoint: &Endpoint, told: &Told, shapes: &mut Shapes) -> Value {
    let mut operation = json!({
        "operationId": operation_id(endpoint),
        "tags": [told.group],
        "summary": told.summary,
        "security": security(told.access),
        "responses": responses(endpoint.path, told, shapes),
    });
    let mut parameters: Vec<Value> = path_parameters(endpoint.path).map(of_path).collect();
    parameters.extend(told.parameters.iter().map(beside_path));
    let description = [told.more, &needs(told.access)].join(" ");
    operation["description"] = json!(description.trim());
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    if let Some(body) = &told.body {
        operation["requestBody"] = of_body(body, shapes);
    }
    operation
}

fn of_body(body: &BodyTold, shapes: &mut Shapes) -> Value {
    let mut content = json!({ "schema": body.shape.map_or(json!({}), |shape| shape(&mut shapes.read).to_value()) });
    if let Some(example) = &body.example {
        content["example"] = example.clone();
    }
    let required = body.presence == Presence::Required;
    let mut told = json!({ "required": required, "content": { body.media_type: content } });
    if !body.text.is_empty() {
        told["description"] = json!(body.text);
    }
    told
}

/// Such as `get_api_accounts_waba`.
fn operation_id(endpoint: &Endpoint) -> String {
    let words = endpoint.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    format!("{}_{}", endpoint.method.as_str().to_ascii_lowercase(), words.join("_"))
}

fn security(access: Access) -> Value {
    match access {
        Access::Open => json!([]),
        Access::Key | Access::Inspect | Access::Admin => json!([{ "bearer": [] }, { "basic": [] }]),
    }
}

fn needs(access: Access) -> String {
    match access {
        Access::Open => "Needs no key.".to_owned(),
        Access::Key => "Needs a key.".to_owned(),
        Access::Inspect => format!("Needs a key with the scope `{}`.", Scope::Inspect),
        Access::Admin => format!("Needs a key with the scope `{}`.", Scope::Admin),
    }
}

/// The names in braces.
fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

fn of_path(name: &str) -> Value {
    let text = match name {
        "waba" => "The id of a WhatsApp Business Account.",
        "gateway" | "uri" => "The URI of a gateway.",
        "name" => "Its name.",
        "asset" => "The name of a file.",
        "verb" => "What is to be done.",
        _ => "Its id.",
    };
    let schema = match name {
        "verb" => json!({ "type": "string", "enum": Verb::ALL.map(Verb::word) }),
        _ => json!({ "type": "string" }),
    };
    json!({ "name": name, "in": "path", "required": true, "description": text, "schema": schema })
}

fn beside_path(parameter: &Parameter) -> Value {
    let Parameter { name, place, text, schema } = parameter;
    let mut told = json!({ "name": name, "in": place, "required": false, "description": text, "schema": schema });
    if schema["type"] == "array" {
        // With commas.
        told["explode"] = json!(false);
    }
    told
}

fn responses(path: &str, told: &Told, shapes: &mut Shapes) -> Value {
    let answers = told.answers.iter().map(|answer| (answer.status.to_string(), of_answer(answer, shapes)));
    let mut responses: Map<String, Value> = answers.collect();
    let mut by_status: BTreeMap<u16, Vec<ErrorId>> = BTreeMap::new();
    for error in told.all_errors(path) {
        by_status.entry(error.entry().status.as_u16()).or_default().push(error);
    }
    let errors = by_status.into_iter().map(|(status, errors)| (status.to_string(), of_errors(&errors, shapes)));
    responses.extend(errors);
    Value::Object(responses)
}

fn of_answer(answer: &AnswerTold, shapes: &mut Shapes) -> Value {
    let schema = match answer.shape {
        Some(shape) => shape(&mut shapes.written).to_value(),
        None => json!({ "type": "string" }),
    };
    let content = answer.media_types.iter().map(|media_type| ((*media_type).to_owned(), json!({ "schema": schema })));
    let content: Map<String, Value> = content.collect();
    let mut told = json!({ "description": answer.text });
    if !content.is_empty() {
        told["content"] = json!(content);
    }
    if answer.is_versioned == Versioned::Yes {
        let text = "Which state this is, for `If-Match`.";
        told["headers"] = json!({ "ETag": { "description": text, "schema": { "type": "string" } } });
    }
    told
}

/// What is told of errors that share a status.
fn of_errors(errors: &[ErrorId], shapes: &mut Shapes) -> Value {
    let ids: Vec<&str> = errors.iter().map(|error| error.entry().id).collect();
    let lines = errors.iter().map(|error| format!("`{}`: {}", error.entry().id, error.entry().text.replace("{}", "…")));
    let mut schema = shapes.written.subschema_for::<ErrorBody<'_>>().to_value();
    schema["properties"] = json!({ "id": { "enum": ids } });
    let mut told = json!({
        "description": lines.collect::<Vec<_>>().join("\n\n"),
        "content": { "application/json": { "schema": schema } },
    });
    if let Some(seconds) = errors.iter().find_map(|error| error.entry().retry_after_s) {
        let schema = json!({ "type": "integer", "example": seconds });
        told["headers"] =
            json!({ "Retry-After": { "description": "Seconds after which to try again.", "schema": schema } });
    }
    told
}

/// Names of shapes without the word that tells them from what is kept.
fn named_for_readers(mut document: Value) -> Value {
    let shapes = document["components"]["schemas"].take();
    let Value::Object(shapes) = shapes else { return document };
    let short = |name: &str| name.replace("Shown", "");
    let count = shapes.len();
    let shapes: Map<String, Value> = shapes.into_iter().map(|(name, shape)| (short(&name), shape)).collect();
    assert_eq!(shapes.len(), count, "two shapes of one name: give one another, with #[schemars(rename)]");
    document["components"]["schemas"] = Value::Object(shapes);
    rename(&mut document, &short);
    document
}

fn rename(value: &mut Value, short: &impl Fn(&str) -> String) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref") {
                *reference = short(reference);
            }
            members.values_mut().for_each(|member| rename(member, short));
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| rename(element, short)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
