//! An account as Graph showed it, and the element that the verbs answer. Knows neither storage nor HTTP.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::business::Object;
use super::json;
use super::tier::Tier;

/// The members of an element in their order, between `error` and `phone_numbers`.
const ACCOUNT_NAMES: [&str; 12] = [
    "name",
    "country",
    "currency",
    "timezone_id",
    "analytics",
    "account_review_status",
    "ownership_type",
    "primary_funding_id",
    "purchase_order_number",
    "message_template_namespace",
    "on_behalf_of_business_info",
    "business_verification_status",
];

/// The members of a number in their order.
const NUMBER_NAMES: [&str; 16] = [
    "id",
    "display_phone_number",
    "verified_name",
    "account_mode",
    "is_official_business_account",
    "certificate",
    "code_verification_status",
    "eligibility_for_api_business_global_search",
    "is_pin_enabled",
    "messaging_limit_tier",
    "name_status",
    "new_certificate",
    "new_name_status",
    "quality_score",
    "search_visibility",
    "status",
];

/// The members of an error in their order; others follow.
const ERROR_NAMES: [&str; 7] =
    ["code", "type", "message", "error_subcode", "error_user_title", "error_user_msg", "fbtrace_id"];

/// An account's node: what Graph showed, numbers included, unknown members kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AccountNode {
    /// The WABA id.
    pub id: String,
    /// Its members but for the lists beside it.
    pub node: Object,
    /// Its numbers.
    pub numbers: Vec<Object>,
}

impl AccountNode {
    /// An account of which nothing but the id is known.
    pub fn unknown(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// Joins a node and its numbers; lists that Graph put into the node are dropped from it.
    pub fn new(id: impl Into<String>, mut node: Object, numbers: Vec<Object>) -> Self {
        node.remove("phone_numbers");
        node.remove("subscribed_apps");
        let id = id.into();
        node.insert("id".to_owned(), Value::String(id.clone()));
        Self { id, node, numbers }
    }

    /// Reads a snapshot that [`AccountNode::to_json`] wrote. What cannot be read is an account without members.
    pub fn read(id: &str, snapshot: &[u8]) -> Self {
        let mut node: Object = serde_json::from_slice(snapshot).unwrap_or_default();
        let numbers = match node.remove("phone_numbers") {
            Some(Value::Array(numbers)) => numbers.iter().filter_map(Value::as_object).cloned().collect(),
            None | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                vec![]
            }
        };
        Self::new(id, node, numbers)
    }

    /// The snapshot: one JSON object, the numbers under `phone_numbers`.
    pub fn to_json(&self) -> Vec<u8> {
        let mut node = self.node.clone();
        node.insert("phone_numbers".to_owned(), self.numbers.iter().cloned().map(Value::Object).collect());
        Value::Object(node).to_string().into_bytes()
    }

    /// Its numbers: id and display number. One without an id is none.
    pub fn number_names(&self) -> Vec<(String, String)> {
        let text = |number: &Object, name| number.get(name).and_then(json::text).unwrap_or_default();
        let name = |number| (text(number, "id"), text(number, "display_phone_number"));
        self.numbers.iter().map(name).filter(|(id, _)| !id.is_empty()).collect()
    }

    /// How many customers a day its business may begin to write to: the portfolio's limit, shown by the account or by any
    /// of its numbers; of different ones the highest.
    pub fn tier(&self) -> Option<Tier> {
        let names = ["whatsapp_business_manager_messaging_limit", "messaging_limit_tier"];
        let of = |node: &Object, name: &str| node.get(name).and_then(json::text).and_then(|text| Tier::read(&text));
        let tiers = |name: &str| -> Vec<Tier> {
            std::iter::once(&self.node).chain(&self.numbers).filter_map(|node| of(node, name)).collect()
        };
        let tiers = names.into_iter().map(tiers).find(|tiers| !tiers.is_empty())?;
        tiers.into_iter().max_by_key(|tier| tier.customers().unwrap_or(u32::MAX))
    }

    /// How fast each of its numbers may send: `throughput.level`, `is_on_biz_app`.
    pub fn throughputs(&self) -> Vec<(String, Throughput)> {
        let of = |number: &Object| {
            let level = number.get("throughput").and_then(|throughput| throughput.get("level")).and_then(json::text);
            let in_app = number.get("is_on_biz_app").and_then(Value::as_bool).unwrap_or(false);
            match level.as_deref() {
                _ if in_app => Throughput::Coexistence,
                Some("HIGH") => Throughput::High,
                Some(_) | None => Throughput::Standard,
            }
        };
        let id = |number: &Object| number.get("id").and_then(json::text);
        self.numbers.iter().filter_map(|number| Some((id(number)?, of(number)))).collect()
    }
}

/// How fast Meta lets a number send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throughput {
    /// As every number at first.
    Standard,
    /// After an upgrade.
    High,
    /// It is used in the WhatsApp Business app as well.
    Coexistence,
}

/// An element of a verb's answer: the account with what became of the verb.
#[derive(Debug, Clone, PartialEq)]
pub struct Element<'a> {
    /// The account.
    pub account: &'a AccountNode,
    /// The fields it is subscribed to; `None` unless active.
    pub subscribed_fields: Option<&'a [String]>,
    /// Why the verb failed for this account, a JSON object.
    pub error: Option<&'a [u8]>,
    /// Whether the verb has ended for this account.
    pub progress: Progress,
}

/// Whether a verb has ended for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It has.
    Done,
    /// Graph is still being asked.
    Pending,
}

impl Serialize for Element<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(error) = self.error {
            map.serialize_entry("error", &ErrorMembers(error))?;
        }
        map.serialize_entry("id", &self.account.id)?;
        for name in ACCOUNT_NAMES {
            if let Some(value) = shown(&self.account.node, name) {
                map.serialize_entry(name, value)?;
            }
        }
        if !self.account.numbers.is_empty() {
            let numbers: Vec<Number<'_>> = self.account.numbers.iter().map(Number).collect();
            map.serialize_entry("phone_numbers", &numbers)?;
        }
        if let Some(fields) = self.subscribed_fields {
            map.serialize_entry("subscribed_fields", fields)?;
        }
        if self.progress == Progress::Pending {
            map.serialize_entry("pending", &true)?;
        }
        map.end()
    }
}

struct Number<'a>(&'a Object);

impl Serialize for Number<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = NUMBER_NAMES.iter().filter_map(|name| Some((name, shown(self.0, name)?)));
        serializer.collect_map(members)
    }
}

struct ErrorMembers<'a>(&'a [u8]);

impl Serialize for ErrorMembers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Ok(error) = serde_json::from_slice::<Object>(self.0) else {
            return serializer.collect_map([("message", String::from_utf8_lossy(self.0))]);
        };
        let known = ERROR_NAMES.iter().filter_map(|name| error.get_key_value(*name));
        let others = error.iter().filter(|(name, _)| !ERROR_NAMES.contains(&name.as_str()));
        serializer.collect_map(known.chain(others))
    }
}

/// A member worth showing: null, false and empty ones are left out.
fn shown<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountNode {
        let node = br#"{"business_verification_status":"verified","id":"102","name":"Two","country":"UA","currency":"",
            "subscribed_apps":{"data":[]},"throughput":1,"phone_numbers":[{"status":"CONNECTED","id":"901",
            "display_phone_number":"+380 44 1","is_pin_enabled":false,"is_official_business_account":true,"x":1}]}"#;
        AccountNode::read("102", node)
    }

    #[test]
    fn an_element_has_the_known_names_in_their_order_and_leaves_empties_out() {
        let account = account();
        let fields = ["messages".to_owned()];
        let element = Element {
            account: &account,
            subscribed_fields: Some(&fields),
            error: Some(br#"{"fbtrace_id":"X","is_transient":false,"message":"Unsupported","code":100}"#),
            progress: Progress::Pending,
        };
        assert_eq!(
            serde_json::to_string(&element).expect("serialises"),
            concat!(
                r#"{"error":{"code":100,"message":"Unsupported","fbtrace_id":"X","is_transient":false},"id":"102","#,
                r#""name":"Two","country":"UA","business_verification_status":"verified","phone_numbers":[{"#,
                r#""id":"901","display_phone_number":"+380 44 1","is_official_business_account":true,"#,
                r#""status":"CONNECTED"}],"subscribed_fields":["messages"],"pending":true}"#
            )
        );
    }

    #[test]
    fn an_account_nobody_knows_is_an_id_and_an_error() {
        let account = AccountNode::unknown("7");
        let element =
            Element { account: &account, subscribed_fields: None, error: Some(b"odd"), progress: Progress::Done };
        assert_eq!(serde_json::to_string(&element).expect("serialises"), r#"{"error":{"message":"odd"},"id":"7"}"#);
    }

    #[test]
    fn a_snapshot_keeps_members_we_do_not_know_and_reads_back_the_same() {
        let account = account();
        assert_eq!(AccountNode::read("102", &account.to_json()), account);
        assert_eq!(account.node["throughput"], 1);
        assert_eq!(account.numbers[0]["x"], 1);
        assert_eq!(account.number_names(), [("901".to_owned(), "+380 44 1".to_owned())]);
    }

    #[test]
    fn an_odd_snapshot_is_an_account_without_members() {
        for snapshot in ["", "null", "[]", r#"{"phone_numbers":{"data":7}}"#] {
            assert!(AccountNode::read("1", snapshot.as_bytes()).numbers.is_empty());
        }
    }
}
