//! `/api/accounts/{waba}`: identity, wish against Meta's answer, routes, outbox, ledger.

use super::delivery_holds::DeliveryHoldShown;
use super::ledger::LedgerShown;
use super::life::{LifeShown, TokenShown};
use super::page::raw;
use super::{inspector, json, moment, read, require_whole_account};
use crate::config::masked;
use crate::edge::Late;
use crate::error::{ApiError, ErrorId};
use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::Instant;
use wharf_actors::clock::now_ms;
use wharf_actors::courier::gate::Standing;
use wharf_actors::messages::Look;
use wharf_actors::rules::outbox::NumberView;
use wharf_actors::views::{AccountView, HoldView};
use wharf_storage::{AccountRecord, HoldCause, KeyBuilder, Kind, Noun, RouteTally, Tally};

/// An account from outside.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AccountShown {
    id: String,
    gateway: String,
    active: bool,
    wished: bool,
    override_callback_uri: Option<String>,
    error: Option<Box<RawValue>>,
    engaged_at: Option<String>,
    refreshed_at: Option<String>,
    snapshot: Box<RawValue>,
}

/// An account, looked into.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AccountInside {
    #[serde(flatten)]
    account: AccountShown,
    #[serde(flatten)]
    life: LifeShown,
    /// Before Graph was asked about it, nothing.
    token: Option<TokenShown>,
    seq: u64,
    mailbox: Mailbox,
    changes_in_flight: usize,
    oldest_undelivered_at: Option<String>,
    routes: BTreeMap<String, RouteShown>,
    outbox: BTreeMap<&'static str, usize>,
    /// By phone number id.
    sends: BTreeMap<String, SendsShown>,
    /// Why messages wait although their turn has come.
    holds: Vec<HoldShown>,
    /// Which deliveries an operator holds.
    delivery_holds: Vec<DeliveryHoldShown>,
    ledger: LedgerShown,
}

/// How the account's mailbox stands. How many messages are in it, no mailbox tells; how long one waits says more.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Mailbox {
    /// What just looked had to wait, in ms.
    waited_ms: u64,
}

/// How the sends of one number stand.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SendsShown {
    /// Meta's figure: messages per second, out and in together.
    limit: u32,
    /// What is used of it now.
    rate: u32,
    queued: usize,
    sending: usize,
    oldest_queued_at: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HoldShown {
    /// What is held: all of the `account`, a `number`, a `template`, all `templates`, what is `free_form`, or what goes to
    /// `new_customers`.
    #[schemars(extend("enum" = ["account", "number", "template", "templates", "free_form", "new_customers"]))]
    scope: &'static str,
    /// The number's id or the template's name, such as `sale (en_US)`.
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    /// Who ends it; `throttle` and `limit` end with time.
    #[schemars(extend("enum" = HoldCause::ALL.map(HoldCause::word)))]
    cause: &'static str,
    code: Option<i64>,
    reason: String,
    since: Option<String>,
    until: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AccountRoute")]
pub(super) struct RouteShown {
    url: String,
    /// It is not there any more; only what it left unfinished is.
    removed: bool,
    /// Why nothing can be delivered to it.
    unusable: Option<String>,
    pending: i64,
    open: usize,
    under_way: usize,
    /// Deliveries that are retried on their own.
    parked: usize,
    /// When the oldest of the open ones came.
    oldest_pending_at: Option<String>,
    /// When the next attempt is due.
    next_at: Option<String>,
    breaker: &'static str,
    /// Since when it is paused, because the application said 410.
    paused_at: Option<String>,
    last_answer: Option<AnswerShown>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AnswerShown {
    at: Option<String>,
    status: Option<u16>,
    reason: Option<String>,
}

/// One account.
pub async fn one(request: HttpRequest, waba: web::Path<String>, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    require_whole_account(edge, &caller, &waba)?;
    let unknown = || ApiError::naming(ErrorId::AccountUnknown, &waba);
    let key = KeyBuilder::new().text(&waba).build();
    let record = read(edge, move |store| {
        store.get(Kind::Account, &key.0)?.map(|bytes| AccountRecord::from_bytes(&bytes)).transpose()
    });
    let record = record.await?.ok_or_else(unknown)?;
    let (actor, desks) = edge.wharf.directory.account(&waba).ok_or_else(unknown)?;
    let asked = Instant::now();
    let view = actor.send(Look).await;
    let mailbox = Mailbox { waited_ms: u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX) };
    let view = view.map_err(|_| ApiError::naming(ErrorId::NotReady, "the account is being restarted"))?;
    let ledger = edge.wharf.store.ledger(&waba);
    let endpoint = |url: &str| Some(edge.wharf.gates.known(url)?.standing());
    let token = match desks.gateway.own_tokens.of(&waba) {
        Some(own) => Some(TokenShown::of_account(&own)),
        None => edge.wharf.tokens.of(&desks.gateway.uri).map(|token| TokenShown::of(&token)),
    };
    Ok(json(&AccountInside::of(record, view, mailbox, ledger, token, endpoint)))
}

impl AccountInside {
    fn of(
        record: AccountRecord,
        view: AccountView,
        mailbox: Mailbox,
        ledger: Tally,
        token: Option<TokenShown>,
        endpoint: impl Fn(&str) -> Option<Standing>,
    ) -> Self {
        let route = |(name, view): (String, wharf_actors::views::RouteView)| {
            let sums = ledger.routes.get(&name).copied().unwrap_or_else(RouteTally::default);
            let last_answer = view.last_answer.map(|last| AnswerShown {
                at: moment(last.at_ms),
                status: last.status,
                reason: last.reason,
            });
            let standing = endpoint(&view.route.url);
            let shown = RouteShown {
                url: if view.route.url.is_empty() { String::new() } else { masked(&view.route.url) },
                removed: view.removed,
                unusable: view.route.unusable.as_deref().map(str::to_owned).filter(|_| !view.removed),
                pending: sums.pending,
                open: view.open,
                under_way: view.under_way,
                parked: view.parked,
                oldest_pending_at: view.oldest_ms.and_then(moment),
                next_at: view.next_at_ms.and_then(moment),
                breaker: standing.map_or("closed", |standing| standing.breaker),
                paused_at: standing.and_then(|standing| standing.paused_at_ms).and_then(moment),
                last_answer,
            };
            (name, shown)
        };
        Self {
            account: AccountShown::of(record),
            life: LifeShown::of(view.life, now_ms()),
            token,
            seq: view.seq,
            mailbox,
            changes_in_flight: view.changes_in_flight,
            oldest_undelivered_at: view.oldest_undelivered_ms.and_then(moment),
            routes: view.routes.into_iter().map(route).collect(),
            outbox: view.outbox,
            sends: view.numbers.into_iter().map(|(id, number)| (id, SendsShown::of(&number))).collect(),
            holds: view.holds.into_iter().map(HoldShown::of).collect(),
            delivery_holds: view.delivery_holds.into_iter().map(DeliveryHoldShown::of).collect(),
            ledger: LedgerShown::of(ledger),
        }
    }
}

impl SendsShown {
    fn of(number: &NumberView) -> Self {
        Self {
            limit: number.limit,
            rate: number.rate,
            queued: number.queued,
            sending: number.sending,
            oldest_queued_at: number.oldest_ms.and_then(moment),
        }
    }
}

impl HoldShown {
    fn of(hold: HoldView) -> Self {
        let HoldView { scope, name, cause, code, reason, since_ms, until_ms } = hold;
        Self { scope, name, cause, code, reason, since: moment(since_ms), until: until_ms.and_then(moment) }
    }
}

impl AccountShown {
    /// As it is kept.
    pub(super) fn of(record: AccountRecord) -> Self {
        Self {
            gateway: record.gateway.into(),
            active: record.active,
            wished: record.wished,
            override_callback_uri: record.override_uri.map(Into::into),
            error: record.refusal.as_deref().map(raw),
            engaged_at: moment(record.engaged_at_ms),
            refreshed_at: moment(record.refreshed_at_ms),
            snapshot: raw(&record.snapshot),
            id: record.id.into(),
        }
    }
}
