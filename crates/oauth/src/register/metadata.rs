//! Reads client metadata (RFC 7591 §2): what is known is checked, what is not is ignored.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use loop_shared::auth::SigningAlgorithm;

use super::{
    RegisterError,
    shown::{is_home_page, name},
};
use crate::{
    client::{ClientAuthMethod, ClientOrigin, GrantType},
    client_keys::{BadKeys, ClientKeys, KeySource, PublicKeys},
    client_metadata_document::{Allowed, DocumentUrl},
    demands::Demands,
    redirect_uri,
    secret::SecretHash,
};

/// The longest client name, in characters.
pub const MAX_NAME_CHARS: usize = 200;

/// The most redirect URIs a client may have.
pub const MAX_REDIRECTS: usize = 20;

/// The most that all redirect URIs of a client may take together, in bytes: anybody can register.
pub const MAX_REDIRECTS_BYTES: usize = 8192;

/// The longest list that is read for any other member.
const MAX_LIST: usize = 50;

/// Checked metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) name: String,
    pub(crate) auth_method: ClientAuthMethod,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) grant_types: Vec<GrantType>,
    pub(crate) client_uri: Option<String>,
    pub(crate) keys: Option<ClientKeys>,
    pub(crate) demands: Demands,
    /// Whether an equal registration may be answered with the same client: unless `registration_shared` is false.
    pub(crate) shared: bool,
}

impl Metadata {
    pub(crate) fn read(
        metadata: &Value,
        by: ClientOrigin,
        allowed: &Allowed,
    ) -> Result<Self, RegisterError> {
        let members = metadata
            .as_object()
            .ok_or(RegisterError::Metadata("the metadata must be an object"))?;
        let grant_types = grants(members, by);
        let redirected = grant_types.as_ref().map_or(true, |grants| {
            grants.contains(&GrantType::AuthorizationCode)
        });
        let redirect_uris = redirects(members, redirected)?;
        let grant_types = grant_types?;
        if redirected {
            check_response_types(members)?;
        }
        let auth_method = auth_method(members)?;
        let signs = auth_method == ClientAuthMethod::PrivateKeyJwt;
        Ok(Self {
            name: name(text(
                members,
                "client_name",
                "client_name must be a string",
            )?)?,
            auth_method,
            keys: signs.then(|| keys(members, allowed)).transpose()?,
            redirect_uris,
            grant_types,
            client_uri: text(members, "client_uri", "client_uri must be a string")?
                .filter(|uri| is_home_page(uri))
                .map(str::to_owned),
            demands: Demands::read(members).map_err(RegisterError::Metadata)?,
            shared: members.get("registration_shared") != Some(&Value::Bool(false)),
        })
    }

    /// Equal for registrations that would make equal clients.
    pub(super) fn hash(&self) -> SecretHash {
        let redirects: BTreeSet<&str> = self.redirect_uris.iter().map(String::as_str).collect();
        let grants: BTreeSet<&str> = self
            .grant_types
            .iter()
            .map(|grant| grant.as_str())
            .collect();
        let mut canonical = json!([
            "loop-registration-1",
            self.name,
            self.auth_method.as_str(),
            redirects,
            grants,
            self.client_uri,
        ]);
        // Only what is demanded is told apart, so that clients of before are found again.
        if self.demands != Demands::default()
            && let Some(parts) = canonical.as_array_mut()
        {
            parts.push(json!({ "pushed": self.demands.pushed, "dpop": self.demands.dpop }));
        }
        // Appended only where there are keys: registrations without any keep their hash.
        let keys = self
            .keys
            .as_ref()
            .map(ClientKeys::to_json)
            .unwrap_or_default();
        SecretHash::of(&format!("{canonical}{keys}"))
    }
}

/// A string member; null and empty read as absent, as several SDKs send them.
fn text<'a>(
    members: &'a Map<String, Value>,
    name: &str,
    wrong: &'static str,
) -> Result<Option<&'a str>, RegisterError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(RegisterError::Metadata(wrong)),
    }
}

/// A list of strings; null reads as absent.
fn list<'a>(
    members: &'a Map<String, Value>,
    name: &str,
    wrong: &'static str,
) -> Result<Option<Vec<&'a str>>, RegisterError> {
    let values = match members.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(values)) if values.len() <= MAX_LIST => values,
        Some(_) => return Err(RegisterError::Metadata(wrong)),
    };
    let texts: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
    texts.map(Some).ok_or(RegisterError::Metadata(wrong))
}

/// `needed`: the client is answered by redirect, so it must say where.
fn redirects(members: &Map<String, Value>, needed: bool) -> Result<Vec<String>, RegisterError> {
    let uris = list(members, "redirect_uris", "")
        .map_err(|_| RegisterError::Redirects)?
        .unwrap_or_default();
    if !(usize::from(needed)..=MAX_REDIRECTS).contains(&uris.len()) {
        return Err(RegisterError::Redirects);
    }
    let mut kept: Vec<String> = Vec::with_capacity(uris.len());
    for uri in uris {
        redirect_uri::check_registrable(uri)?;
        if !kept.iter().any(|known| known == uri) {
            kept.push(uri.to_owned());
        }
    }
    if kept.iter().map(String::len).sum::<usize>() > MAX_REDIRECTS_BYTES {
        return Err(RegisterError::Redirects);
    }
    Ok(kept)
}

/// Unknown grant types are ignored, and so are those that a client cannot give itself. A client that names
/// none gets code and refresh token, so that it stays logged in; one that names some must be able to begin.
fn grants(members: &Map<String, Value>, by: ClientOrigin) -> Result<Vec<GrantType>, RegisterError> {
    let Some(named) = list(
        members,
        "grant_types",
        "grant_types must be a list of strings",
    )?
    else {
        return Ok(vec![GrantType::AuthorizationCode, GrantType::RefreshToken]);
    };
    let known: BTreeSet<GrantType> = named
        .into_iter()
        .filter_map(GrantType::parse)
        .filter(|grant| by == ClientOrigin::Operator || grant.is_self_service())
        .collect();
    if known.iter().any(|grant| grant.begins()) {
        Ok(known.into_iter().collect())
    } else {
        Err(RegisterError::Metadata(
            "grant_types must have authorization_code or urn:ietf:params:oauth:grant-type:device_code",
        ))
    }
}

fn check_response_types(members: &Map<String, Value>) -> Result<(), RegisterError> {
    let named = list(
        members,
        "response_types",
        "response_types must be a list of strings",
    )?;
    if named.is_none_or(|named| named.contains(&"code")) {
        Ok(())
    } else {
        Err(RegisterError::Metadata("response_types must have code"))
    }
}

/// "If unspecified or omitted, the default is `client_secret_basic`" (RFC 7591 §2).
fn auth_method(members: &Map<String, Value>) -> Result<ClientAuthMethod, RegisterError> {
    let named = text(
        members,
        "token_endpoint_auth_method",
        "token_endpoint_auth_method must be a string",
    )?;
    named.map_or(Ok(ClientAuthMethod::Basic), |name| {
        ClientAuthMethod::parse(name).ok_or(RegisterError::Metadata(
            "token_endpoint_auth_method is not supported",
        ))
    })
}

/// "The `jwks_uri` and `jwks` parameters MUST NOT both be present in the same request" (RFC 7591 §2).
fn keys(members: &Map<String, Value>, allowed: &Allowed) -> Result<ClientKeys, RegisterError> {
    let uri = text(members, "jwks_uri", "jwks_uri must be a string")?;
    let inline = members.get("jwks").filter(|jwks| !jwks.is_null());
    let source = match (uri, inline) {
        (Some(uri), None) => {
            DocumentUrl::of_keys(uri, allowed)
                .map_err(|_| RegisterError::Metadata("jwks_uri must be a public https URL"))?;
            KeySource::Uri(uri.to_owned(), None)
        }
        (None, Some(jwks)) => KeySource::Inline(PublicKeys::read(jwks).map_err(|bad| {
            RegisterError::Metadata(match bad {
                BadKeys::Private => "jwks must have public keys only",
                BadKeys::Malformed => "jwks must be a JWK Set",
                BadKeys::Useless => "jwks must have an RSA, P-256 or Ed25519 signing key",
            })
        })?),
        (None, None) | (Some(_), Some(_)) => {
            return Err(RegisterError::Metadata(
                "private_key_jwt needs either jwks or jwks_uri",
            ));
        }
    };
    let alg = text(
        members,
        "token_endpoint_auth_signing_alg",
        "token_endpoint_auth_signing_alg must be a string",
    )?;
    let alg = alg.map(SigningAlgorithm::parse).transpose();
    Ok(ClientKeys {
        source,
        alg: alg.map_err(|_| {
            RegisterError::Metadata("token_endpoint_auth_signing_alg is not supported")
        })?,
        optional: false,
    })
}
