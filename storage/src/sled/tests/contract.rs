//! The contract, kept by the engine in its usual shape and with volumes and checkpoints so small that every test rolls
//! over several.

use super::open;
use crate::contract::{DEDUPE_S, Rig, START_S, contract};
use crate::{Clock, SledSettings, Store};
use std::sync::Arc;
use std::time::Duration;

fn rig(shape: fn(&mut SledSettings), end: fn(&dyn Store)) -> Rig {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::by_hand(START_S);
    let mut settings = SledSettings::new(folder.path().join("data"));
    settings.dedupe = Duration::from_secs(DEDUPE_S);
    settings.clock = clock.clone();
    shape(&mut settings);
    Rig::new(clock, move |store| {
        // The folder lives as long as the rig.
        let _ = folder.path();
        if let Some(store) = store {
            end(&*store);
        }
        Arc::new(open(settings.clone()).unwrap())
    })
}

mod dropped {
    crate::contract::contract!(super::rig(|_| (), |_| ()));
}

mod closed {
    use super::contract;
    contract!(super::rig(|_| (), crate::Store::close));
}

mod in_small_volumes {
    use super::*;

    fn small(settings: &mut SledSettings) {
        settings.volume_bytes = 30_000;
        settings.checkpoint_bytes = 3_000;
        settings.checkpoint_every = Duration::from_millis(5);
        settings.filter_bytes = 200;
    }
    contract!(super::rig(small, |_| ()));
}
