//! The simulated Graph API as HTTP routes: thin shells around the `World`. Knows no gateway.

mod call;
mod control;
mod cut;
mod dialog;
mod discovery;
mod fault;
mod fields;
mod media;
mod messages;
mod multipart;
mod nodes;
mod numbers;
mod oauth;
mod paging;
mod subscriptions;
mod templates;
mod usage;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use super::postoffice::{Counter, Shared};
use super::statuses::Habits;
use super::world::World;
pub(super) use cut::remember;

/// Most bytes of a request: an upload of media and its multipart frame.
const MAX_BODY: usize = 101 * 1024 * 1024;

/// What every handler needs.
pub(super) struct Graph {
    pub(super) shared: Arc<Shared>,
    pub(super) counter: Counter,
    pub(super) dice: Mutex<Xoshiro256PlusPlus>,
    /// Share of sends whose statuses come out of order.
    pub(super) disorder: f64,
}

impl Graph {
    fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }

    fn dice(&self) -> MutexGuard<'_, Xoshiro256PlusPlus> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the statuses of sends come.
    fn habits(&self) -> Habits {
        let faults = &self.world().options.faults;
        Habits { disorder: self.disorder, together: faults.statuses_together, twice: faults.statuses_twice }
    }

    fn chance(&self) -> f64 {
        self.dice().random()
    }
}

/// The whole URL table, with a version in front and without.
pub(super) fn configure(graph: &Data<Graph>) -> impl FnOnce(&mut ServiceConfig) + Clone + use<> {
    let graph = graph.clone();
    move |config| {
        config
            .app_data(graph)
            .app_data(web::PayloadConfig::new(MAX_BODY))
            .service(web::scope("/{version:v[0-9]+\\.[0-9]+}").configure(table))
            .service(web::scope("").configure(table));
    }
}

fn table(config: &mut ServiceConfig) {
    config
        .route("/debug_token", web::get().to(oauth::debug_token))
        .route("/dialog/oauth", web::get().to(dialog::page))
        .route("/oauth/access_token", web::get().to(oauth::access_token))
        .route("/oauth/access_token", web::post().to(oauth::access_token))
        .route("", web::get().to(nodes::by_ids))
        .route("/", web::get().to(nodes::by_ids))
        .route("/media/{node}", web::get().to(media::content))
        .route("/sandbox/stats", web::get().to(control::look))
        .route("/sandbox/stats", web::delete().to(control::forget))
        .route("/sandbox/faults", web::post().to(control::change_faults))
        .route("/sandbox/events", web::post().to(control::happen))
        .route("/sandbox/throughput", web::post().to(control::set_throughput))
        .service(
            web::scope("/{node:[0-9]+}")
                .wrap(from_fn(usage::watch))
                .service(
                    web::resource("/subscribed_apps")
                        .route(web::get().to(subscriptions::list))
                        .route(web::post().to(subscriptions::subscribe))
                        .route(web::delete().to(subscriptions::unsubscribe)),
                )
                .service(
                    web::resource("/subscriptions")
                        .route(web::get().to(subscriptions::app_list))
                        .route(web::post().to(subscriptions::app_subscribe))
                        .route(web::delete().to(subscriptions::app_unsubscribe)),
                )
                .route("/phone_numbers", web::get().to(discovery::phone_numbers))
                .route("/phone_numbers", web::post().to(numbers::add))
                .route("/request_code", web::post().to(numbers::request_code))
                .route("/verify_code", web::post().to(numbers::verify_code))
                .route("/register", web::post().to(numbers::register))
                .route("/deregister", web::post().to(numbers::deregister))
                .route("/owned_whatsapp_business_accounts", web::get().to(discovery::owned_accounts))
                .route("/client_whatsapp_business_accounts", web::get().to(discovery::client_accounts))
                .route("/messages", web::post().to(messages::messages))
                .route("/marketing_messages", web::post().to(messages::marketing_messages))
                .route("/media", web::post().to(media::upload))
                .route("/message_templates", web::get().to(templates::list))
                .route("/whatsapp_business_profile", web::get().to(templates::profile))
                .route("/whatsapp_business_profile", web::post().to(templates::update_profile))
                .route("", web::get().to(nodes::node))
                .route("", web::post().to(nodes::update))
                .route("", web::delete().to(nodes::delete))
                .default_service(web::to(nodes::unknown)),
        )
        .default_service(web::to(nodes::unknown));
}
