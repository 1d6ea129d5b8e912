//! Where test payloads stand with the routes that want them, for whoever asks.

use super::Gate;
use crate::messages::Explain;
use crate::rules::explain::RouteFacts;
use actix::prelude::*;

impl Handler<Explain> for Gate {
    type Result = MessageResult<Explain>;

    fn handle(&mut self, message: Explain, _: &mut Self::Context) -> Self::Result {
        let deliveries = self.machine.deliveries();
        MessageResult((RouteFacts::of(deliveries, message.0), deliveries.fresh_trails(message.0)))
    }
}
