//! How long this machine stood still while it measured: a virtual machine that is paused or crowded out explains a
//! maximum that no server is to blame for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A thread that does nothing but sleep this long wakes up later by as long as the machine stood still.
const NAP: Duration = Duration::from_millis(50);

/// A watch on the machine.
pub(super) struct Pauses {
    longest_us: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Pauses {
    /// Begins to watch.
    pub(super) fn watch() -> Self {
        let (longest_us, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (longest, ended) = (Arc::clone(&longest_us), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                let began = Instant::now();
                std::thread::sleep(NAP);
                let late = began.elapsed().saturating_sub(NAP);
                longest.fetch_max(late.as_micros() as u64, Ordering::Relaxed);
            }
        });
        Self { longest_us, over, thread }
    }

    /// The longest pause, in ms.
    pub(super) fn end(self) -> f64 {
        self.over.store(true, Ordering::Relaxed);
        // It cannot panic, and what it saw is kept beside it.
        let _ = self.thread.join();
        self.longest_us.load(Ordering::Relaxed) as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_goes_on_pauses_for_less_than_the_watch_lasts() {
        let (began, pauses) = (Instant::now(), Pauses::watch());
        assert!(pauses.end() <= began.elapsed().as_secs_f64() * 1000.0);
    }
}
