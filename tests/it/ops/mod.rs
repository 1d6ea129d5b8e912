//! The ops listener: health, metrics and `/api`.

mod alarms;
mod drift;
mod health;
mod keys;
mod life;
mod lists;
mod metrics;
mod routes;
mod tenancy;
mod terms;
mod tokens;
