//! What a path under the public listener names at Graph, cleaned: one object by its digits, and what stands below it.
//! Whatever could mean a second object or another method is refused. Knows no account and no key.

use actix_web::http::Method;
use std::fmt::Write;

/// Ids are no longer.
const LONGEST_ID: usize = 32;
/// Names in a query that Graph takes for another object or method, after PHP's manner of reading names.
const OTHERS: [&str; 6] = ["ids", "id", "batch", "method", "include_headers", "relative_url"];
/// Names in a query that are ours to give.
const OURS: [&str; 2] = ["access_token", "appsecret_proof"];

/// What a request names at Graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The version, such as `v25.0`, where the path has one.
    pub(super) version: Option<String>,
    /// The object's id: digits.
    pub(super) node: String,
    /// What stands below it, without empty parts.
    pub(super) tail: Vec<String>,
    /// The query, decoded, without tokens.
    pub(super) query: Vec<(String, String)>,
}

/// Why a request is not passed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unclean {
    /// It names no object by its id.
    #[error("Wharf passes on requests that name one number, account or medium by its id: /{{version}}/{{id}}/…")]
    NoObject,
    /// The path has something that could be read in two ways.
    #[error("the path has a part that is not passed on: use letters, digits and _ . - ~ : = + , @ only")]
    Path,
    /// The query could mean another object or method.
    #[error("the parameter {0} is not passed on: name one object in the path, and say what to do by the HTTP method")]
    Parameter(String),
}

impl Target {
    /// Reads the path, as it came, and the query.
    pub(super) fn read(path: &str, query: &str) -> Result<Self, Unclean> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let mut parts: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
        let version = parts.first().filter(|part| is_version(part)).map(|part| (*part).to_owned());
        if version.is_some() {
            parts.remove(0);
        }
        let Some((node, tail)) = parts.split_first().filter(|(node, _)| !node.is_empty()) else {
            return Err(Unclean::NoObject);
        };
        if !parts.iter().all(|part| is_clean(part)) {
            return Err(Unclean::Path);
        }
        if node.len() > LONGEST_ID || !node.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Unclean::NoObject);
        }
        let tail = tail.iter().map(|part| (*part).to_owned()).collect();
        Ok(Self { version, node: (*node).to_owned(), tail, query: read_query(query)? })
    }

    /// The path at Graph, below the version.
    pub(super) fn path(&self) -> String {
        let mut path = self.node.clone();
        for part in &self.tail {
            let _ = write!(path, "/{part}");
        }
        path
    }

    /// The query, encoded.
    pub(super) fn encoded_query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish()
    }

    /// Whether one of the parts below the object is one of `names`, in any case, as Graph reads them.
    pub(super) fn mentions(&self, names: &[&str]) -> bool {
        self.tail.iter().any(|part| names.iter().any(|name| part.eq_ignore_ascii_case(name)))
    }

    /// Whether what stands below the object is exactly `name`, in any case.
    pub(super) fn is_edge(&self, name: &str) -> bool {
        matches!(self.tail.as_slice(), [only] if only.eq_ignore_ascii_case(name))
    }

    /// Fields that lead out of the object; see [`leads_out`].
    pub(super) fn leads_out(&self) -> Option<String> {
        let fields = self.query.iter().filter(|(name, _)| plain_name(name) == "fields");
        fields.flat_map(|(_, value)| leads_out(value)).next().map(str::to_owned)
    }
}

/// Whether a method only looks.
pub(super) fn only_looks(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

/// `v25.0`.
pub(super) fn is_version(part: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.len() < 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = part.strip_prefix('v').and_then(|rest| rest.split_once('.'));
    numbers.is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

/// Nothing that is encoded, empty or climbs.
fn is_clean(part: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-~:=+,@".contains(&byte);
    !part.is_empty() && part.bytes().all(is_plain) && !part.bytes().all(|byte| byte == b'.')
}

fn read_query(query: &str) -> Result<Vec<(String, String)>, Unclean> {
    let mut kept = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
        let plain = plain_name(&name);
        let is_odd = name.bytes().any(|byte| byte.is_ascii_control()) || plain.is_empty();
        if is_odd || OTHERS.contains(&plain.as_str()) {
            return Err(Unclean::Parameter(name.chars().filter(|c| !c.is_control()).take(64).collect()));
        }
        if !OURS.contains(&plain.as_str()) {
            kept.push((name, value));
        }
    }
    Ok(kept)
}

/// A parameter's name as PHP reads it, in small letters: blanks in front do not count, `[…]` makes it a list, and dots
/// and blanks are underscores.
pub(super) fn plain_name(name: &str) -> String {
    let name = name.trim_start().split('[').next().unwrap_or_default();
    name.to_ascii_lowercase().replace(['.', ' '], "_")
}

/// Edges that `fields` may look into without leaving the object: `phone_numbers{id}`, `analytics.start(1)`.
const INSIDE: [&str; 15] = [
    "phone_numbers",
    "message_templates",
    "flows",
    "whatsapp_business_profile",
    "health_status",
    "throughput",
    "quality_score",
    "settings",
    "analytics",
    "conversation_analytics",
    "pricing_analytics",
    "template_analytics",
    "call_analytics",
    "display_phone_number",
    "message_qrdls",
];

/// The names in `fields` that are looked into and lead out of the object: to its business, and from there to accounts
/// that are not the key's.
fn leads_out(fields: &str) -> impl Iterator<Item = &str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_decimal = |name: &str, opens: &str| opens == "." && name.bytes().all(|byte| byte.is_ascii_digit());
    let looked_into = move |(at, opens): (usize, &str)| {
        let before = fields[..at].trim_end();
        let from = before.rfind(|c| !is_name(c)).map_or(0, |at| at + 1);
        // What follows `)` was looked at where its name stands; `.` between digits is no name.
        Some(&before[from..]).filter(|name| !name.is_empty() && !is_decimal(name, opens))
    };
    let opens = fields.match_indices(['{', '.']).filter_map(looked_into);
    opens.filter(|name| !INSIDE.contains(&name.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_path_names_one_object_with_or_without_a_version() {
        let target = Target::read("/v25.0/901/message_qrdls/ABC", "fields=id,name&limit=5").unwrap();
        assert_eq!((target.version.as_deref(), target.node.as_str()), (Some("v25.0"), "901"));
        assert_eq!(
            (target.path().as_str(), target.encoded_query().as_str()),
            ("901/message_qrdls/ABC", "fields=id%2Cname&limit=5")
        );
        assert_eq!(
            Target::read("/901/", "").unwrap(),
            Target { version: None, tail: vec![], query: vec![], node: "901".into() }
        );
    }

    #[test]
    fn nothing_that_could_be_read_in_two_ways_is_passed_on() {
        for path in [
            "/v25.0/901/../902",
            "/901/..",
            "/901/.",
            "/901/..;/x",
            "/901/%2e%2e/902",
            "/901/a%2Fb",
            "/901//messages",
            "//901",
            "/901/a\\b",
            "/901/a%00",
            "/901/a b",
            "/901/ä",
            "/901/{a}",
        ] {
            assert!(matches!(Target::read(path, ""), Err(Unclean::Path | Unclean::NoObject)), "{path}");
        }
    }

    #[test]
    fn a_path_without_an_id_of_digits_names_nothing() {
        for path in ["/", "/v25.0", "/v25.0/", "/me", "/v25.0/me/accounts", "/901,902", "/v25.0/v25.0/901", "/search"] {
            assert_eq!(Target::read(path, ""), Err(Unclean::NoObject), "{path}");
        }
        assert_eq!(Target::read(&format!("/{}", "9".repeat(33)), ""), Err(Unclean::NoObject));
    }

    #[test]
    fn no_parameter_names_a_second_object_or_another_method() {
        for query in [
            "ids=1,2",
            "IDS=1",
            "ids[]=1",
            "%20ids=1",
            "+ids=1",
            "id=1",
            "method=delete",
            "Method=delete",
            "%6dethod=post",
            "method[0]=post",
            "batch=[]",
            "relative.url=x",
            "a%00b=1",
            "=1",
        ] {
            assert!(matches!(Target::read("/901", query), Err(Unclean::Parameter(_))), "{query}");
        }
        let fine = "hsm_id=1&phone_number_id=2&method_of=3";
        assert_eq!(Target::read("/901", fine).unwrap().encoded_query(), fine);
    }

    #[test]
    fn tokens_of_the_caller_are_left_behind() {
        let target = Target::read("/901", "access_token=EAAG&a=1&appsecret_proof=00&access.token=x").unwrap();
        assert_eq!(target.encoded_query(), "a=1");
    }

    #[test]
    fn edges_are_known_in_any_case() {
        let target = Target::read("/901/Subscribed_Apps", "").unwrap();
        assert!(target.mentions(&["subscribed_apps"]) && target.is_edge("subscribed_apps"));
        assert!(!target.mentions(&["register"]));
    }

    #[test]
    fn fields_may_look_into_the_object_and_not_out_of_it() {
        let out = |fields: &str| leads_out(fields).map(str::to_owned).collect::<Vec<_>>();
        for inside in [
            "id,name,owner_business_info",
            "phone_numbers{id,verified_name},name",
            "phone_numbers.limit(5){id}",
            "analytics.start(1).end(2).granularity(DAY)",
            "health_status",
        ] {
            assert!(out(inside).is_empty(), "{inside}: {:?}", out(inside));
        }
        assert_eq!(out("owner_business{client_whatsapp_business_accounts}"), ["owner_business"]);
        assert_eq!(out("whatsapp_business_account {id}"), ["whatsapp_business_account"]);
        assert_eq!(out("phone_numbers.fields(whatsapp_business_account{id})"), ["whatsapp_business_account"]);
        assert_eq!(out("owner_business.fields(name)"), ["owner_business"]);
    }
}
