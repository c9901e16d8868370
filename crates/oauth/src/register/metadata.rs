//! Reads client metadata (RFC 7591 §2): what is known is checked, what is not is ignored.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::RegisterError;
use crate::{
    client::{ClientAuthMethod, GrantType},
    oidc::ClientLogout,
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
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) auth_method: ClientAuthMethod,
    pub(super) redirect_uris: Vec<String>,
    pub(super) grant_types: Vec<GrantType>,
    pub(super) client_uri: Option<String>,
    pub(super) logout: ClientLogout,
}

impl Metadata {
    pub(super) fn read(metadata: &Value) -> Result<Self, RegisterError> {
        let members = metadata
            .as_object()
            .ok_or(RegisterError::Metadata("the metadata must be an object"))?;
        let redirect_uris = redirects(members)?;
        let grant_types = grants(members)?;
        check_response_types(members)?;
        let auth_method = auth_method(members)?;
        let logout = ClientLogout::read(members, auth_method != ClientAuthMethod::None);
        Ok(Self {
            logout: logout.map_err(RegisterError::Metadata)?,
            name: name(text(
                members,
                "client_name",
                "client_name must be a string",
            )?)?,
            auth_method,
            redirect_uris,
            grant_types,
            client_uri: text(members, "client_uri", "client_uri must be a string")?
                .filter(|uri| is_home_page(uri))
                .map(str::to_owned),
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
        // Left out when there is nothing, so that older registrations hash as they did.
        if self.logout != ClientLogout::default() {
            let mut logout = Map::new();
            self.logout.write(&mut logout);
            if let Value::Array(list) = &mut canonical {
                list.push(Value::Object(logout));
            }
        }
        SecretHash::of(&canonical.to_string())
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

fn redirects(members: &Map<String, Value>) -> Result<Vec<String>, RegisterError> {
    let uris = list(members, "redirect_uris", "")
        .ok()
        .flatten()
        .filter(|uris| (1..=MAX_REDIRECTS).contains(&uris.len()))
        .ok_or(RegisterError::Redirects)?;
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

/// Unknown grant types are ignored. A client that names none gets both, so that it stays logged in;
/// one that names some must be able to begin, which takes `authorization_code`.
fn grants(members: &Map<String, Value>) -> Result<Vec<GrantType>, RegisterError> {
    let Some(named) = list(
        members,
        "grant_types",
        "grant_types must be a list of strings",
    )?
    else {
        return Ok(vec![GrantType::AuthorizationCode, GrantType::RefreshToken]);
    };
    let known: BTreeSet<GrantType> = named.into_iter().filter_map(GrantType::parse).collect();
    if known.contains(&GrantType::AuthorizationCode) {
        Ok(known.into_iter().collect())
    } else {
        Err(RegisterError::Metadata(
            "grant_types must have authorization_code",
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

/// A name is shown to people who decide by it: no control characters, no invisible ones, nothing
/// that reverses the text around it; runs of blanks count as one.
fn name(given: Option<&str>) -> Result<String, RegisterError> {
    let given = given.unwrap_or_default();
    if given.chars().count() > MAX_NAME_CHARS {
        return Err(RegisterError::Metadata(
            "client_name must have at most 200 characters",
        ));
    }
    let visible: String = given
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .collect();
    Ok(visible
        .split(' ')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" "))
}

/// Format characters (Unicode category Cf and friends): bidi controls, zero-width and tag characters,
/// and what is drawn as nothing (fillers, the blank Braille pattern).
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{2800}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{fff0}'..='\u{fffb}' | '\u{3164}' | '\u{ffa0}' | '\u{115f}' | '\u{1160}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A web page that can be shown as text; anything else is left out rather than refused.
fn is_home_page(uri: &str) -> bool {
    let web = uri.starts_with("https://") || uri.starts_with("http://");
    web && uri.len() <= redirect_uri::MAX_REDIRECT_BYTES
        && uri.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
        && url::Url::parse(uri)
            .is_ok_and(|url| url.username().is_empty() && url.password().is_none())
}
