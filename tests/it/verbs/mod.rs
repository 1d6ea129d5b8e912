//! `GET /{uri}?whatsapp=…`: the five verbs.

mod answers;
mod authorisation;
mod ids;
mod listener;
mod many;
mod refusals;
mod remove;
