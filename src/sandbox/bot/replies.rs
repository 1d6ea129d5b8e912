//! Sends the bot's answers in the background, each with an idempotency key, so that trying again never doubles one.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use tokio::sync::Semaphore;

use super::envelope::Answer;
use super::{BotOptions, BotStats};

/// Answers on their way at once.
const IN_FLIGHT: usize = 256;
/// Answers that may wait for their turn; more are counted as unanswered.
const WAITING: usize = 20_000;
/// How often an answer is tried.
const ATTEMPTS: u32 = 5;
/// The wait after the first failure; each following one is twice as long.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// A call that takes longer is tried again. Above the 4 s or so that a queueing API may wait.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Sends answers through one API.
#[derive(Clone)]
pub(super) struct Replies {
    inner: Rc<Inner>,
}

struct Inner {
    client: awc::Client,
    base: String,
    authorization: String,
    permits: Semaphore,
    waiting: Cell<usize>,
    stats: Arc<BotStats>,
}

/// What the API said.
enum Verdict {
    Taken,
    Refused,
    TryAgain,
}

impl Replies {
    pub(super) fn new(options: &BotOptions, stats: Arc<BotStats>) -> Self {
        let connector = awc::Connector::new().limit(0).conn_keep_alive(Duration::from_secs(4));
        let client = awc::Client::builder().connector(connector).timeout(TIMEOUT).disable_redirects().finish();
        let inner = Inner {
            client,
            base: format!("{}/{}", options.base_url.trim_end_matches('/'), options.version),
            authorization: format!("Bearer {}", options.key),
            permits: Semaphore::new(IN_FLIGHT),
            waiting: Cell::new(0),
            stats,
        };
        Self { inner: Rc::new(inner) }
    }

    /// Sends `answer` in the background.
    pub(super) fn send(&self, answer: Answer) {
        let inner = Rc::clone(&self.inner);
        if inner.waiting.get() >= WAITING {
            inner.stats.unanswered.add(1);
            return;
        }
        inner.waiting.set(inner.waiting.get() + 1);
        actix_rt::spawn(async move {
            inner.send(&answer).await;
            inner.waiting.set(inner.waiting.get() - 1);
        });
    }
}

impl Inner {
    async fn send(&self, answer: &Answer) {
        for attempt in 0..ATTEMPTS {
            match self.attempt(answer).await {
                Verdict::Taken => return self.stats.answered.add(1),
                Verdict::Refused => break,
                Verdict::TryAgain => actix_rt::time::sleep(RETRY_AFTER * 2_u32.pow(attempt)).await,
            }
        }
        self.stats.unanswered.add(1);
    }

    async fn attempt(&self, answer: &Answer) -> Verdict {
        let Ok(_permit) = self.permits.acquire().await else { return Verdict::Refused };
        let url = format!("{}/{}/messages", self.base, answer.number);
        let request = self.client.post(url).insert_header(("Authorization", self.authorization.as_str()));
        let request = request.insert_header(("Idempotency-Key", format!("echo-{}", answer.wamid)));
        let Ok(mut response) = request.send_json(&answer.body).await else { return Verdict::TryAgain };
        let status = response.status();
        if response.body().await.is_err() {
            return Verdict::TryAgain;
        }
        if status.is_success() {
            return Verdict::Taken;
        }
        let passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        if passing { Verdict::TryAgain } else { Verdict::Refused }
    }
}
