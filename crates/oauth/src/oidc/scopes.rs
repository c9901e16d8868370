//! The scopes that say who somebody is (`OpenID` Connect Core §3.1.2.1, §5.4).

use std::fmt;

use loop_shared::auth::scope::{Scope, Scopes};

/// One of them. The order is the order in which they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityScope {
    /// `openid`: an `id_token`, and the userinfo endpoint.
    Openid,
    /// `profile`: name and roles.
    Profile,
    /// `email`: the address.
    Email,
}

impl IdentityScope {
    /// Every one, in writing order.
    pub const ALL: [Self; 3] = [Self::Openid, Self::Profile, Self::Email];

    /// The registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Openid => "openid",
            Self::Profile => "profile",
            Self::Email => "email",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of them. Without `openid` it is empty: the others mean nothing alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct IdentityScopes(u8);

impl IdentityScopes {
    /// None at all: plain OAuth.
    pub const NONE: Self = Self(0);

    /// Reads what a space-separated list has of them; everything else is somebody else's business.
    /// "OpenID Connect requests MUST contain the openid scope value" (Core §3.1.2.1).
    #[must_use]
    pub fn parse_lossy(text: &str) -> Self {
        let known = |word| IdentityScope::ALL.into_iter().find(|s| s.as_str() == word);
        let bits = text
            .split_ascii_whitespace()
            .filter_map(known)
            .fold(0, |bits, scope| bits | scope.bit());
        Self(bits).with_openid_only()
    }

    const fn with_openid_only(self) -> Self {
        if self.0 & IdentityScope::Openid.bit() == 0 {
            Self::NONE
        } else {
            self
        }
    }

    /// Whether `scope` is in the set.
    #[must_use]
    pub const fn contains(self, scope: IdentityScope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether this is plain OAuth.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether everything here is in `other` too.
    #[must_use]
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// What both have.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0).with_openid_only()
    }

    /// What either has.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The scopes in writing order.
    pub fn iter(self) -> impl Iterator<Item = IdentityScope> {
        IdentityScope::ALL
            .into_iter()
            .filter(move |scope| self.contains(*scope))
    }
}

impl fmt::Display for IdentityScopes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&words(Scopes::NONE, *self))
    }
}

/// A `scope` value of both kinds (RFC 6749 §3.3): API scopes first.
#[must_use]
pub fn joined(api: Scopes, identity: IdentityScopes) -> String {
    words(api, identity)
}

fn words(api: Scopes, identity: IdentityScopes) -> String {
    let api = api.iter().map(Scope::as_str);
    let words: Vec<_> = api
        .chain(identity.iter().map(IdentityScope::as_str))
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_scopes_are_read_exactly_and_mean_nothing_without_openid() {
        for (text, expected) in [
            ("", ""),
            ("openid", "openid"),
            (
                "email openid  profile offline_access",
                "openid profile email",
            ),
            ("profile email", ""),
            ("OpenID", ""),
            ("openid2 mcp:read", ""),
            ("mcp:read openid", "openid"),
        ] {
            assert_eq!(
                IdentityScopes::parse_lossy(text).to_string(),
                expected,
                "{text:?}"
            );
        }
    }

    #[test]
    fn sets_behave_like_sets() {
        let set = IdentityScopes::parse_lossy;
        let (all, some) = (set("openid profile email"), set("openid email"));
        assert!(some.is_subset(all) && !all.is_subset(some));
        assert_eq!(all.intersection(some), some);
        assert_eq!(some.union(set("openid profile")), all);
        assert_eq!(
            some.intersection(IdentityScopes::NONE),
            IdentityScopes::NONE
        );
        assert!(some.contains(IdentityScope::Email) && !some.contains(IdentityScope::Profile));
        let api = Scopes::parse("mcp:read").unwrap();
        assert_eq!(joined(api, some), "mcp:read openid email");
        assert_eq!(joined(Scopes::NONE, some), "openid email");
        assert_eq!(joined(api, IdentityScopes::NONE), "mcp:read");
    }
}
