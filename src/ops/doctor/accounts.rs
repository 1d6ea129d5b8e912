//! The accounts of a gateway: is each as wished, at Meta too? Read from what the registry and the last reconcile know;
//! judged by pure functions. Of many only the first that are amiss are told, and how many more there are.

use super::finding::Finding;
use crate::edge::Edge;
use crate::ops::read;
use serde_json::Value;
use std::collections::HashMap;
use wharf_actors::gateway::{Gateway, Overrides};
use wharf_storage::{AccountRecord, Kind, LifeRecord, Noun};

/// Accounts that are told one by one.
const TOLD: usize = 20;

/// What is known of one account.
#[derive(Debug, Clone, Default)]
struct Account {
    id: String,
    wished: bool,
    active: bool,
    /// Meta's last refusal, in words.
    refusal: Option<String>,
    override_uri: Option<String>,
    /// What the last reconcile found.
    drift: Vec<String>,
}

/// The accounts of `gateway` that `theirs` lets through.
pub(super) async fn of_gateway(edge: &Edge, gateway: &Gateway, theirs: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let known = read(edge, |store| {
        let records = store.hot(Kind::Account, &[]).into_iter();
        let records = records.map(|(_, bytes)| AccountRecord::from_bytes(&bytes)).collect::<Result<Vec<_>, _>>()?;
        let lives = store.hot(Kind::Life, &[]).into_iter();
        let lives = lives.map(|(_, bytes)| LifeRecord::from_bytes(&bytes)).collect::<Result<Vec<_>, _>>()?;
        Ok((records, lives))
    });
    let (records, lives) = match known.await {
        Ok(known) => known,
        Err(error) => return vec![Finding::skipped("account", &gateway.uri, error.to_string())],
    };
    let mut drifts: HashMap<Box<str>, Vec<String>> = lives.iter().map(drift).collect();
    let ours = records.into_iter().filter(|record| *record.gateway == *gateway.uri && theirs(&record.id));
    let accounts: Vec<Account> =
        ours.map(|record| Account::of(&record, drifts.remove(&record.id).unwrap_or_default())).collect();
    let callback = gateway.callback_url.as_deref().filter(|_| gateway.overrides == Overrides::Account);
    of_accounts(&gateway.uri, callback, &accounts)
}

fn drift(life: &LifeRecord) -> (Box<str>, Vec<String>) {
    let words = life.alarms.iter().filter(|alarm| &*alarm.what == "drift").map(|alarm| alarm.detail.to_string());
    (life.account.clone(), words.collect())
}

impl Account {
    fn of(record: &AccountRecord, drift: Vec<String>) -> Self {
        let words = |object: &bytes::Bytes| {
            let object: Value = serde_json::from_slice(object).unwrap_or_default();
            let step = object["step"].as_str().map(|step| format!("{step}: ")).unwrap_or_default();
            format!("{step}{}", object["message"].as_str().unwrap_or("Meta gave no reason"))
        };
        Self {
            id: record.id.to_string(),
            wished: record.wished,
            active: record.active,
            refusal: record.refusal.as_ref().map(words),
            override_uri: record.override_uri.as_deref().map(str::to_owned),
            drift,
        }
    }
}

fn of_accounts(uri: &str, callback: Option<&str>, accounts: &[Account]) -> Vec<Finding> {
    if accounts.is_empty() {
        let remedy = format!("`/{uri}?whatsapp=setup` engages the accounts that the token reaches");
        return vec![Finding::warn("account", uri, "no account is engaged", remedy)];
    }
    let mut amiss: Vec<Finding> = accounts.iter().filter_map(|account| of_account(callback, account)).collect();
    let (count, wrong) = (accounts.len(), amiss.len());
    if wrong > TOLD {
        amiss.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        amiss.truncate(TOLD);
        let says = format!("{} accounts more are amiss", wrong - TOLD);
        amiss.push(Finding::warn("account", uri, says, "GET /api/alarms names them all"));
    }
    let good = accounts.iter().filter(|account| account.active && of_account(callback, account).is_none()).count();
    let says = match callback {
        None => format!("of {count} accounts {good} are subscribed"),
        Some(_) => format!("of {count} accounts {good} are subscribed, overridden and verified"),
    };
    amiss.insert(0, Finding::ok("account", uri, says));
    amiss
}

/// What is amiss with one account. With an override it goes from subscribed to overridden to verified.
fn of_account(callback: Option<&str>, account: &Account) -> Option<Finding> {
    let fail = |says: String, remedy: &str| Some(Finding::fail("account", &account.id, says, remedy));
    let steps = match (callback, &account.override_uri) {
        (Some(_), _) if !account.active => "not subscribed: ",
        (Some(ours), Some(theirs)) if ours == theirs => "subscribed and overridden, not verified: ",
        (Some(_), _) => "subscribed, not overridden: ",
        (None, _) => "",
    };
    if let Some(refusal) = &account.refusal {
        let remedy = "mend what Meta names, then `whatsapp=subscribe&id=` the account again";
        return fail(format!("{steps}Meta refused: {refusal}"), remedy);
    }
    if let Some(word) = account.drift.first() {
        let (says, remedy) = told(word);
        return fail(format!("{steps}{says}"), remedy);
    }
    match (account.wished, account.active) {
        (true, false) => fail("it should be subscribed and is not".to_owned(), "`whatsapp=subscribe&id=` the account"),
        (false, false) => {
            let remedy = "`whatsapp=subscribe&id=` the account, if its events are wanted";
            Some(Finding::warn("account", &account.id, "it is engaged, and nobody has subscribed it", remedy))
        }
        (_, true) => None,
    }
}

/// A drift in words, and what to do about it.
fn told(word: &str) -> (&str, &'static str) {
    match word {
        "not_subscribed" => ("our app is not among its subscribed apps any more", "`whatsapp=subscribe&id=` it again"),
        "inactive_but_subscribed" => (
            "Meta sends its webhooks, and it is not active here: they go to no route",
            "subscribe it, or unsubscribe it",
        ),
        "override_elsewhere" => {
            ("its webhooks go to another callback", "`whatsapp=subscribe&force=true&id=` it takes it back")
        }
        "override_missing" => ("it has no override of the callback", "`whatsapp=subscribe&force=true&id=` it again"),
        "numbers_changed" => ("its numbers changed", "nothing: the snapshot has the new ones"),
        "not_readable" => {
            ("Meta does not show it to the token", "give the system user access to it, or remove it here")
        }
        "token_invalid" => ("its token does not work", "issue a new one"),
        "token_scopes_missing" => ("its token lacks a permission", "grant it to the system user and issue a new one"),
        other => (other, "GET /api/alarms says more"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    const OURS: &str = "https://wa.example.com/main";

    fn account(id: usize) -> Account {
        Account { id: id.to_string(), wished: true, active: true, ..Account::default() }
    }

    #[test]
    fn an_account_that_is_as_wished_is_counted_and_not_told() {
        let found = of_accounts("main", None, &[account(1), account(2)]);
        assert_eq!(found, [Finding::ok("account", "main", "of 2 accounts 2 are subscribed")]);
        assert_eq!(of_accounts("main", None, &[])[0].level, Level::Warn);
    }

    #[test]
    fn each_way_of_not_being_as_wished_is_told() {
        let drifted = |word: &str| Account { drift: vec![word.into()], ..account(1) };
        for (account, level, said) in [
            (Account { active: false, ..account(1) }, Level::Fail, "should be subscribed"),
            (Account { wished: false, active: false, ..account(1) }, Level::Warn, "nobody has subscribed"),
            (Account { refusal: Some("(#100) no".into()), ..account(1) }, Level::Fail, "Meta refused: (#100) no"),
            (drifted("not_subscribed"), Level::Fail, "not among its subscribed apps"),
            (drifted("override_elsewhere"), Level::Fail, "another callback"),
            (drifted("inactive_but_subscribed"), Level::Fail, "no route"),
            (drifted("something_new"), Level::Fail, "something_new"),
        ] {
            let found = of_account(None, &account).expect("amiss");
            assert_eq!(found.level, level, "{found:?}");
            assert!(found.says.contains(said) && found.remedy.is_some(), "{found:?}");
        }
    }

    #[test]
    fn an_override_is_told_by_how_far_it_came() {
        let overridden = Account { override_uri: Some(OURS.into()), ..account(1) };
        let found = of_accounts("main", Some(OURS), std::slice::from_ref(&overridden));
        assert!(found[0].says.ends_with("1 are subscribed, overridden and verified"), "{found:?}");
        let refused = |account| Account { refusal: Some("override: (#2200) no".into()), ..account };
        for (account, said) in [
            (refused(Account { active: false, ..account(1) }), "not subscribed: "),
            (refused(account(1)), "subscribed, not overridden: Meta refused: override: (#2200) no"),
            (Account { drift: vec!["not_readable".into()], ..overridden }, "not verified: "),
        ] {
            let found = of_account(Some(OURS), &account).expect("amiss");
            assert!(found.says.contains(said), "{found:?}");
        }
    }

    #[test]
    fn of_many_the_worst_are_told_and_the_others_counted() {
        let idle = |id| Account { wished: false, active: false, ..account(id) };
        let mut many: Vec<Account> = (0..30).map(idle).collect();
        many.push(Account { active: false, ..account(99) });
        let found = of_accounts("main", None, &many);
        assert_eq!(found.len(), 1 + TOLD + 1);
        assert_eq!((found[1].subject.as_str(), found[1].level), ("99", Level::Fail));
        assert!(found[21].says.starts_with("11 accounts more"), "{found:?}");
    }
}
