//! The way to a provider and back: who left in which browser for which server, once, within ten minutes.
//!
//! `state` is 256 random bits, kept as a hash. The PKCE verifier is derived from it under the secret that only the browser's
//! cookie holds: neither the database nor an address bar is enough to finish.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac as _;
use loop_auth::outbound::providers::ProviderError;
use loop_shared::mac;
use rand::TryRngCore as _;
use secrecy::ExposeSecret;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::Connections;
use super::provider::Account;
use super::store::{Connection, Departure, Key, StoreError};

/// How long a person may take at the provider.
const STATE_SECONDS: i64 = 600;

/// Why nobody is connected. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TravelError {
    /// The answer is old, used, of another browser, another user or another provider.
    #[error("the answer belongs to no way that is open here")]
    Stale,
    /// The person, or the provider, said no.
    #[error("the provider did not agree")]
    Denied,
    /// Less was granted than the server needs.
    #[error("less was granted than is needed")]
    TooLittle,
    /// The provider.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness, or no encryption.
    #[error("no randomness or no encryption")]
    Broken,
}

/// What came back with the browser.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answer<'a> {
    /// The provider's name in the address.
    pub(crate) provider: &'a str,
    /// `state`.
    pub(crate) state: &'a str,
    /// `code`.
    pub(crate) code: Option<&'a str>,
    /// `iss` (RFC 9207).
    pub(crate) iss: Option<&'a str>,
}

impl Connections {
    /// Where a provider sends people back to: an address of its own for each (RFC 9700 §4.4.2).
    pub(crate) fn callback(&self, provider: &str) -> String {
        self.external
            .join(&format!("/connections/callback/{provider}"))
    }

    /// Notes somebody who leaves; where to.
    ///
    /// # Errors
    /// [`TravelError`].
    pub(crate) async fn depart(
        &self,
        key: Key,
        account: &Account,
        browser: &str,
    ) -> Result<Url, TravelError> {
        let upstream = self.upstream(account).ok_or(TravelError::Stale)?;
        let state = random().ok_or(TravelError::Broken)?;
        let departure = Departure {
            state: hash(&state),
            browser: hash(browser),
            key,
            provider: account.provider.mark(),
            expires_at: self.now() + STATE_SECONDS,
        };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier(browser, &state)));
        let back = self.callback(&account.provider.id);
        let url = upstream
            .authorization_url(&account.scope(), &back, &state, &challenge)
            .await?;
        self.store.depart(&departure, self.now()).await?;
        Ok(url)
    }

    /// Whose way an answer ends, this once: the same browser, the same user, the same provider.
    ///
    /// # Errors
    /// `Stale`; whoever showed the state has used it up.
    pub(crate) async fn arrive(
        &self,
        answer: Answer<'_>,
        browser: Option<&str>,
        user: &str,
    ) -> Result<Key, TravelError> {
        let departure = self.store.arrive(&hash(answer.state)).await?;
        let (Some(departure), Some(browser)) = (departure, browser) else {
            return Err(TravelError::Stale);
        };
        let upstream = self
            .upstreams
            .get(answer.provider)
            .ok_or(TravelError::Stale)?;
        let own = departure.browser == hash(browser)
            && departure.key.user == user
            && departure.provider == upstream.provider.mark()
            && self.now() < departure.expires_at;
        // Before the code goes anywhere: an answer of another provider is none (RFC 9207 §2.4).
        if own && upstream.is_own(answer.iss).await? {
            Ok(departure.key)
        } else {
            Err(TravelError::Stale)
        }
    }

    /// Takes the code for tokens and keeps them.
    ///
    /// # Errors
    /// [`TravelError`].
    pub(crate) async fn connect(
        &self,
        key: &Key,
        account: &Account,
        answer: Answer<'_>,
        browser: &str,
    ) -> Result<(), TravelError> {
        let code = answer.code.ok_or(TravelError::Denied)?;
        let upstream = self.upstream(account).ok_or(TravelError::Stale)?;
        let back = self.callback(&account.provider.id);
        let verifier = verifier(browser, answer.state);
        let tokens = upstream.redeem(code, &back, &verifier).await?;
        let now = self.now();
        let mark = account.provider.mark();
        let refresh = tokens.refresh.as_ref().map(ExposeSecret::expose_secret);
        let sealed = self
            .seal(key, &mark, tokens.access.expose_secret(), refresh)
            .map_err(|_| TravelError::Broken)?;
        let connection = Connection {
            key: key.clone(),
            provider: mark,
            sealed,
            scopes: tokens.scope.unwrap_or_else(|| account.scope()),
            expires_at: tokens.lives.map(|lives| now + lives),
            refresh_at: tokens.lives.map(|lives| now + self.refresh_after(lives)),
            version: 0,
            is_rejected: false,
            connected_at: now,
            used_at: None,
        };
        if !super::refresh::covers(&connection, account) {
            return Err(TravelError::TooLittle);
        }
        self.store.put(&connection).await?;
        self.used.invalidate(key);
        self.forced.invalidate(key);
        Ok(())
    }
}

/// 256 random bits, 43 characters.
pub(super) fn random() -> Option<String> {
    let mut bytes = [0_u8; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

fn hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// 43 characters that nobody without the browser's secret knows (RFC 7636 §4.1).
fn verifier(browser: &str, state: &str) -> String {
    let mut mac = mac::keyed(browser.as_bytes());
    mac.update(b"auth-proxy verifier v1\n");
    mac.update(state.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}
