//! `wharf serve`: settings, store, server, and an orderly end.

use crate::config::{Settings, StorageSettings, variables};
use crate::server::{self, Running, StartError};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use wharf_storage::{SledSettings, SledStore, Store, StoreError};

/// What can be said on the command line; everything else is settings.
#[derive(Debug, Default, Args)]
pub struct Options {
    /// The settings file; without it ./wharf.toml, or variables alone
    #[arg(long)]
    pub config: Option<PathBuf>,
}

/// Serves until SIGTERM or Ctrl-C.
pub fn run(options: &Options) -> ExitCode {
    let settings = match Settings::load(options.config.as_deref(), variables()) {
        Ok(settings) => settings,
        Err(faults) => {
            eprintln!("{faults}");
            return ExitCode::FAILURE;
        }
    };
    for warning in &settings.warnings {
        log::warn!("settings {warning}");
    }
    actix_web::rt::System::new().block_on(serve(&settings))
}

async fn serve(settings: &Settings) -> ExitCode {
    let storage = settings.storage.clone();
    match server::start(settings, move || open(&storage)).await {
        Ok(running) => {
            until_told(&running).await;
            running.stop().await;
            log::info!("stopped");
            ExitCode::SUCCESS
        }
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

/// Opens the store that the settings name. May block.
pub fn open(storage: &StorageSettings) -> Result<Arc<dyn Store>, StoreError> {
    let settings =
        SledSettings { retention: storage.retention, dedupe: storage.dedupe, ..SledSettings::new(&storage.path) };
    Ok(Arc::new(SledStore::open(settings.within(storage.max_bytes))?))
}

async fn until_told(running: &Running) {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => return log::error!("no_signals why=\"{error}\""),
    };
    eprintln!("wharf: callbacks at http://{}, operators at http://{}", running.public, running.ops);
    tokio::select! {
        _ = terminate.recv() => log::info!("draining reason=SIGTERM"),
        _ = tokio::signal::ctrl_c() => log::info!("draining reason=SIGINT"),
    }
}

fn report(error: &StartError) {
    eprintln!("wharf: {error}");
}
