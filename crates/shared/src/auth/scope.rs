//! The scopes a token can carry, and sets of them (RFC 6749 §3.3).
//!
//! In: space-separated text. Out: [`Scopes`], a small ordered set that copies like a number.
//! Never: HTTP, the system clock. The text is that of `product.md`, "Scopes and roles".

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use super::role::{Role, RoleBypass, Roles, UnknownRole};

/// One permission. The order is the order in which scopes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `mcp:read`: the LOOP vault.
    McpRead,
    /// `mcp:exec`: the Exec vault.
    McpExec,
    /// `kpi:read`: KPI analytics.
    KpiRead,
}

/// A scope nobody defined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope {0:?}")]
pub struct UnknownScope(pub String);

impl Scope {
    /// Every scope, in writing order.
    pub const ALL: [Self; 3] = [Self::McpRead, Self::McpExec, Self::KpiRead];

    /// The scope as it stands in a token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::McpRead => "mcp:read",
            Self::McpExec => "mcp:exec",
            Self::KpiRead => "kpi:read",
        }
    }

    /// Reads one scope; exact, case-sensitive (RFC 6749 §3.3).
    ///
    /// # Errors
    /// [`UnknownScope`] for anything but the defined names.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text)
            .ok_or_else(|| UnknownScope(text.to_owned()))
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// A set of scopes. Prints and serializes as space-separated text in a fixed order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes(u8);

impl Scopes {
    /// No scope at all.
    pub const NONE: Self = Self(0);

    /// Every defined scope.
    pub const fn all() -> Self {
        Self(Scope::McpRead.bit() | Scope::McpExec.bit() | Scope::KpiRead.bit())
    }

    /// The set with exactly these scopes, usable in constants.
    pub const fn of(scopes: &[Scope]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < scopes.len() {
            bits |= scopes[at].bit();
            at += 1;
        }
        Self(bits)
    }

    /// Reads a space-separated list; repeated scopes count once, empty text is the empty set.
    ///
    /// # Errors
    /// [`UnknownScope`] names the first scope that is not defined.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        text.split_ascii_whitespace().map(Scope::parse).collect()
    }

    /// Reads a space-separated list and drops what is not defined here.
    ///
    /// For text that another party may extend, such as a token minted by a newer issuer.
    pub fn parse_lossy(text: &str) -> Self {
        text.split_ascii_whitespace()
            .filter_map(|word| Scope::parse(word).ok())
            .collect()
    }

    /// Whether `scope` is in the set.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many scopes the set has.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether everything here is in `other` too.
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// What both sets have.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What this set has and `other` lacks.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What either set has.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set with `scope` added.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | scope.bit())
    }

    /// The scopes in writing order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |scope| self.contains(*scope))
    }
}

impl From<Scope> for Scopes {
    fn from(scope: Scope) -> Self {
        Self(scope.bit())
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::NONE, Self::with)
    }
}

impl IntoIterator for Scopes {
    type Item = Scope;
    type IntoIter = std::iter::Flatten<std::array::IntoIter<Option<Scope>, 3>>;

    fn into_iter(self) -> Self::IntoIter {
        Scope::ALL
            .map(|scope| self.contains(scope).then_some(scope))
            .into_iter()
            .flatten()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    /// Strict: an unknown scope is an error. Claims use the lossy reading instead.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_exactly_and_unknown_ones_are_named() {
        for (text, expected) in [
            ("", Ok("")),
            ("mcp:read", Ok("mcp:read")),
            ("kpi:read   mcp:read mcp:read", Ok("mcp:read kpi:read")),
            ("mcp:read mcp:readonly", Err("mcp:readonly")),
            ("MCP:READ", Err("MCP:READ")),
            ("mcp:read,mcp:exec", Err("mcp:read,mcp:exec")),
        ] {
            let got = Scopes::parse(text).map(|set| set.to_string());
            assert_eq!(
                got,
                expected
                    .map(str::to_owned)
                    .map_err(|bad| UnknownScope(bad.to_owned())),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_lossy_reading_keeps_only_what_is_defined() {
        let got = Scopes::parse_lossy("offline_access mcp:exec mcp:execute");
        assert_eq!(got, Scopes::from(Scope::McpExec));
    }

    #[test]
    fn sets_behave_like_sets() {
        let both = Scopes::of(&[Scope::McpRead, Scope::KpiRead]);
        let read = Scopes::from(Scope::McpRead);
        assert!(read.is_subset(both) && !both.is_subset(read) && Scopes::NONE.is_subset(read));
        assert_eq!(both.intersection(read), read);
        assert_eq!(both.difference(read), Scopes::from(Scope::KpiRead));
        assert_eq!(read.union(Scopes::from(Scope::KpiRead)), both);
        assert_eq!(
            both.into_iter().collect::<Vec<_>>(),
            [Scope::McpRead, Scope::KpiRead]
        );
        assert_eq!(
            (both.len(), Scopes::all().len(), Scopes::NONE.is_empty()),
            (2, 3, true)
        );
    }

    #[test]
    fn scopes_travel_as_one_string() {
        let set = Scopes::all();
        let json = serde_json::to_string(&set).unwrap();
        assert_eq!(json, r#""mcp:read mcp:exec kpi:read""#);
        assert_eq!(serde_json::from_str::<Scopes>(&json).unwrap(), set);
        assert!(serde_json::from_str::<Scopes>(r#""mcp:write""#).is_err());
    }
}
