//! What the store may take on disk, as Meta, applications and operators see it.

mod bodies;
mod erasure;
mod quarantine;
mod space;
