//! `/metrics`: Prometheus text. Gathered at each scrape from the store and the edge; nothing is counted twice.

use crate::edge::Edge;
use crate::edge::Late;
use crate::error::{ApiError, ErrorId};
use actix_web::HttpResponse;
use prometheus::core::Collector;
use prometheus::{Counter, CounterVec, Gauge, GaugeVec, Opts, Registry, TextEncoder};
use std::sync::atomic::{AtomicU64, Ordering};
use wharf_actors::clock::now_ms;
use wharf_storage::{Claim, Kind, Noun, Standing, Tally};

/// All metrics. Open, as scrapers have no keys; it holds figures, never names of customers.
pub async fn metrics(late: Late) -> Result<HttpResponse, ApiError> {
    let edge = late.get().ok_or_else(|| ApiError::naming(ErrorId::NotReady, "the store is being opened"))?;
    let text = encode(edge).map_err(|error| ApiError::naming(ErrorId::Internal, error))?;
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text))
}

fn encode(edge: &Edge) -> prometheus::Result<String> {
    let scrape = Scrape { registry: Registry::new() };
    scrape.edge(edge)?;
    scrape.store(edge)?;
    let mut ledger = Tally::default();
    edge.wharf.store.ledgers().iter().for_each(|(_, part)| ledger.add(part));
    scrape.ledger(&ledger)?;
    scrape.endpoints(edge)?;
    scrape.alarms(edge)?;
    TextEncoder::new().encode_to_string(&scrape.registry.gather())
}

struct Scrape {
    registry: Registry,
}

impl Scrape {
    fn edge(&self, edge: &Edge) -> prometheus::Result<()> {
        let counters = &edge.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
        let answers = [
            ("durable", read(&counters.webhooks)),
            ("unsigned", read(&counters.unsigned)),
            ("unavailable", read(&counters.unavailable)),
            ("refused", read(&counters.refused)),
        ];
        self.family("wharf_webhooks_total", "Webhooks by how they were answered, since start", "answer", &answers)?;
        self.one("wharf_webhook_bytes_in_flight", "Webhook bytes under way", edge.in_flight.taken() as f64)?;
        self.one("wharf_wrong_keys_total", "Requests with a wrong key, since start", read(&counters.wrong_keys))?;
        let help = "Connections cut because their address had too many, since start";
        self.one("wharf_connections_crowded_total", help, read(&counters.crowded))?;
        let gateways = edge.wharf.directory.gateways();
        let accounts = gateways.iter().map(|desks| (&*desks.gateway.uri, desks.read().len() as f64));
        self.family("wharf_accounts", "Engaged accounts by gateway", "gateway", &accounts.collect::<Vec<_>>())
    }

    fn store(&self, edge: &Edge) -> prometheus::Result<()> {
        let figures = edge.wharf.store.figures();
        let open = f64::from(u8::from(edge.wharf.store.standing() == Standing::Open));
        self.one("wharf_store_open", "1 while the store takes changes", open)?;
        self.one("wharf_commits_total", "Commit groups made durable, since start", figures.commits as f64)?;
        self.one("wharf_changes_total", "Changes made durable, since start", figures.changes as f64)?;
        self.one("wharf_events_total", "Events made durable, since start", figures.events as f64)?;
        self.one("wharf_commit_seconds_total", "Seconds spent in commit groups, since start", figures.commit_seconds)?;
        self.one("wharf_last_commit_seconds", "Seconds the last commit group took", figures.last_commit_seconds)?;
        self.one("wharf_store_queued_bytes", "Bytes of changes that wait for the disk", figures.queued_bytes as f64)?;
        let room = edge.wharf.store.room();
        self.one("wharf_store_bytes", "Bytes on disk of the whole store", room.used_bytes as f64)?;
        if let Some(max) = room.max_bytes {
            self.one("wharf_store_max_bytes", "Bytes the store may take: storage.max_bytes", max as f64)?;
        }
        let level = f64::from(room.level() as u8);
        self.one(
            "wharf_store_space_level",
            "0 ample, 1 low (80 %), 2 scarce (90 %), 3 full: webhooks are refused",
            level,
        )?;
        self.quarantine(edge)?;
        self.one("wharf_journal_bytes", "Bytes of journal pages", figures.journal_bytes as f64)?;
        self.one("wharf_journal_volumes", "Journal volumes on disk", figures.volumes as f64)
    }

    fn quarantine(&self, edge: &Edge) -> prometheus::Result<()> {
        let gateways = edge.wharf.directory.gateways();
        let mut bytes: Vec<(&str, f64)> = gateways.iter().map(|desks| (&*desks.gateway.uri, 0.0)).collect();
        let claims = edge.wharf.store.hot(Kind::Claim, &[]);
        for claim in claims.iter().filter_map(|(_, bytes)| Claim::from_bytes(bytes).ok()) {
            let of = bytes.iter_mut().find(|(gateway, _)| *gateway == &*claim.gateway);
            of.into_iter().for_each(|(_, sum)| *sum += claim.bytes as f64);
        }
        self.family("wharf_quarantine_bytes", "Bytes of items in quarantine by gateway", "gateway", &bytes)
    }

    fn ledger(&self, ledger: &Tally) -> prometheus::Result<()> {
        let items = [
            ("received", ledger.received),
            ("routed", ledger.routed),
            ("duplicate", ledger.duplicate),
            ("inactive", ledger.inactive),
            ("test", ledger.test),
            ("quarantined", ledger.quarantined),
            ("evicted", ledger.evicted),
        ];
        self.family("wharf_items", "Items by where they went, since the store began", "state", &as_floats(&items))?;
        let m = &ledger.messages;
        let messages = [
            ("submitted", m.submitted),
            ("queued", m.queued),
            ("sending", m.sending),
            ("unknown", m.unknown),
            ("taken", m.taken),
            ("failed", m.failed),
            ("expired", m.expired),
            ("cancelled", m.cancelled),
        ];
        self.family(
            "wharf_messages",
            "Outbound messages by state, since the store began",
            "state",
            &as_floats(&messages),
        )?;
        self.routes(ledger)?;
        self.one("wharf_ledger_faults", "Sums of the ledger that do not balance", ledger.faults().len() as f64)
    }

    fn routes(&self, ledger: &Tally) -> prometheus::Result<()> {
        let opts = Opts::new("wharf_deliveries", "Deliveries by route and state, since the store began");
        let family = GaugeVec::new(opts, &["route", "state"])?;
        for (name, route) in &ledger.routes {
            let states = [
                ("offered", route.offered),
                ("replayed", route.replayed),
                ("filtered", route.filtered),
                ("delivered", route.delivered),
                ("pending", route.pending),
                ("dead", route.dead),
            ];
            states
                .iter()
                .for_each(|(state, count)| family.with_label_values(&[name.as_str(), state]).set(*count as f64));
        }
        self.add(family)
    }

    fn endpoints(&self, edge: &Edge) -> prometheus::Result<()> {
        let opts = Opts::new("wharf_route_breaker", "The endpoint's breaker: 0 closed, 1 half-open, 2 open");
        let breakers = GaugeVec::new(opts, &["route"])?;
        let opts = Opts::new("wharf_route_paused", "1 while the route is paused, because its application said 410");
        let paused = GaugeVec::new(opts, &["route"])?;
        let routes = edge.wharf.directory.gateways().into_iter().flat_map(|desks| desks.gateway.routes.get().to_vec());
        for (route, standing) in routes.filter_map(|route| {
            Some((edge.wharf.gates.known(&route.url)?.standing(), route)).map(|(standing, route)| (route, standing))
        }) {
            let state = ["closed", "half-open", "open"].iter().position(|word| *word == standing.breaker);
            breakers.with_label_values(&[&*route.name]).set(state.unwrap_or_default() as f64);
            let is_paused = standing.paused_at_ms.is_some();
            paused.with_label_values(&[&*route.name]).set(f64::from(u8::from(is_paused)));
        }
        self.add(breakers)?;
        self.add(paused)
    }

    fn alarms(&self, edge: &Edge) -> prometheus::Result<()> {
        let counted = super::alarms::counted(edge);
        let (drifting, counts) = counted.map_err(|error| prometheus::Error::Msg(error.to_string()))?;
        self.one("wharf_accounts_drifting", "Accounts whose side at Meta is not as wished", drifting as f64)?;
        let counts: Vec<(&str, f64)> = counts.iter().map(|(what, count)| (what.as_str(), *count as f64)).collect();
        self.family("wharf_alarms", "Things that somebody should do something about, by what", "what", &counts)?;
        if let Some(left_s) = super::alarms::certificate_left_s(edge, now_ms()) {
            let help = "Until the certificate of the public listener ends";
            self.one("wharf_certificate_expires_seconds", help, left_s as f64)?;
        }
        let gateways = edge.wharf.directory.gateways();
        let gateways = gateways.iter().map(|desks| &*desks.gateway.uri);
        let left = |uri| Some((uri, edge.wharf.tokens.of(uri)?.left_s(now_ms())? as f64));
        let left: Vec<(&str, f64)> = gateways.filter_map(left).collect();
        self.family("wharf_token_expires_seconds", "Until the token ends; absent where it never does", "gateway", &left)
    }

    fn one(&self, name: &str, help: &str, value: f64) -> prometheus::Result<()> {
        if name.ends_with("_total") {
            let counter = Counter::new(name, help)?;
            counter.inc_by(value);
            return self.add(counter);
        }
        let gauge = Gauge::new(name, help)?;
        gauge.set(value);
        self.add(gauge)
    }

    fn family(&self, name: &str, help: &str, label: &str, values: &[(&str, f64)]) -> prometheus::Result<()> {
        if name.ends_with("_total") {
            let family = CounterVec::new(Opts::new(name, help), &[label])?;
            values.iter().for_each(|(at, value)| family.with_label_values(&[at]).inc_by(*value));
            return self.add(family);
        }
        let family = GaugeVec::new(Opts::new(name, help), &[label])?;
        values.iter().for_each(|(at, value)| family.with_label_values(&[at]).set(*value));
        self.add(family)
    }

    fn add(&self, collector: impl Collector + 'static) -> prometheus::Result<()> {
        self.registry.register(Box::new(collector))
    }
}

fn as_floats<'a>(values: &[(&'a str, i64)]) -> Vec<(&'a str, f64)> {
    values.iter().map(|(name, value)| (*name, *value as f64)).collect()
}
