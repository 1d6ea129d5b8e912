//! Whether a token will do for one account, by what Graph says of it. Knows neither the token nor Graph.

use crate::cloud::token::TokenReport;

/// What speaks against a token for `account`, for people; `elsewhere` are the permissions that it grants for other
/// accounts only, `app_id` is the gateway's app.
pub fn objection(
    report: &TokenReport,
    elsewhere: &[&str],
    account: &str,
    app_id: Option<&str>,
    now: u64,
) -> Option<String> {
    if !report.is_valid {
        let reason = report.reason.as_deref().unwrap_or("no reason given");
        return Some(format!("Meta says that it is not valid ({reason}): issue a new one"));
    }
    if report.expires_at.is_some_and(|at_s| at_s <= (now / 1000) as i64) {
        return Some("it has expired: issue a new one".to_owned());
    }
    if let (Some(ours), Some(its)) = (app_id, report.app_id.as_deref())
        && ours != its
    {
        return Some(format!("it was issued for the app {its}, and this gateway's app is {ours}: issue one for that"));
    }
    if !report.missing_scopes.is_empty() {
        let missing = report.missing_scopes.join(" and ");
        return Some(format!("it lacks the permission {missing}: have the client grant it, and issue a new one"));
    }
    if !elsewhere.is_empty() {
        let granted = elsewhere.join(" and ");
        return Some(format!("it grants {granted} for other accounts only: have the client grant it for {account}"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> TokenReport {
        TokenReport { is_valid: true, app_id: Some("42".to_owned()), expires_at: Some(100), ..TokenReport::default() }
    }

    fn said(report: &TokenReport, elsewhere: &[&str]) -> String {
        objection(report, elsewhere, "102", Some("42"), 99_999).unwrap_or_default()
    }

    #[test]
    fn a_token_that_works_for_the_account_is_taken_and_anything_else_says_why_not() {
        assert_eq!(said(&good(), &[]), "");
        let revoked = TokenReport { reason: Some("revoked".to_owned()), ..TokenReport::default() };
        assert!(said(&revoked, &[]).contains("not valid (revoked)"));
        assert!(said(&TokenReport { expires_at: Some(99), ..good() }, &[]).contains("expired"));
        assert!(said(&TokenReport { app_id: Some("7".to_owned()), ..good() }, &[]).contains("the app 7"));
        let narrow = TokenReport { missing_scopes: vec!["x".to_owned(), "y".to_owned()], ..good() };
        assert!(said(&narrow, &[]).contains("x and y"));
        assert!(said(&good(), &["x"]).contains("grant it for 102"));
    }
}
