//! File descriptors: every connection takes one, and so does every open file of the store. Knows the system's limit.

use rustix::process::{Resource, getrlimit, setrlimit};

/// What the store, the listeners and calls to Graph and to applications need beside the connections.
const BESIDE: u64 = 1024;

/// Makes room for `connections`, as far as the system allows; says so where that is not far enough.
pub fn make_room(connections: usize) {
    let wanted = BESIDE.saturating_add(connections as u64);
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = Some(limit.maximum.map_or(wanted, |most| wanted.min(most)));
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            log::warn!("descriptors why=\"the limit cannot be raised: {error}\"");
        }
    }
    let allowed = getrlimit(Resource::Nofile).current;
    if let Some(allowed) = allowed.filter(|allowed| *allowed < wanted) {
        log::warn!(
            "descriptors allowed={allowed} wanted={wanted} way_out=\"raise the limit of open files (ulimit -n, LimitNOFILE), or lower server.max_connections\""
        );
    }
}
