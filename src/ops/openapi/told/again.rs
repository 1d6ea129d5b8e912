//! What is told of what is delivered or sent again.

use super::Told;

const AGAIN: &str = "Again";

pub(crate) fn one() -> Told {
    Told::admin(AGAIN, "Delivers one event again")
}

pub(crate) fn begin() -> Told {
    Told::admin(AGAIN, "Delivers a stretch of an account's journal again, or counts it")
}

pub(crate) fn list() -> Told {
    Told::inspect(AGAIN, "The replays of an account: those that go on, and the last that ended")
}

pub(crate) fn cancel() -> Told {
    Told::admin(AGAIN, "Ends a replay where it is")
}

pub(crate) fn redrive() -> Told {
    Told::admin(AGAIN, "Delivers or sends dead letters again")
}
