//! What is told of what is delivered or sent again.

use super::Told;
use crate::error::ErrorId;
use crate::ops::page::Page;
use crate::ops::redrive::{Given as WhatToRedrive, Shown as Redriven};
use crate::ops::replay::{Given as WhereToReplay, Shown as EventReplayed};
use crate::ops::replays::{Began, Counted, Given as WhatToReplay, ReplayShown};
use serde_json::json;

const AGAIN: &str = "Again";

pub(crate) fn one() -> Told {
    Told::admin(AGAIN, "Delivers one event again")
        .more("To each route whose filter wants it now; to a route that is named, whatever its filter says. Durable before it is answered.")
        .may_take::<WhereToReplay>(json!({ "route": "app" }))
        .answers::<EventReplayed>(202, "It is a delivery again, or was one.")
        .may(&[ErrorId::EventUnknown, ErrorId::RouteUnknown, ErrorId::GatewayUnknown])
        .may(&[ErrorId::ReplayNothing, ErrorId::ReplayFull])
}

pub(crate) fn begin() -> Told {
    Told::admin(AGAIN, "Delivers a stretch of an account's journal again, or counts it")
        .more("It goes on after a restart, and live events go before it.")
        .takes::<WhatToReplay>(json!({ "from": "2026-01-31T08:00:00Z", "route": "app", "rate": 20, "dry_run": true }))
        .answers::<Counted>(200, "What it would be, with `dry_run`.")
        .answers::<Began>(202, "It began, durably.")
        .may(&[ErrorId::RouteUnknown, ErrorId::ReplayNothing, ErrorId::ReplaysFull])
}

pub(crate) fn list() -> Told {
    Told::inspect(AGAIN, "The replays of an account: those that go on, and the last that ended")
        .answers::<Page<ReplayShown>>(200, "All of them.")
}

pub(crate) fn cancel() -> Told {
    Told::admin(AGAIN, "Ends a replay where it is")
        .more("What it made a delivery again stays one.")
        .answers::<ReplayShown>(200, "It goes no further.")
        .may(&[ErrorId::ReplayUnknown])
}

pub(crate) fn redrive() -> Told {
    Told::admin(AGAIN, "Delivers or sends dead letters again")
        .more("All of an account's, or those of a route, an event or a message; a thousand at once. It works after `remove` too, where the gateway still has the route.")
        .may_take::<WhatToRedrive>(json!({ "route": "app" }))
        .answers::<Redriven>(202, "They are deliveries and messages again, durably.")
        .may(&[ErrorId::RouteUnknown])
}
