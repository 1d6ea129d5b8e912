//! What the store may take on disk, as Meta, applications and operators see it.

mod quarantine;
mod space;
