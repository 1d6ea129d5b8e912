//! What is told of outbound messages.

use super::Told;
use crate::error::ErrorId;
use crate::ops::messages::MessageShown;
use crate::ops::page::Page;
use wharf_storage::MessageState;

const MESSAGES: &str = "Messages";

pub(crate) fn list() -> Told {
    Told::inspect(MESSAGES, "The messages of an account, those that wait and those that have ended")
        .more("In the order of their submission. A page may be short where `state` is asked for and rare: go on with `next`.")
        .ordered("newest")
        .words("state", "Only those in this state.", &MessageState::ALL.map(MessageState::word))
        .answers::<Page<MessageShown>>(200, "A part of the list.")
}

pub(crate) fn one() -> Told {
    Told::inspect(MESSAGES, "One outbound message: state, Meta's id, attempts")
        .answers::<MessageShown>(200, "The message.")
        .may(&[ErrorId::MessageUnknown])
}

pub(crate) fn cancel() -> Told {
    Told::admin(MESSAGES, "Withdraws a message that has not left")
        .answers::<MessageShown>(200, "It will not leave.")
        .may(&[ErrorId::MessageUnknown, ErrorId::MessageGone])
}
