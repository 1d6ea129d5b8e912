//! The table of the dashboard's files. Whoever adds one adds it here; a test finds what was forgotten.

use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::sync::LazyLock;

/// A file, as it is served.
pub(super) struct Asset {
    /// The last part of its path.
    pub(super) name: &'static str,
    pub(super) content_type: &'static str,
    pub(super) bytes: &'static [u8],
    /// The same bytes, as gzip.
    pub(super) packed: Bytes,
    /// The `ETag`, quotes included; weak, because it is the same for both.
    pub(super) tag: String,
}

macro_rules! shelf {
    ($($name:literal)+) => {
        &[$(($name, include_bytes!(concat!("assets/", $name)) as &[u8]),)+]
    };
}

/// Every file, by name.
const FILES: &[(&str, &[u8])] = shelf! {
    "index.html" "style.css" "icon.svg"
    "main.js" "api.js" "dom.js" "words.js" "plot.js" "json.js" "confirm.js" "table.js" "stay.js"
    "signin.js" "overview.js" "alarms.js" "accounts.js"
    "account.js" "standing.js" "numbers.js" "routes.js" "holds.js" "ledger.js"
    "events.js" "messages.js" "dialogs.js" "dead.js" "tail.js"
    "event.js" "trail.js" "message.js" "verbs.js" "quarantine.js" "letters.js" "audit.js" "nothing.js"
    "doctor.js" "keys.js" "own.js" "replays.js"
};

static SHELF: LazyLock<Vec<Asset>> = LazyLock::new(|| FILES.iter().map(|(name, bytes)| asset(name, bytes)).collect());

/// The file of that name.
pub(super) fn find(name: &str) -> Option<&'static Asset> {
    SHELF.iter().find(|asset| asset.name == name)
}

fn asset(name: &'static str, bytes: &'static [u8]) -> Asset {
    let digest = Sha256::digest(bytes);
    let tag = format!("W/\"{}\"", hex::encode(&digest[..8]));
    Asset { name, content_type: content_type(name), bytes, packed: packed(bytes), tag }
}

fn packed(bytes: &[u8]) -> Bytes {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).expect("a vector takes everything");
    packer.finish().expect("a vector takes everything").into()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
