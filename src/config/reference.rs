//! Every setting, once: its place, its default, and what it means. Reading and the README's table both come from here.

/// What holds when a setting is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// This value holds.
    Default(&'static str),
    /// Wharf does not start.
    Required,
    /// Nothing; the meaning says what follows.
    Nothing,
    /// The setting is documented, but this version cannot honour it and refuses it.
    NotYet,
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// The tables it stands in, such as `server` or `gateway.route`.
    pub section: &'static str,
    /// Its key there.
    pub key: &'static str,
    /// What holds without it.
    pub absent: Absent,
    /// The variable that gives it where there is no file.
    pub variable: Option<&'static str>,
    /// What it means, in a sentence.
    pub meaning: &'static str,
}

impl Setting {
    /// Section and key, with a dot.
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.key)
    }
}

const fn with_default(section: &'static str, key: &'static str, value: &'static str, meaning: &'static str) -> Setting {
    Setting { section, key, absent: Absent::Default(value), variable: None, meaning }
}

const fn required(section: &'static str, key: &'static str, meaning: &'static str) -> Setting {
    Setting { section, key, absent: Absent::Required, variable: None, meaning }
}

const fn optional(section: &'static str, key: &'static str, meaning: &'static str) -> Setting {
    Setting { section, key, absent: Absent::Nothing, variable: None, meaning }
}

const fn not_yet(section: &'static str, key: &'static str) -> Setting {
    Setting { section, key, absent: Absent::NotYet, variable: None, meaning: "" }
}

const fn or_variable(setting: Setting, variable: &'static str) -> Setting {
    Setting { variable: Some(variable), ..setting }
}

/// Every setting, in the order of the file.
pub const SETTINGS: &[Setting] = &[
    with_default(
        "server",
        "listen",
        "0.0.0.0:8080",
        "The public address: callbacks, verbs, and the Cloud-API-compatible API.",
    ),
    with_default("server", "ops_listen", "127.0.0.1:8081", "The address for operators: health, metrics, `/api`."),
    optional(
        "server",
        "public_url",
        "How Meta reaches `listen`, such as `https://wa.example.com`; needed for `override`.",
    ),
    optional("server", "workers", "Threads that serve HTTP; without it one per core."),
    with_default(
        "server",
        "inflight_bytes",
        "256MiB",
        "Webhook bytes under way at once; beyond them the answer is 503.",
    ),
    with_default("server", "verb_wait", "55s", "How long a verb may work before it answers 202 with what is pending."),
    with_default(
        "server",
        "max_connections",
        "20000",
        "Connections to `listen` at once; more wait until one ends. Each takes a file descriptor.",
    ),
    with_default(
        "server",
        "max_connections_per_address",
        "10000",
        "Connections to `listen` from one address (a /64 in IPv6) at once; more are cut. `trusted_proxy` may have all.",
    ),
    with_default("server", "keep_alive", "75s", "How long an idle connection to `listen` is kept."),
    optional(
        "server",
        "trusted_proxy",
        "Proxies whose `X-Forwarded-For` is believed: addresses or networks such as `10.0.0.0/8`; without it none is.",
    ),
    with_default(
        "server",
        "private_routes",
        "false",
        "Whether a route that an account is given through the API may say `allow_private`.",
    ),
    required(
        "server.tls",
        "cert",
        "Makes `listen` speak TLS: the certificate and those up to its authority, a PEM file; read again when it changes.",
    ),
    required("server.tls", "key", "The private key of `cert`, a PEM file."),
    optional(
        "server.tls",
        "client_ca",
        "The authorities of Meta's client certificates, a PEM file: with it webhooks need such a certificate.",
    ),
    with_default("storage", "engine", "sled", "The store's engine; there is one, embedded."),
    with_default("storage", "path", "data", "The folder of the store, relative to the working folder."),
    with_default("storage", "retention", "7d", "How long the journal is kept for looking and replaying."),
    with_default(
        "storage",
        "dedupe",
        "8d",
        "How long a duplicate is known; not under 8d, because Meta retries for up to 7 days.",
    ),
    with_default("storage", "dead_retention", "30d", "How long dead letters are kept."),
    with_default("storage", "dialog_ttl", "30d", "After how long a silence a dialog is forgotten."),
    with_default(
        "storage",
        "dead_bytes",
        "1GiB",
        "Bytes of dead letters, all accounts together; beyond them the oldest go.",
    ),
    with_default(
        "storage",
        "quarantine_retention",
        "7d",
        "How long an item waits in quarantine for its account; then it is counted `evicted`.",
    ),
    with_default(
        "storage",
        "quarantine_bytes",
        "1GiB",
        "Bytes in one gateway's quarantine; beyond them the oldest items are counted `evicted`.",
    ),
    optional(
        "storage",
        "max_bytes",
        "Bytes the store may take on disk, at least `1GiB`; history gives way from 90 % on, and at 100 % webhooks and sends are answered 503.",
    ),
    optional(
        "storage",
        "secret_key",
        "Encrypts the secrets that the store keeps (accounts' tokens, secrets of their routes): at least 32 random characters, or a list, the current one first; without it none are kept.",
    ),
    with_default(
        "storage",
        "keep_body",
        "retention",
        "`until_delivered`: an event's bytes are shown no more once every route has ended with it, and leave the disk within 31 hours.",
    ),
    with_default("graph", "base_url", "https://graph.facebook.com", "Scheme and host of Graph, or of the sandbox."),
    with_default("graph", "version", "v25.0", "Graph's version where a request's path names none."),
    with_default(
        "graph",
        "reconcile_every",
        "6h",
        "Each account's subscription, numbers and token are compared with Meta's side once in this time.",
    ),
    with_default("send", "send_wait", "4s", "How long a send is awaited before it is answered 202."),
    with_default("send", "send_max_age", "24h", "How long a message may wait in the queue before it expires."),
    with_default(
        "send",
        "unknown_wait",
        "60s",
        "How long a message whose answer was lost waits for a status; then it fails with `wharf.unknown`, or is sent again where the sender asked for that.",
    ),
    with_default(
        "send",
        "strict_window",
        "false",
        "Refuses a free-form message at once where the customer's 24-hour window is known to be closed.",
    ),
    with_default(
        "send",
        "duplicate_guard",
        "false",
        "Refuses a message whose number, recipient and body equal those of one within the last 60 s.",
    ),
    required(
        "gateway",
        "uri",
        "The callback is served at `/{uri}`: a letter, then letters, digits, `-` and `_`; `whatsapp` where there is no file.",
    ),
    or_variable(required("gateway", "whatsapp_token", "The token for Graph."), "WHARF_WHATSAPP_TOKEN"),
    or_variable(
        required(
            "gateway",
            "app_secret",
            "Signs Meta's webhooks; one or a list, the current one first; required unless `dev`.",
        ),
        "WHARF_APP_SECRET",
    ),
    or_variable(optional("gateway", "app_id", "Meta's id of the app."), "WHARF_APP_ID"),
    or_variable(
        optional("gateway", "verify_token", "What Meta must say in the handshake; without it no handshake succeeds."),
        "WHARF_VERIFY_TOKEN",
    ),
    optional("gateway", "business_id", "The business whose accounts `setup` also finds."),
    with_default(
        "gateway",
        "override",
        "false",
        "Whether each subscribed account gets this callback as an override of its own.",
    ),
    with_default(
        "gateway",
        "dev",
        "false",
        "For development only: starts without `app_secret` and then checks no signature.",
    ),
    with_default(
        "gateway",
        "verbs",
        "public",
        "Which listener takes the verbs: `public` at the callback, or `ops` at the same path of `server.ops_listen` only.",
    ),
    optional(
        "gateway",
        "admin_origin",
        "The page that may open `whatsapp=setup` in a window of its own, and hears how the login ended: scheme, host and port, such as `https://console.example.com`.",
    ),
    required("gateway.route", "name", "The route's name, unique in its gateway; `default` where there is no file."),
    or_variable(
        required(
            "gateway.route",
            "url",
            "Where events go: `http` or `https` for an application, where path and query may name `{whatsapp.business}`, `{whatsapp.account}` and `{whatsapp.number}`; `nats` or `tls` for JetStream.",
        ),
        "WHARF_ROUTE_URL",
    ),
    or_variable(
        optional(
            "gateway.route",
            "secret",
            "Signs deliveries; a list, the current one first, signs with each. Without it nothing is signed.",
        ),
        "WHARF_ROUTE_SECRET",
    ),
    with_default(
        "gateway.route",
        "format",
        "meta",
        "The body: `meta` (Meta's envelope with one item) or `dialog` (the item with its dialog).",
    ),
    optional("gateway.route", "fields", "Webhook fields it wants, such as `messages`; without it all."),
    optional("gateway.route", "types", "Kinds of item it wants, such as `message` and `status`; without it all."),
    optional("gateway.route", "accounts", "Accounts it wants, by WABA id; without it all."),
    optional("gateway.route", "numbers", "Numbers it wants, by phone number id; without it all."),
    with_default("gateway.route", "concurrency", "32", "Deliveries under way at once, all accounts together."),
    with_default("gateway.route", "max_age", "72h", "How long a delivery is tried before it becomes a dead letter."),
    with_default("gateway.route", "tests", "false", "Whether the App Dashboard's test payloads come too."),
    with_default(
        "gateway.route",
        "order",
        "dialog",
        "`dialog`: a dialog's events go one after another; `none`: nothing waits for anything.",
    ),
    optional(
        "gateway.route",
        "final",
        "HTTP statuses, such as `[400, 422]`, that make an event a dead letter at once.",
    ),
    with_default(
        "gateway.route",
        "allow_private",
        "true",
        "Whether the endpoint may have a private, loopback or link-local address.",
    ),
    with_default(
        "gateway.route",
        "rank_guard",
        "off",
        "A status that comes after a later one of its message: `mark` sends it with `X-Wharf-Superseded: true`, `drop` filters it out.",
    ),
    optional(
        "gateway.route",
        "subject",
        "For a queue: the subject, with `{gateway}`, `{waba}`, `{number}`, `{field}`, `{type}`; without it `wharf.{gateway}.{waba}.{number}.{field}`.",
    ),
    optional(
        "gateway.route",
        "credential",
        "For a queue: a token or `user:password` to log in with; it goes before what the URL says.",
    ),
    not_yet("gateway.route", "keep_body"),
    required("gateway.route.batch", "max", "Events in one POST at most; without `batch` each has a POST of its own."),
    with_default("gateway.route.batch", "wait_ms", "100", "How long the first waits for others, in milliseconds."),
    required("key", "name", "The key's name, in audit records; `default` where there is no file."),
    optional("key", "sha256", "SHA-256 of the key as 64 hexadecimal digits; this or `secret`."),
    or_variable(optional("key", "secret", "The key itself; this or `sha256`."), "WHARF_KEY"),
    required(
        "key",
        "scopes",
        "What it may do, of `admin`, `inspect`, `send` and `manage`; all of them where there is no file.",
    ),
    optional("key", "gateways", "The gateways it may use; without it all."),
    optional("key", "accounts", "The accounts it may use, by WABA id; without it all."),
    optional(
        "key",
        "numbers",
        "The numbers it may use, by phone number id: it sends from them and sees their events, dialogs and messages, and nothing that concerns a whole account; without it all.",
    ),
];

/// The settings of one section.
pub fn of_section(section: &str) -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(move |setting| setting.section == section)
}

/// One setting by section and key.
pub fn find(section: &str, key: &str) -> Option<&'static Setting> {
    of_section(section).find(|setting| setting.key == key)
}

/// Sections whose single values variables may override: `WHARF_SERVER__LISTEN`.
pub const OVERRIDABLE: [&str; 4] = ["server", "storage", "graph", "send"];

/// The settings that this version honours, as a Markdown table.
pub fn markdown() -> String {
    let mut table = "| setting | default | variable | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for setting in SETTINGS {
        let default = match setting.absent {
            Absent::Default(value) => format!("`{value}`"),
            Absent::Required => "required".to_owned(),
            Absent::Nothing => String::new(),
            Absent::NotYet => continue,
        };
        let variable = variable_of(setting).map(|name| format!("`{name}`")).unwrap_or_default();
        let path = setting.path();
        table.push_str(&format!("| `{path}` | {default} | {variable} | {} |\n", setting.meaning));
    }
    table
}

/// The variable that overrides the setting, or gives it where there is no file.
pub fn variable_of(setting: &Setting) -> Option<String> {
    let section = setting.section.split('.').next().unwrap_or_default();
    if OVERRIDABLE.contains(&section) {
        return Some(format!("WHARF_{}__{}", setting.section.replace('.', "__"), setting.key).to_uppercase());
    }
    setting.variable.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_setting_is_listed_once() {
        let paths: BTreeSet<String> = SETTINGS.iter().map(Setting::path).collect();
        assert_eq!(paths.len(), SETTINGS.len());
    }

    #[test]
    fn the_table_shows_each_honoured_setting_and_no_other() {
        let table = markdown();
        for setting in SETTINGS {
            let row = format!("| `{}` |", setting.path());
            assert_eq!(table.contains(&row), setting.absent != Absent::NotYet, "{row}");
        }
        assert!(table.contains("| `server.listen` | `0.0.0.0:8080` | `WHARF_SERVER__LISTEN` |"));
        assert!(table.contains("| `key.secret` |  | `WHARF_KEY` |"));
    }
}
