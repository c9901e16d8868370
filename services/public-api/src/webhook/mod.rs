//! Tells an address of the operator's what changed, batch by batch, signed.
//!
//! In: the change feed as a caller with `mcp:read` alone sees it. Out: `POST`s, each until it is taken; then the next.
//! Never: a private note, whoever else may read it; two batches at once; a batch left out; a redirect followed; the secret or an
//! answer's text in a log.
//! Source: Standard Webhooks 1.0 (`webhook-id`, `webhook-timestamp`, `webhook-signature`);
//! [decision 29](../../../../docs/decisions/0029-the-webhook.md).

mod message;
mod place;
mod sender;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use loop_shared::service::{Clock, Shutdown};
use loop_vault::feed::{ChangePage, Feed, FeedError};
use loop_vault::{Sight, Vault};
use tokio_util::sync::CancellationToken;

use message::Message;
use place::Place;
use sender::{Outcome, Sender};
pub use settings::WebhookArgs;
pub(crate) use settings::WebhookConfig;

/// Changes of one batch.
const BATCH: usize = 100;
/// Changes that come together are told together.
const GATHER: Duration = Duration::from_millis(100);
/// Delay after the first failure, doubled with each further one, and the longest.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_mins(10);

/// Why the webhook cannot start.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// No HTTP client.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// Sends from now on, until the service stops.
///
/// # Errors
/// [`WebhookError`].
pub(crate) fn start(
    vault: &Vault,
    settings: &WebhookConfig,
    clock: Arc<dyn Clock>,
    shutdown: &Shutdown,
) -> Result<(), WebhookError> {
    let webhook = Webhook {
        sender: Sender::new(settings)?,
        place: Place::open(settings.state.as_deref()),
        vault: vault.clone(),
        clock,
        stop: shutdown.token(),
    };
    tokio::spawn(webhook.run());
    Ok(())
}

struct Webhook {
    sender: Sender,
    place: Place,
    vault: Vault,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
}

/// What is to be told next.
enum Next {
    Changes(ChangePage),
    /// The place is not kept any more: whoever keeps a copy has to read everything again, then go on from here.
    Lost(ChangePage),
    Nothing,
}

impl Webhook {
    async fn run(mut self) {
        let stop = self.stop.clone();
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.work() => {}
        }
    }

    /// Ends only when the receiver says that it is gone.
    async fn work(&mut self) {
        while self.vault.reading().is_some() {
            tokio::time::sleep(GATHER).await;
        }
        let feed = self.vault.feed(Sight::Open);
        let mut head = feed.watch();
        loop {
            head.mark_unchanged();
            let (page, message) = match self.next(&feed) {
                Next::Nothing => {
                    if head.changed().await.is_err() {
                        return;
                    }
                    tokio::time::sleep(GATHER).await;
                    continue;
                }
                Next::Changes(page) => {
                    let message = Message::changes(&page);
                    (page, message)
                }
                Next::Lost(page) => {
                    let message = Message::lost(&page);
                    (page, message)
                }
            };
            if !message.is_empty() && !self.deliver(&message).await {
                return;
            }
            self.place.keep(&page.cursor);
        }
    }

    fn next(&mut self, feed: &Feed) -> Next {
        let since = self.place.cursor().unwrap_or("now").to_owned();
        match feed.since(Some(&since), BATCH) {
            Ok(page) if page.results.is_empty() && !page.more => {
                // Whoever begins has its place from now on.
                self.place.keep(&page.cursor);
                Next::Nothing
            }
            Ok(page) => Next::Changes(page),
            Err(FeedError::Gone | FeedError::BadCursor) => match feed.since(Some("now"), 1) {
                Ok(page) => Next::Lost(page),
                Err(_) => Next::Nothing,
            },
        }
    }

    /// Sends until it is taken; `false` when the receiver wants nothing any more.
    async fn deliver(&self, message: &Message) -> bool {
        let mut delay = FIRST_DELAY;
        loop {
            match self.sender.send(message, self.clock.now()).await {
                Outcome::Taken => return true,
                Outcome::Gone => {
                    tracing::error!(
                        "webhook: the receiver answered 410 Gone; nothing is sent until the next start"
                    );
                    return false;
                }
                Outcome::Failed { why, wait } => {
                    let wait = wait.unwrap_or(delay).clamp(delay, LONGEST_DELAY);
                    tracing::warn!(
                        why,
                        seconds = wait.as_secs(),
                        "webhook: not taken; sent again later"
                    );
                    tokio::time::sleep(wait).await;
                    delay = (delay * 2).min(LONGEST_DELAY);
                }
            }
        }
    }
}
