//! Browsers that were signed in to an account before ("device cookies", OWASP).
//!
//! In: a cookie's value and the account. Out: whether it was made for that account. Never: a login. A known browser
//! only does not wait for the guesses of strangers.
//!
//! A proof is HMAC-SHA256 under the account's stored password hash, so nothing is stored for it and it ends when the
//! password changes. One cookie holds the proofs of a few accounts, for people who share a browser.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac as _};
use loop_shared::mac;
use secrecy::ExposeSecret as _;
use sha2::Sha256;

use super::limits::KnownBrowser;
use crate::{
    entropy::{Entropy, NoEntropy},
    user::User,
};

/// How long a browser is known after its last login.
pub const KNOWN_FOR: TimeDelta = TimeDelta::days(180);

/// Accounts that one browser is known to.
const MOST_ACCOUNTS: usize = 4;
/// Separates proofs in the cookie.
const SEPARATOR: char = '.';
/// Bytes of a proof: name, end, MAC.
const PROOF_BYTES: usize = 16 + 8 + 32;

/// The value of the cookie.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserCookie(String);

impl std::fmt::Debug for BrowserCookie {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("BrowserCookie([REDACTED])")
    }
}

impl BrowserCookie {
    /// What a browser presented; `None` when it cannot be one of ours.
    #[must_use]
    pub fn presented(value: &str) -> Option<Self> {
        let proof = (PROOF_BYTES * 4).div_ceil(3);
        let plausible = !value.is_empty() && value.len() <= MOST_ACCOUNTS * (proof + 1);
        plausible.then(|| Self(value.to_owned()))
    }

    /// The value, for the cookie alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The browser, when it was signed in to `user` not too long ago.
    #[must_use]
    pub fn knows(&self, user: &User, now: DateTime<Utc>) -> Option<KnownBrowser> {
        let proofs = self.0.split(SEPARATOR).take(MOST_ACCOUNTS);
        proofs.into_iter().find_map(|proof| read(proof, user, now))
    }
}

/// The cookie for a browser that is signed in to `user` now; what it held of others is kept.
///
/// # Errors
/// [`NoEntropy`] when the random source fails.
pub fn remember(
    before: Option<&BrowserCookie>,
    user: &User,
    now: DateTime<Utc>,
    entropy: &dyn Entropy,
) -> Result<BrowserCookie, NoEntropy> {
    let known = before.and_then(|before| before.knows(user, now));
    let name = if let Some(known) = known {
        known.0
    } else {
        let [name @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = entropy.bytes32()?;
        name
    };
    let own = proof(name, (now + KNOWN_FOR).timestamp(), user);
    let others = before.map_or("", BrowserCookie::expose);
    let others = others
        .split(SEPARATOR)
        .filter(|other| !other.is_empty() && read(other, user, now).is_none())
        .take(MOST_ACCOUNTS - 1);
    let all: Vec<&str> = std::iter::once(own.as_str()).chain(others).collect();
    Ok(BrowserCookie(all.join(&SEPARATOR.to_string())))
}

fn proof(name: [u8; 16], until: i64, user: &User) -> String {
    let mut bytes = [&name[..], &until.to_be_bytes()].concat();
    let mac = mac(&bytes, user).finalize().into_bytes();
    bytes.extend_from_slice(&mac);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read(proof: &str, user: &User, now: DateTime<Utc>) -> Option<KnownBrowser> {
    let bytes: [u8; PROOF_BYTES] = URL_SAFE_NO_PAD.decode(proof).ok()?.try_into().ok()?;
    let (said, tag) = bytes.split_at(PROOF_BYTES - 32);
    mac(said, user).verify_slice(tag).ok()?;
    let (name, until) = said.split_at(16);
    let until = i64::from_be_bytes(until.try_into().ok()?);
    let name = name.try_into().ok()?;
    (now.timestamp() < until).then_some(KnownBrowser(name))
}

fn mac(said: &[u8], user: &User) -> Hmac<Sha256> {
    let mut mac = mac::keyed(user.password.0.expose_secret().as_bytes());
    mac.update(b"loop known browser v1\n");
    mac.update(user.id.0.as_bytes());
    mac.update(said);
    mac
}

#[cfg(test)]
mod tests {
    use loop_shared::auth::scope::Role;

    use super::*;
    use crate::{
        testing::{CountingEntropy, World, user},
        user::PasswordHash,
    };

    fn people() -> (User, User, DateTime<Utc>) {
        let mut kim = user("kim@example.com", Role::Member);
        kim.password =
            PasswordHash("$2b$04$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01232".into());
        let mut lee = user("lee@example.com", Role::Member);
        lee.password = kim.password.clone();
        (kim, lee, World::default().now)
    }

    #[test]
    fn a_browser_is_known_to_the_accounts_it_was_signed_in_to_and_to_no_other() {
        let (kim, lee, now) = people();
        let entropy = CountingEntropy::default();
        let cookie = remember(None, &kim, now, &entropy).unwrap();
        let known = cookie.knows(&kim, now).unwrap();
        assert_eq!(cookie.knows(&lee, now), None, "one hash, another account");
        let both = remember(Some(&cookie), &lee, now, &entropy).unwrap();
        assert_eq!(both.knows(&kim, now), Some(known));
        assert!(both.knows(&lee, now).is_some_and(|lee| lee != known));
        let again = remember(Some(&both), &kim, now, &entropy).unwrap();
        assert_eq!(again.knows(&kim, now), Some(known), "the name stays");
        assert_eq!(again.expose().split(SEPARATOR).count(), 2);
    }

    #[test]
    fn a_browser_is_forgotten_with_the_password_and_after_half_a_year() {
        let (mut kim, _, now) = people();
        let cookie = remember(None, &kim, now, &CountingEntropy::default()).unwrap();
        let last = now + KNOWN_FOR - TimeDelta::seconds(1);
        assert!(cookie.knows(&kim, last).is_some());
        assert_eq!(cookie.knows(&kim, now + KNOWN_FOR), None);
        kim.password = PasswordHash("$2b$04$another".into());
        assert_eq!(cookie.knows(&kim, now), None);
    }

    #[test]
    fn a_cookie_holds_four_accounts_and_nothing_that_was_made_up() {
        let (kim, _, now) = people();
        let entropy = CountingEntropy::default();
        let mut cookie = None;
        for n in 0..9 {
            let other = user(&format!("user{n}@example.com"), Role::Member);
            cookie = Some(remember(cookie.as_ref(), &other, now, &entropy).unwrap());
        }
        let cookie = cookie.unwrap();
        assert_eq!(cookie.expose().split(SEPARATOR).count(), MOST_ACCOUNTS);
        assert!(BrowserCookie::presented(cookie.expose()).is_some());
        assert!(!format!("{cookie:?}").contains(cookie.expose()));
        let own = remember(None, &kim, now, &entropy).unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(own.expose()).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            let forged = BrowserCookie::presented(&URL_SAFE_NO_PAD.encode(&bytes)).unwrap();
            assert_eq!(forged.knows(&kim, now), None, "byte {at}");
            bytes[at] ^= 1;
        }
        for text in ["", ".", "....", "x", &"x".repeat(75)] {
            let got = BrowserCookie::presented(text).and_then(|it| it.knows(&kim, now));
            assert_eq!(got, None, "{text:?}");
        }
        assert!(BrowserCookie::presented(&"x".repeat(400)).is_none());
    }
}
