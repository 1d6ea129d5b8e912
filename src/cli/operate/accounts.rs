//! `wharf accounts`: how every account stands on one line each, or one in full.

use super::account::{self, Account, DeliveryHold, Hold, LastAnswer, Route};
use super::ask::{Answer, Ask, Wharf, piece, query};
use super::fault::Fault;
use super::out::{Form, Out};
use super::paper::{Paper, Span, Tone};
use super::table::{Table, figure, prose, whole};
use super::{Verdict, answers, times};
use clap::Args;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub(super) const EXAMPLES: &str = "\
Examples:
  wharf accounts
  wharf accounts 102290129340398
  wharf accounts --json | jq -r '.data[] | select(.standing != \"ok\") | .id'

PENDING counts events on their way to all routes, OLDEST says how long the oldest of them waits.";

/// Accounts that are looked into at the same time.
const AT_ONCE: usize = 8;

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Options {
    /// One account (its WABA id), in full
    pub id: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Go on where the last answer ended
    #[arg(long)]
    pub cursor: Option<String>,
}

/// A list as it comes: each element read, and kept as it was.
#[derive(Debug, Deserialize)]
struct Listed {
    data: Vec<Box<RawValue>>,
    #[serde(default)]
    next: Option<String>,
}

/// What an element of the list has in common with the account looked into; the rest is shorter there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Brief {
    id: String,
    gateway: String,
    active: bool,
    snapshot: account::Snapshot,
}

/// Everything that somebody should do something about.
#[derive(Debug, Default, Deserialize)]
struct Alarms {
    alarms: Vec<Alarm>,
}

/// One of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Alarm {
    what: String,
    detail: Option<String>,
    since: Option<String>,
    account: Option<String>,
    todo: String,
}

/// What `--json` says of many.
#[derive(Debug, Serialize)]
struct Document<'a> {
    data: Vec<&'a RawValue>,
    alarms: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Shows them.
pub(super) async fn run(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<Verdict, Fault> {
    match &options.id {
        Some(id) => one(id, wharf, out).await?,
        None => many(options, wharf, out).await?,
    }
    Ok(Verdict::Yes)
}

async fn one(id: &str, wharf: &Wharf, out: &mut Out) -> Result<(), Fault> {
    let answer = wharf.ask(account::ask(id)).await?;
    match out.form {
        Form::Json => out.raw(&answer.text),
        Form::People => {
            let alarms: Alarms = wharf.read(Ask::get("/api/alarms")).await?;
            let account: Account = answer.read()?;
            for part in in_full(&account, &alarms.alarms, Timestamp::now()) {
                part.show(out)?;
            }
            Ok(())
        }
    }
}

async fn many(options: &Options, wharf: &Wharf, out: &mut Out) -> Result<(), Fault> {
    let pairs = [("limit", Some(options.limit.to_string())), ("cursor", options.cursor.clone())];
    let listed: Listed = wharf.read(Ask::get(format!("/api/accounts{}", query(pairs)))).await?;
    let alarms = wharf.ask(Ask::get("/api/alarms")).await?;
    let looks = listed.data.iter().map(|element| look_into(element, wharf));
    let looks: Vec<_> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    let looks = looks.into_iter().collect::<Result<Vec<_>, Fault>>()?;
    if out.form == Form::Json {
        let data = listed.data.iter().zip(&looks).map(|(element, (inside, _))| inside.as_deref().unwrap_or(element));
        return out.json(&Document { data: data.collect(), alarms: alarms_of(&alarms)?, next: listed.next });
    }
    let accounts: Vec<Account> = looks.into_iter().map(|(_, account)| account).collect();
    if accounts.is_empty() {
        out.note("no account is engaged: `wharf verb setup --gateway …` engages those that the token can see");
    }
    let alarms: Alarms = alarms.read()?;
    out.table(&table(&accounts, &alarms.alarms, Timestamp::now()))?;
    if let Some(next) = listed.next {
        out.note(&format!("more: wharf accounts --cursor {next}"));
    }
    Ok(())
}

/// What looking into it tells, as it came and read; an account that is being restarted shows what the list knows.
async fn look_into(element: &RawValue, wharf: &Wharf) -> Result<(Option<Box<RawValue>>, Account), Fault> {
    let strange = |error| Fault::Stranger { url: "the list of accounts".into(), why: format!("{error} in it") };
    let Brief { id, gateway, active, snapshot } = serde_json::from_str(element.get()).map_err(strange)?;
    match wharf.ask(Ask::get(format!("/api/accounts/{}", piece(&id)))).await {
        Ok(answer) => Ok((Some(answer.read()?), answer.read()?)),
        Err(Fault::Refused(refused)) if matches!(refused.status, 404 | 503) => {
            let standing = Some("restarting".to_owned());
            Ok((None, Account { id, gateway, active, snapshot, standing, ..Account::default() }))
        }
        Err(fault) => Err(fault),
    }
}

fn alarms_of(answer: &Answer) -> Result<&RawValue, Fault> {
    #[derive(Deserialize)]
    struct Whole<'a> {
        #[serde(borrow)]
        alarms: &'a RawValue,
    }
    let strange = |error| Fault::Stranger { url: "the list of alarms".into(), why: format!("{error} in it") };
    serde_json::from_str(&answer.text).map(|Whole { alarms }| alarms).map_err(strange)
}

/// One line for each.
fn table(accounts: &[Account], alarms: &[Alarm], now: Timestamp) -> Table {
    let mut table = Table::new(&[
        whole("ID"),
        prose("NAME"),
        whole("ACTIVE"),
        figure("PENDING"),
        figure("OLDEST"),
        whole("STANDING"),
        prose("ALARMS"),
    ]);
    for account in accounts {
        let its: Vec<&str> = of(account, alarms).map(|alarm| alarm.what.as_str()).collect();
        table.row(vec![
            account.id.as_str().into(),
            account.snapshot.name.as_deref().unwrap_or("-").into(),
            Span::state(if account.active { "yes" } else { "no" }),
            account.pending().to_string().into(),
            times::age(account.oldest_undelivered_at.as_deref(), now).into(),
            Span::state(account.standing.as_deref().unwrap_or("-")),
            if its.is_empty() { "-".into() } else { Span::new(its.join(", "), Tone::Bad) },
        ]);
    }
    table
}

fn of<'a>(account: &'a Account, alarms: &'a [Alarm]) -> impl Iterator<Item = &'a Alarm> {
    alarms.iter().filter(|alarm| alarm.account.as_deref() == Some(&account.id))
}

/// A part of what is shown of one account.
enum Part {
    Words(Paper),
    Rows(Table),
}

impl Part {
    fn show(&self, out: &mut Out) -> Result<(), Fault> {
        match self {
            Self::Words(paper) => out.paper(paper),
            Self::Rows(table) => out.table(table),
        }
    }
}

fn in_full(account: &Account, alarms: &[Alarm], now: Timestamp) -> Vec<Part> {
    let mut parts = vec![Part::Words(head(account, alarms, now))];
    let mut section = |title: &str, table: Option<Table>| {
        let Some(table) = table else { return };
        let mut paper = Paper::default();
        paper.gap().line(super::paper::Line::toned(title, Tone::Strong));
        parts.extend([Part::Words(paper), Part::Rows(table)]);
    };
    section("Routes", (!account.routes.is_empty()).then(|| routes(account)));
    section("Numbers", (!account.snapshot.phone_numbers.is_empty()).then(|| numbers(account)));
    section("Held", held(account));
    parts
}

fn head(account: &Account, alarms: &[Alarm], now: Timestamp) -> Paper {
    let mut paper = Paper::default();
    let name = account.snapshot.name.as_deref().unwrap_or("no name");
    paper.pair("account", format!("{} ({name}) at gateway {}", account.id, account.gateway));
    paper.pair("active", Span::state(if account.active { "yes" } else { "no" }));
    at_meta(account, &mut paper);
    let waits = account.oldest_undelivered_at.as_deref();
    let waits = waits.map_or_else(String::new, |at| format!(", the oldest for {}", times::age(Some(at), now)));
    paper.pair("deliveries", format!("{} pending{waits}", account.pending()));
    let outbox: Vec<String> = account.outbox.iter().map(|(state, count)| format!("{count} {state}")).collect();
    paper.pair("outbox", if outbox.is_empty() { "empty".to_owned() } else { outbox.join(", ") });
    for alarm in of(account, alarms) {
        let detail = alarm.detail.as_deref().map_or_else(String::new, |detail| format!(": {detail}"));
        let since = times::second(alarm.since.as_deref());
        paper.pair("alarm", Span::new(format!("{}{detail} (since {since})", alarm.what), Tone::Bad));
        paper.pair("", format!("-> {}", alarm.todo));
    }
    paper
}

/// How it stands with Meta.
fn at_meta(account: &Account, paper: &mut Paper) {
    paper.pair("standing", Span::state(account.standing.as_deref().unwrap_or("-")));
    for restriction in &account.restrictions {
        let until = restriction.until.as_deref().map_or_else(String::new, |until| format!(" until {until}"));
        paper.pair("restricted", Span::new(format!("{}{until}", restriction.what), Tone::Doubtful));
    }
    for drift in &account.drift {
        let since = times::second(drift.since.as_deref());
        paper.pair("drift", Span::new(format!("{} since {since}", drift.what), Tone::Doubtful));
    }
    if let Some(error) = &account.error {
        paper.pair("error", Span::new(error.to_string(), Tone::Bad));
    }
    if let Some(token) = &account.token {
        let whose = if token.own { "its own" } else { "its gateway's" };
        let end = token.expires_at.as_deref().map_or("no end".to_owned(), |end| format!("until {end}"));
        let why = token.reason.as_deref().map_or_else(String::new, |why| format!(" ({why})"));
        let (word, tone) = if token.valid { ("valid", Tone::Good) } else { ("not valid", Tone::Bad) };
        paper.pair("token", Span::new(format!("{whose}, {word}, {end}{why}"), tone));
    }
}

/// How deliveries to each route stand.
pub(super) fn routes(account: &Account) -> Table {
    let mut table = Table::new(&[
        whole("ROUTE"),
        figure("PENDING"),
        figure("PARKED"),
        whole("STATE"),
        prose("LAST ANSWER"),
        prose("URL"),
    ]);
    for (name, route) in &account.routes {
        table.row(vec![
            name.into(),
            route.pending.to_string().into(),
            route.parked.to_string().into(),
            Span::state(state(route)),
            route.last_answer.as_ref().map_or("-".to_owned(), last).into(),
            route.url.as_str().into(),
        ]);
    }
    table
}

fn state(route: &Route) -> &str {
    match () {
        () if route.removed => "removed",
        () if route.unusable.is_some() => "unusable",
        () if route.paused_at.is_some() => "paused",
        () => &route.breaker,
    }
}

fn last(answer: &LastAnswer) -> String {
    let status = answer.status.map(|status| status.to_string());
    let reason = answer.reason.as_deref().map(|reason| answers::without(answer.status, reason));
    let words: Vec<&str> = [status.as_deref(), reason].into_iter().flatten().filter(|word| !word.is_empty()).collect();
    let words = if words.is_empty() { "taken".to_owned() } else { words.join(" ") };
    format!("{words} at {}", times::second(answer.at.as_deref()))
}

fn numbers(account: &Account) -> Table {
    let titles =
        [whole("NUMBER"), whole("DISPLAY"), prose("NAME"), figure("RATE"), figure("QUEUED"), figure("SENDING")];
    let mut table = Table::new(&titles);
    for known in &account.snapshot.phone_numbers {
        let sends = account.sends.get(&known.id).cloned().unwrap_or_default();
        table.row(vec![
            known.id.as_str().into(),
            known.display_phone_number.as_deref().unwrap_or("-").into(),
            known.verified_name.as_deref().unwrap_or("-").into(),
            format!("{} of {}/s", sends.rate, sends.limit).into(),
            sends.queued.to_string().into(),
            sends.sending.to_string().into(),
        ]);
    }
    table
}

fn held(account: &Account) -> Option<Table> {
    let mut table = Table::new(&[whole("WHAT"), whole("WHICH"), whole("SINCE (UTC)"), prose("WHY")]);
    for Hold { scope, name, cause, reason, since } in &account.holds {
        let which = if name.is_empty() { scope.clone() } else { format!("{scope} {name}") };
        let why = if reason.is_empty() { cause.clone() } else { reason.clone() };
        table.row(vec!["sends".into(), which.into(), times::second(since.as_deref()).into(), why.into()]);
    }
    for DeliveryHold { route, number, since, by } in &account.delivery_holds {
        let named = [("route", route), ("number", number)];
        let named = named.into_iter().filter_map(|(what, name)| Some(format!("{what} {}", name.as_ref()?)));
        let which = named.collect::<Vec<_>>().join(", ");
        let which = if which.is_empty() { "account".to_owned() } else { which };
        let by = by.as_deref().map_or_else(String::new, |by| format!("held by {by}"));
        table.row(vec!["deliveries".into(), which.into(), times::second(since.as_deref()).into(), by.into()]);
    }
    (!account.holds.is_empty() || !account.delivery_holds.is_empty()).then_some(table)
}

#[cfg(test)]
mod tests {
    use super::super::paper::Colour;
    use super::*;
    use serde_json::json;

    fn account() -> Account {
        let told = json!({
            "id": "102290129340398", "gateway": "support", "active": true, "standing": "restricted",
            "snapshot": {"name": "Bob's Bikes", "phone_numbers": [
                {"id": "106540352242922", "display_phone_number": "+1 555 0100", "verified_name": "Bob"}]},
            "restrictions": [{"what": "RESTRICTED_BIZ_INITIATED_MESSAGING", "until": "2026-12-01T00:00:00.000Z"}],
            "token": {"own": false, "valid": true, "expires_at": null},
            "oldest_undelivered_at": "2026-11-29T11:56:48.000Z",
            "routes": {
                "support/bot": {"url": "https://bot/…", "pending": 7, "parked": 1, "breaker": "open",
                    "last_answer": {"at": "2026-11-29T11:59:00.123Z", "status": 503, "reason": null}},
                "support/crm": {"url": "https://crm/", "pending": 0, "breaker": "closed", "unknown": 1,
                    "last_answer": {"at": "2026-11-29T11:58:00.123Z", "status": null, "reason": null}}},
            "outbox": {"queued": 3}, "sends": {"106540352242922": {"limit": 80, "rate": 2, "queued": 3}},
            "holds": [{"scope": "number", "name": "106540352242922", "cause": "operator", "reason": "paused by ops",
                "since": "2026-11-29T11:00:00.000Z"}],
            "delivery_holds": [{"route": "support/bot", "number": null, "since": "2026-11-29T11:00:00.000Z", "by": "ops"}]
        });
        serde_json::from_value(told).expect("an account")
    }

    fn alarms() -> Vec<Alarm> {
        let told = json!([
            {"what": "restricted", "since": "2026-11-28T00:00:00.000Z", "account": "102290129340398", "todo": "see it"},
            {"what": "quarantine", "since": null, "gateway": "support", "todo": "look"}]);
        serde_json::from_value(told).expect("alarms")
    }

    fn now() -> Timestamp {
        "2026-11-29T12:00:00Z".parse().expect("a time")
    }

    fn text(table: &Table) -> String {
        Paper(table.lines(None)).render(Colour::Without)
    }

    #[test]
    fn every_account_has_one_line_that_says_how_it_stands() {
        let other = Account { id: "7".into(), standing: Some("restarting".into()), ..Account::default() };
        let expected = "\
ID               NAME         ACTIVE  PENDING  OLDEST  STANDING    ALARMS
102290129340398  Bob's Bikes  yes           7  3m 12s  restricted  restricted
7                -            no            0       -  restarting  -
";
        assert_eq!(text(&table(&[account(), other], &alarms(), now())), expected);
    }

    #[test]
    fn one_account_is_told_in_full() {
        let parts = in_full(&account(), &alarms(), now());
        let told: String = parts
            .iter()
            .map(|part| match part {
                Part::Words(paper) => paper.render(Colour::Without),
                Part::Rows(table) => text(table),
            })
            .collect();
        let expected = "\
account       102290129340398 (Bob's Bikes) at gateway support
active        yes
standing      restricted
restricted    RESTRICTED_BIZ_INITIATED_MESSAGING until 2026-12-01T00:00:00.000Z
token         its gateway's, valid, no end
deliveries    7 pending, the oldest for 3m 12s
outbox        3 queued
alarm         restricted (since 2026-11-28T00:00:00Z)
              -> see it

Routes
ROUTE        PENDING  PARKED  STATE   LAST ANSWER                    URL
support/bot        7       1  open    503 at 2026-11-29T11:59:00Z    https://bot/…
support/crm        0       0  closed  taken at 2026-11-29T11:58:00Z  https://crm/

Numbers
NUMBER           DISPLAY      NAME       RATE  QUEUED  SENDING
106540352242922  +1 555 0100  Bob   2 of 80/s       3        0

Held
WHAT        WHICH                   SINCE (UTC)           WHY
sends       number 106540352242922  2026-11-29T11:00:00Z  paused by ops
deliveries  route support/bot       2026-11-29T11:00:00Z  held by ops
";
        assert_eq!(told, expected);
    }
}
