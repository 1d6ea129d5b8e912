//! The whole URL table, on one screen.

use crate::error::{ApiError, ErrorId};
use crate::{callback, cloud_api, ops, ui};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, guard};

/// The public listener: what Meta and applications reach.
pub fn public(config: &mut ServiceConfig) {
    config
        // Ids are digits, and a gateway's name begins with a letter.
        .service(web::resource(r"/{version:v\d+\.\d+}").to(cloud_api::refuse_root))
        .service(web::resource(r"/{node:\d+}").to(cloud_api::pass))
        // No gateway is called `oauth`.
        .service(web::resource("/oauth/login.js").get(callback::login::script))
        .service(web::resource("/{uri}").to(callback::handle))
        .service(
            web::resource(r"/{version:v\d+\.\d+}/{number}/{node:messages|marketing_messages}").post(cloud_api::send),
        )
        .service(web::resource("/{number}/{node:messages|marketing_messages}").post(cloud_api::send_unversioned))
        .service(web::resource("/").guard(guard::Post()).to(cloud_api::refuse_root))
        .service(web::resource(r"/{version:v\d+\.\d+}/").to(cloud_api::refuse_root))
        .service(web::resource(r"/{version:v\d+\.\d+}/{path:.+}").to(cloud_api::pass))
        .service(web::resource(r"/{node:\d+}/{path:.*}").to(cloud_api::pass))
        .default_service(web::to(nothing_here));
}

/// The ops listener: what operators reach.
pub fn ops(config: &mut ServiceConfig) {
    config
        .route("/healthz", web::get().to(ops::health::alive))
        .route("/readyz", web::get().to(ops::health::ready))
        .route("/metrics", web::get().to(ops::metrics::metrics))
        .route("/", web::get().to(ui::front))
        .route("/ui/{asset}", web::get().to(ui::asset))
        .route("/api/accounts", web::get().to(ops::account_list::list))
        .route("/api/accounts/{waba}", web::get().to(ops::accounts::one))
        .route("/api/accounts/{waba}/events", web::get().to(ops::events::list))
        .route("/api/accounts/{waba}/dead", web::get().to(ops::dead::list))
        .route("/api/accounts/{waba}/dead/redrive", web::post().to(ops::redrive::redrive))
        .route("/api/accounts/{waba}/dialogs", web::get().to(ops::dialogs::list))
        .route("/api/accounts/{waba}/messages", web::get().to(ops::messages::list))
        .route("/api/accounts/{waba}/routes", web::get().to(ops::account_routes::list))
        .route("/api/accounts/{waba}/routes/{name}", web::get().to(ops::account_routes::one))
        .route("/api/accounts/{waba}/routes/{name}", web::put().to(ops::account_routes::put))
        .route("/api/accounts/{waba}/routes/{name}", web::delete().to(ops::account_routes::delete))
        .route("/api/accounts/{waba}/routes/{name}/resume", web::post().to(ops::account_routes::resume))
        .route("/api/accounts/{waba}/routes/{name}/test", web::post().to(ops::tryouts::of_account))
        .route("/api/accounts/{waba}/replay", web::post().to(ops::replays::begin))
        .route("/api/accounts/{waba}/replays", web::get().to(ops::replays::list))
        .route("/api/accounts/{waba}/replays/{id}", web::delete().to(ops::replays::cancel))
        .route("/api/accounts/{waba}/pause", web::post().to(ops::holds::pause))
        .route("/api/accounts/{waba}/resume", web::post().to(ops::holds::resume))
        .route("/api/accounts/{waba}/token", web::put().to(ops::tokens::put))
        .route("/api/accounts/{waba}/token", web::delete().to(ops::tokens::delete))
        .route("/api/accounts/{waba}/live", web::get().to(ops::live::listen))
        .route("/api/doctor", web::get().to(ops::doctor::examine))
        .route("/api/gateways", web::get().to(ops::gateways::list))
        .route("/api/gateways/{gateway}/register", web::post().to(ops::register::register))
        .route("/api/gateways/{gateway}/signature", web::post().to(ops::signature::diagnose))
        .route("/api/events/{id}", web::get().to(ops::events::one))
        .route("/api/events/{id}/explain", web::get().to(ops::explain::one))
        .route("/api/events/{id}/replay", web::post().to(ops::replay::replay))
        .route("/api/messages/{id}", web::get().to(ops::messages::one))
        .route("/api/messages/{id}", web::delete().to(ops::messages::cancel))
        .route("/api/alarms", web::get().to(ops::alarms::list))
        .route("/api/ledger", web::get().to(ops::ledger::all))
        .route("/api/rates", web::get().to(ops::rates::rates))
        .route("/api/gateways/{uri}/verbs/{verb}", web::post().to(ops::verbs::run))
        .route("/api/quarantine", web::get().to(ops::quarantine::list))
        .route("/api/audit", web::get().to(ops::audit::list))
        .route("/api/routes/{gateway}/{name}", web::delete().to(ops::routes::end))
        .route("/api/customers/{id}", web::delete().to(ops::customers::erase))
        .route("/api/routes/{gateway}/{name}/resume", web::post().to(ops::routes::resume))
        .route("/api/routes/{gateway}/{name}/test", web::post().to(ops::tryouts::of_gateway))
        .service(web::resource("/{uri}").to(callback::handle_ops))
        .default_service(web::to(nothing_here));
}

async fn nothing_here(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    Err(ApiError::naming(ErrorId::PathUnknown, request.path()))
}
