//! bcrypt on threads of its own, behind a bounded queue.
//!
//! In: a password and a hash. Out: whether they fit, or [`PasswordError`]. A few hashes run at once; a bounded
//! number waits, people whom the server knows apart from strangers; whoever comes after that is told to come back, so that a flood of logins can neither
//! use up memory nor keep the token endpoint from a core.

mod queues;
mod threads;

use std::{io, time::Instant};

use async_trait::async_trait;
use loop_oauth::{
    login::{MAX_PASSWORD_BYTES, PasswordError, Passwords, Queue},
    user::PasswordHash,
};
use loop_shared::service::metrics::login_server::{PASSWORD_SECONDS, PASSWORDS_REFUSED};
use secrecy::{ExposeSecret as _, SecretString};

use self::threads::{NotDone, Threads};

/// Salt and digest of a hash of the right form whose password nobody knows.
const NOBODY: &str = "abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01232";

/// Checks passwords with bcrypt.
#[derive(Debug)]
pub struct BcryptPasswords {
    cost: u32,
    threads: Threads,
    /// Compared with when there is no such user, so that the answer takes as long.
    nobody: PasswordHash,
}

/// Passwords cannot be checked at all.
#[derive(Debug, thiserror::Error)]
pub enum PasswordsError {
    /// The cost is out of bcrypt's range.
    #[error("{0}")]
    Cost(#[from] bcrypt::BcryptError),
    /// The system gives no threads to hash on.
    #[error("no thread to hash passwords on: {0}")]
    Threads(#[from] io::Error),
}

impl BcryptPasswords {
    /// A checker that runs `workers` hashes at once and lets `waiting` wait in each [`Queue`].
    ///
    /// # Errors
    /// [`PasswordsError`].
    pub fn new(cost: u32, workers: usize, waiting: usize) -> Result<Self, PasswordsError> {
        if !(4..=31).contains(&cost) {
            return Err(bcrypt::BcryptError::CostNotAllowed(cost).into());
        }
        // Written down, not computed: a start would wait a quarter of a second for it.
        let nobody = format!("$2b${cost:02}${NOBODY}");
        Ok(Self {
            cost,
            threads: Threads::start(workers, waiting)?,
            nobody: PasswordHash(SecretString::from(nobody)),
        })
    }

    /// Does `work` on a thread of its own when its turn comes.
    async fn in_turn<T: Send + 'static>(
        &self,
        queue: Queue,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let since = Instant::now();
        let timed = move || {
            let done = work();
            metrics::histogram!(PASSWORD_SECONDS).record(since.elapsed());
            done
        };
        self.threads
            .run(queue, timed)
            .await
            .map_err(|not| match not {
                NotDone::Full => refused(),
                NotDone::Panicked => PasswordError::Failed("hashing panicked".to_owned()),
            })
    }
}

/// The queue is full.
fn refused() -> PasswordError {
    metrics::counter!(PASSWORDS_REFUSED).increment(1);
    PasswordError::Busy
}

#[async_trait]
impl Passwords for BcryptPasswords {
    fn ready(&self, queue: Queue) -> Result<(), PasswordError> {
        if self.threads.is_full(queue) {
            return Err(refused());
        }
        Ok(())
    }

    async fn verify(
        &self,
        password: SecretString,
        hash: Option<&PasswordHash>,
        queue: Queue,
    ) -> Result<bool, PasswordError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.nobody).0.clone();
        let done = self.in_turn(queue, move || {
            let password = password.expose_secret();
            let fits = bcrypt::verify(password, hash.expose_secret());
            // bcrypt stops reading at 72 bytes: a longer one must not pass for its beginning.
            fits.map(|fits| known && fits && password.len() <= MAX_PASSWORD_BYTES)
        });
        done.await?.map_err(failed)
    }

    async fn hash(&self, password: SecretString) -> Result<PasswordHash, PasswordError> {
        if password.expose_secret().len() > MAX_PASSWORD_BYTES {
            let wrong = "the password is longer than bcrypt reads";
            return Err(PasswordError::Failed(wrong.to_owned()));
        }
        let cost = self.cost;
        let hash = self
            .in_turn(Queue::Known, move || {
                bcrypt::hash(password.expose_secret(), cost)
            })
            .await?;
        hash.map(|text| PasswordHash(SecretString::from(text)))
            .map_err(failed)
    }
}

/// The cause as text, for whoever logs it.
#[expect(
    clippy::needless_pass_by_value,
    reason = "map_err hands the error over"
)]
fn failed(error: bcrypt::BcryptError) -> PasswordError {
    PasswordError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cheap hashes for tests.
    const COST: u32 = 4;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_nobody_fits_none() {
        let passwords = BcryptPasswords::new(COST, 1, 8).unwrap();
        let hash = passwords.hash(secret("correct horse")).await.unwrap();
        for (typed, against, expected) in [
            ("correct horse", Some(&hash), true),
            ("correct hors", Some(&hash), false),
            ("", Some(&hash), false),
            ("correct horse", None, false),
            ("nobody has this password", None, false),
        ] {
            let got = passwords
                .verify(secret(typed), against, Queue::Known)
                .await
                .unwrap();
            assert_eq!(got, expected, "{typed:?}");
        }
    }

    #[tokio::test]
    async fn a_password_longer_than_bcrypt_reads_does_not_pass_for_its_beginning() {
        let passwords = BcryptPasswords::new(COST, 1, 8).unwrap();
        let longest = "x".repeat(72);
        let hash = passwords.hash(secret(&longest)).await.unwrap();
        let longer = format!("{longest}y");
        assert!(
            passwords
                .verify(secret(&longest), Some(&hash), Queue::Known)
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(secret(&longer), Some(&hash), Queue::Known)
                .await
                .unwrap()
        );
        assert!(passwords.hash(secret(&longer)).await.is_err());
    }

    #[tokio::test]
    async fn nobody_is_compared_at_the_cost_of_everybody() {
        for cost in [4, 9, 10] {
            let passwords = BcryptPasswords::new(cost, 1, 8).unwrap();
            let nobody = passwords.nobody.0.expose_secret();
            let parts: bcrypt::HashParts = nobody.parse().unwrap();
            assert_eq!(parts.get_cost(), cost);
            assert!(matches!(
                passwords.verify(secret("x"), None, Queue::Strangers).await,
                Ok(false)
            ));
        }
        assert!(BcryptPasswords::new(3, 1, 8).is_err());
        assert!(BcryptPasswords::new(32, 1, 8).is_err());
    }

    #[tokio::test]
    async fn a_damaged_hash_is_reported_rather_than_matched() {
        let passwords = BcryptPasswords::new(COST, 1, 8).unwrap();
        let damaged = PasswordHash(secret("not a hash"));
        let got = passwords
            .verify(secret("x"), Some(&damaged), Queue::Strangers)
            .await;
        assert!(matches!(got, Err(PasswordError::Failed(_))), "{got:?}");
    }

    #[tokio::test]
    async fn whoever_finds_the_queue_full_is_told_to_come_back() {
        let passwords = BcryptPasswords::new(COST, 1, 0).unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let running = passwords.in_turn(Queue::Strangers, move || held.recv());
        let busy = async {
            assert_eq!(passwords.ready(Queue::Strangers), Err(PasswordError::Busy));
            let second = passwords.verify(secret("x"), None, Queue::Strangers).await;
            release.send(()).unwrap();
            second
        };
        let (running, second) = tokio::join!(running, busy);
        assert_eq!(second, Err(PasswordError::Busy));
        running.unwrap().unwrap();
        assert_eq!(passwords.ready(Queue::Strangers), Ok(()));
        assert_eq!(
            passwords.verify(secret("x"), None, Queue::Strangers).await,
            Ok(false)
        );
    }
}
