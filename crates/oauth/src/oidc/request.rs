//! What `OpenID` Connect adds to an authorization request (Core §3.1.2.1).
//!
//! `request` and `request_uri` are refused elsewhere; `claims`, `acr_values` and `display` are ignored, as
//! discovery says of the first and Core §15.1 allows of the others.

use chrono::{DateTime, TimeDelta, Utc};

use super::{HINTED, Hint, Identity, IdentityScopes};
use crate::{
    authorize::AuthorizeError,
    params::{Params, Repeated},
    session::Session,
    user::Email,
};

/// The longest `nonce` that is kept, in bytes.
pub const MAX_NONCE_BYTES: usize = 512;

/// The longest `ui_locales` that is looked at, in bytes.
const MAX_LOCALES_BYTES: usize = 200;

/// What was asked for beside the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Who the client wants to know.
    pub scopes: IdentityScopes,
    /// Ties the `id_token` to the client's own session.
    pub nonce: Option<String>,
    /// A login older than this many seconds does not count.
    pub max_age: Option<u32>,
    /// Whom the client expects: an address for the login form.
    pub login_hint: Option<String>,
    /// Whose `id_token` the client showed.
    pub hint: Hint,
    /// In which language the client wants the pages, best first (BCP 47).
    pub ui_locales: Option<String>,
}

impl Asked {
    /// Reads the parameters. Hints that say nothing are dropped.
    ///
    /// # Errors
    /// `invalid_request` for a nonce or a `max_age` that cannot be honoured, or a repetition.
    pub(crate) fn read(params: Params<'_>, now: DateTime<Utc>) -> Result<Self, AuthorizeError> {
        let repeated = |Repeated| AuthorizeError::InvalidRequest("a parameter is repeated");
        let once = |name| params.once(name).map_err(repeated);
        let nonce = once("nonce")?;
        if nonce.is_some_and(|nonce| nonce.len() > MAX_NONCE_BYTES) {
            return Err(AuthorizeError::InvalidRequest("nonce is too long"));
        }
        let max_age = once("max_age")?.map(str::parse).transpose();
        let max_age = max_age
            .map_err(|_| AuthorizeError::InvalidRequest("max_age is not a number of seconds"))?;
        // One that nobody has looked at cannot be trusted to be ours.
        let hint = match (once("id_token_hint")?, once(HINTED)?) {
            (Some(_), _) => Hint::Unreadable,
            (None, Some(told)) => Hint::from_param(told, now),
            (None, None) => Hint::None,
        };
        let locales = once("ui_locales")?.filter(|text| {
            text.len() <= MAX_LOCALES_BYTES && text.bytes().all(|b| matches!(b, b' '..=b'~'))
        });
        Ok(Self {
            scopes: once("scope")?.map_or(IdentityScopes::NONE, IdentityScopes::parse_lossy),
            nonce: nonce.map(str::to_owned),
            max_age,
            login_hint: once("login_hint")?
                .and_then(Email::parse)
                .map(|email| email.as_str().to_owned()),
            hint,
            ui_locales: locales.map(str::to_owned),
        })
    }

    /// The same as parameters, but for `scope`.
    pub(crate) fn to_params(&self) -> Vec<(&'static str, String)> {
        [
            ("nonce", self.nonce.clone()),
            ("max_age", self.max_age.map(|age| age.to_string())),
            ("login_hint", self.login_hint.clone()),
            (HINTED, self.hint.to_param()),
            ("ui_locales", self.ui_locales.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .collect()
    }

    /// What the grant keeps; nothing for plain OAuth.
    #[must_use]
    pub(crate) fn identity(&self, session: &Session) -> Option<Identity> {
        (!self.scopes.is_empty()).then(|| Identity {
            scopes: self.scopes,
            sid: session.sid,
            auth_time: session.authenticated_at,
            how: session.how,
            nonce: self.nonce.clone(),
        })
    }
}

/// After which moment a login counts: with `prompt=login` the request itself, with `max_age` that long
/// before it ("if the elapsed time is greater than this value, the OP MUST attempt to actively
/// re-authenticate", Core §3.1.2.1). When the request came travels with it (`told`), so that the time
/// somebody takes over the login and consent pages does not count; a moment in the future counts as now.
pub(crate) fn login_after(
    now: DateTime<Utc>,
    login: bool,
    max_age: Option<u32>,
    told: Option<&str>,
) -> Option<DateTime<Utc>> {
    let age = age(login, max_age)?;
    let now = DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now);
    let told = told
        .and_then(|text| text.parse().ok())
        .and_then(DateTime::from_timestamp_millis);
    let asked = told.map_or(now, |told| told.min(now));
    Some(asked.checked_sub_signed(age).unwrap_or(asked))
}

/// When the request came whose logins count after `after`.
pub(crate) fn asked_at(after: DateTime<Utc>, login: bool, max_age: Option<u32>) -> DateTime<Utc> {
    let age = age(login, max_age).unwrap_or_default();
    after.checked_add_signed(age).unwrap_or(after)
}

/// How old a login may be; `None`: as old as it likes.
fn age(login: bool, max_age: Option<u32>) -> Option<TimeDelta> {
    match (login, max_age) {
        (true, _) => Some(TimeDelta::zero()),
        (false, Some(age)) => Some(TimeDelta::seconds(age.into())),
        (false, None) => None,
    }
}
