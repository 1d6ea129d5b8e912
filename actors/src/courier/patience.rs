//! Trying a management call again where that may help. Knows nothing of what is called.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::fault::Fault;
use crate::cloud::refusal::Retry;

/// Nobody waits longer for another try of a verb.
const WINDOW: Duration = Duration::from_secs(5);

/// The waits before the second and the third try, each up to doubled by chance.
const WAITS: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1200)];

/// Tries `attempt`, and after a transient fault at most twice more within 5 s. `jitter` is chance in 0..1. Only for
/// calls that may be made twice.
pub(crate) async fn patiently<T, F>(jitter: f64, attempt: F) -> Result<T, Fault>
where
    F: AsyncFn() -> Result<T, Fault>,
{
    let until = Instant::now() + WINDOW;
    for wait in WAITS {
        let fault = match attempt().await {
            Err(fault) if fault.retry() == Retry::Transient => fault,
            ended => return ended,
        };
        let wait = wait.mul_f64(1.0 + jitter.clamp(0.0, 1.0));
        if Instant::now() + wait > until {
            return Err(fault);
        }
        sleep(wait).await;
    }
    attempt().await
}
