//! `/api/accounts`: the engaged accounts, each with what tells at a glance whether somebody must look into it.

use super::accounts::AccountShown;
use super::page::{Page, Wanted};
use super::{inspector, json, moment, read};
use crate::callback::Query;
use crate::edge::{Edge, Late};
use crate::error::ApiError;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::future::join_all;
use schemars::JsonSchema;
use serde::Serialize;
use std::time::Duration;
use wharf_actors::clock::now_ms;
use wharf_actors::messages::Look;
use wharf_actors::rules::life::Health;
use wharf_storage::{AccountRecord, Key, KeyBuilder, Kind, Noun, Store, StoreError};

/// An account that does not answer by then is listed without what only itself knows.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// An account in the list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AccountListed")]
pub(super) struct Listed {
    #[serde(flatten)]
    account: AccountShown,
    /// Deliveries that have not ended, of all its routes.
    pending: i64,
    /// Deliveries given up since it was engaged.
    dead: i64,
    /// Whether dead letters of it are kept now, which can be redriven.
    has_dead_letters: bool,
    /// Messages that have not left.
    queued: i64,
    oldest_undelivered_at: Option<String>,
    /// `null` while the account is busy.
    #[schemars(with = "Option<String>", extend("enum" = ["ok", "restricted", "banned", "offboarded", null]))]
    standing: Option<Health>,
    /// Where Meta's side is not as wished.
    drift: Vec<&'static str>,
}

/// The engaged accounts that the caller's key may see; with `q=` those whose id or name has it.
pub async fn list(request: HttpRequest, late: Late) -> Result<HttpResponse, ApiError> {
    let (edge, caller) = inspector(&request, &late).await?;
    caller.require_all_numbers()?;
    let query = Query::read(request.query_string());
    let wanted = Wanted::read(&query)?;
    let after = wanted.after.clone().unwrap_or_default();
    let sought = query.first("q").map(str::to_lowercase).filter(|sought| !sought.is_empty());
    let records = read(edge, move |store| {
        let records = store.hot(Kind::Account, &[]).into_iter().filter(|(key, _)| key.0 > after);
        let records = records.map(|(key, bytes)| Ok((key, AccountRecord::from_bytes(&bytes)?)));
        let found = |record: &AccountRecord| sought.as_deref().is_none_or(|sought| has(record, sought));
        records.filter(|read| read.as_ref().map_or(true, |(_, record)| found(record))).collect::<Result<Vec<_>, _>>()
    });
    let seen = |record: &AccountRecord| caller.may_use_account(&record.id) && caller.may_use_gateway(&record.gateway);
    let rest = records.await?.into_iter().filter(|(_, record)| seen(record));
    let part: Vec<_> = rest.take(wanted.limit).collect();
    let ids: Vec<_> = part.iter().map(|(_, record)| record.id.clone()).collect();
    let letters = read(edge, move |store| ids.iter().map(|id| has_letters(store, id)).collect::<Result<Vec<_>, _>>());
    let part = part.into_iter().zip(letters.await?).map(|((key, record), letters)| look(edge, key, record, letters));
    Ok(json(&Page::of(join_all(part).await, &wanted, |listed| listed)))
}

/// Whether the account's id has `sought`, or its name in any case.
fn has(record: &AccountRecord, sought: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Named {
        name: String,
    }
    let name = || serde_json::from_slice(&record.snapshot).map(|Named { name }| name.to_lowercase());
    record.id.contains(sought) || name().is_ok_and(|name| name.contains(sought))
}

/// Whether dead letters of the account are kept. Blocks.
fn has_letters(store: &dyn Store, account: &str) -> Result<bool, StoreError> {
    let prefix = KeyBuilder::new().text(account).build();
    Ok(!store.page(Kind::Dead, &prefix.0, None, 1)?.is_empty())
}

async fn look(edge: &Edge, key: Key, record: AccountRecord, has_dead_letters: bool) -> (Key, Listed) {
    let ledger = edge.wharf.store.ledger(&record.id);
    let view = match edge.wharf.directory.account(&record.id) {
        Some((actor, _)) => actix_web::rt::time::timeout(ANSWERS_WITHIN, actor.send(Look)).await.ok(),
        None => None,
    };
    let view = view.and_then(Result::ok);
    let listed = Listed {
        pending: ledger.routes.values().map(|route| route.pending).sum(),
        dead: ledger.routes.values().map(|route| route.dead).sum(),
        has_dead_letters,
        queued: ledger.messages.queued,
        oldest_undelivered_at: view.as_ref().and_then(|view| view.oldest_undelivered_ms).and_then(moment),
        standing: view.as_ref().map(|view| view.life.health(now_ms())),
        drift: view.iter().flat_map(|view| view.life.drift.iter().map(|drift| drift.word.text())).collect(),
        account: AccountShown::of(record),
    };
    (key, listed)
}
