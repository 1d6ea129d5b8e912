//! What a request that passes through is for, and which scope that takes. Pure: knows no key and no HTTP.

use super::refused::Refused;
use super::target::{Target, only_looks, plain_name};
use crate::auth::Scope;
use actix_web::http::Method;

/// What the id in a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    /// An account.
    Account,
    /// A number.
    Number,
    /// A medium.
    Medium,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    /// Reading something.
    Look,
    /// Changing something.
    Manage,
    /// Changing who may use a number, or whether it works at all.
    Administer,
    /// Changing the object itself: which of its settings decides what that takes.
    Settings,
    /// Bringing a file.
    Upload,
    /// Asking what a medium is.
    Lookup,
    /// The bytes of a medium.
    Content,
    /// Removing a medium.
    Forget,
}

/// What changes who may use an object.
const ADMINISTERED: [&str; 3] = ["register", "deregister", "assigned_users"];
/// Settings that take `admin`: the two-step pin, and where a number's webhooks go.
const ADMINISTERED_SETTINGS: [&str; 2] = ["pin", "webhook_configuration"];

impl Errand {
    /// What `method` wants of `target`.
    pub(super) fn of(method: &Method, node: Node, target: &Target) -> Result<Self, Refused> {
        if target.mentions(&["subscribed_apps"]) {
            return Err(Refused::parameter(
                "subscribed_apps is not passed on: subscribe and unsubscribe accounts with the verbs \
                 ?whatsapp=subscribe and ?whatsapp=unsubscribe of the gateway",
            ));
        }
        if target.mentions(&["messages", "marketing_messages"]) {
            return Err(Refused::parameter(
                "messages are sent with POST /{version}/{phone_number_id}/messages, written exactly so",
            ));
        }
        let looks = only_looks(method);
        match (node, target.tail.is_empty()) {
            _ if !looks && method != Method::POST && method != Method::DELETE => Err(unsupported(method, target)),
            (Node::Medium, true) if looks => Ok(Self::Lookup),
            (Node::Medium, true) if method == Method::DELETE => Ok(Self::Forget),
            (Node::Medium, false) if target.is_edge("content") && method == Method::GET => Ok(Self::Content),
            (Node::Medium, _) => Err(unsupported(method, target)),
            (Node::Number, _) if target.is_edge("media") && method == Method::POST => Ok(Self::Upload),
            (Node::Number | Node::Account, _) if target.mentions(&ADMINISTERED) => Ok(Self::Administer),
            (Node::Number | Node::Account, _) if looks => Ok(Self::Look),
            (Node::Number | Node::Account, true) if method == Method::POST => Ok(Self::Settings),
            (Node::Number | Node::Account, _) => Ok(Self::Manage),
        }
    }

    /// The scope it takes, as far as the path tells.
    pub(super) fn scope(self) -> Scope {
        match self {
            Self::Look => Scope::Inspect,
            Self::Manage | Self::Settings => Scope::Manage,
            Self::Administer => Scope::Admin,
            Self::Upload | Self::Lookup | Self::Content | Self::Forget => Scope::Send,
        }
    }

    /// Whether it counts among the account's management calls; Meta does not count files.
    pub(super) fn is_budgeted(self) -> bool {
        match self {
            Self::Look | Self::Manage | Self::Administer | Self::Settings => true,
            Self::Upload | Self::Lookup | Self::Content | Self::Forget => false,
        }
    }

    /// Whether it changes what is at Meta, so that there is a record of who did it.
    pub(super) fn is_audited(self, method: &Method) -> bool {
        self.is_budgeted() && !only_looks(method)
    }
}

fn unsupported(method: &Method, target: &Target) -> Refused {
    let method = method.as_str().to_ascii_lowercase();
    Refused::parameter(format!("Unsupported {method} request: /{} does not take it here", target.path()))
}

/// The scope that changing an object's settings takes, by what the query and the body name. A body that cannot be read
/// here could name anything.
pub(super) fn settings_scope(target: &Target, content_type: &str, body: &[u8]) -> Scope {
    let named = target.query.iter().map(|(name, _)| plain_name(name));
    let administers = |name: String| ADMINISTERED_SETTINGS.contains(&name.as_str());
    let is_multipart = content_type.trim_start().to_ascii_lowercase().starts_with("multipart/");
    if is_multipart || named.chain(names(body)).any(administers) { Scope::Admin } else { Scope::Manage }
}

/// The names of the members of a JSON object, or of the fields of a form.
fn names(body: &[u8]) -> Vec<String> {
    if let Ok(serde_json::Value::Object(members)) = serde_json::from_slice(body) {
        return members.keys().map(|name| plain_name(name)).collect();
    }
    form_urlencoded::parse(body).map(|(name, _)| plain_name(&name)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn errand(method: &Method, node: Node, path: &str) -> Option<Errand> {
        Errand::of(method, node, &Target::read(path, "").unwrap()).ok()
    }

    #[test]
    fn each_request_takes_the_scope_of_what_it_does() {
        let scope = |method: &Method, node, path| errand(method, node, path).map(Errand::scope);
        for (method, node, path, wanted) in [
            (Method::GET, Node::Account, "/1", Scope::Inspect),
            (Method::HEAD, Node::Number, "/1/settings", Scope::Inspect),
            (Method::GET, Node::Account, "/1/message_templates", Scope::Inspect),
            (Method::POST, Node::Account, "/1/message_templates", Scope::Manage),
            (Method::DELETE, Node::Account, "/1/message_templates", Scope::Manage),
            (Method::POST, Node::Number, "/1", Scope::Manage),
            (Method::POST, Node::Number, "/1/register", Scope::Admin),
            (Method::POST, Node::Number, "/1/Deregister", Scope::Admin),
            (Method::GET, Node::Account, "/1/assigned_users", Scope::Admin),
            (Method::POST, Node::Number, "/1/media", Scope::Send),
            (Method::GET, Node::Medium, "/1", Scope::Send),
            (Method::GET, Node::Medium, "/1/content", Scope::Send),
            (Method::DELETE, Node::Medium, "/1", Scope::Send),
        ] {
            assert_eq!(scope(&method, node, path), Some(wanted), "{method} {path}");
        }
    }

    #[test]
    fn what_has_a_way_of_its_own_does_not_pass() {
        for (method, node, path) in [
            (Method::POST, Node::Account, "/1/subscribed_apps"),
            (Method::GET, Node::Account, "/1/SUBSCRIBED_APPS"),
            (Method::POST, Node::Number, "/1/messages/"),
            (Method::POST, Node::Number, "/1/Messages"),
            (Method::POST, Node::Number, "/1/marketing_messages/x"),
            (Method::POST, Node::Medium, "/1"),
            (Method::GET, Node::Medium, "/1/phone_numbers"),
            (Method::PUT, Node::Number, "/1/settings"),
            (Method::PATCH, Node::Account, "/1"),
            (Method::OPTIONS, Node::Account, "/1"),
        ] {
            assert_eq!(errand(&method, node, path), None, "{method} {path}");
        }
    }

    #[test]
    fn a_pin_takes_admin_however_it_is_written() {
        let scope = |query: &str, kind: &str, body: &str| {
            settings_scope(&Target::read("/1", query).unwrap(), kind, body.as_bytes())
        };
        let json = "application/json";
        for (query, kind, body) in [
            ("", json, r#"{"pin":"123456"}"#),
            ("", json, r#"{"\u0070in":"123456"}"#),
            ("", json, "pin=123456"),
            ("", "", "a=1&%70in=123456"),
            ("pin=123456", json, "{}"),
            ("", "Multipart/Form-Data; boundary=x", "--x"),
            ("", json, r#"{"webhook_configuration":{"override_callback_uri":"https://a.example"}}"#),
        ] {
            assert_eq!(scope(query, kind, body), Scope::Admin, "{query} {kind} {body}");
        }
        assert_eq!(scope("", json, r#"{"new_display_name":"pin=1"}"#), Scope::Manage);
        assert_eq!(scope("", json, ""), Scope::Manage);
    }
}
