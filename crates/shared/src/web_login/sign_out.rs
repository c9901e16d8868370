//! Signing out: here, at the issuer, and of the grant (RP-Initiated Logout 1.0 §2, RFC 7009).

use std::sync::Arc;

use url::Url;

use super::back_channel::{self, LogoutError};
use super::session::Session;
use super::{Inner, exchange};
use crate::auth::jwks::KeyError;
use crate::auth::signed::SignedError;

impl Inner {
    /// Ends a session, and says where to send the browser so that the issuer's own session ends too. An issuer that does
    /// not answer keeps nobody signed in here.
    pub(crate) async fn sign_out(&self, session: Arc<Session>) -> Option<Url> {
        let client = self.client().ok()?;
        client.sessions.remove(&session.key);
        let endpoints = client.provider.endpoints(self.clock.now()).await.ok()?;
        let held = session.held.lock().await;
        if let Some(token) = &held.refresh {
            exchange::revoke(&client.provider, &endpoints, token).await;
        }
        let mut url = endpoints.end_session_endpoint.clone()?;
        url.query_pairs_mut()
            .append_pair("id_token_hint", &held.id_token)
            .append_pair("client_id", &client.registered.id)
            .append_pair("post_logout_redirect_uri", &client.registered.after_logout);
        Some(url)
    }

    /// Ends sessions on the issuer's word; `false`: the word is not the issuer's.
    ///
    /// # Errors
    /// The issuer's keys are not known right now: it should say so again.
    pub(crate) async fn told(&self, token: &str) -> Result<bool, KeyError> {
        let Ok(client) = self.client() else {
            return Ok(false);
        };
        let parties = (
            client.provider.issuer.as_str(),
            client.registered.id.as_str(),
        );
        let keys = self.verifier.keys();
        match back_channel::check(token, parties, keys, self.clock.now()).await {
            Ok(ends) => {
                let ended = client.sessions.end(&ends);
                tracing::info!(ended, "sessions ended by a logout at the issuer");
                Ok(true)
            }
            Err(LogoutError::Signed(SignedError::Key(KeyError::Unavailable))) => {
                Err(KeyError::Unavailable)
            }
            Err(error) => {
                tracing::warn!(%error, "a logout token was refused");
                Ok(false)
            }
        }
    }
}
