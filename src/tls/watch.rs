//! Looks at the files of TLS again and again: who renews certificates need not tell us. Knows the clock.

use super::Live;
use super::files::{Material, TlsFault};
use std::sync::Weak;
use std::time::Duration;

/// How often the files are read: three small ones, and a renewal is in use soon after.
const LOOKS: Duration = Duration::from_secs(5);

/// Takes over what changed in the files, until `live` is gone. A fault changes nothing and is logged once.
pub async fn watch(live: Weak<Live>) {
    let mut known: Option<TlsFault> = None;
    loop {
        actix_web::rt::time::sleep(LOOKS).await;
        let Some(live) = live.upgrade() else { return };
        let settings = live.material().settings().clone();
        let Ok(loaded) = actix_web::web::block(move || Material::load(&settings)).await else { return };
        match loaded {
            Ok(material) => {
                known = None;
                if !live.material().is_same(&material) && live.replace(material) {
                    log::info!("tls_reloaded reason=\"the files changed\"");
                }
            }
            Err(fault) if known.as_ref() != Some(&fault) => {
                log::error!(
                    "tls_not_reloaded why=\"{fault}\" way_out=\"mend the file; the last good certificate is in use\""
                );
                known = Some(fault);
            }
            Err(_) => {}
        }
    }
}
