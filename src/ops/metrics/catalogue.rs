//! Every metric there is: its name, what it is and what its labels are. The table in deploy/RUNBOOK.md is made of it.

use std::fmt::Write;

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Only ever grows while the process runs.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Durations in buckets.
    Histogram,
}

/// Whether a metric is there at every scrape of a house that is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Always {
    /// It is.
    Yes,
    /// Only where there is something to tell, as its help says.
    No,
}

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub shape: Shape,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// One sentence.
    pub help: &'static str,
    /// Whether every scrape has it.
    pub always: Always,
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, shape: Shape::Counter, labels, help, always: Always::Yes }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, shape: Shape::Gauge, labels, help, always: Always::Yes }
}

const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, shape: Shape::Histogram, labels, help, always: Always::Yes }
}

impl Metric {
    const fn at_times(self) -> Self {
        Self { always: Always::No, ..self }
    }
}

/// Every metric, by name.
pub const METRICS: &[Metric] = &[
    counter("process_cpu_seconds_total", &[], "Processor time used, in seconds."),
    gauge("process_max_fds", &[], "File descriptors that the process may have."),
    gauge("process_open_fds", &[], "File descriptors that it has."),
    gauge("process_resident_memory_bytes", &[], "Memory that it holds in RAM."),
    gauge("process_start_time_seconds", &[], "When it started, in seconds since 1970."),
    gauge("process_threads", &[], "Threads."),
    gauge(
        "wharf_account_events_last_minute",
        &["account"],
        "Events accepted in the last whole minute: the 20 busiest accounts, and all others together as `rest`.",
    ),
    gauge(
        "wharf_account_oldest_undelivered_seconds",
        &["account"],
        "Age of the oldest event that a route still has to take: the 20 accounts where it is highest, and the highest of all others as `rest`.",
    ),
    gauge(
        "wharf_account_pending_deliveries",
        &["account"],
        "Deliveries that have not ended: the 20 accounts with most, and all others together as `rest`.",
    ),
    gauge(
        "wharf_account_queued_messages",
        &["account"],
        "Messages that wait to be sent: the 20 accounts with most, and all others together as `rest`.",
    ),
    gauge("wharf_accounts", &["gateway"], "Engaged accounts."),
    gauge("wharf_accounts_drifting", &[], "Accounts whose side at Meta is not as wished."),
    gauge("wharf_alarms", &["what"], "What `/api/alarms` lists, counted by `what`."),
    gauge("wharf_build_info", &["version"], "Always 1; the label is the version that runs."),
    gauge(
        "wharf_certificate_expires_seconds",
        &[],
        "Until the certificate of the public listener ends; only with `server.tls`.",
    )
    .at_times(),
    counter("wharf_changes_total", &[], "Changes made durable, since the start."),
    histogram(
        "wharf_commit_duration_seconds",
        &[],
        "How long commit groups took from first write to sync, since the start.",
    ),
    gauge("wharf_commit_last_duration_seconds", &[], "How long the last one took."),
    gauge(
        "wharf_commit_last_timestamp_seconds",
        &[],
        "When the last one became durable, in seconds since 1970; 0 before the first.",
    ),
    counter(
        "wharf_connections_crowded_total",
        &[],
        "Connections cut because their address had too many, since the start.",
    ),
    counter("wharf_dead_letter_bytes_total", &[], "Bytes of dead letters that came since the start."),
    counter("wharf_delivered_total", &["route"], "Deliveries answered 2xx, since the store began."),
    gauge(
        "wharf_deliveries",
        &["route", "state"],
        "Deliveries by state, since the store began; `pending` are those that have not ended. Accounts' own routes are `own`, routes that are not in the settings any more `removed`.",
    ),
    gauge("wharf_deliveries_under_way", &["route"], "Deliveries that an application is asked to take just now."),
    counter(
        "wharf_delivery_attempts_total",
        &["result"],
        "Attempts to deliver, since the start: `delivered`, `busy` (429), `gone` (410), `refused` (another 4xx), `failed` (anything else but 2xx), `unanswered`.",
    ),
    gauge(
        "wharf_delivery_holds",
        &["scope"],
        "Holds of deliveries by operators: of an `account`, a `route`, a `number`, or a `number_of_route`.",
    ),
    gauge(
        "wharf_due_not_dispatched",
        &["what"],
        "What should have been started 5 s ago or earlier and was not, although nothing holds it up, no operator either: `deliveries`, and `outboxes` of accounts. Above 0 for long it is a bug, or a process that cannot keep up.",
    ),
    counter("wharf_duplicates_total", &[], "Items that came before, since the store began."),
    counter("wharf_events_total", &[], "Events made durable, since the start."),
    histogram(
        "wharf_graph_call_duration_seconds",
        &["purpose"],
        "How long calls to Graph took, their turn included, since the start: `send` (messages, receipts) and `management`. What is passed through is not in it.",
    ),
    counter(
        "wharf_graph_calls_total",
        &["purpose", "result"],
        "Calls to Graph by what came of them, since the start: `answered`, `refused`, `not_sent`, `lost`, `too_large`.",
    ),
    gauge("wharf_http_connections", &["listener"], "Open connections: `public` and `ops`."),
    gauge(
        "wharf_items",
        &["state"],
        "Items by where they went, since the store began. `received` is the sum of the others but `duplicate_differing`, which is part of `duplicate`.",
    ),
    gauge("wharf_journal_bytes", &[], "Bytes of journal pages."),
    gauge("wharf_journal_volumes", &[], "Journal volumes on disk."),
    gauge(
        "wharf_ledger_faults",
        &[],
        "Sums of the ledger that do not balance, those of each owner and those of all together. Anything but 0 is a bug.",
    ),
    gauge("wharf_mailbox_webhooks", &[], "Webhooks that wait in the mailboxes of accounts."),
    gauge(
        "wharf_mailbox_webhooks_largest",
        &[],
        "Those in the fullest mailbox; at 1024 the account's webhooks are answered 503.",
    ),
    gauge(
        "wharf_messages",
        &["state"],
        "Outbound messages by state, since the store began; `submitted` is the sum of the others.",
    ),
    gauge(
        "wharf_oldest_undelivered_seconds",
        &[],
        "Age of the oldest event that a route still has to take; 0 where there is none.",
    ),
    gauge(
        "wharf_own_token_expires_seconds",
        &["gateway"],
        "Until the first of the accounts' own tokens ends; only where one does.",
    )
    .at_times(),
    gauge("wharf_quarantine_bytes", &["gateway"], "Bytes of items that belong to no engaged account."),
    gauge("wharf_quarantine_items", &["gateway"], "Items that belong to no engaged account."),
    gauge("wharf_queue_oldest_seconds", &[], "Age of the oldest message that has not ended; 0 where there is none."),
    gauge("wharf_ready", &[], "1 while `/readyz` says ready."),
    counter("wharf_received_total", &[], "Items that came in, since the store began."),
    gauge("wharf_route_breaker", &["route"], "The endpoint's breaker: 0 closed, 1 half-open, 2 open."),
    gauge(
        "wharf_route_oldest_undelivered_seconds",
        &["route"],
        "Age of the oldest event that the route still has to take; 0 where there is none.",
    ),
    gauge("wharf_route_paused", &["route"], "1 while the route is paused, because its application said 410."),
    gauge(
        "wharf_route_waiting_accounts",
        &["route"],
        "Accounts that wait for a turn at the endpoint: more than it takes at once.",
    ),
    counter(
        "wharf_send_attempts_total",
        &["result"],
        "Attempts to send a message, since the start: `taken`, `refused_` and why, `not_sent`, `lost`.",
    ),
    gauge(
        "wharf_send_holds",
        &["cause"],
        "Holds of sends by who can end them: `token`, `meta`, `throttle` and `limit` (time), or `operator`.",
    ),
    gauge("wharf_store_bytes", &[], "Bytes on disk of the whole store."),
    gauge("wharf_store_disk_free_bytes", &[], "Bytes free on the file system of the store."),
    gauge("wharf_store_disk_size_bytes", &[], "Bytes that this file system has."),
    gauge("wharf_store_max_bytes", &[], "Bytes that the store may take; only with `storage.max_bytes`.").at_times(),
    gauge("wharf_store_open", &[], "1 while the store takes changes."),
    gauge("wharf_store_queued_bytes", &[], "Bytes of changes that wait for the disk."),
    gauge("wharf_store_space_level", &[], "0 ample, 1 low (80 %), 2 scarce (90 %), 3 full: webhooks are refused."),
    gauge("wharf_token_expires_seconds", &["gateway"], "Until the token ends; only where it does.").at_times(),
    gauge(
        "wharf_token_valid",
        &["gateway"],
        "1 while Graph takes the token and it has every permission that is needed; only once Graph was asked.",
    )
    .at_times(),
    gauge("wharf_webhook_bytes_in_flight", &[], "Bytes of webhooks under way."),
    counter(
        "wharf_webhooks_total",
        &["answer"],
        "Webhooks by how they were answered, since the start: `durable` (200), `unsigned` (401), `unavailable` (503), `refused` (anything else).",
    ),
    counter("wharf_wrong_keys_total", &[], "Requests with a wrong key, since the start."),
];

/// The metric called `name`.
pub(super) fn entry(name: &str) -> &'static Metric {
    let found = METRICS.iter().find(|metric| metric.name == name);
    found.unwrap_or_else(|| panic!("the metric {name} is not in the catalogue"))
}

/// The table of all metrics for the runbook.
pub fn markdown() -> String {
    let mut table = "| metric | labels | what it says |\n| --- | --- | --- |\n".to_owned();
    for metric in METRICS {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(table, "| `{}` | {} | {} |", metric.name, labels.join(", "), metric.help);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_as_prometheus_wants_them() {
        assert!(METRICS.is_sorted_by(|left, right| left.name < right.name), "sort them");
        for metric in METRICS {
            let is_counter = metric.shape == Shape::Counter;
            assert_eq!(metric.name.ends_with("_total"), is_counter, "{}", metric.name);
            assert!(metric.name.starts_with("wharf_") || metric.name.starts_with("process_"), "{}", metric.name);
            assert!(metric.help.ends_with('.') && !metric.help.contains('|'), "{}", metric.name);
        }
    }
}
