//! `wharf serve`: settings, store, server, and an orderly end.

use crate::config::{Fault, Settings, StorageSettings, variables};
use crate::descriptors;
use crate::server::{self, Running, StartError};
use actix_web::web;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use wharf_storage::{SledSettings, SledStore, Store, StoreError};

/// What can be said on the command line; everything else is settings.
#[derive(Debug, Default, Args)]
pub struct Options {
    /// The settings file; without it ./wharf.toml, or variables alone
    #[arg(long)]
    pub config: Option<PathBuf>,
}

/// Serves until SIGTERM or Ctrl-C; SIGHUP reloads.
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
    descriptors::make_room(settings.server.max_connections);
    actix_web::rt::System::new().block_on(serve(&settings, options))
}

async fn serve(settings: &Settings, options: &Options) -> ExitCode {
    // From here on SIGHUP no longer ends the process, also while the store still opens.
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            log::error!("no_signals why=\"{error}\"");
            return ExitCode::FAILURE;
        }
    };
    let storage = settings.storage.clone();
    match server::start(settings, move || open(&storage)).await {
        Ok(running) => {
            eprintln!(
                "wharf: callbacks at {}://{}, operators at http://{}",
                running.scheme(),
                running.public,
                running.ops
            );
            signals.until_told(&running, options).await;
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
    Ok(Arc::new(SledStore::open(settings.keeping(storage.keep_body).within(storage.max_bytes))?))
}

/// What the system tells the process.
struct Signals {
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, hang_up: signal(SignalKind::hangup())? })
    }

    /// Waits for the end; until then every SIGHUP reloads.
    async fn until_told(&mut self, running: &Running, options: &Options) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return log::info!("draining reason=SIGTERM"),
                _ = tokio::signal::ctrl_c() => return log::info!("draining reason=SIGINT"),
                _ = self.hang_up.recv() => reload(running, options).await,
            }
        }
    }
}

/// Reads the settings anew and takes over what can be.
async fn reload(running: &Running, options: &Options) {
    let config = options.config.clone();
    let settings = match web::block(move || Settings::load(config.as_deref(), variables())).await {
        Err(_) => return log::error!("not_reloaded why=\"wharf is stopping\""),
        Ok(Ok(settings)) => settings,
        Ok(Err(faults)) => {
            faults.0.iter().for_each(|fault| log::error!("not_reloaded fault=\"{}\"", one_line(fault)));
            return log::error!("not_reloaded faults={} effect=\"nothing changed\"", faults.0.len());
        }
    };
    for warning in &settings.warnings {
        log::warn!("settings {warning}");
    }
    let (keys, gateways) = (settings.keys.len(), settings.gateways.len());
    match running.reload(settings).await {
        Ok(reloaded) => {
            reloaded.needs_restart.iter().for_each(|setting| log::warn!("needs_restart setting=\"{setting}\""));
            log::info!("reloaded keys={keys} gateways={gateways}");
        }
        Err(fault) => log::error!("not_reloaded fault=\"{fault}\" effect=\"nothing changed\""),
    }
}

/// A fault is told in several lines; a log has one for each fact.
fn one_line(fault: &Fault) -> String {
    fault.to_string().lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

fn report(error: &StartError) {
    eprintln!("wharf: {error}");
}
