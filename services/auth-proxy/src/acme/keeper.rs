//! Keeps a certificate that is good: orders the first, renews each in time, keeps the last one when that fails.
//!
//! In: settings. Out: the file of [`AcmeConfig::certificate`], replaced as a whole. Never: two orders at a time by
//! programs that share the folder.

use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;

use loop_shared::service::{Clock as _, SystemClock};
use rand::Rng as _;
use tokio_util::sync::CancellationToken;

use super::AcmeConfig;
use super::client::Client;
use super::error::AcmeError;
use super::jws::AccountKey;
use super::order::{Buyer, Pace};
use super::pause::{Pause, renewal};
use crate::figures;
use crate::tls::{Material, private, private_folder};

/// At least this often the folder is looked at, where others may write too.
const LOOK: Duration = Duration::from_mins(10);
/// How long somebody else is left alone with an order.
const ELSE: Duration = Duration::from_secs(5);

/// Keeps one certificate.
pub(crate) struct Keeper {
    config: AcmeConfig,
    pace: Pace,
    /// Of 0 to 1: when exactly this program renews.
    chance: f64,
}

/// How a try ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tried {
    /// There is a new certificate.
    Bought,
    /// Somebody else is at it, or was.
    Elsewhere,
}

impl Keeper {
    /// Keeps the certificate of these settings.
    pub(crate) fn new(config: AcmeConfig) -> Self {
        Self {
            config,
            pace: Pace::default(),
            chance: rand::rng().random(),
        }
    }

    /// As `new`, at another pace.
    #[cfg(test)]
    pub(super) fn at_pace(config: AcmeConfig, pace: Pace) -> Self {
        Self {
            pace,
            ..Self::new(config)
        }
    }

    /// Keeps it until `stop`.
    pub(crate) async fn keep(self, stop: CancellationToken) {
        loop {
            let left = self.due().saturating_sub(SystemClock.now().timestamp());
            let pause = match u64::try_from(left) {
                Ok(left) if left > 0 => Duration::from_secs(left).min(LOOK),
                _ => self.once().await,
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {},
                () = stop.cancelled() => return,
            }
        }
    }

    /// From when on a certificate is to be ordered, in seconds since 1970.
    pub(super) fn due(&self) -> i64 {
        let pause = Pause::read(&self.config.folder.join("pause.json"));
        self.renewal().max(pause.until)
    }

    /// When the one that is there is renewed; at once without one.
    fn renewal(&self) -> i64 {
        let file = self.config.certificate();
        let Ok(pem) = std::fs::read(&file) else {
            return 0;
        };
        match Material::parse((&file, &pem), (&file, &pem)) {
            Ok(found) if found.is_for(&self.config.host) => {
                renewal(found.from, found.until, self.chance)
            }
            _ => 0,
        }
    }

    /// Tries once; how long to wait then.
    async fn once(&self) -> Duration {
        match self.order().await {
            Ok(Tried::Bought) => {
                figures::ordered("issued");
                tracing::info!(host = %self.config.host, "the directory gave a new certificate");
                Duration::ZERO
            }
            Ok(Tried::Elsewhere) => ELSE,
            Err(why) => {
                figures::ordered("failed");
                let said = why.retry_after();
                let again = self.later(said);
                tracing::error!(
                    %why, host = %self.config.host, again_in_seconds = again.as_secs(),
                    "there is no new certificate; the one that is there stays"
                );
                again
            }
        }
    }

    /// Orders a certificate, unless somebody else does.
    pub(super) async fn order(&self) -> Result<Tried, AcmeError> {
        let folder = &self.config.folder;
        private_folder(folder).map_err(AcmeError::own)?;
        let mut lock = File::options();
        lock.append(true).create(true).mode(0o600);
        let lock = lock.open(folder.join("lock")).map_err(AcmeError::own)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Tried::Elsewhere),
            Err(TryLockError::Error(error)) => return Err(AcmeError::own(error)),
        }
        // Somebody else may have been here a moment ago.
        if self.due() > SystemClock.now().timestamp() {
            return Ok(Tried::Elsewhere);
        }
        let key = AccountKey::ensure(&folder.join("account.key"))?;
        let mut client = Client::open(&self.config, key).await?;
        let buyer = Buyer {
            client: &mut client,
            host: &self.config.host,
            challenges: &self.config.challenges(),
            pace: self.pace,
        };
        let pem = buyer.buy().await?;
        private(&self.config.certificate(), &pem).map_err(AcmeError::own)?;
        // No pause from now on.
        let _ = std::fs::remove_file(folder.join("pause.json"));
        Ok(Tried::Bought)
    }

    /// Notes a failure; how long the pause is.
    fn later(&self, said: Option<Duration>) -> Duration {
        let file = self.config.folder.join("pause.json");
        let now = SystemClock.now().timestamp();
        let pause = Pause::read(&file).after(now, said, rand::rng().random());
        if let Err(error) = pause.keep(&file) {
            tracing::warn!(%error, "the pause is not kept over a restart");
        }
        Duration::from_secs(u64::try_from(pause.until - now).unwrap_or(0)).max(ELSE)
    }
}
