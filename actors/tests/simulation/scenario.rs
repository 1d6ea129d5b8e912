//! What one seed is about: how many accounts, what breaks and when. Knows neither machines nor stores.

use crate::dice::Dice;
use std::sync::Arc;
use std::time::Duration;
use wharf_actors::gateway::signing::Signing;
use wharf_actors::gateway::{Format, Gateway, Order, Overrides, RankGuard, Route, Secret};
use wharf_actors::rules::account::Setting;
use wharf_actors::rules::outbox::Patience;

pub const GATEWAY: &str = "sim";
/// The first moment of every run, in ms since 1970.
pub const BEGIN_MS: u64 = 1_800_000_000_000;
/// Trouble ends here: from now on everybody answers, and what was accepted must come to its end.
pub const CALM_MS: u64 = BEGIN_MS + 180_000;

/// How a route or Meta behaves until the calm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Steady,
    Flaky,
    Slow,
    /// Some events are refused again and again.
    Picky,
    Down,
}

/// One run.
#[derive(Debug)]
pub struct Scenario {
    pub accounts: u64,
    pub customers: u64,
    pub posts: u64,
    /// Webhooks of this many items come, where a run is about a backlog beyond the window.
    pub flood: Option<u64>,
    pub sends: u64,
    pub crashes: u64,
    pub failed_commits: u64,
    pub removals: u64,
    pub reloads: u64,
    /// Replays, redrives and holds of deliveries.
    pub repeats: u64,
    pub moods: [Mood; 3],
    pub graph: Mood,
    pub commit_ms: u64,
    pub setting: Setting,
}

impl Scenario {
    pub fn roll(dice: &mut Dice) -> Self {
        let moods = [Mood::Steady, Mood::Flaky, Mood::Slow, Mood::Picky, Mood::Down];
        let flood = dice.one_in(25).then(|| dice.between(500, 700));
        Self {
            accounts: dice.between(1, 3),
            customers: dice.between(1, 6),
            posts: dice.between(10, 60),
            flood,
            sends: dice.between(0, 60),
            crashes: dice.pick(&[0, 0, 1, 2, 4]),
            failed_commits: dice.pick(&[0, 0, 0, 1, 2]),
            removals: dice.pick(&[0, 0, 1, 2]),
            reloads: dice.pick(&[0, 0, 1, 2, 5]),
            repeats: dice.pick(&[0, 2, 10, 30]),
            moods: [dice.pick(&moods), dice.pick(&moods), dice.pick(&moods)],
            graph: dice.pick(&moods),
            commit_ms: dice.pick(&[1, 5, 40, 400]),
            setting: Setting {
                dialogs: dice.pick(&[1, 2, 8, 64]),
                dialog_ttl_ms: 30 * 86_400_000,
                body_bytes: dice.pick(&[0, 3_000, 1 << 20]),
                patience: Patience { unknown_ms: dice.pick(&[5_000, 60_000]), unknown_holds_ms: 10_000 },
                keep_body: wharf_storage::KeepBody::Retention,
            },
        }
    }
}

/// Every route that there may be; the last one comes with a reload.
pub fn routes() -> Vec<Arc<Route>> {
    let route = |name: &str| Route {
        name: format!("{GATEWAY}/{name}").into(),
        url: format!("http://{name}.invalid/"),
        signing: Signing::default(),
        format: Format::Meta,
        fields: Vec::new(),
        types: Vec::new(),
        accounts: Vec::new(),
        numbers: Vec::new(),
        concurrency: 32,
        max_age: Duration::from_secs(72 * 3600),
        tests: false,
        order: Order::Dialog,
        finals: Vec::new(),
        allow_private: true,
        expires_at_ms: None,
        batch: None,
        rank_guard: RankGuard::Off,
        queue: None,
        unusable: None,
    };
    let routes = [
        Route { tests: true, ..route("all") },
        Route { types: vec!["message".into()], max_age: Duration::from_secs(20), ..route("messages") },
        Route { fields: vec!["messages".into()], concurrency: 2, ..route("narrow") },
        route("late"),
    ];
    routes.into_iter().map(Arc::new).collect()
}

pub fn gateway() -> Gateway {
    Gateway {
        uri: GATEWAY.into(),
        token: Secret::new("t").into(),
        app_secrets: Vec::new().into(),
        app_id: None,
        verify_token: None.into(),
        business_id: None,
        overrides: Overrides::App,
        callback_url: None,
        routes: routes()[..3].to_vec().into(),
        own_tokens: Default::default(),
        verbs: Default::default(),
        admin_origin: None,
    }
}
