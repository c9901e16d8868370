//! bcrypt off the async threads, behind a bounded queue.
//!
//! In: a password and a hash. Out: whether they fit, or [`PasswordError`]. A few hashes run at once; a bounded
//! number waits; whoever comes after that is told to come back, so that a flood of logins can neither
//! use up memory nor keep the token endpoint from a core.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use loop_oauth::{
    login::{MAX_PASSWORD_BYTES, PasswordError, Passwords},
    user::PasswordHash,
};
use loop_shared::service::metrics::login_server::{
    PASSWORD_SECONDS, PASSWORDS_REFUSED, PASSWORDS_WAITING,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

/// Salt and digest of a hash of the right form whose password nobody knows.
const NOBODY: &str = "abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01232";

/// Checks passwords with bcrypt.
#[derive(Debug)]
pub struct BcryptPasswords {
    cost: u32,
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
    /// Compared with when there is no such user, so that the answer takes as long.
    nobody: PasswordHash,
}

impl BcryptPasswords {
    /// A checker that runs `workers` hashes at once and lets `queue` wait.
    ///
    /// # Errors
    /// The cost is out of bcrypt's range.
    pub fn new(cost: u32, workers: usize, queue: usize) -> Result<Self, bcrypt::BcryptError> {
        if !(4..=31).contains(&cost) {
            return Err(bcrypt::BcryptError::CostNotAllowed(cost));
        }
        // Written down, not computed: a start would wait a quarter of a second for it.
        let nobody = format!("$2b${cost:02}${NOBODY}");
        Ok(Self {
            cost,
            running: Arc::new(Semaphore::new(workers.max(1))),
            waiting: AtomicUsize::new(0),
            max_waiting: queue,
            nobody: PasswordHash(SecretString::from(nobody)),
        })
    }

    /// Runs `work` on a blocking thread when its turn comes.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let since = std::time::Instant::now();
        let permit = if let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() {
            permit
        } else {
            let _place = Place::take(&self.waiting, self.max_waiting).ok_or_else(refused)?;
            let turn = Arc::clone(&self.running).acquire_owned().await;
            turn.map_err(|_| PasswordError::Busy)?
        };
        // The permit moves along: a caller who hangs up does not free a core that still works.
        let task = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            metrics::histogram!(PASSWORD_SECONDS).record(since.elapsed());
            done
        });
        task.await
            .map_err(|error| PasswordError::Failed(error.to_string()))
    }
}

/// The queue is full.
fn refused() -> PasswordError {
    metrics::counter!(PASSWORDS_REFUSED).increment(1);
    PasswordError::Busy
}

/// A place in the queue, given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        waiting
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |now| {
                (now < most).then_some(now + 1)
            })
            .ok()
            .map(|_| {
                metrics::gauge!(PASSWORDS_WAITING).increment(1.0);
                Self(waiting)
            })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        metrics::gauge!(PASSWORDS_WAITING).decrement(1.0);
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[async_trait]
impl Passwords for BcryptPasswords {
    fn ready(&self) -> Result<(), PasswordError> {
        let waits = self.running.available_permits() == 0;
        if waits && self.waiting.load(Ordering::Acquire) >= self.max_waiting {
            return Err(refused());
        }
        Ok(())
    }

    async fn verify(
        &self,
        password: SecretString,
        hash: Option<&PasswordHash>,
    ) -> Result<bool, PasswordError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.nobody).0.clone();
        let done = self.in_turn(move || {
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
            .in_turn(move || bcrypt::hash(password.expose_secret(), cost))
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
            let got = passwords.verify(secret(typed), against).await.unwrap();
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
                .verify(secret(&longest), Some(&hash))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(secret(&longer), Some(&hash))
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
                passwords.verify(secret("x"), None).await,
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
        let got = passwords.verify(secret("x"), Some(&damaged)).await;
        assert!(matches!(got, Err(PasswordError::Failed(_))), "{got:?}");
    }

    #[tokio::test]
    async fn whoever_finds_the_queue_full_is_sent_away_at_once() {
        let passwords = Arc::new(BcryptPasswords::new(COST, 1, 2).unwrap());
        let (release, held) = std::sync::mpsc::channel::<()>();
        let holder = Arc::clone(&passwords);
        let running = tokio::spawn(async move { holder.in_turn(move || held.recv()).await });
        while passwords.running.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(passwords.ready(), Ok(()), "two may wait");
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let passwords = Arc::clone(&passwords);
                tokio::spawn(async move { passwords.in_turn(|| ()).await })
            })
            .collect();
        while passwords.waiting.load(Ordering::Acquire) < 2 {
            tokio::task::yield_now().await;
        }
        let third = passwords.in_turn(|| ()).await;
        assert_eq!(third, Err(PasswordError::Busy));
        assert_eq!(passwords.ready(), Err(PasswordError::Busy));
        release.send(()).unwrap();
        running.await.unwrap().unwrap().unwrap();
        for waiter in waiters {
            waiter.await.unwrap().unwrap();
        }
        assert_eq!(passwords.waiting.load(Ordering::Acquire), 0);
        assert_eq!(passwords.ready(), Ok(()));
        assert!(passwords.in_turn(|| ()).await.is_ok());
    }

    #[tokio::test]
    async fn a_waiter_who_leaves_gives_its_place_back() {
        let passwords = Arc::new(BcryptPasswords::new(COST, 1, 1).unwrap());
        let permit = Arc::clone(&passwords.running).try_acquire_owned().unwrap();
        let waiting = Arc::clone(&passwords);
        let waiter = tokio::spawn(async move { waiting.in_turn(|| ()).await });
        while passwords.waiting.load(Ordering::Acquire) < 1 {
            tokio::task::yield_now().await;
        }
        waiter.abort();
        assert!(waiter.await.unwrap_err().is_cancelled());
        assert_eq!(passwords.waiting.load(Ordering::Acquire), 0);
        drop(permit);
    }
}
