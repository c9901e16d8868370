//! CSRF tokens: HMAC-SHA256 under a secret that only the browser's cookie holds.
//!
//! In: the cookie's value, what the form is for and what it shows. Out: a token, or whether one fits.
//! A page of another site cannot read the cookie, so it cannot make the token; a token made for one
//! form or request does not fit another.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use loop_shared::mac;
use subtle::ConstantTimeEq as _;

/// No secret of a cookie is shorter.
const SECRET_BYTES: usize = 32;

/// Which form a token belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// The login form, under the form secret.
    Login,
    /// The consent form, under the session.
    Consent,
    /// The logout form, under the session.
    Logout,
    /// The form for a device's code, under the session.
    DeviceCode,
    /// The answer to a device, under the session.
    DeviceConsent,
    /// What an administrator is asked, under the session.
    Admin,
    /// The password of an invitation, under the form secret.
    Invitation,
    /// Connecting and removing accounts at providers, under the session.
    Identities,
    /// The forms of the account pages, under the session.
    Account,
    /// The second step of a login, under the step.
    SecondStep,
}

impl Form {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Consent => "consent",
            Self::Logout => "logout",
            Self::DeviceCode => "device_code",
            Self::DeviceConsent => "device_consent",
            Self::Admin => "admin",
            Self::Invitation => "invitation",
            Self::Identities => "identities",
            Self::Account => "account",
            Self::SecondStep => "second_step",
        }
    }
}

/// The token of `form` showing `shown`, under the cookie's `secret`; `None` for an implausible secret.
pub(crate) fn token(secret: &str, form: Form, shown: &str) -> Option<String> {
    let message = format!("{}\n{shown}", form.as_str());
    (secret.len() >= SECRET_BYTES)
        .then(|| URL_SAFE_NO_PAD.encode(mac::hmac(secret.as_bytes(), message.as_bytes())))
}

/// Whether `presented` is the token of this form, in constant time.
pub(crate) fn fits(secret: &str, form: Form, shown: &str, presented: &str) -> bool {
    token(secret, form, shown)
        .is_some_and(|expected| expected.as_bytes().ct_eq(presented.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_fits_its_own_form_secret_and_content_only() {
        let (mine, other) = ("m".repeat(43), "o".repeat(43));
        let good = token(&mine, Form::Consent, "scope=a").unwrap();
        assert!(fits(&mine, Form::Consent, "scope=a", &good));
        for (secret, form, shown, presented) in [
            (&other, Form::Consent, "scope=a", good.as_str()),
            (&mine, Form::Logout, "scope=a", &good),
            (&mine, Form::Consent, "scope=b", &good),
            (&mine, Form::Consent, "scope=a", ""),
            (&mine, Form::Consent, "scope=a", &good[..42]),
        ] {
            assert!(!fits(secret, form, shown, presented), "{form:?} {shown}");
        }
        for implausible in ["", &mine[..31]] {
            assert_eq!(token(implausible, Form::Login, ""), None);
            assert!(!fits(implausible, Form::Login, "", ""));
        }
    }
}
