//! The login itself: begins, finishes, and keeps going (`OpenID` Connect Core §3.1; RFC 9700 §2.1).
//!
//! In: a browser's cookies and queries. Out: sessions, principals, or a [`Fault`]. Never: HTTP answers.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq as _;
use url::Url;

use super::attempt::Attempt;
use super::identity::{self, Expected};
use super::provider::AskError;
use super::return_to::ReturnTo;
use super::session::{Held, Session};
use super::{Client, Inner, exchange};
use crate::auth::principal::Principal;
use crate::auth::verify::VerifyError;
use crate::web::Locale;

/// An access token with less than this left is refreshed before it is used.
const EARLY: TimeDelta = TimeDelta::seconds(30);
/// Longest code that is passed on, in bytes.
const MAX_CODE: usize = 512;

/// What a browser is told when something does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is no secret: nobody signs in here.
    Off,
    /// Another browser's attempt, an old one, or one that was finished: begin again.
    Stale,
    /// The issuer lets this person have nothing of what was asked for, or the person said no.
    Denied,
    /// The issuer answered what it should not have.
    Failed,
    /// The issuer does not answer.
    Unreachable,
    /// The session is over.
    Over,
}

/// What the issuer sent a browser back with (RFC 6749 §4.1.2, RFC 9207 §2).
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) code: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) iss: Option<String>,
    pub(crate) error: Option<String>,
}

/// How a login is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) locale: Locale,
    /// Whether somebody else is to sign in.
    pub(crate) switch: bool,
}

impl Inner {
    pub(crate) fn client(&self) -> Result<&Client, Fault> {
        self.client.as_ref().ok_or(Fault::Off)
    }

    /// Where to send the browser, and what it keeps meanwhile.
    pub(crate) async fn begin(
        &self,
        return_to: &ReturnTo,
        wish: Wish,
    ) -> Result<(Url, String), Fault> {
        let client = self.client()?;
        let now = self.clock.now();
        let endpoints = client
            .provider
            .endpoints(now)
            .await
            .map_err(|error| fault(&error))?;
        let attempt = Attempt::begin(return_to, now).map_err(|_| Fault::Failed)?;
        let sealed = attempt.sealed(&client.seal).map_err(|_| Fault::Failed)?;
        let mut url = endpoints.authorization_endpoint.clone();
        let scope = format!("openid profile email {}", self.site.scopes);
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.registered.id)
            .append_pair("redirect_uri", &client.registered.redirect_uri)
            .append_pair("scope", &scope)
            .append_pair("resource", &self.resource)
            .append_pair("state", &attempt.state)
            .append_pair("nonce", &attempt.nonce)
            .append_pair("code_challenge", &attempt.challenge())
            .append_pair("code_challenge_method", "S256")
            .append_pair("ui_locales", wish.locale.tag());
        if wish.switch {
            url.query_pairs_mut().append_pair("prompt", "login");
        }
        Ok((url, sealed))
    }

    /// The new session's id and where to go, for the browser that began.
    pub(crate) async fn finish(
        &self,
        answer: &Answer,
        attempt: Option<String>,
    ) -> Result<(String, String), Fault> {
        let client = self.client()?;
        let now = self.clock.now();
        let attempt = attempt.and_then(|sealed| Attempt::open(&client.seal, &sealed, now));
        let attempt = attempt.ok_or(Fault::Stale)?;
        let same = |state: &String| bool::from(state.as_bytes().ct_eq(attempt.state.as_bytes()));
        if !answer.state.as_ref().is_some_and(same) {
            return Err(Fault::Stale);
        }
        // RFC 9207 §2.4: the issuer says that it sends `iss`, so an answer without it is somebody else's.
        if answer.iss.as_deref() != Some(client.provider.issuer.as_str()) {
            tracing::warn!("an authorization response names another issuer, or none");
            return Err(Fault::Failed);
        }
        match answer.error.as_deref() {
            None => {}
            Some("access_denied") => return Err(Fault::Denied),
            Some(error) => {
                let error: String = error.chars().take(64).collect();
                tracing::warn!(error, "the issuer refused a login");
                return Err(Fault::Failed);
            }
        }
        let code = answer.code.as_deref().filter(|code| code.len() <= MAX_CODE);
        let session = self
            .redeem(client, &attempt, code.ok_or(Fault::Failed)?, now)
            .await?;
        Ok((session, attempt.return_to))
    }

    async fn redeem(
        &self,
        client: &Client,
        attempt: &Attempt,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<String, Fault> {
        let provider = &client.provider;
        let asked = async {
            let endpoints = provider.endpoints(now).await?;
            let code = (code, attempt.verifier.as_str());
            exchange::redeem(provider, &endpoints, code, &self.resource).await
        };
        let tokens = asked.await.map_err(|error| fault(&error))?;
        let expected = Expected {
            issuer: &provider.issuer,
            client: &client.registered.id,
            nonce: &attempt.nonce,
            access_token: tokens.access_token.expose_secret(),
        };
        let id_token = tokens.id_token.ok_or(Fault::Failed)?;
        let keys = self.verifier.keys();
        let identity = identity::check(&id_token, &expected, keys, now).await;
        let identity = identity.map_err(|error| {
            tracing::warn!(%error, "a login was not believed");
            Fault::Failed
        })?;
        let principal = self.verify(&tokens.access_token, now).await;
        let principal = principal.map_err(|error| {
            tracing::warn!(%error, "a login's access token is not good here");
            Fault::Failed
        })?;
        if principal.subject.as_str() != identity.subject || principal.key.is_some() {
            return Err(Fault::Failed);
        }
        let held = Held {
            access: tokens.access_token,
            refresh: tokens.refresh_token,
            id_token,
        };
        let made = Session::new(identity, held, (now, self.lifetime));
        let (id, session) = made.map_err(|_| Fault::Failed)?;
        client.sessions.add(session, now).await;
        Ok(id)
    }

    /// Who a session is at this moment: its access token is verified as any caller's, revocations included, and refreshed
    /// by one request at a time.
    pub(crate) async fn admit(&self, session: &Session) -> Result<Arc<Principal>, Fault> {
        let client = self.client()?;
        let mut held = session.held.lock().await;
        let now = self.clock.now();
        match self.verify(&held.access, now).await {
            Ok(principal) if principal.expires_at > now + EARLY => Ok(principal),
            Ok(principal) => match self.refresh(client, session, &mut held).await {
                Err(Fault::Unreachable) => Ok(principal),
                refreshed => refreshed,
            },
            Err(VerifyError::Expired) => self.refresh(client, session, &mut held).await,
            Err(error) if error.is_temporary() => Err(Fault::Unreachable),
            Err(error) => {
                tracing::info!(%error, "a session's token is good no more");
                client.sessions.remove(&session.key);
                Err(Fault::Over)
            }
        }
    }

    async fn refresh(
        &self,
        client: &Client,
        session: &Session,
        held: &mut Held,
    ) -> Result<Arc<Principal>, Fault> {
        let now = self.clock.now();
        let over = || {
            client.sessions.remove(&session.key);
            Fault::Over
        };
        let Some(token) = held.refresh.clone() else {
            return Err(over());
        };
        let asked = async {
            let endpoints = client.provider.endpoints(now).await?;
            exchange::refresh(&client.provider, &endpoints, &token).await
        };
        match asked.await {
            Ok(tokens) => held.renew(tokens),
            Err(AskError::Refused(error)) => {
                tracing::info!(error, "a session's grant has ended");
                return Err(over());
            }
            Err(error) => return Err(fault(&error)),
        }
        client.sessions.keep(session, held).await;
        let principal = match self.verify(&held.access, now).await {
            Ok(principal) => principal,
            Err(error) if error.is_temporary() => return Err(Fault::Unreachable),
            Err(_) => return Err(over()),
        };
        if principal.subject.as_str() != session.facts.subject || principal.key.is_some() {
            return Err(over());
        }
        Ok(principal)
    }

    async fn verify(
        &self,
        token: &secrecy::SecretString,
        now: DateTime<Utc>,
    ) -> Result<Arc<Principal>, VerifyError> {
        self.verifier.verify(token.expose_secret(), now).await
    }
}

/// What a browser is told about the issuer's answer, which is logged here.
pub(crate) fn fault(error: &AskError) -> Fault {
    tracing::warn!(%error, "the pages' login asked the issuer in vain");
    match error {
        AskError::Http(_) | AskError::Status(_) => Fault::Unreachable,
        AskError::TooLong
        | AskError::Malformed
        | AskError::OtherIssuer(_)
        | AskError::Refused(_) => Fault::Failed,
    }
}
