//! What `debug_token` says about a token. Knows neither HTTP nor the token itself.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json;

/// What the scopes of a token must hold: one to send and receive, one to subscribe and read accounts.
pub const NEEDED_SCOPES: [&str; 2] = ["whatsapp_business_management", "whatsapp_business_messaging"];

/// What Graph knows of a token.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenReport {
    /// Whether it works at all.
    pub is_valid: bool,
    /// Those of [`NEEDED_SCOPES`] that it lacks.
    pub missing_scopes: Vec<String>,
    /// What it may do, ascending as text.
    pub scopes: Vec<String>,
    /// The accounts it was granted, ascending as text; none where it was granted all or none.
    pub targets: Vec<String>,
    /// When it expires, in s since 1970; `None` where it never does.
    pub expires_at: Option<i64>,
    /// When its access to people's data ends, in s since 1970; `None` where it never does.
    pub data_access_expires_at: Option<i64>,
    /// The app it was issued for.
    pub app_id: Option<String>,
    /// Why it does not work, in Meta's words.
    pub reason: Option<String>,
}

impl TokenReport {
    /// Reads the answer of `debug_token`.
    pub fn read(body: &[u8]) -> Self {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let data = &answer["data"];
        let mut report = Self {
            is_valid: data["is_valid"].as_bool().unwrap_or(false),
            expires_at: json::whole(&data["expires_at"]).filter(|seconds| *seconds > 0),
            data_access_expires_at: json::whole(&data["data_access_expires_at"]).filter(|seconds| *seconds > 0),
            app_id: json::text(&data["app_id"]),
            reason: json::text(&data["error"]["message"]),
            ..Self::default()
        };
        let mut scopes: BTreeSet<String> =
            json::elements(data.get("scopes")).iter().filter_map(json::text).map(|s| s.to_ascii_lowercase()).collect();
        let mut targets = BTreeSet::new();
        for grant in json::elements(data.get("granular_scopes")) {
            let scope = json::text(&grant["scope"]).unwrap_or_default().to_ascii_lowercase();
            if NEEDED_SCOPES.contains(&scope.as_str()) {
                targets.extend(json::elements(grant.get("target_ids")).iter().filter_map(json::text));
            }
            scopes.insert(scope);
        }
        report.missing_scopes =
            NEEDED_SCOPES.iter().filter(|scope| !scopes.contains(**scope)).map(|&scope| scope.to_owned()).collect();
        report.scopes = scopes.into_iter().collect();
        report.targets = targets.into_iter().filter(|id| !id.is_empty()).collect();
        report
    }
}

/// Those of [`NEEDED_SCOPES`] that the answer of `debug_token` grants for other accounts only.
pub fn granted_elsewhere(body: &[u8], account: &str) -> Vec<&'static str> {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let grants = json::elements(answer["data"].get("granular_scopes"));
    let leaves_out = |scope: &&'static str| {
        let named = |grant: &&Value| json::text(&grant["scope"]).is_some_and(|name| name.eq_ignore_ascii_case(scope));
        let targets: Vec<String> = grants
            .iter()
            .filter(named)
            .flat_map(|grant| json::elements(grant.get("target_ids")))
            .filter_map(json::text)
            .collect();
        !targets.is_empty() && !targets.iter().any(|target| target == account)
    };
    NEEDED_SCOPES.into_iter().filter(leaves_out).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accounts_of_both_scopes_are_the_targets_and_businesses_are_not() {
        let report = TokenReport::read(
            br#"{"data":{"app_id":42,"is_valid":true,"expires_at":0,"scopes":["public_profile"],"granular_scopes":[
                {"scope":"whatsapp_business_messaging","target_ids":["102",99]},
                {"scope":"WhatsApp_Business_Management","target_ids":["102","7"]},
                {"scope":"business_management","target_ids":["555"]}]}}"#,
        );
        assert_eq!(report.targets, ["102", "7", "99"]);
        assert!(report.is_valid && report.missing_scopes.is_empty());
        assert_eq!((report.expires_at, report.app_id.as_deref()), (None, Some("42")));
    }

    #[test]
    fn a_missing_scope_is_named() {
        let report = TokenReport::read(br#"{"data":{"is_valid":true,"scopes":["whatsapp_business_messaging"]}}"#);
        assert_eq!(report.missing_scopes, ["whatsapp_business_management"]);
    }

    #[test]
    fn an_odd_answer_is_a_token_that_does_not_work() {
        for body in ["", "null", "[]", r#"{"data":null}"#, r#"{"data":{"granular_scopes":[null,{"target_ids":7}]}}"#] {
            assert!(!TokenReport::read(body.as_bytes()).is_valid, "{body}");
        }
    }

    #[test]
    fn a_scope_that_is_granted_for_other_accounts_only_is_named() {
        let body = br#"{"data":{"granular_scopes":[
            {"scope":"whatsapp_business_messaging","target_ids":["102"]},
            {"scope":"whatsapp_business_management","target_ids":["102","7"]}]}}"#;
        assert_eq!(granted_elsewhere(body, "7"), ["whatsapp_business_messaging"]);
        assert_eq!(granted_elsewhere(body, "102"), [] as [&str; 0]);
        let all = br#"{"data":{"granular_scopes":[{"scope":"whatsapp_business_messaging"}]}}"#;
        assert_eq!(granted_elsewhere(all, "7"), [] as [&str; 0], "no targets: everything");
    }
}
