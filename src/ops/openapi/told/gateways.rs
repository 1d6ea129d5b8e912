//! What is told of gateways: who they are to Meta, and whether all is well.

use super::super::shapes::VerbAnswer;
use super::Told;
use crate::error::ErrorId;
use crate::ops::doctor::finding::Report;
use crate::ops::gateways::List;
use crate::ops::register::{Registered, Wish};
use crate::ops::signature::Told as Diagnosis;
use crate::ops::verbs::Given as VerbGiven;
use serde_json::json;

const GATEWAYS: &str = "Gateways";

pub(crate) fn list() -> Told {
    Told::inspect(GATEWAYS, "The gateways, with their callbacks, routes and tokens")
        .answers::<List>(200, "All that the key is for, without their secrets.")
}

pub(crate) fn register() -> Told {
    Told::admin(GATEWAYS, "Has Meta send the app's webhooks to this gateway")
        .more("Meta asks the callback for its challenge meanwhile. Touches the app's object `whatsapp_business_account` and no other.")
        .may_take::<Wish>(json!({ "dry_run": true }))
        .answers::<Registered>(200, "What Meta had before, and has now.")
        .may(&[ErrorId::GatewayUnknown, ErrorId::SettingsMissing])
        .may(&[ErrorId::CallbackRefused, ErrorId::GraphFailed])
}

pub(crate) fn signature() -> Told {
    Told::inspect(GATEWAYS, "Says which secret signed a webhook, or what spoiled it")
        .more("Send what came, header and body, byte for byte. Neither body nor digest is logged.")
        .header("X-Hub-Signature-256", "As Meta sent it: `sha256=` and the digits.")
        .header("X-Hub-Signature", "The old one, if only that came.")
        .takes_bytes("The body of the webhook.")
        .answers::<Diagnosis>(200, "What was found.")
        .may(&[ErrorId::GatewayUnknown])
}

pub(crate) fn verb() -> Told {
    Told::inspect(GATEWAYS, "A verb of the callback URL, from here")
        .more("`search` needs the scope inspect, the others admin.")
        .may_take::<VerbGiven>(json!({ "ids": ["102290129340398"], "wait": 10 }))
        .answers::<VerbAnswer>(200, "The accounts concerned.")
        .answers::<VerbAnswer>(202, "Not ended in time; repeat it, or `search`, to follow it.")
        .may(&[ErrorId::VerbUnknown, ErrorId::IdsNeeded, ErrorId::AckNeeded, ErrorId::RemovePartial])
        .may(&[ErrorId::OtherGateway, ErrorId::GatewayUnknown, ErrorId::TokenRefused, ErrorId::GraphFailed])
        .may(&[ErrorId::AccountUnknown, ErrorId::AuthCrossSite, ErrorId::StoreClosed])
}

pub(crate) fn doctor() -> Told {
    Told::inspect(GATEWAYS, "Examines this Wharf and what it depends on")
        .more("From the disk to Meta's side; it takes up to 20 s and changes nothing. One examination at a time.")
        .query("gateway", "Only this gateway.")
        .answers::<Report>(200, "What was found, and how to mend what is amiss.")
        .may(&[ErrorId::GatewayUnknown, ErrorId::Busy])
}
