//! Every word that `what` of an alarm can be. The runbook has a heading for each.

/// All of them.
pub const KINDS: [&str; 19] = [
    "ban_scheduled",
    "banned",
    "certificate_expires",
    "deliveries_held",
    "drift",
    "number_offboarded",
    "offboarded",
    "quality_flagged",
    "quarantine",
    "restricted",
    "route_broken",
    "route_paused",
    "route_removed",
    "sends_held",
    "store_closed",
    "token_expires",
    "token_invalid",
    "token_scopes_missing",
    "token_sealed",
];
