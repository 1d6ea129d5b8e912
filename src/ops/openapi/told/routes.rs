//! What is told of routes.

use super::super::shapes::RouteSettings;
use super::Told;
use crate::error::ErrorId;
use crate::ops::account_routes::{Dropped, List, Resumed as RouteResumed, Shown};
use crate::ops::routes::{Ended, Resumed};
use crate::ops::tryouts::Answered;
use serde_json::json;

const ROUTES: &str = "Routes";

pub(crate) fn list() -> Told {
    Told::inspect(ROUTES, "An account's own routes, beside those of its gateway").answers::<List>(200, "All of them.")
}

pub(crate) fn one() -> Told {
    Told::inspect(ROUTES, "One of an account's own routes")
        .answers::<Shown>(200, "The route, without its secret.")
        .versioned()
        .may(&[ErrorId::RouteUnknown])
}

pub(crate) fn put() -> Told {
    Told::admin(ROUTES, "Sets one of an account's own routes")
        .more("A new one begins with the next event. Without `secret`, the one that it has stays; where it gets another, the former signs too for `overlap`.")
        .guarded()
        .takes::<RouteSettings>(
            json!({ "url": "https://bot.example.com/webhook", "secret": "…", "fields": ["messages"] }),
        )
        .answers::<Shown>(200, "It took the place of another.")
        .answers::<Shown>(201, "It is a new one.")
        .versioned()
        .may(&[ErrorId::SecretLocked, ErrorId::RoutesFull, ErrorId::RouteUnknown, ErrorId::NotDurable])
}

pub(crate) fn delete() -> Told {
    Told::admin(ROUTES, "Removes one of an account's own routes for good")
        .guarded()
        .answers::<Dropped>(200, "What it left unfinished becomes dead letters.")
        .may(&[ErrorId::RouteUnknown, ErrorId::NotDurable])
}

pub(crate) fn resume_own() -> Told {
    Told::admin(ROUTES, "Ends the pause of an account's own route after a 410")
        .answers::<RouteResumed>(200, "It goes on, if it was paused.")
        .may(&[ErrorId::RouteUnknown])
}

pub(crate) fn end() -> Told {
    Told::admin(ROUTES, "Gives up what a route left pending that is not in the settings any more")
        .answers::<Ended>(200, "Its unfinished deliveries become dead letters.")
        .may(&[ErrorId::RouteUnknown, ErrorId::RouteStands])
}

pub(crate) fn resume() -> Told {
    Told::admin(ROUTES, "Ends the pause of a route whose application had said 410")
        .answers::<Resumed>(200, "It goes on, with every route to the same endpoint.")
        .may(&[ErrorId::RouteUnknown])
}

pub(crate) fn test() -> Told {
    Told::admin(ROUTES, "Tries a route out with a made-up message")
        .more(
            "It is signed as any delivery, has the header `X-Wharf-Test: true`, goes at once, and no ledger counts it.",
        )
        .answers::<Answered>(200, "What the application answered, or why it did not.")
        .may(&[ErrorId::RouteUnknown])
}

pub(crate) fn test_own() -> Told {
    Told::admin(ROUTES, "Tries an account's own route out with a made-up message")
        .more("As for a route of the settings.")
        .answers::<Answered>(200, "What the application answered, or why it did not.")
        .may(&[ErrorId::RouteUnknown])
}
