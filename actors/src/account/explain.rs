//! Where an account's event stands with its routes, for whoever asks. What that means is said in `rules/explain`.

use super::Account;
use crate::messages::Explain;
use crate::rules::explain::RouteFacts;
use actix::prelude::*;

impl Handler<Explain> for Account {
    type Result = MessageResult<Explain>;

    fn handle(&mut self, message: Explain, _: &mut Self::Context) -> Self::Result {
        let deliveries = self.machine.deliveries();
        MessageResult((RouteFacts::of(deliveries, message.0), deliveries.fresh_trails(message.0)))
    }
}
