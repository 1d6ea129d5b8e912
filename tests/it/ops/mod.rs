//! The ops listener: health, metrics and `/api`.

mod alarms;
mod drift;
mod errors;
mod health;
mod keys;
mod life;
mod lists;
mod made_keys;
mod openapi;
mod routes;
mod tenancy;
mod tokens;
