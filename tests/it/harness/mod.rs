//! What the tests share: a whole gateway on a stage, the applications behind it, a plain HTTP client, Meta's mail.
//! Decides nothing about what is right.

pub(crate) mod application;
pub(crate) mod description;
pub(crate) mod front;
pub(crate) mod http;
pub(crate) mod mail;
#[path = "../../../actors/src/courier/nats/fake.rs"]
pub(crate) mod nats;
pub(crate) mod process;
pub(crate) mod queue;
pub(crate) mod stage;

use std::time::{Duration, Instant};

/// What may take this long takes too long, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a condition is looked at.
const LOOKS: Duration = Duration::from_millis(5);

/// Waits until `look` sees something, at most 20 s; then the test fails with `what`.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain until {what}");
        actix_web::rt::time::sleep(LOOKS).await;
    }
}
