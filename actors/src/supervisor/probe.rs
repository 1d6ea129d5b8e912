//! Ends holds of sends by asking Graph: the shell around `rules::probes`, on one timer for all accounts.

use super::Supervisor;
use crate::clock::now_ms;
use crate::cloud::health;
use crate::cloud::token::TokenReport;
use crate::courier::call::Call;
use crate::courier::{AskToken, Courier, Pass};
use crate::directory::{Desks, Directory};
use crate::gateway::Gateway;
use crate::messages::EndHolds;
use crate::rules::probes::{Question, TokenInUse};
use actix::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use wharf_storage::{Kind, Noun, SendHold, Standing};

/// How often the holds are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Edge → supervisor: something was done at Meta that may have ended this account's holds.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Stir {
    /// The account.
    pub account: Arc<str>,
}

impl Handler<Stir> for Supervisor {
    type Result = ();

    fn handle(&mut self, message: Stir, _: &mut Self::Context) {
        self.probes.stir(&message.account);
    }
}

impl Supervisor {
    /// Begins to look at holds.
    pub(super) fn probe(&self, ctx: &mut Context<Self>) {
        ctx.run_interval(LOOK_EVERY, Self::ask_about_holds);
    }

    fn ask_about_holds(&mut self, ctx: &mut Context<Self>) {
        let kept = self.plan.store.hot(Kind::SendHold, &[]);
        if self.plan.store.standing() != Standing::Open {
            return;
        }
        let held: Vec<Held> = kept.iter().filter_map(|(_, bytes)| Held::read(bytes, &self.directory)).collect();
        let asked = held.iter().filter_map(|held| Some((held.question()?, held.hold.since_ms)));
        for question in self.probes.due(asked.collect::<Vec<_>>(), now_ms()) {
            let concerned = held.iter().filter(|held| held.question().as_ref() == Some(&question)).cloned().collect();
            let errand = ask_and_end(question, concerned, self.courier.clone());
            ctx.spawn(errand.into_actor(self));
        }
    }
}

/// A hold and whose it is.
#[derive(Clone)]
struct Held {
    hold: SendHold,
    desks: Arc<Desks>,
}

impl Held {
    fn read(bytes: &[u8], directory: &Directory) -> Option<Self> {
        let hold = SendHold::from_bytes(bytes).ok()?;
        let (_, desks) = directory.account(&hold.account)?;
        Some(Self { hold, desks })
    }

    fn question(&self) -> Option<Question> {
        let gateway = &self.desks.gateway;
        Question::of(&self.hold, &gateway.uri, token_in_use(gateway, &self.hold.account))
    }
}

fn token_in_use(gateway: &Gateway, account: &str) -> TokenInUse {
    match gateway.own_tokens.of(account) {
        Some(own) => TokenInUse { is_own: true, version: own.set_at_ms },
        None => {
            let version = xxhash_rust::xxh3::xxh3_64(gateway.token.get().reveal().as_bytes());
            TokenInUse { is_own: false, version }
        }
    }
}

/// Asks, and where the answer is good lets the accounts send again.
async fn ask_and_end(question: Question, held: Vec<Held>, courier: Addr<Courier>) {
    let Some(first) = held.first() else { return };
    let gateway = Arc::clone(&first.desks.gateway);
    let is_well = match &question {
        Question::Token { account, .. } => works(token(&courier, gateway, account.as_deref()).await),
        Question::Health { account, node } => may_send(&courier, gateway, account, node).await,
    };
    if !is_well {
        return;
    }
    for Held { hold, desks } in held {
        let Some(actor) = desks.read().actor(&hold.account).cloned() else { continue };
        actor.do_send(EndHolds { scope: Some(hold.scope), causes: vec![hold.cause] });
    }
}

async fn token(courier: &Addr<Courier>, gateway: Arc<Gateway>, account: Option<&str>) -> Option<TokenReport> {
    match account {
        Some(account) => super::own_tokens::ask(courier, &gateway, &account.into()).await,
        None => courier.send(AskToken { gateway }).await.ok()?.ok(),
    }
}

fn works(report: Option<TokenReport>) -> bool {
    report.is_some_and(|report| report.is_valid && report.missing_scopes.is_empty())
}

async fn may_send(courier: &Addr<Courier>, gateway: Arc<Gateway>, account: &str, node: &str) -> bool {
    let call = Call::get(node).query("fields", health::FIELD);
    let asked = courier.send(Pass { gateway, account: account.into(), call }).await;
    matches!(asked, Ok(Ok(answer)) if health::can_send(&answer.body) == Some(true))
}
