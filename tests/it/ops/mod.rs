//! The ops listener: health, metrics and `/api`.

mod drift;
mod health;
mod keys;
mod life;
mod lists;
mod tenancy;
mod tokens;
