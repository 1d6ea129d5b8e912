//! The ops listener: health, metrics and `/api`.

mod alarms;
mod drift;
mod errors;
mod explain;
mod health;
mod keys;
mod life;
mod lists;
mod live;
mod made_keys;
mod metrics;
mod openapi;
mod pauses;
mod redrive;
mod replay;
mod routes;
mod tenancy;
mod terms;
mod tokens;
