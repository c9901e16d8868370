//! How often passwords may be tried: for each address, each account, each pair of both, and each known browser.
//!
//! In: who tries, and now. Out: yes, or how long to wait. Never: an account that a stranger can shut.
//!
//! An address that fails at one account waits for itself alone. Only many addresses together make an account wait for
//! strangers, and then a browser that was signed in there before has a door of its own. Nobody waits longer than a quarter of an
//! hour. Everything here is this process's own and starts anew with it.

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use super::strikes::{Pace, Strikes};
use crate::{
    budget::{Wait, party},
    secret::SecretHash,
};

/// One address at one account: a person who has forgotten the password, or somebody who guesses.
const PAIR: Pace = Pace {
    free: 5,
    first: TimeDelta::seconds(2),
    most: TimeDelta::minutes(15),
    forgive: TimeDelta::minutes(30),
};

/// One account from everywhere. One address alone, with four tries an hour at its longest delay, never comes
/// near: twelve an hour are forgiven.
const ACCOUNT: Pace = Pace {
    free: 60,
    first: TimeDelta::seconds(1),
    most: TimeDelta::minutes(2),
    forgive: TimeDelta::minutes(5),
};

/// One address at all accounts. An office behind one address mistypes, too.
const ADDRESS: Pace = Pace {
    free: 30,
    first: TimeDelta::seconds(1),
    most: TimeDelta::minutes(5),
    forgive: TimeDelta::minutes(1),
};

/// One browser that was signed in to the account before.
const BROWSER: Pace = Pace {
    free: 10,
    first: TimeDelta::seconds(2),
    most: TimeDelta::minutes(15),
    forgive: TimeDelta::minutes(10),
};

/// What the limits know an account by: a hash of what was typed, whether or not there is such an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Typed(SecretHash);

impl Typed {
    /// The account that a person typed.
    #[must_use]
    pub fn account(typed: &str) -> Self {
        Self(SecretHash::of(&typed.trim().to_lowercase()))
    }
}

/// A browser that was signed in to an account before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KnownBrowser(pub [u8; 16]);

/// Who tries a password.
#[derive(Clone, Copy, Debug)]
pub enum Guest {
    /// A browser that was signed in to this account before.
    Known(KnownBrowser),
    /// Anybody else.
    Stranger {
        /// The account that was typed.
        account: Typed,
        /// From where.
        party: IpAddr,
    },
}

impl Guest {
    /// Somebody at this address; those whose address is not known are one party.
    #[must_use]
    pub fn stranger(account: Typed, address: Option<IpAddr>) -> Self {
        let address = address.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        Self::Stranger {
            account,
            party: party(address),
        }
    }
}

/// What a try came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// The password was right.
    Right,
    /// It was wrong.
    Wrong,
    /// It was not looked at.
    Unchecked,
}

/// Strikes of everybody.
#[derive(Debug)]
struct Books {
    pairs: Strikes<(Typed, IpAddr)>,
    accounts: Strikes<Typed>,
    addresses: Strikes<IpAddr>,
    browsers: Strikes<KnownBrowser>,
}

/// The limits of signing in. Clones share them.
#[derive(Clone, Debug)]
pub struct SignInLimits(Arc<Mutex<Books>>);

impl Default for SignInLimits {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Books {
            pairs: Strikes::new(PAIR),
            accounts: Strikes::new(ACCOUNT),
            addresses: Strikes::new(ADDRESS),
            browsers: Strikes::new(BROWSER),
        })))
    }
}

impl SignInLimits {
    /// Lets a guest try. The try counts as a failure until [`SignInLimits::settle`] says otherwise, so that many at once
    /// are no way around the limits.
    ///
    /// # Errors
    /// [`Wait`]; nothing is counted then.
    pub fn admit(&self, guest: &Guest, now: DateTime<Utc>) -> Result<(), Wait> {
        let mut books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match *guest {
            Guest::Known(browser) => {
                books.browsers.ready(browser, now)?;
                books.browsers.strike(browser, now);
            }
            Guest::Stranger { account, party } => {
                let waits = [
                    books.pairs.ready((account, party), now),
                    books.accounts.ready(account, now),
                    books.addresses.ready(party, now),
                ];
                if let Some(longest) = waits.into_iter().filter_map(Result::err).max() {
                    return Err(longest);
                }
                books.pairs.strike((account, party), now);
                books.accounts.strike(account, now);
                books.addresses.strike(party, now);
            }
        }
        Ok(())
    }

    /// Says what an admitted try came to.
    pub fn settle(&self, guest: &Guest, tried: Tried) {
        let mut books = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (*guest, tried) {
            (_, Tried::Wrong) => {}
            (Guest::Known(browser), Tried::Right) => books.browsers.forget(browser),
            (Guest::Known(browser), Tried::Unchecked) => books.browsers.take_back(browser),
            (Guest::Stranger { account, party }, tried) => {
                // Whoever knows one password must not clear the strikes that an address or an account earned otherwise.
                books.accounts.take_back(account);
                books.addresses.take_back(party);
                match tried {
                    Tried::Right => books.pairs.forget((account, party)),
                    Tried::Wrong | Tried::Unchecked => books.pairs.take_back((account, party)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
