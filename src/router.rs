//! The whole URL table, on one screen.

use crate::error::{ApiError, ErrorId};
use crate::ops::openapi::{self, told};
use crate::ops::table::{self, Endpoint, endpoints};
use crate::{callback, cloud_api, ops, ui};
use actix_web::web::{self, PathConfig, ServiceConfig};
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

/// The ops listener: what operators reach, with what is told of it in `/api/openapi.json`.
pub const OPS: &[Endpoint] = endpoints! {
    GET    "/healthz"                                      (ops::health::alive)           told::house::alive;
    GET    "/readyz"                                       (ops::health::ready)           told::house::ready;
    GET    "/metrics"                                      (ops::metrics::metrics)        told::house::metrics;
    GET    "/"                                             (ui::front)                    told::house::front;
    GET    "/ui/{asset}"                                   (ui::asset)                    told::house::asset;
    GET    "/api/openapi.json"                             (openapi::document)            told::house::document;
    GET    "/api/docs"                                     (openapi::docs)                told::house::docs;
    GET    "/api/docs.css"                                 (openapi::style)               told::house::style;
    GET    "/api/whoami"                                   (ops::whoami::whoami)          told::keys::whoami;
    GET    "/api/keys"                                     (ops::keys::list)              told::keys::list;
    POST   "/api/keys"                                     (ops::keys::create)            told::keys::create;
    GET    "/api/keys/{name}"                              (ops::keys::one)               told::keys::one;
    DELETE "/api/keys/{name}"                              (ops::keys::delete)            told::keys::delete;
    GET    "/api/accounts"                                 (ops::account_list::list)      told::accounts::list;
    GET    "/api/accounts/{waba}"                          (ops::accounts::one)           told::accounts::one;
    GET    "/api/accounts/{waba}/events"                   (ops::events::list)            told::events::list;
    GET    "/api/accounts/{waba}/dead"                     (ops::dead::list)              told::events::dead;
    POST   "/api/accounts/{waba}/dead/redrive"             (ops::redrive::redrive)        told::again::redrive;
    POST   "/api/accounts/{waba}/replay"                   (ops::replays::begin)          told::again::begin;
    GET    "/api/accounts/{waba}/replays"                  (ops::replays::list)           told::again::list;
    DELETE "/api/accounts/{waba}/replays/{id}"             (ops::replays::cancel)         told::again::cancel;
    GET    "/api/accounts/{waba}/live"                     (ops::live::listen)            told::events::live;
    GET    "/api/accounts/{waba}/dialogs"                  (ops::dialogs::list)           told::accounts::dialogs;
    GET    "/api/accounts/{waba}/messages"                 (ops::messages::list)          told::messages::list;
    GET    "/api/accounts/{waba}/routes"                   (ops::account_routes::list)    told::routes::list;
    GET    "/api/accounts/{waba}/routes/{name}"            (ops::account_routes::one)     told::routes::one;
    PUT    "/api/accounts/{waba}/routes/{name}"            (ops::account_routes::put)     told::routes::put;
    DELETE "/api/accounts/{waba}/routes/{name}"            (ops::account_routes::delete)  told::routes::delete;
    POST   "/api/accounts/{waba}/routes/{name}/resume"     (ops::account_routes::resume)  told::routes::resume_own;
    POST   "/api/accounts/{waba}/routes/{name}/test"       (ops::tryouts::of_account)     told::routes::test_own;
    POST   "/api/accounts/{waba}/pause"                    (ops::holds::pause)            told::accounts::pause;
    POST   "/api/accounts/{waba}/resume"                   (ops::holds::resume)           told::accounts::resume;
    PUT    "/api/accounts/{waba}/token"                    (ops::tokens::put)             told::accounts::set_token;
    DELETE "/api/accounts/{waba}/token"                    (ops::tokens::delete)          told::accounts::take_token;
    GET    "/api/events/{id}"                              (ops::events::one)             told::events::one;
    GET    "/api/events/{id}/explain"                      (ops::explain::one)            told::events::explain;
    POST   "/api/events/{id}/replay"                       (ops::replay::replay)          told::again::one;
    GET    "/api/messages/{id}"                            (ops::messages::one)           told::messages::one;
    DELETE "/api/messages/{id}"                            (ops::messages::cancel)        told::messages::cancel;
    GET    "/api/alarms"                                   (ops::alarms::list)            told::house::alarms;
    GET    "/api/ledger"                                   (ops::ledger::all)             told::house::ledger;
    GET    "/api/rates"                                    (ops::rates::rates)            told::house::rates;
    GET    "/api/doctor"                                   (ops::doctor::examine)         told::gateways::doctor;
    GET    "/api/gateways"                                 (ops::gateways::list)          told::gateways::list;
    POST   "/api/gateways/{gateway}/register"              (ops::register::register)      told::gateways::register;
    POST   "/api/gateways/{gateway}/signature"             (ops::signature::diagnose)     told::gateways::signature;
    POST   "/api/gateways/{uri}/verbs/{verb}"              (ops::verbs::run)              told::gateways::verb;
    GET    "/api/quarantine"                               (ops::quarantine::list)        told::events::quarantine;
    GET    "/api/audit"                                    (ops::audit::list)             told::house::audit;
    DELETE "/api/customers/{id}"                           (ops::customers::erase)        told::accounts::erase;
    DELETE "/api/routes/{gateway}/{name}"                  (ops::routes::end)             told::routes::end;
    POST   "/api/routes/{gateway}/{name}/resume"           (ops::routes::resume)          told::routes::resume;
    POST   "/api/routes/{gateway}/{name}/test"             (ops::tryouts::of_gateway)     told::routes::test;
    GET    "/{uri}"                                        (any callback::handle_ops)     told::accounts::verb;
};

/// Serves them.
pub fn ops(config: &mut ServiceConfig) {
    let odd_path = |_, request: &HttpRequest| ApiError::naming(ErrorId::PathUnknown, request.path()).into();
    config.app_data(PathConfig::default().error_handler(odd_path));
    table::serve(config, OPS);
    config.default_service(web::to(nothing_here));
}

async fn nothing_here(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    Err(ApiError::naming(ErrorId::PathUnknown, request.path()))
}
