//! How an account's routes change while it runs: those of its gateway, its own, and those that are gone for good, whose
//! deliveries are given up.

use super::{Account, unfinished_events};
use crate::clock::now_ms;
use crate::gateway::{Route, kept};
use crate::messages::{DropRoute, EndRoute, OwnRoutes, PutRoute, Reroute};
use crate::rules::account::Input;
use crate::rules::deliveries::Ending;
use crate::vault::Vault;
use actix::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use wharf_storage::{Change, Kind, Noun, OwnRoute, RoutesRecord, Store, StoreError};

/// An account may have this many routes of its own: each costs a reader in memory and a decision for every event.
pub const MOST_OWN_ROUTES: usize = 16;
/// How often what is under way is looked at while a route ends.
pub(crate) const ENDING_LOOKS: Duration = Duration::from_millis(100);
/// How often the ends of own routes are looked at, at least.
const EXPIRY_LOOKS: Duration = Duration::from_secs(3600);
/// What the dead letters of a route say that is gone for good.
pub(crate) const ROUTE_REMOVED: &str = "the route was removed before it could be delivered";

/// An account's own routes, as they are kept and as they are used.
#[derive(Debug, Clone, Default)]
pub struct Own(Vec<(OwnRoute, Arc<Route>)>);

/// What became of a change of an account's own routes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// It is a new one.
    Created,
    /// It took the place of another.
    Replaced,
    /// It is gone.
    Removed,
    /// There is none of that name.
    Unknown,
    /// There are too many.
    TooMany,
    /// It could not be kept.
    Lost {
        /// Why, for people.
        reason: String,
    },
}

impl Own {
    /// The account's own routes as the store has them.
    pub fn read(store: &dyn Store, gateway: &str, account: &str, vault: &Vault) -> Result<Self, StoreError> {
        let record = RoutesRecord { account: account.into(), routes: Vec::new() };
        let Some(bytes) = store.get(Kind::Routes, &record.key().0)? else { return Ok(Self::default()) };
        let record = RoutesRecord::from_bytes(&bytes)?;
        let routes = record.routes.into_iter().map(|own| {
            let route = kept::open(&own, kept::full_name(gateway, account, &own.name), vault)?;
            if let Some(why) = &route.unusable {
                log::error!("route_unusable route={} why=\"{why}\"", route.name);
            }
            Ok((own, Arc::new(route)))
        });
        Ok(Self(routes.collect::<Result<_, StoreError>>()?))
    }

    /// The gateway's routes and these.
    pub fn with(&self, gateway: &[Arc<Route>]) -> Vec<Arc<Route>> {
        gateway.iter().chain(self.0.iter().map(|(_, route)| route)).cloned().collect()
    }

    fn put(&mut self, own: OwnRoute, route: Arc<Route>) -> Changed {
        match self.0.iter().position(|(known, _)| known.name == own.name) {
            Some(place) => {
                self.0[place] = (own, route);
                Changed::Replaced
            }
            None if self.0.len() >= MOST_OWN_ROUTES => Changed::TooMany,
            None => {
                self.0.push((own, route));
                Changed::Created
            }
        }
    }

    /// When the next of them ends by itself, in ms since 1970.
    fn expires_at_ms(&self) -> Option<u64> {
        self.0.iter().filter_map(|(_, route)| route.expires_at_ms).min()
    }

    /// Those that have not ended by themselves, and the full names of those that have.
    fn at(&self, now: u64) -> (Self, Vec<Arc<str>>) {
        let stands = |route: &Route| route.expires_at_ms.is_none_or(|expires_at_ms| expires_at_ms > now);
        let (standing, ended): (Vec<_>, Vec<_>) = self.0.iter().cloned().partition(|(_, route)| stands(route));
        (Self(standing), ended.into_iter().map(|(_, route)| Arc::clone(&route.name)).collect())
    }

    fn change(&self, account: &str) -> Change {
        let mut change = Change::default();
        let record =
            RoutesRecord { account: account.into(), routes: self.0.iter().map(|(own, _)| own.clone()).collect() };
        match self.0.is_empty() {
            true => change.remove(Kind::Routes, record.key()),
            false => change.put(&record),
        }
        change
    }
}

impl Account {
    /// Takes over the routes as they are now; `change` is kept with them.
    fn reroute(&mut self, change: Change, ctx: &mut Context<Self>) -> Option<u64> {
        let routes = self.own.with(&self.house.gateway.routes.get());
        let ticket = self.turn(Input::Routes { routes, change }, Vec::new(), ctx);
        self.end_routes(ctx);
        ticket
    }

    /// Ends own routes whose time has come, and looks again when the next one's has.
    pub(super) fn expire_routes(&mut self, ctx: &mut Context<Self>) {
        if let Some(watch) = self.route_watch.take() {
            ctx.cancel_future(watch);
        }
        let now = now_ms();
        let (own, ended) = self.own.at(now);
        if !ended.is_empty() && !self.leaving {
            ended.iter().for_each(|route| log::info!("route_expired route={route}"));
            self.own = own;
            self.reroute(self.own.change(&self.id), ctx);
        }
        if let Some(at_ms) = self.own.expires_at_ms() {
            // A clock that is set back or forth is noticed within an hour.
            let wait = Duration::from_millis(at_ms.saturating_sub(now).max(1)).min(EXPIRY_LOOKS);
            self.route_watch = Some(ctx.run_later(wait, Self::expire_routes));
        }
    }

    /// Gives up, step by step, what is unfinished of routes that are gone for good.
    pub(super) fn end_routes(&mut self, ctx: &mut Context<Self>) {
        if self.ending {
            return;
        }
        match self.machine.ending() {
            None => {}
            Some(Ending::Later) => {
                self.ending = true;
                ctx.run_later(ENDING_LOOKS, |account, ctx| {
                    account.ending = false;
                    account.end_routes(ctx);
                });
            }
            Some(Ending::Now { reader, open, after }) => self.bury(reader, open, after, ctx),
        }
    }

    fn bury(&mut self, reader: usize, open: Vec<u64>, after: u64, ctx: &mut Context<Self>) {
        self.ending = true;
        let (store, stream) = (Arc::clone(&self.house.store), Arc::clone(&self.id));
        let reading = actix_rt::task::spawn_blocking(move || unfinished_events(store.as_ref(), &stream, &open, after));
        let heard =
            move |read: Result<Result<super::Batch, StoreError>, _>, account: &mut Self, ctx: &mut Context<Self>| {
                account.ending = false;
                let Ok(Ok((events, through))) = read else {
                    return log::error!("journal_unreadable account={}", account.id);
                };
                account.turn(Input::Bury { reader, events, through, reason: ROUTE_REMOVED.into() }, Vec::new(), ctx);
                account.end_routes(ctx);
            };
        ctx.spawn(reading.into_actor(self).map(heard));
    }

    /// Makes `own` the account's own routes; durable when the future ends well.
    fn take_own(&mut self, own: Own, changed: Changed, ctx: &mut Context<Self>) -> ResponseFuture<Changed> {
        if self.leaving {
            let reason = "the account is being removed".into();
            return Box::pin(std::future::ready(Changed::Lost { reason }));
        }
        self.own = own;
        let ticket = self.reroute(self.own.change(&self.id), ctx);
        self.expire_routes(ctx);
        let told = self.wait(ticket);
        Box::pin(async move {
            match told.await.unwrap_or_else(|_| Err("wharf stopped".into())) {
                Ok(()) => changed,
                Err(reason) => Changed::Lost { reason },
            }
        })
    }
}

impl Handler<Reroute> for Account {
    type Result = ();

    fn handle(&mut self, _: Reroute, ctx: &mut Self::Context) {
        if !self.leaving {
            self.reroute(Change::default(), ctx);
        }
    }
}

impl Handler<OwnRoutes> for Account {
    type Result = MessageResult<OwnRoutes>;

    fn handle(&mut self, _: OwnRoutes, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.own.0.iter().map(|(own, route)| (own.name.clone(), Arc::clone(route))).collect())
    }
}

impl Handler<PutRoute> for Account {
    type Result = ResponseFuture<Changed>;

    fn handle(&mut self, message: PutRoute, ctx: &mut Self::Context) -> Self::Result {
        let mut own = self.own.clone();
        let changed = own.put(message.kept, message.route);
        if changed == Changed::TooMany {
            return Box::pin(std::future::ready(changed));
        }
        self.take_own(own, changed, ctx)
    }
}

impl Handler<DropRoute> for Account {
    type Result = ResponseFuture<Changed>;

    fn handle(&mut self, message: DropRoute, ctx: &mut Self::Context) -> Self::Result {
        let mut own = self.own.clone();
        own.0.retain(|(known, _)| *known.name != *message.name);
        if own.0.len() == self.own.0.len() {
            return Box::pin(std::future::ready(Changed::Unknown));
        }
        self.take_own(own, Changed::Removed, ctx)
    }
}

impl Handler<EndRoute> for Account {
    type Result = bool;

    fn handle(&mut self, message: EndRoute, ctx: &mut Self::Context) -> Self::Result {
        let found = self.machine.end_route(&message.route);
        self.turn(Input::Tick, Vec::new(), ctx);
        self.end_routes(ctx);
        found
    }
}
