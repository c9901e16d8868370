//! The roles a person can have, what each may be granted, and the optional role bypass.
//!
//! In: role names. Out: [`Roles`], a small ordered set. Never: HTTP, the system clock.
//! The table is that of `product.md`, "Scopes and roles".

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::scope::{Scope, Scopes};

/// What a person is in the team. The order is the order in which roles are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Team members and invited outsiders.
    Member,
    /// Reads KPI analytics too.
    Analyst,
    /// C-level: everything.
    Exec,
    /// Everything, and manages users, clients and keys.
    Admin,
}

/// A role nobody defined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown role {0:?}")]
pub struct UnknownRole(pub String);

impl Role {
    /// Every role, in writing order.
    pub const ALL: [Self; 4] = [Self::Member, Self::Analyst, Self::Exec, Self::Admin];

    /// The role as it stands in a token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Analyst => "analyst",
            Self::Exec => "exec",
            Self::Admin => "admin",
        }
    }

    /// Reads one role; exact, lower case.
    ///
    /// # Errors
    /// [`UnknownRole`] for anything but the defined names.
    pub fn parse(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| UnknownRole(text.to_owned()))
    }

    /// The most that a token of somebody with this role may carry.
    pub const fn allowed_scopes(self) -> Scopes {
        match self {
            Self::Member => Scopes::of(&[Scope::McpRead]),
            Self::Analyst => Scopes::of(&[Scope::McpRead, Scope::KpiRead]),
            Self::Exec | Self::Admin => Scopes::all(),
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// A set of roles. Prints comma-separated; serializes as an array of names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Roles(u8);

impl Roles {
    /// No role at all.
    pub const NONE: Self = Self(0);

    /// Reads names separated by commas or white space; empty text is the empty set.
    ///
    /// # Errors
    /// [`UnknownRole`] names the first role that is not defined.
    pub fn parse(text: &str) -> Result<Self, UnknownRole> {
        text.split(|c: char| c == ',' || c.is_ascii_whitespace())
            .filter(|word| !word.is_empty())
            .map(Role::parse)
            .collect()
    }

    /// Whether `role` is in the set.
    pub const fn contains(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The highest role; each role may do what those before it may. `None` ranks below all.
    pub fn highest(self) -> Option<Role> {
        self.iter().last()
    }

    /// What both sets have.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The set with `role` added.
    #[must_use]
    pub const fn with(self, role: Role) -> Self {
        Self(self.0 | role.bit())
    }

    /// The roles in writing order.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL
            .into_iter()
            .filter(move |role| self.contains(*role))
    }

    /// The most that a token of somebody with these roles may carry.
    pub fn allowed_scopes(self) -> Scopes {
        self.iter()
            .fold(Scopes::NONE, |all, role| all.union(role.allowed_scopes()))
    }
}

impl From<Role> for Roles {
    fn from(role: Role) -> Self {
        Self(role.bit())
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, role) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            f.write_str(role.as_str())?;
        }
        Ok(())
    }
}

impl FromStr for Roles {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for Roles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Role::as_str))
    }
}

impl<'de> Deserialize<'de> for Roles {
    /// Strict: an unknown role is an error. Claims use a lossy reading instead.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        names
            .iter()
            .map(|name| Role::parse(name))
            .collect::<Result<Self, _>>()
            .map_err(serde::de::Error::custom)
    }
}

/// Roles that pass a resource server's scope checks whatever the token's scopes are.
///
/// Empty unless `ROLE_BYPASS` is set: a client that asked for `mcp:read` alone should not reach more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleBypass(pub Roles);

impl RoleBypass {
    /// Whether somebody with `roles` is let through.
    pub const fn lets_through(self, roles: Roles) -> bool {
        !self.0.intersection(roles).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_is_allowed_exactly_what_the_table_says() {
        for (roles, expected) in [
            ("", ""),
            ("member", "mcp:read"),
            ("analyst", "mcp:read kpi:read"),
            ("member,analyst", "mcp:read kpi:read"),
            ("exec", "mcp:read mcp:exec kpi:read"),
            ("admin", "mcp:read mcp:exec kpi:read"),
        ] {
            let got = Roles::parse(roles).unwrap().allowed_scopes().to_string();
            assert_eq!(got, expected, "{roles:?}");
        }
    }

    #[test]
    fn roles_are_read_from_lists_and_unknown_ones_are_named() {
        assert_eq!(
            Roles::parse("exec, admin").unwrap().to_string(),
            "exec,admin"
        );
        assert_eq!(
            Roles::parse("admin exec admin").unwrap().to_string(),
            "exec,admin"
        );
        assert_eq!(Roles::parse("root"), Err(UnknownRole("root".to_owned())));
        assert_eq!(Roles::parse("Admin"), Err(UnknownRole("Admin".to_owned())));
    }

    #[test]
    fn an_empty_bypass_lets_nobody_through() {
        let admin = Roles::from(Role::Admin);
        assert!(!RoleBypass::default().lets_through(admin));
        assert!(!RoleBypass::default().lets_through(Roles::NONE));
        assert!(RoleBypass(admin).lets_through(admin.with(Role::Member)));
        assert!(!RoleBypass(admin).lets_through(Role::Exec.into()));
    }

    #[test]
    fn each_role_may_do_what_those_below_it_may() {
        for pair in Role::ALL.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
            let (lower, higher) = (pair[0].allowed_scopes(), pair[1].allowed_scopes());
            assert!(lower.is_subset(higher), "{pair:?}");
        }
        for (roles, highest) in [
            ("", None),
            ("member", Some(Role::Member)),
            ("admin,member", Some(Role::Admin)),
            ("exec,analyst", Some(Role::Exec)),
        ] {
            assert_eq!(Roles::parse(roles).unwrap().highest(), highest, "{roles}");
        }
    }

    #[test]
    fn roles_travel_as_an_array() {
        let roles = Roles::parse("admin,member").unwrap();
        let json = serde_json::to_string(&roles).unwrap();
        assert_eq!(json, r#"["member","admin"]"#);
        assert_eq!(serde_json::from_str::<Roles>(&json).unwrap(), roles);
    }
}
