//! Stopping: a signal asks, running requests finish, a second signal does not wait.
//!
//! In: SIGTERM or SIGINT. Out: a token that everything long-running watches.
//! Never: kills a request before `SHUTDOWN_TIMEOUT_SECONDS`.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Tells that the service stops; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// Not stopping yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the service to stop.
    pub fn trigger(&self) {
        self.0.cancel();
    }

    /// Whether the service was asked to stop.
    pub fn is_triggered(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until the service is asked to stop.
    pub async fn triggered(&self) {
        self.0.cancelled().await;
    }

    /// The token, for what takes one.
    pub fn token(&self) -> CancellationToken {
        self.0.clone()
    }

    /// Triggers on SIGTERM or SIGINT; the process exits at once on a second signal.
    ///
    /// # Errors
    /// When signals cannot be listened to.
    pub fn on_signals(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let this = self.clone();
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            tracing::info!(signal = name, "stopping; running requests may finish");
            this.trigger();
            tokio::select! {
                _ = terminate.recv() => {},
                _ = interrupt.recv() => {},
            }
            tracing::warn!("second signal; stopping at once");
            std::process::exit(130);
        });
        Ok(())
    }
}
