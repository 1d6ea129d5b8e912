//! A gateway at Meta: does its token work, and do the webhooks of its app come here? Asked of Graph through the courier,
//! judged by pure functions.

use super::finding::Finding;
use crate::config::masked;
use crate::edge::Edge;
use crate::ops::register::wanted;
use std::collections::BTreeSet;
use std::sync::Arc;
use wharf_actors::clock::now_ms;
use wharf_actors::cloud::app::AppSubscription;
use wharf_actors::cloud::token::TokenReport;
use wharf_actors::courier::AskToken;
use wharf_actors::courier::app::AskApp;
use wharf_actors::gateway::{Gateway, Overrides};

const DAY_S: i64 = 86_400;
/// As the alarm: somebody needs days to issue a new one.
const SOON_S: i64 = 14 * DAY_S;

/// What Graph says of the token.
pub(super) async fn token(edge: &Edge, gateway: &Arc<Gateway>) -> Finding {
    let asked = edge.wharf.courier.send(AskToken { gateway: Arc::clone(gateway) }).await;
    let heard = match asked {
        Ok(Ok(report)) => Ok(report),
        Ok(Err(fault)) => Err(fault.to_string()),
        Err(_) => Err("wharf is stopping".to_owned()),
    };
    of_token(&gateway.uri, gateway.app_id.as_deref(), &heard, now_ms() as i64 / 1000)
}

fn of_token(uri: &str, app_id: Option<&str>, heard: &Result<TokenReport, String>, now_s: i64) -> Finding {
    let issue = "issue a new system-user token in Meta's Business Settings, put it into whatsapp_token and send SIGHUP";
    let fail = |says: String, remedy: &str| Finding::fail("token", uri, says, remedy);
    let report = match heard {
        Ok(report) => report,
        Err(why) => return fail(format!("Graph could not be asked about it: {why}"), issue),
    };
    if !report.is_valid {
        let reason = report.reason.as_deref().unwrap_or("it gives no reason");
        return fail(format!("Meta says that it is not valid: {reason}"), issue);
    }
    if let (Some(theirs), Some(ours)) = (report.app_id.as_deref(), app_id)
        && theirs != ours
    {
        let remedy = "take app_id, app_secret and whatsapp_token from the same app";
        return fail(format!("it was issued for app {theirs}, and app_id is {ours}"), remedy);
    }
    if !report.missing_scopes.is_empty() {
        let says = format!("it lacks {}", report.missing_scopes.join(" and "));
        return fail(says, "grant it to the system user, then issue a new token");
    }
    let ends = report.expires_at.into_iter().chain(report.data_access_expires_at).min();
    match ends.map(|ends| ends - now_s) {
        Some(left) if left < SOON_S => {
            Finding::warn("token", uri, format!("it works, and ends in {} days", left / DAY_S), issue)
        }
        Some(left) => Finding::ok("token", uri, format!("it works for {} days more", left / DAY_S)),
        None => Finding::ok("token", uri, "it works, and never expires"),
    }
}

/// Where Meta sends the webhooks of the gateway's app.
pub(super) async fn app(edge: &Edge, gateway: &Arc<Gateway>) -> Finding {
    let lacks = |what: &str| {
        let says = format!("without {what} Meta does not say where the app's webhooks go");
        Finding::skipped("app", &gateway.uri, says)
    };
    if gateway.app_id.is_none() {
        return lacks("app_id");
    }
    if gateway.app_secrets.get().is_empty() {
        return lacks("app_secret");
    }
    let Ok(wanted) = wanted(edge, gateway).await else { return lacks("the store") };
    let heard = match edge.wharf.courier.send(AskApp { gateway: Arc::clone(gateway) }).await {
        Ok(Ok(subscription)) => Ok(subscription),
        Ok(Err(fault)) => Err(fault.to_string()),
        Err(_) => Err("wharf is stopping".to_owned()),
    };
    let wish = Wish { callback: gateway.callback_url.as_deref(), overrides: gateway.overrides, wanted: &wanted };
    of_app(&gateway.uri, &wish, &heard)
}

/// What the app's subscription should be.
struct Wish<'w> {
    callback: Option<&'w str>,
    overrides: Overrides,
    wanted: &'w BTreeSet<String>,
}

fn of_app(uri: &str, wish: &Wish<'_>, heard: &Result<Option<AppSubscription>, String>) -> Finding {
    let register = format!("wharf register --gateway {uri}");
    let found = match heard {
        Ok(Some(found)) => found,
        Ok(None) => {
            let says = "Meta sends the app's webhooks nowhere: no subscription to whatsapp_business_account";
            return Finding::fail("app", uri, says, register);
        }
        Err(why) => {
            let remedy = "compare app_id and app_secret with the App Dashboard (App settings, Basic)";
            return Finding::fail("app", uri, format!("Graph could not be asked about the app: {why}"), remedy);
        }
    };
    let elsewhere = wish.callback.is_some_and(|callback| callback != found.callback_url);
    let to = masked(&found.callback_url);
    match (elsewhere, wish.overrides) {
        (true, Overrides::App) => {
            return Finding::fail("app", uri, format!("Meta sends the app's webhooks to {to}"), register);
        }
        (true, Overrides::Account) => {
            let says =
                format!("messages come here by override, but Meta sends what concerns accounts and templates to {to}");
            return Finding::warn("app", uri, says, register);
        }
        (false, Overrides::App | Overrides::Account) => {}
    }
    if !found.active {
        return Finding::fail("app", uri, "Meta has switched the app's webhooks off", register);
    }
    let missing: Vec<&str> = wish.wanted.difference(&found.fields).map(String::as_str).collect();
    if !missing.is_empty() {
        let says = format!("Meta does not send {}", missing.join(", "));
        return Finding::warn("app", uri, says, register);
    }
    Finding::ok("app", uri, format!("Meta sends {} fields to {to}", found.fields.len()))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_token_must_be_valid_of_the_app_hold_both_permissions_and_last() {
        let good = TokenReport { is_valid: true, app_id: Some("42".into()), ..TokenReport::default() };
        let days = |days: i64| Some(1000 + days * DAY_S);
        for (heard, level, said) in [
            (Ok(good.clone()), Level::Ok, "never expires"),
            (Ok(TokenReport { expires_at: days(60), ..good.clone() }), Level::Ok, "60 days"),
            (Ok(TokenReport { expires_at: days(13), ..good.clone() }), Level::Warn, "13 days"),
            (Ok(TokenReport { data_access_expires_at: days(3), ..good.clone() }), Level::Warn, "3 days"),
            (Ok(TokenReport { app_id: Some("7".into()), ..good.clone() }), Level::Fail, "app 7"),
            (Ok(TokenReport { missing_scopes: vec!["x".into()], ..good.clone() }), Level::Fail, "lacks x"),
            (Ok(TokenReport { is_valid: false, reason: Some("revoked".into()), ..good }), Level::Fail, "revoked"),
            (Err("refused".to_owned()), Level::Fail, "refused"),
        ] {
            let found = of_token("main", Some("42"), &heard, 1000);
            assert_eq!(found.level, level, "{found:?}");
            assert!(found.says.contains(said), "{found:?}");
        }
    }

    #[test]
    fn the_apps_webhooks_must_come_here_be_on_and_hold_the_fields() {
        let wanted: BTreeSet<String> = ["account_update", "messages"].map(str::to_owned).into();
        let ours = "https://wa.example.com/main";
        let good = AppSubscription { callback_url: ours.into(), active: true, fields: wanted.clone() };
        let elsewhere = AppSubscription { callback_url: "https://b.example/?k=1".into(), ..good.clone() };
        let bare = AppSubscription { fields: ["messages".to_owned()].into(), ..good.clone() };
        for (overrides, heard, level, said) in [
            (Overrides::App, Ok(Some(good.clone())), Level::Ok, "2 fields"),
            (Overrides::App, Ok(None), Level::Fail, "nowhere"),
            (Overrides::App, Ok(Some(elsewhere.clone())), Level::Fail, "to https://b.example/?…"),
            (Overrides::Account, Ok(Some(elsewhere)), Level::Warn, "accounts and templates"),
            (Overrides::App, Ok(Some(AppSubscription { active: false, ..good })), Level::Fail, "switched"),
            (Overrides::App, Ok(Some(bare)), Level::Warn, "does not send account_update"),
            (Overrides::App, Err("refused".to_owned()), Level::Fail, "refused"),
        ] {
            let found = of_app("main", &Wish { callback: Some(ours), overrides, wanted: &wanted }, &heard);
            assert_eq!(found.level, level, "{found:?}");
            assert!(found.says.contains(said), "{found:?}");
        }
    }
}
