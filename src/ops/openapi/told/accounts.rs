//! What is told of accounts and customers.

use super::super::shapes::VerbAnswer;
use super::Told;
use crate::error::ErrorId;
use crate::ops::account_list::Listed as AccountListed;
use crate::ops::accounts::AccountInside;
use crate::ops::customers::Shown as Erasure;
use crate::ops::dialogs::DialogShown;
use crate::ops::holds::{Given as WhatToHold, Paused, Resumed};
use crate::ops::page::Page;
use crate::ops::tokens::{Given as NewToken, TokenSet, TokenTaken};
use serde_json::json;

const ACCOUNTS: &str = "Accounts";
const CUSTOMERS: &str = "Customers";

pub(crate) fn list() -> Told {
    Told::inspect(ACCOUNTS, "The engaged accounts")
        .paged()
        .query("q", "Only those whose id or name has this, in any case.")
        .answers::<Page<AccountListed>>(200, "A part of the list.")
}

pub(crate) fn one() -> Told {
    Told::inspect(ACCOUNTS, "One account, looked into")
        .more("How it stands with Meta, its token, each route's pending deliveries, its outbox, its ledger.")
        .answers::<AccountInside>(200, "The account.")
}

pub(crate) fn dialogs() -> Told {
    Told::inspect(CUSTOMERS, "Who talks with the account, with the 24-hour window")
        .ordered("oldest")
        .answers::<Page<DialogShown>>(200, "A part of the list.")
}

pub(crate) fn pause() -> Told {
    Told::admin(ACCOUNTS, "Holds the sends or the deliveries of an account")
        .more("All of them, or those of one number; of deliveries also those to one route. What is sent or comes meanwhile is kept; nothing is refused, lost, or grows old.")
        .takes::<WhatToHold>(json!({ "what": "deliveries", "route": "app" }))
        .answers::<Paused>(200, "They are held, durably.")
        .may(&[ErrorId::RouteUnknown])
}

pub(crate) fn resume() -> Told {
    Told::admin(ACCOUNTS, "Lets them go")
        .more("Sends also where they wait for a token or for Meta. Say the same as for the pause: another hold stays.")
        .takes::<WhatToHold>(json!({ "what": "sends" }))
        .answers::<Resumed>(200, "How many holds ended.")
        .may(&[ErrorId::RouteUnknown])
}

pub(crate) fn set_token() -> Told {
    Told::admin(ACCOUNTS, "Gives an account a token of its own")
        .more("Meta is asked about it first. It is kept encrypted and never shown. An account that is not engaged yet is known by it: `setup` finds it then.")
        .takes::<NewToken>(json!({ "token": "EAAG…" }))
        .answers::<TokenSet>(200, "It is used from now on.")
        .may(&[ErrorId::TokenUnfit, ErrorId::SecretNotKept, ErrorId::GraphFailed])
        .may(&[ErrorId::OtherGateway, ErrorId::GatewayUnknown])
}

pub(crate) fn take_token() -> Told {
    Told::admin(ACCOUNTS, "Takes an account's own token away")
        .answers::<TokenTaken>(200, "The account uses its gateway's again.")
        .may(&[ErrorId::OtherGateway, ErrorId::GatewayUnknown, ErrorId::ParameterBad])
        .may(&[ErrorId::TokenUnfit, ErrorId::SecretNotKept, ErrorId::GraphFailed])
}

pub(crate) fn erase() -> Told {
    Told::admin(CUSTOMERS, "Erases one customer; asked again, verifies")
        .more("A customer is named by the digits of a `wa_id` or by a user id. Every account that the key is for is concerned.")
        .query("account", "Only in this account.")
        .answers::<Erasure>(200, "Done.")
        .answers::<Erasure>(202, "It goes on; ask again.")
        .may(&[ErrorId::ParameterBad, ErrorId::AccountUnknown, ErrorId::ErasureUnfinished])
}

pub(crate) fn verb() -> Told {
    Told::inspect(ACCOUNTS, "The verbs of a gateway that has them on this listener (`verbs = \"ops\"`)")
        .more("`search` needs the scope inspect, the others admin. Elsewhere the public listener has them, at the same path.")
        .query("whatsapp", "`search`, `setup`, `subscribe`, `unsubscribe` or `remove`.")
        .query("id", "Ids of accounts; left out, all. It may be repeated.")
        .query("ack", "`true`: `remove` without ids means all.")
        .query("force", "`true`: whatever another's override or Meta's refusal says.")
        .query("wait", "Seconds to work before the answer is 202.")
        .answers::<VerbAnswer>(200, "The accounts concerned.")
        .answers::<VerbAnswer>(202, "Not ended in time; repeat it, or `search`, to follow it.")
        .may(&[ErrorId::QueryUnknown, ErrorId::VerbUnknown, ErrorId::IdsNeeded, ErrorId::AckNeeded])
        .may(&[ErrorId::RemovePartial, ErrorId::OtherGateway, ErrorId::TokenRefused, ErrorId::GraphFailed])
        .may(&[ErrorId::ParameterBad, ErrorId::AccountUnknown, ErrorId::AuthCrossSite, ErrorId::StoreClosed])
}
