//! The ops listener: health, metrics and `/api`.

mod alarms;
mod drift;
mod explain;
mod health;
mod keys;
mod life;
mod lists;
mod live;
mod metrics;
mod pauses;
mod redrive;
mod replay;
mod routes;
mod tenancy;
mod terms;
mod tokens;
