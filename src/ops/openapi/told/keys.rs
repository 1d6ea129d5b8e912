//! What is told of API keys.

use super::Told;
use crate::error::ErrorId;
use crate::ops::keys::{Given, KeyList, KeyMade, KeyRemoved, KeyShown};
use crate::ops::whoami::Whoami;
use serde_json::json;

const KEYS: &str = "Keys";

pub(crate) fn whoami() -> Told {
    Told::keyed(KEYS, "What the key is good for that asks").answers::<Whoami>(200, "The key, without itself.")
}

pub(crate) fn list() -> Told {
    Told::inspect(KEYS, "API keys, those of the settings first")
        .more("A key that is for some gateways, accounts or numbers sees those that are for nothing beyond them.")
        .answers::<KeyList>(200, "All of them, without the keys themselves.")
}

pub(crate) fn one() -> Told {
    Told::inspect(KEYS, "One API key")
        .answers::<KeyShown>(200, "It, without the key itself.")
        .versioned()
        .may(&[ErrorId::KeyUnknown])
}

pub(crate) fn create() -> Told {
    Told::admin(KEYS, "Makes an API key")
        .more("It opens at once and after a restart. A key can give only what it has itself. Names are unique.")
        .takes::<Given>(json!({ "name": "crm", "scopes": ["inspect", "send"] }))
        .answers::<KeyMade>(201, "It, with the key, which is shown this once.")
        .versioned()
        .may(&[ErrorId::KeyExists, ErrorId::KeysFull])
}

pub(crate) fn delete() -> Told {
    Told::admin(KEYS, "Takes an API key away")
        .guarded()
        .answers::<KeyRemoved>(200, "It opens nothing any more.")
        .may(&[ErrorId::KeyUnknown, ErrorId::KeyInSettings])
}
