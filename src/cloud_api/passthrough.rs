//! Every path below an account, a number or a medium that has no way of its own here: passed to Graph with the account's
//! token, streamed both ways, within the account's budget of management calls.

use super::errand::{Errand, Node, settings_scope};
use super::masked::Mask;
use super::owner::{Owner, is_limited};
use super::refused::Refused;
use super::target::{Target, Unclean};
use super::{media, relay};
use crate::audit::{self, Deed};
use crate::auth::{Caller, Scope};
use crate::authorised::caller;
use crate::callback::read_body;
use crate::edge::{Edge, Ready};
use actix_web::http::Method;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use std::sync::Arc;
use wharf_actors::berth::Berth;
use wharf_actors::cloud::graph_error::OwnRefusal;
use wharf_actors::cloud::refusal::Refusal;
use wharf_actors::courier::call::Access;
use wharf_actors::courier::fault::Fault;
use wharf_actors::courier::stream::{Ask, Feed, Heard, Turn};
use wharf_actors::supervisor::probe::Stir;

/// One request on its way to Graph.
pub(super) struct Passing<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) target: Target,
    pub(super) owner: Owner,
    pub(super) access: Access,
    pub(super) edge: &'a Edge,
}

/// Every request that is passed on.
pub async fn pass(request: HttpRequest, payload: Payload, edge: Ready) -> Result<HttpResponse, Refused> {
    let caller = caller(&request, &edge).await?;
    let target = Target::read(request.uri().path(), request.query_string())?;
    let owner = Owner::of(&target.node, &caller, &edge).await?;
    let method = request.method();
    let errand = Errand::of(method, owner.node, &target)?;
    owner.require(errand.scope_for(&caller), &caller)?;
    if let Some(field) = target.leads_out().filter(|_| is_limited(&caller)) {
        return Err(Refused::parameter(format!(
            "the field {field} leads out of this object, and the key is for some objects only: ask for plain fields"
        )));
    }
    let under_way = edge.in_flight.reserve(256 << 10);
    let _under_way = under_way.ok_or_else(|| unavailable("too many bytes are under way"))?;
    let access = owner.access()?;
    let passing = Passing { request: &request, target, owner, access, edge: &edge };
    match errand {
        Errand::Upload => media::upload(passing, payload).await,
        Errand::Lookup => media::lookup(passing).await,
        Errand::Content => media::content(passing).await,
        Errand::Look | Errand::Manage | Errand::Administer | Errand::Settings | Errand::Forget => {
            passing.run(errand, &caller, payload).await
        }
    }
}

/// What names no object: nothing is looked up or done in batches here.
pub async fn refuse_root(request: HttpRequest, edge: Ready) -> Result<HttpResponse, Refused> {
    caller(&request, &edge).await?;
    Err(Refused::parameter(
        "Wharf passes on requests about one object: batches and lists of ids have to be asked for one by one",
    ))
}

impl Errand {
    /// The scope to begin with: whoever may administer a number's settings need not manage the others.
    fn scope_for(self, caller: &Caller) -> Scope {
        if self == Self::Settings && caller.has(Scope::Admin) { Scope::Admin } else { self.scope() }
    }
}

impl Passing<'_> {
    async fn run(self, errand: Errand, caller: &Caller, payload: Payload) -> Result<HttpResponse, Refused> {
        let (feed, broken) = match errand {
            Errand::Settings => (self.settings(caller, payload).await?, None),
            Errand::Look => (None, None),
            Errand::Manage
            | Errand::Administer
            | Errand::Forget
            | Errand::Upload
            | Errand::Lookup
            | Errand::Content => match relay::coming(self.request, payload).await? {
                Some(coming) => {
                    media::refuse_mislabelled(&relay::content_type(self.request), &coming.first)?;
                    (Some(coming.feed), Some(coming.broken))
                }
                None => (None, None),
            },
        };
        if errand.is_budgeted() {
            self.edge.budgets.ask(&self.owner)?;
        }
        let heard = match self.ask(feed, Turn::Call).await {
            Ok(heard) => heard,
            Err(fault) => return Err(broken.and_then(|broken| broken.get()).map_or(fault.into(), relay::broken_off)),
        };
        let status = heard.status;
        let answer = self.answer(heard, errand).await?;
        if errand.is_audited(self.request.method()) {
            let (method, what) = (self.request.method(), self.target.tail.join("/"));
            let (verb, result) = (format!("{method} {what}"), format!("Graph answered {}", status.as_u16()));
            let gateway = &self.owner.desks.gateway.uri;
            let ids = vec![self.target.node.as_str().into()];
            audit::keep(Deed { gateway, verb: verb.trim_end(), ids, result }, self.request, caller, self.edge).await?;
            if errand == Errand::Administer {
                // It may have been a `register`: sends that Meta refused may leave now.
                self.edge.wharf.supervisor.do_send(Stir { account: Arc::clone(&self.owner.account) });
            }
        }
        Ok(answer)
    }

    /// The body of a change of the object itself, read whole: a two-step pin in it takes another scope.
    async fn settings(&self, caller: &Caller, payload: Payload) -> Result<Option<Feed>, Refused> {
        let too_many = || unavailable("too many bytes are under way");
        let mut reserved = self.edge.in_flight.reserve(0).ok_or_else(too_many)?;
        let body = read_body(self.request, payload, &mut reserved).await?;
        let kind = relay::content_type(self.request);
        media::refuse_mislabelled(&kind, &body)?;
        let scope = match self.owner.node {
            Node::Number => settings_scope(&self.target, &kind, &body),
            Node::Account | Node::Medium => Scope::Manage,
        };
        caller.require(scope)?;
        Ok(relay::whole(body))
    }

    /// Asks Graph for what the target names.
    pub(super) async fn ask(&self, body: Option<Feed>, turn: Turn) -> Result<Heard, Fault> {
        let streams = std::rc::Rc::clone(&Berth::here().streams);
        let version = self.version();
        let uri = streams.graph_uri(&self.access, version, &self.target.path(), &self.target.encoded_query())?;
        let method = self.request.method().clone();
        let headers = relay::headers(self.request);
        let ask = Ask { method, uri, headers, body, turn, patience: Ask::PATIENCE };
        streams.ask(&self.access, ask).await
    }

    /// The Graph version that is asked.
    pub(super) fn version(&self) -> &str {
        self.target.version.as_deref().unwrap_or(&self.edge.graph_version)
    }

    /// Graph's answer on its way to the caller. A refusal is read first: it may be a throttle.
    async fn answer(&self, heard: Heard, errand: Errand) -> Result<HttpResponse, Refused> {
        let mask = Mask::of(&self.access);
        if self.request.method() == Method::HEAD {
            self.hear(errand, &heard, None);
            return Ok(relay::answer(&heard).finish());
        }
        if heard.status.is_success() || heard.status.is_redirection() {
            self.hear(errand, &heard, None);
            return Ok(relay::stream(heard, mask));
        }
        let mut answer = relay::answer(&heard);
        let (status, headers) = (heard.status, heard.headers);
        let body = relay::read_short(heard.body).await.map_err(|why| Fault::unknown(why.to_string()))?;
        let code = Refusal::found(status.as_u16(), &body).and_then(|refusal| refusal.code);
        if errand.is_budgeted() {
            self.edge.budgets.hear(&self.owner, &headers, code);
        }
        Ok(answer.body(mask.whole(&body)))
    }

    fn hear(&self, errand: Errand, heard: &Heard, code: Option<i64>) {
        if errand.is_budgeted() {
            self.edge.budgets.hear(&self.owner, &heard.headers, code);
        }
    }
}

impl From<Unclean> for Refused {
    fn from(unclean: Unclean) -> Self {
        Self::parameter(unclean.to_string())
    }
}

pub(super) fn unavailable(why: &str) -> Refused {
    OwnRefusal::Unavailable(why.to_owned()).into()
}
