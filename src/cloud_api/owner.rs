//! Whose an id in a path is: an engaged account's, one of its numbers', or a medium's that it saw. And whether that is
//! the key's. Knows no Graph.

use super::errand::Node;
use super::refused::Refused;
use crate::auth::{Caller, Scope};
use crate::edge::Edge;
use actix_web::web;
use std::sync::Arc;
use wharf_actors::clock::now_ms;
use wharf_actors::cloud::graph_error::OwnRefusal;
use wharf_actors::courier::call::Access;
use wharf_actors::courier::fault::Fault;
use wharf_actors::directory::Desks;
use wharf_actors::media_ids;
use wharf_actors::rules::budget::Size;
use wharf_storage::MediaRecord;

/// Who has an object.
#[derive(Clone)]
pub(super) struct Owner {
    /// What the id names.
    pub(super) node: Node,
    /// The account.
    pub(super) account: Arc<str>,
    /// The number, where the object is one or belongs to one.
    pub(super) number: Option<Box<str>>,
    /// The account's gateway.
    pub(super) desks: Arc<Desks>,
}

impl Owner {
    /// Who has `id`: an engaged account, a number of one, or whoever of the caller's accounts saw it as a medium.
    pub(super) async fn of(id: &str, caller: &Caller, edge: &Edge) -> Result<Self, Refused> {
        let directory = &edge.wharf.directory;
        if let Some((account, _, desks)) = directory.account_of_number(id) {
            return Ok(Self { node: Node::Number, account, number: Some(id.into()), desks });
        }
        if let Some((_, desks)) = directory.account(id) {
            return Ok(Self { node: Node::Account, account: id.into(), number: None, desks });
        }
        let (store, media) = (Arc::clone(&edge.wharf.store), id.to_owned());
        let found = web::block(move || media_ids::owners(store.as_ref(), &media, now_ms())).await;
        let found = found.map_err(|_| unavailable("wharf is stopping"))?;
        let found = found.map_err(|_| unavailable("the store cannot be read"))?;
        let mine = found.into_iter().filter_map(|record| Self::of_medium(record, edge));
        mine.into_iter().find(|owner| owner.is_of(caller)).ok_or_else(|| Refused::unknown(id))
    }

    fn of_medium(record: MediaRecord, edge: &Edge) -> Option<Self> {
        let (_, desks) = edge.wharf.directory.account(&record.account)?;
        let account = record.account.as_ref().into();
        Some(Self { node: Node::Medium, account, number: record.number, desks })
    }

    /// Refuses a caller without `scope`, and one whom the object does not belong to.
    pub(super) fn require(&self, scope: Scope, caller: &Caller) -> Result<(), Refused> {
        caller.require(scope)?;
        if self.is_of(caller) { Ok(()) } else { Err(OwnRefusal::NotPermitted(scope.word()).into()) }
    }

    /// Whether the object is the caller's. What belongs to no number is nobody's who has only numbers.
    fn is_of(&self, caller: &Caller) -> bool {
        let has_number = match &self.number {
            Some(number) => caller.may_use_number(number),
            None => caller.numbers.is_empty(),
        };
        has_number && caller.may_use_account(&self.account) && caller.may_use_gateway(&self.desks.gateway.uri)
    }

    /// As whom Graph is asked on this account's behalf.
    pub(super) fn access(&self) -> Result<Access, Fault> {
        Access::for_account(&self.desks.gateway, &self.account)
    }

    /// How many calls Meta gives the account.
    pub(super) fn size(&self) -> Size {
        let has_number = self.number.is_some() || self.desks.read().has_numbers(&self.account);
        if has_number { Size::WithNumber } else { Size::WithoutNumber }
    }
}

/// Whether the key is for some gateways, accounts or numbers only.
pub(super) fn is_limited(caller: &Caller) -> bool {
    [&caller.gateways, &caller.accounts, &caller.numbers].iter().any(|limits| !limits.is_empty())
}

fn unavailable(why: &str) -> Refused {
    OwnRefusal::Unavailable(why.to_owned()).into()
}
