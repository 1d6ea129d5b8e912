//! The ops listener: health, metrics and `/api`.

mod alarms;
mod drift;
mod health;
mod keys;
mod life;
mod lists;
mod pauses;
mod redrive;
mod replay;
mod routes;
mod tenancy;
mod tokens;
