//! Encrypts everything that the store keeps under `AUTH_ENCRYPTION_SECRET` with the first of several: signing keys and the
//! secrets of authenticator apps.
//!
//! In: a store and its secrets. Out: how many were encrypted anew. Never: loses one that does not open.

use loop_oauth::store::{Store, StoreError, Updated};

use crate::seals::SecretSeals;
use crate::signer::{KeySettings, SealError};

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rekeyed {
    /// How many were encrypted anew.
    pub anew: u64,
    /// How many open with none of the secrets; they stay as they were.
    pub shut: u64,
}

/// Encrypts everything with the first secret. What changes meanwhile is encrypted with it already.
///
/// # Errors
/// [`StoreError`].
pub async fn rekey(store: &dyn Store, settings: &KeySettings) -> Result<Rekeyed, StoreError> {
    let mut done = Rekeyed::default();
    for key in store.signing_keys().await? {
        match settings.renewed(&key.private) {
            Ok(Some(after)) => {
                let kept = store.reseal_key(&key.kid, &key.private, &after).await?;
                done.anew += u64::from(kept == Updated::Now);
            }
            Ok(None) => {}
            Err(SealError::Failed(error)) => return Err(StoreError::Failed(error.to_string())),
            Err(_) => done.shut += 1,
        }
    }
    let seals = SecretSeals::of(settings);
    for totp in store.totps().await? {
        match seals.renewed(&totp.sealed) {
            Ok(Some(after)) => {
                let kept = store.reseal_totp(&totp, &after).await?;
                done.anew += u64::from(kept == Updated::Now);
            }
            Ok(None) => {}
            Err(_) => done.shut += 1,
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use loop_oauth::key::Policy;
    use loop_oauth::second_step::{Seals as _, Totp};
    use loop_oauth::store::{SecondFactors as _, SigningKeys as _};
    use loop_oauth::testing::MemoryStore;
    use loop_oauth::user::UserId;
    use loop_shared::auth::SigningAlgorithm;
    use loop_testkit::fixed_now;
    use secrecy::SecretString;

    use super::*;
    use crate::signer::Signer;

    fn with(secret: Option<&str>, former: &[&str]) -> KeySettings {
        KeySettings {
            policy: Policy {
                alg: SigningAlgorithm::Es256,
                publish_ahead: TimeDelta::seconds(100),
                keep_after: TimeDelta::seconds(100),
                rotate_every: None,
            },
            secret: secret.map(SecretString::from),
            former: former.iter().map(|it| SecretString::from(*it)).collect(),
        }
    }

    /// A store with a key and an app, both of these settings.
    async fn store(settings: &KeySettings) -> MemoryStore {
        let store = MemoryStore::default();
        Signer::open(&store, settings, fixed_now()).await.unwrap();
        let app = Totp {
            user: UserId(uuid::Uuid::from_u128(1)),
            sealed: SecretSeals::of(settings).seal(b"shared").unwrap(),
            created_at: fixed_now(),
            confirmed_at: None,
        };
        store.begin_totp(&app).await.unwrap();
        store
    }

    #[tokio::test]
    async fn after_rekeying_the_new_secret_alone_opens_keys_and_apps() {
        const OLD: &str = "the old secret of at least 32 bytes";
        const NEW: &str = "the new secret of at least 32 bytes";
        for before in [Some(OLD), None] {
            let store = store(&with(before, &[])).await;
            let both = with(Some(NEW), &[OLD]);
            let done = rekey(&store, &both).await.unwrap();
            assert_eq!(done, Rekeyed { anew: 2, shut: 0 }, "{before:?}");
            let again = rekey(&store, &both).await.unwrap();
            assert_eq!(again, Rekeyed::default(), "{before:?}");
            let alone = with(Some(NEW), &[]);
            Signer::open(&store, &alone, fixed_now()).await.unwrap();
            let app = store.totps().await.unwrap().remove(0);
            let opened = SecretSeals::of(&alone).open(&app.sealed).unwrap();
            assert_eq!(opened, b"shared");
            assert!(
                Signer::open(&store, &with(before, &[]), fixed_now())
                    .await
                    .is_err()
            );
        }
    }

    #[tokio::test]
    async fn what_opens_with_no_secret_is_counted_and_stays() {
        let store = store(&with(Some("the old secret of at least 32 bytes"), &[])).await;
        let before = store.signing_keys().await.unwrap();
        let strange = with(Some("a third secret of at least 32 bytes"), &[]);
        let done = rekey(&store, &strange).await.unwrap();
        assert_eq!(done, Rekeyed { anew: 0, shut: 2 });
        assert_eq!(store.signing_keys().await.unwrap().len(), before.len());
        let own = with(Some("the old secret of at least 32 bytes"), &[]);
        assert!(Signer::open(&store, &own, fixed_now()).await.is_ok());
    }
}
