//! The caller of an authorized request, and whether it may do a thing.
//!
//! In: verified claims. Out: yes, or the scopes that are missing. Never: raw tokens.

use chrono::{DateTime, Utc};

use super::claims::{AccessClaims, ClientId, GrantId, Subject, TokenId};
use super::dpop::Thumbprint;
use super::role::{RoleBypass, Roles};
use super::scope::Scopes;

/// Who calls, through which client, with which permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The person; or the client itself, see [`Principal::is_client`].
    pub subject: Subject,
    /// The client that holds the token.
    pub client_id: ClientId,
    /// What the token opens.
    pub scopes: Scopes,
    /// What the person is.
    pub roles: Roles,
    /// The grant behind the token.
    pub sid: Option<GrantId>,
    /// The token's own id.
    pub jti: TokenId,
    /// First moment at which the token is no longer good.
    pub expires_at: DateTime<Utc>,
    /// The key that the token is bound to; whoever got this far has shown that it holds it (RFC 9449).
    pub key: Option<Thumbprint>,
}

/// A good token without enough permission (RFC 6750 §3.1, `insufficient_scope`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this needs the scope {required}, and the token lacks {missing}")]
pub struct InsufficientScope {
    /// All scopes that the operation needs.
    pub required: Scopes,
    /// Those of them that the token does not have.
    pub missing: Scopes,
}

impl Principal {
    /// The principal that verified claims describe; `None` when `exp` is no representable time, or the token is
    /// bound in a way that cannot be checked here.
    pub fn from_claims(claims: AccessClaims) -> Option<Self> {
        let key = match claims.cnf {
            Some(cnf) => Some(cnf.jkt?),
            None => None,
        };
        Some(Self {
            key,
            expires_at: DateTime::from_timestamp(claims.exp, 0)?,
            subject: claims.sub,
            client_id: claims.client_id,
            scopes: claims.scope,
            roles: claims.roles,
            sid: claims.sid,
            jti: claims.jti,
        })
    }

    /// Whether the client acts for itself, without a person (RFC 6749 §4.4, RFC 9068 §2.2): its token names
    /// the client as its subject. It has no roles, so its scopes alone decide.
    pub fn is_client(&self) -> bool {
        self.subject.as_str() == self.client_id.as_str()
    }

    fn passes(&self, bypass: RoleBypass) -> bool {
        !self.is_client() && bypass.lets_through(self.roles)
    }

    /// Demands one scope, or several at once, unless a role is let through.
    ///
    /// # Errors
    /// [`InsufficientScope`] with everything needed and everything missing.
    pub fn require(
        &self,
        required: impl Into<Scopes>,
        bypass: &RoleBypass,
    ) -> Result<(), InsufficientScope> {
        let required = required.into();
        let missing = required.difference(self.scopes);
        if missing.is_empty() || self.passes(*bypass) {
            return Ok(());
        }
        Err(InsufficientScope { required, missing })
    }

    /// Demands at least one of several scopes, unless a role is let through.
    ///
    /// # Errors
    /// [`InsufficientScope`] naming all of them.
    pub fn require_any(
        &self,
        choices: impl Into<Scopes>,
        bypass: &RoleBypass,
    ) -> Result<(), InsufficientScope> {
        let choices = choices.into();
        let enough = choices.is_empty() || !choices.intersection(self.scopes).is_empty();
        if enough || self.passes(*bypass) {
            return Ok(());
        }
        Err(InsufficientScope {
            required: choices,
            missing: choices,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Role, Scope};
    use super::*;

    fn principal(scopes: &str, roles: &str) -> Principal {
        Principal {
            subject: "u1".into(),
            client_id: "c1".into(),
            scopes: Scopes::parse(scopes).unwrap(),
            roles: Roles::parse(roles).unwrap(),
            sid: None,
            jti: "t1".into(),
            expires_at: DateTime::from_timestamp(0, 0).unwrap(),
            key: None,
        }
    }

    #[test]
    fn roles_open_nothing_unless_the_bypass_names_them() {
        let off = RoleBypass::default();
        let on = RoleBypass(Role::Exec.into());
        for (scopes, roles, bypass, expected) in [
            ("mcp:exec", "member", off, true),
            ("mcp:read", "exec", off, false),
            ("mcp:read", "exec", on, true),
            ("mcp:read", "member", on, false),
            ("", "admin", on, false),
        ] {
            let got = principal(scopes, roles)
                .require(Scope::McpExec, &bypass)
                .is_ok();
            assert_eq!(got, expected, "{scopes:?} {roles:?} {bypass:?}");
        }
    }

    #[test]
    fn a_client_of_its_own_passes_by_its_scopes_alone() {
        let all = RoleBypass(Roles::parse("member,analyst,exec,admin").unwrap());
        // Roles in such a token are no issuer's doing; they still open nothing.
        for (scopes, roles, expected) in [
            ("mcp:exec", "", true),
            ("mcp:read", "", false),
            ("mcp:read", "admin", false),
        ] {
            let client = Principal {
                subject: "c1".into(),
                ..principal(scopes, roles)
            };
            assert!(client.is_client());
            let exec = Scope::McpExec;
            assert_eq!(client.require(exec, &all).is_ok(), expected, "{scopes:?}");
            assert_eq!(client.require_any(exec, &all).is_ok(), expected);
        }
        assert!(!principal("", "").is_client());
    }

    #[test]
    fn a_refusal_names_all_needed_and_all_missing_scopes() {
        let needed = Scopes::of(&[Scope::McpRead, Scope::KpiRead]);
        let refused = principal("mcp:read", "")
            .require(needed, &RoleBypass::default())
            .unwrap_err();
        assert_eq!(
            (refused.required, refused.missing),
            (needed, Scope::KpiRead.into())
        );
    }

    #[test]
    fn any_of_several_scopes_is_enough_where_any_is_asked() {
        let choices = Scopes::of(&[Scope::McpExec, Scope::KpiRead]);
        let off = RoleBypass::default();
        assert!(principal("kpi:read", "").require_any(choices, &off).is_ok());
        assert!(
            principal("mcp:read", "")
                .require_any(choices, &off)
                .is_err()
        );
    }
}
