//! `GET /{uri}?whatsapp=…`: the five verbs.

mod answers;
mod authorisation;
mod ids;
mod refusals;
mod remove;
