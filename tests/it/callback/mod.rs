//! `/{uri}`: handshakes, webhooks and what becomes of them.

mod handshake;
