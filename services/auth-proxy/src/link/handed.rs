//! The token of a user's own account, as a link uses it: the newest there is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

/// A place for the token. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handed(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    token: Option<SecretString>,
    refused: Option<SecretString>,
}

impl Handed {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token, if there is one.
    pub(crate) fn token(&self) -> Option<SecretString> {
        self.inner().token.clone()
    }

    /// Whether this is another token than the one before.
    pub(crate) fn differs(&self, token: &SecretString) -> bool {
        let inner = self.inner();
        let before = inner.token.as_ref().map(ExposeSecret::expose_secret);
        before != Some(token.expose_secret())
    }

    /// The token from now on.
    pub(crate) fn set(&self, token: &SecretString) {
        self.inner().token = Some(token.clone());
    }

    /// The server did not take the token.
    pub(crate) fn refuse(&self) {
        let mut inner = self.inner();
        let Inner { token, refused } = &mut *inner;
        refused.clone_from(token);
    }

    /// The token that the server did not take, once.
    pub(crate) fn take_refused(&self) -> Option<SecretString> {
        self.inner().refused.take()
    }
}

/// In which header an address gets the token.
#[derive(Clone, Debug)]
pub(crate) struct Badge {
    /// `Authorization`, or one that holds the token alone.
    pub(crate) header: HeaderName,
    /// The token.
    pub(crate) handed: Handed,
}

impl Badge {
    /// Puts the token of this moment among the headers; no older one stays.
    pub(super) fn put(&self, headers: &mut HeaderMap) {
        headers.remove(&self.header);
        let Some(token) = self.handed.token() else {
            return;
        };
        let token = token.expose_secret();
        let value = if self.header == AUTHORIZATION {
            HeaderValue::from_str(&format!("Bearer {token}"))
        } else {
            HeaderValue::from_str(token)
        };
        if let Ok(mut value) = value {
            value.set_sensitive(true);
            headers.insert(self.header.clone(), value);
        }
    }
}
