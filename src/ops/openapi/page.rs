//! From the document to a page for people: one file and one stylesheet, no script, nothing from elsewhere. Knows the
//! document only.

use serde_json::{Map, Value};
use std::fmt::Write;

/// How the page looks.
pub(super) const STYLE: &str = include_str!("page.css");
/// What examples ask.
const OPS: &str = "http://127.0.0.1:8081";

/// The page.
pub(super) fn of(document: &Value) -> String {
    let info = &document["info"];
    let mut page = Page(String::new());
    page.put("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">");
    page.put("<meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"/api/docs.css\">");
    page.tag("title", text(&info["title"]));
    page.put("<nav>");
    page.contents(document);
    page.put("</nav><main>");
    page.tag("h1", text(&info["title"]));
    page.tag("p", text(&info["description"]));
    page.put("<p>As a document for programs: <a href=\"/api/openapi.json\">/api/openapi.json</a>. Examples take the key from <code>$KEY</code>.</p>");
    for group in groups(document) {
        page.put("<section>");
        page.tag("h2", group);
        for (path, method, operation) in operations(document, group) {
            page.operation(path, method, operation);
        }
        page.put("</section>");
    }
    page.put("<section><h2 id=\"shapes\">Shapes</h2>");
    for (name, shape) in members(&document["components"]["schemas"]) {
        page.shape(name, shape);
    }
    page.put("</section></main></html>");
    page.0
}

struct Page(String);

impl Page {
    /// Puts what is HTML already.
    fn put(&mut self, html: &str) {
        self.0.push_str(html);
    }

    /// Puts an element with text in it; what stands in backquotes is code.
    fn tag(&mut self, tag: &str, text: &str) {
        write!(self.0, "<{tag}>{}</{tag}>", worded(text)).expect("a string takes everything");
    }

    fn contents(&mut self, document: &Value) {
        for group in groups(document) {
            self.tag("h3", group);
            self.put("<ul>");
            for (path, method, operation) in operations(document, group) {
                let id = escaped(text(&operation["operationId"]));
                let method = method.to_ascii_uppercase();
                let link = format!("<li><a href=\"#{id}\"><b class=\"{method}\">{method}</b> {}</a>", escaped(path));
                self.put(&link);
            }
            self.put("</ul>");
        }
        self.put("<h3><a href=\"#shapes\">Shapes</a></h3>");
    }

    fn operation(&mut self, path: &str, method: &str, operation: &Value) {
        let (id, method) = (escaped(text(&operation["operationId"])), method.to_ascii_uppercase());
        let head =
            format!("<article id=\"{id}\"><h3><b class=\"{method}\">{method}</b> <code>{}</code></h3>", escaped(path));
        self.put(&head);
        let summary = format!("{}. {}", text(&operation["summary"]), text(&operation["description"]));
        self.tag("p", &summary);
        self.parameters(&operation["parameters"]);
        self.tag("pre", &curl(path, &method, operation));
        let body = &operation["requestBody"];
        for (media_type, content) in members(&body["content"]) {
            let what = content_kind(media_type, content);
            self.put(&format!("<p>Body: {what}. {}</p>", worded(text(&body["description"]))));
        }
        self.answers(&operation["responses"]);
        self.put("</article>");
    }

    fn parameters(&mut self, parameters: &Value) {
        let Some(parameters) = parameters.as_array() else { return };
        self.put("<table><tr><th>parameter<th>in<th>what<th>means");
        for parameter in parameters {
            let row = format!(
                "<tr><td><code>{}</code><td>{}<td>{}<td>{}",
                escaped(text(&parameter["name"])),
                escaped(text(&parameter["in"])),
                kind(&parameter["schema"]),
                worded(text(&parameter["description"]))
            );
            self.put(&row);
        }
        self.put("</table>");
    }

    fn answers(&mut self, answers: &Value) {
        self.put("<table><tr><th>status<th>what<th>when");
        for (status, answer) in members(answers) {
            let what = members(&answer["content"]).map(|(media_type, content)| content_kind(media_type, content));
            let what = what.collect::<Vec<_>>().join(" or ");
            let when = worded(text(&answer["description"])).replace("\n\n", "<br>");
            self.put(&format!("<tr><td>{status}<td>{what}<td>{when}"));
        }
        self.put("</table>");
    }

    fn shape(&mut self, name: &str, shape: &Value) {
        self.put(&format!("<article id=\"shape-{0}\"><h3><code>{0}</code></h3>", escaped(name)));
        self.tag("p", text(&shape["description"]));
        if shape["properties"].is_object() {
            self.put("<table><tr><th>member<th>what<th>means");
            for (member, of) in members(&shape["properties"]) {
                let means = worded(text(&of["description"]));
                self.put(&format!("<tr><td><code>{}</code><td>{}<td>{means}", escaped(member), kind(of)));
            }
            self.put("</table>");
        } else {
            self.put(&format!("<p>{}</p>", kind(shape)));
        }
        self.put("</article>");
    }
}

fn groups(document: &Value) -> impl Iterator<Item = &str> {
    document["tags"].as_array().into_iter().flatten().map(|tag| text(&tag["name"]))
}

/// Path, method and operation of each that belongs to `group`.
fn operations<'d>(document: &'d Value, group: &'d str) -> impl Iterator<Item = (&'d str, &'d str, &'d Value)> {
    let of_path = |(path, methods): (&'d String, &'d Value)| {
        members(methods).map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    };
    members(&document["paths"]).flat_map(of_path).filter(move |(_, _, operation)| operation["tags"][0] == group)
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// What a body is: a shape where it is JSON, else its media type.
fn content_kind(media_type: &str, content: &Value) -> String {
    match media_type {
        "application/json" => kind(&content["schema"]),
        other => escaped(other),
    }
}

/// What a schema allows, in a few words; shapes are links.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return format!("<a href=\"#shape-{0}\">{0}</a>", escaped(name));
    }
    if let Some(choices) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
        return choices.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    if let Some(words) = schema["enum"].as_array() {
        let word = |word: &Value| format!("<code>{}</code>", escaped(word.as_str().unwrap_or("null")));
        return words.iter().map(word).collect::<Vec<_>>().join(" ");
    }
    if schema["const"].is_string() {
        return format!("<code>{}</code>", escaped(text(&schema["const"])));
    }
    match &schema["type"] {
        Value::String(of) if of == "array" => format!("list of {}", kind(&schema["items"])),
        Value::String(of) if of == "object" && schema["additionalProperties"].is_object() => {
            format!("by name, {}", kind(&schema["additionalProperties"]))
        }
        Value::String(of) => escaped(of),
        Value::Array(of) => of.iter().map(text).collect::<Vec<_>>().join(" or "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "any JSON".to_owned(),
    }
}

/// A command that asks for it.
fn curl(path: &str, method: &str, operation: &Value) -> String {
    let mut command = "curl".to_owned();
    if method != "GET" {
        command += &format!(" -X {method}");
    }
    if operation["security"].as_array().is_some_and(|schemes| !schemes.is_empty()) {
        command += " -H \"Authorization: Bearer $KEY\"";
    }
    command += &format!(" {OPS}{}", path.replace('{', "$").replace('}', ""));
    let example = &operation["requestBody"]["content"]["application/json"]["example"];
    if !example.is_null() {
        command += &format!(" -d '{example}'");
    }
    command
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text as HTML: every second piece between backquotes is code.
fn worded(text: &str) -> String {
    let pieces = escaped(text);
    let pieces = pieces.split('`').enumerate();
    let piece =
        |(nth, piece): (usize, &str)| if nth % 2 == 1 { format!("<code>{piece}</code>") } else { piece.to_owned() };
    pieces.map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_document_becomes_markup() {
        assert_eq!(worded("a `<b>` & \"c\""), "a <code>&lt;b&gt;</code> &amp; &quot;c&quot;");
        let page = of(&super::super::document::of(crate::router::OPS));
        assert!(!page.contains("<script") && !page.contains("style=") && !page.contains("http-equiv"));
        for endpoint in crate::router::OPS {
            assert!(page.contains(&format!("<code>{}</code>", endpoint.path)), "{} is not told", endpoint.path);
        }
    }
}
