//! What an access token says (RFC 9068 §2.2): one fixed shape for issuer and verifiers.
//!
//! In and out: JSON. Never: signatures, time checks; those are [`super::verify`].

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::dpop::Thumbprint;
use super::role::{Role, Roles};
use super::scope::Scopes;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as it stands in a token.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }
    };
}

text_id! {
    /// The person (or client, for machine tokens) a token stands for: `sub`.
    Subject
}
text_id! {
    /// The client a token was issued to: `client_id`.
    ClientId
}
text_id! {
    /// One token: `jti`.
    TokenId
}
text_id! {
    /// The grant a token comes from; all tokens of one login and consent share it: `sid`.
    GrantId
}

/// The claims of an access token. Times are whole seconds since the Unix epoch.
///
/// Unknown members are ignored; unknown scopes and roles are dropped, so that an older
/// resource server reads the tokens of a newer issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The issuer string, to the letter.
    pub iss: String,
    /// The person; the client itself (`client_id`) for its own token (RFC 9068 §2.2).
    pub sub: Subject,
    /// The resource or resources the token is for.
    pub aud: Audience,
    /// First second at which the token is no longer good.
    pub exp: i64,
    /// When it was issued.
    pub iat: i64,
    /// First second at which it is good, when it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// The token's own id.
    pub jti: TokenId,
    /// The client.
    pub client_id: ClientId,
    /// What it opens.
    #[serde(default, deserialize_with = "scopes_lossy")]
    pub scope: Scopes,
    /// What its person is; absent from a client's own token.
    #[serde(
        default,
        deserialize_with = "roles_lossy",
        skip_serializing_if = "no_roles"
    )]
    pub roles: Roles,
    /// The grant it came from: a person's login, or the client's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<GrantId>,
    /// The key that whoever presents the token must hold (RFC 7800 §3.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// How a token is bound. A method that is not known here leaves nothing but an unbound look, which readers must
/// not take for no binding at all: see [`Confirmation::jkt`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The key's thumbprint (RFC 9449 §6.1); `None`: bound in a way that cannot be checked here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jkt: Option<Thumbprint>,
}

/// `aud`: one string or several (RFC 7519 §4.1.3). One is written as a plain string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(Vec<String>);

impl Audience {
    /// An audience of one resource.
    pub fn one(resource: impl Into<String>) -> Self {
        Self(vec![resource.into()])
    }

    /// Whether `resource` is named, to the letter.
    pub fn contains(&self, resource: &str) -> bool {
        self.0.iter().any(|named| named == resource)
    }

    /// Every resource named.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => serializer.serialize_str(one),
            many => serializer.collect_seq(many),
        }
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum OneOrMany {
            One(String),
            Many(Vec<String>),
        }
        Ok(match OneOrMany::deserialize(deserializer)? {
            OneOrMany::One(one) => Self(vec![one]),
            OneOrMany::Many(many) => Self(many),
        })
    }
}

fn scopes_lossy<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Scopes, D::Error> {
    String::deserialize(deserializer).map(|text| Scopes::parse_lossy(&text))
}

fn roles_lossy<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Roles, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    Ok(names
        .iter()
        .filter_map(|name| Role::parse(name).ok())
        .collect())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls")]
const fn no_roles(roles: &Roles) -> bool {
    roles.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample() -> serde_json::Value {
        json!({
            "iss": "http://localhost:8082", "sub": "u1", "aud": "http://localhost:8082/mcp",
            "exp": 2, "iat": 1, "jti": "t1", "client_id": "c1",
            "scope": "mcp:read", "roles": ["member"], "sid": "g1",
        })
    }

    #[test]
    fn claims_round_trip_in_the_fixed_shape() {
        let claims: AccessClaims = serde_json::from_value(sample()).unwrap();
        assert_eq!(serde_json::to_value(&claims).unwrap(), sample());
    }

    #[test]
    fn a_clients_own_claims_name_no_roles() {
        let mut value = sample();
        value["sub"] = json!("c1");
        value.as_object_mut().unwrap().remove("roles");
        let claims: AccessClaims = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(claims.roles, Roles::NONE);
        assert_eq!(serde_json::to_value(&claims).unwrap(), value);
    }

    #[test]
    fn an_audience_is_one_string_or_many_and_matches_to_the_letter() {
        for (aud, resource, expected) in [
            (json!("a"), "a", true),
            (json!(["b", "a"]), "a", true),
            (json!([]), "a", false),
            (json!("a/"), "a", false),
            (json!("A"), "a", false),
        ] {
            let audience: Audience = serde_json::from_value(aud.clone()).unwrap();
            assert_eq!(audience.contains(resource), expected, "{aud} vs {resource}");
        }
        assert!(serde_json::from_value::<Audience>(json!({"a": 1})).is_err());
    }

    #[test]
    fn required_claims_are_required_and_strangers_are_dropped() {
        for name in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"] {
            let mut value = sample();
            value.as_object_mut().unwrap().remove(name);
            assert!(
                serde_json::from_value::<AccessClaims>(value).is_err(),
                "{name}"
            );
        }
        let mut value = sample();
        value["scope"] = json!("mcp:read mcp:future");
        value["roles"] = json!(["admin", "owner"]);
        value["future"] = json!(true);
        let claims: AccessClaims = serde_json::from_value(value).unwrap();
        assert_eq!(claims.scope.to_string(), "mcp:read");
        assert_eq!(claims.roles.to_string(), "admin");
    }
}
