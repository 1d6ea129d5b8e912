//! An instant sink for deliveries.

use super::BenchError;

/// Serves until it shall end.
pub(super) fn run() -> Result<(), BenchError> {
    Ok(())
}
