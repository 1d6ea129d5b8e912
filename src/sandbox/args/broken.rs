//! The options of `wharf sandbox` that say what goes wrong.

use clap::Args;

use super::share;
use crate::sandbox::faults::{Faults, Limits};
use crate::sandbox::limits::STANDARD_THROUGHPUT;

/// What goes wrong, and where Meta's limits are.
#[derive(Debug, Clone, Args)]
pub struct FaultArgs {
    /// Share of sends that Graph refuses, 0 to 1
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    pub send_errors: f64,
    /// The error code of those refusals
    #[arg(long, default_value_t = 131_000)]
    pub send_error_code: u32,
    /// How long a send takes, in milliseconds; 350 is Meta's rule of thumb
    #[arg(long, alias = "send-latency-ms", default_value_t = 350)]
    pub send_latency: u64,
    /// Share of sends that are taken while the connection closes instead of an answer, 0 to 1
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    pub lost_after: f64,
    /// Share of sends that are not taken while the connection closes, 0 to 1
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    pub lost_before: f64,
    /// Share of sends that are taken and whose answer hangs, 0 to 1
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    pub hanging: f64,
    /// How long an answer that hangs is held back, in milliseconds
    #[arg(long, default_value_t = 30_000)]
    pub hold_back: u64,
    /// Share of sends whose first status overtakes the answer, 0 to 1
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    pub overtaken: f64,
    /// Share of sends that are taken and later fail, 0 to 1
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    pub failed_later: f64,
    /// The error code of those failures
    #[arg(long, default_value_t = 131_026)]
    pub failed_later_code: u32,
    /// Share of the statuses of sends that come twice, 0 to 1
    #[arg(long, default_value_t = 0.05, value_parser = share)]
    pub statuses_twice: f64,
    /// Share of sends whose statuses all come at the same moment, 0 to 1
    #[arg(long, default_value_t = 0.1, value_parser = share)]
    pub statuses_together: f64,
    /// An account that refuses the token; may be given several times
    #[arg(long = "refuse", value_name = "WABA")]
    pub refused: Vec<String>,
    /// Refuse sends beyond Meta's limits per number and per customer
    #[arg(long)]
    pub limits: bool,
    /// Messages per second of a number, in and out together: 80, 1000 after an upgrade, 20 with the Business app
    #[arg(long, default_value_t = STANDARD_THROUGHPUT)]
    pub throughput: u32,
    /// Calls per hour and account that are no sends and no media; beyond them 80008
    #[arg(long, default_value_t = 5_000)]
    pub management_calls: u32,
    /// How long the URL of a media file works, in seconds
    #[arg(long, default_value_t = 300)]
    pub media_url_life: u64,
}

impl From<FaultArgs> for Faults {
    fn from(args: FaultArgs) -> Self {
        Self {
            send_error_rate: args.send_errors,
            send_error_code: args.send_error_code,
            send_latency_ms: args.send_latency,
            lost_after_rate: args.lost_after,
            lost_before_rate: args.lost_before,
            hang_rate: args.hanging,
            hold_back_ms: args.hold_back,
            overtaken_rate: args.overtaken,
            failed_later_rate: args.failed_later,
            failed_later_code: args.failed_later_code,
            statuses_twice: args.statuses_twice,
            statuses_together: args.statuses_together,
            throughput: args.throughput,
            management_calls_per_h: args.management_calls,
            media_url_life_ms: args.media_url_life.saturating_mul(1000),
            refused_accounts: args.refused,
            limits: if args.limits { Limits::On } else { Limits::Off },
            ..Self::default()
        }
    }
}
