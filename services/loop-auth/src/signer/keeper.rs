//! Keeps the keys to their schedule, here and on every other replica.
//!
//! In: the store, the clock, the operator's wish for another key. Out: a signer that has what the store has, and
//! the public key file. Never: stops the server; what fails is logged and tried again at the next turn.

use std::{path::PathBuf, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use loop_oauth::{
    key::{self, Due, SigningKey},
    store::{Inserted, SigningKeys, Store, Updated},
};
use loop_shared::{
    audit::{Outcome, trail::note},
    service::{
        clock::Clock,
        metrics::login_server::{KEY_AGE, KEY_FAILURES, KEYS_PUBLISHED},
    },
};
use rand::Rng as _;

use crate::audit;

use super::{KeySettings, Signer, SignerError, add, make, write_jwks_file};

/// Looks after the keys of a running server.
pub struct Keeper {
    /// Where they are stored.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Algorithm, times, secret.
    pub settings: KeySettings,
    /// Who signs with them.
    pub signer: Signer,
    /// Where the public keys are written.
    pub jwks_file: Option<PathBuf>,
    /// How long another replica's keys may go unseen.
    pub every: Duration,
}

/// What became of the wish for another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// There is a new key.
    Added {
        /// Its id.
        kid: String,
        /// When it signs.
        signs_from: DateTime<Utc>,
    },
    /// A key was waiting already.
    Waiting {
        /// Its id.
        kid: String,
        /// When it signs.
        signs_from: DateTime<Utc>,
    },
    /// The key that was waiting signs now.
    Advanced {
        /// Its id.
        kid: String,
    },
    /// Somebody else did the same at this moment.
    Raced,
}

impl Keeper {
    /// Looks after the keys for as long as the task lives, at intervals of at most `every` and at least half of
    /// it, so that replicas spread.
    pub async fn forever(self) {
        loop {
            let turn = audit::in_background(&*self.store, self.clock.now(), self.turn());
            if let Err(error) = turn.await {
                metrics::counter!(KEY_FAILURES).increment(1);
                tracing::warn!(%error, "the signing keys were not looked after; they stay as they were");
            }
            let part = rand::rng().random_range(0.5..=1.0);
            tokio::time::sleep(self.every.mul_f64(part)).await;
        }
    }

    /// Reads, does what is due, and takes over what the store has then.
    ///
    /// # Errors
    /// [`SignerError`]; the signer is as it was.
    #[tracing::instrument(name = "keys.turn", level = "debug", skip_all)]
    pub async fn turn(&self) -> Result<(), SignerError> {
        let stored = self.store.signing_keys().await?;
        // What others did first: nothing below may delay it.
        self.take(&stored)?;
        if self.tend(&stored).await? {
            self.take(&self.store.signing_keys().await?)?;
        }
        if let Some(path) = &self.jwks_file
            && let Err(error) = write_jwks_file(path, &self.signer.jwks())
        {
            tracing::error!(path = %path.display(), %error, "JWKS_FILE cannot be written; its readers have old keys");
        }
        Ok(())
    }

    fn take(&self, stored: &[SigningKey]) -> Result<(), SignerError> {
        let now = self.clock.now();
        self.show(stored, now);
        if self.signer.take(stored, &self.settings, now)? {
            let signing = key::signing(stored, now).map(|key| key.kid.as_str());
            let keys = stored.len();
            tracing::info!(keys, signing, "the signing keys have changed");
        }
        Ok(())
    }

    fn show(&self, stored: &[SigningKey], now: DateTime<Utc>) {
        if let Some(signing) = key::signing(stored, now) {
            let age = (now - signing.signs_from).to_std().unwrap_or_default();
            metrics::gauge!(KEY_AGE).set(age.as_secs_f64());
        }
        let published = key::published(stored, now, &self.settings.policy).count();
        let published = u32::try_from(published).unwrap_or(u32::MAX);
        metrics::gauge!(KEYS_PUBLISHED).set(f64::from(published));
    }

    /// Does what the schedule asks for. Whether anything was written.
    async fn tend(&self, stored: &[SigningKey]) -> Result<bool, SignerError> {
        let (now, policy) = (self.clock.now(), &self.settings.policy);
        let mut wrote = false;
        for key in key::to_retire(stored, now) {
            let retired = self.store.retire_key(&key.kid, now).await? == Updated::Now;
            if retired {
                noted("key_retired", &key.kid);
            }
            wrote |= retired;
        }
        let limit = key::delete_before(now, policy);
        if stored
            .iter()
            .any(|key| key.retired_at.is_some_and(|at| at < limit))
        {
            wrote |= self.store.delete_keys(limit).await? > 0;
        }
        if let Some(why) = key::due(stored, now, policy) {
            let made = make(&self.settings).await?;
            let now = self.clock.now(); // making it took its time
            let signs_from = key::signs_from(why, now, policy);
            let added = add(&*self.store, &made, stored, now, signs_from).await?;
            tracing::info!(kid = made.kid, alg = %made.alg, ?why, %signs_from, ?added, "a new signing key");
            if added == Inserted::Now {
                noted("key_added", &made.kid);
            }
            wrote = true;
        }
        Ok(wrote)
    }
}

/// One line of the audit log.
fn noted(event: &'static str, kid: &str) {
    note(event, Outcome::Done, |entry| {
        entry.subject(format_args!("key:{kid}"))
    });
}

/// Adds a key that signs after it was published for long enough, or, with `at_once`, now.
///
/// # Errors
/// [`SignerError`]; nothing has changed.
pub(crate) async fn rotate(
    store: &dyn SigningKeys,
    settings: &KeySettings,
    at_once: bool,
    clock: &dyn Clock,
) -> Result<Rotation, SignerError> {
    let stored = store.signing_keys().await?;
    let now = clock.now();
    if let Some(waiting) = key::next(&stored, now) {
        let kid = waiting.kid.clone();
        if !at_once {
            let signs_from = waiting.signs_from;
            return Ok(Rotation::Waiting { kid, signs_from });
        }
        let turn = key::turn_of(&kid, &stored, now);
        return Ok(match store.advance_key(&kid, turn).await? {
            Updated::Now => {
                noted("key_advanced", &kid);
                Rotation::Advanced { kid }
            }
            Updated::NotFound => Rotation::Raced,
        });
    }
    let made = make(settings).await?;
    let now = clock.now();
    let why = if at_once || stored.is_empty() {
        Due::First
    } else {
        Due::Age
    };
    let wanted = key::signs_from(why, now, &settings.policy);
    let signs_from = key::turn_of(&made.kid, &stored, wanted);
    Ok(match add(store, &made, &stored, now, signs_from).await? {
        Inserted::Now => {
            noted("key_added", &made.kid);
            Rotation::Added {
                kid: made.kid,
                signs_from,
            }
        }
        Inserted::AlreadyThere => Rotation::Raced,
    })
}

#[cfg(test)]
mod tests;
