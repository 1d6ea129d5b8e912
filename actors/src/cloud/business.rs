//! Accounts, numbers and subscribed apps as Graph lists them: what to ask and how to read it. Knows no HTTP client.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::json;

/// A JSON object of Meta's, read leniently.
pub type Object = Map<String, Value>;

/// Ids in one `?ids=` request: Graph's limit.
pub const IDS_AT_ONCE: usize = 50;

/// Numbers on one page of the edge: Graph's limit.
pub const NUMBERS_PAGE: usize = 100;

/// Numbers that a node brings along where nothing is said: Graph's default.
const NUMBERS_BESIDE_NODE: usize = 25;

/// What we ask of an account.
pub const ACCOUNT_FIELDS: &str = "id,name,country,ownership_type,account_review_status,business_verification_status";

/// What every account and number has had in every version, for where Graph refuses one of the others.
pub const PLAIN_FIELDS: (&str, &str) = ("id,name", "id,display_phone_number,verified_name");

/// What we ask of a number: what an operator is shown, and what decides its rate.
pub const NUMBER_FIELDS: &str = "id,verified_name,display_phone_number,is_official_business_account,is_pin_enabled,\
                                 messaging_limit_tier,account_mode,name_status,status,platform_type,is_on_biz_app,\
                                 throughput";

/// What we ask of accounts in one request: the account, its first numbers and its apps.
pub fn account_fields() -> String {
    format!(
        "{ACCOUNT_FIELDS},subscribed_apps{{whatsapp_business_api_data{{id}},override_callback_uri}},\
         phone_numbers{{{NUMBER_FIELDS}}}"
    )
}

/// The path of an account's numbers.
pub fn numbers_path(waba: &str) -> String {
    format!("{waba}/phone_numbers")
}

/// The path of an account's subscriptions.
pub fn apps_path(waba: &str) -> String {
    format!("{waba}/subscribed_apps")
}

/// The paths that list a business's accounts: its own, and those of its clients.
pub fn business_paths(business_id: &str) -> [String; 2] {
    [
        format!("{business_id}/owned_whatsapp_business_accounts"),
        format!("{business_id}/client_whatsapp_business_accounts"),
    ]
}

/// The nodes of an `?ids=` answer, by the id that was asked for; what is no object is left out.
pub fn nodes(body: &[u8]) -> Option<BTreeMap<String, Object>> {
    let answer: Object = serde_json::from_slice(body).ok()?;
    Some(answer.into_iter().filter_map(|(id, node)| Some((id, into_object(node)?))).collect())
}

/// A single node.
pub fn node(body: &[u8]) -> Option<Object> {
    serde_json::from_slice(body).ok()
}

/// A page of a list: its elements, and where the next page begins.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The elements that are objects.
    pub items: Vec<Object>,
    /// `paging.cursors.after`, where there may be more.
    pub after: Option<String>,
}

impl Page {
    /// Reads the answer of an edge that was asked for `limit` elements. Absolute URLs in it are not followed: they
    /// may lead anywhere and carry a token.
    pub fn read(body: &[u8], limit: usize) -> Option<Self> {
        let list: Object = serde_json::from_slice(body).ok()?;
        Some(Self::of(Value::Object(list), limit))
    }

    /// Reads the numbers that came with a node. A full list that does not say how it goes on is read anew.
    pub fn beside_node(list: Value) -> Self {
        let page = Self::of(list, NUMBERS_BESIDE_NODE);
        match page.after {
            None if page.items.len() >= NUMBERS_BESIDE_NODE => Self { after: Some(String::new()), ..Self::default() },
            Some(_) | None => page,
        }
    }

    fn of(mut list: Value, limit: usize) -> Self {
        let items = match list.get_mut("data").map(Value::take) {
            Some(Value::Array(items)) => items,
            None | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                vec![]
            }
        };
        let paging = &list["paging"];
        let more = !paging["next"].is_null() || items.len() >= limit;
        let after = json::text(&paging["cursors"]["after"]).filter(|cursor| more && !cursor.is_empty());
        Self { items: items.into_iter().filter_map(into_object).collect(), after }
    }

    /// The ids of its elements.
    pub fn ids(&self) -> Vec<String> {
        self.items.iter().filter_map(|item| item.get("id").and_then(json::text)).collect()
    }
}

/// An app that gets an account's webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribedApp {
    /// Its id.
    pub id: String,
    /// Where it gets this account's webhooks, if not at its own callback.
    pub override_uri: Option<String>,
}

/// Reads a list of subscribed apps, the edge's answer as well as what came with a node.
pub fn subscribed_apps(list: &Value) -> Vec<SubscribedApp> {
    json::elements(list.get("data")).iter().filter_map(subscribed_app).collect()
}

fn subscribed_app(item: &Value) -> Option<SubscribedApp> {
    let id = json::text(&item["whatsapp_business_api_data"]["id"]).or_else(|| json::text(&item["id"]))?;
    let override_uri = json::text(&item["override_callback_uri"]).filter(|uri| !uri.is_empty());
    Some(SubscribedApp { id, override_uri })
}

fn into_object(value: Value) -> Option<Object> {
    match value {
        Value::Object(object) => Some(object),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_where_graph_says_so_or_where_it_is_full() {
        let page = |text: &str| Page::read(text.as_bytes(), 2).expect("object");
        let more = page(r#"{"data":[{"id":"1"}],"paging":{"cursors":{"after":"c"},"next":"https://evil.example/"}}"#);
        assert_eq!(more.after.as_deref(), Some("c"));
        assert_eq!(page(r#"{"data":[{"id":"1"}],"paging":{"cursors":{"after":"c"}}}"#).after, None);
        assert!(page(r#"{"data":[{"id":"1"},{"id":2}],"paging":{"cursors":{"after":"c"}}}"#).after.is_some());
        assert_eq!(page(r#"{"data":[{"id":"1"},{"id":2}]}"#).ids(), ["1", "2"]);
    }

    #[test]
    fn odd_lists_are_empty() {
        for text in ["{}", r#"{"data":null,"paging":null}"#, r#"{"data":{"0":1}}"#, r#"{"data":[null,7,"x"]}"#] {
            assert_eq!(Page::read(text.as_bytes(), 25), Some(Page::default()), "{text}");
        }
        assert_eq!(Page::read(b"[]", 25), None);
        assert_eq!(Page::beside_node(Value::Null), Page::default());
        assert!(subscribed_apps(&Value::Null).is_empty());
    }

    #[test]
    fn our_app_and_its_override_are_found_in_both_shapes() {
        let list = serde_json::json!({"data":[
            {"whatsapp_business_api_data":{"id":"42","name":"w"},"override_callback_uri":"https://x.example/hook"},
            {"whatsapp_business_api_data":{"id":7}}, {"id":"8"}, null, {"whatsapp_business_api_data":null}]});
        let apps = subscribed_apps(&list);
        assert_eq!(apps.iter().map(|app| app.id.as_str()).collect::<Vec<_>>(), ["42", "7", "8"]);
        assert_eq!(apps[0].override_uri.as_deref(), Some("https://x.example/hook"));
    }
}
