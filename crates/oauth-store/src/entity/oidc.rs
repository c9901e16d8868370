//! The columns that `OpenID` Connect adds to other tables, as JSON or as text.

use loop_oauth::{
    oidc::{ClientLogout, Identity, IdentityScopes, Sid},
    session::{Method, Methods},
    store::StoreError,
};
use serde_json::{Value, json};

use super::column::{Row, millis};

/// What a grant says about its user.
pub(crate) fn write_identity(identity: &Identity) -> String {
    json!({
        "scopes": identity.scopes.to_string(),
        "sid": identity.sid.to_string(),
        "auth_time": millis(identity.auth_time),
        "how": identity.how.to_string(),
        "nonce": identity.nonce,
    })
    .to_string()
}

pub(crate) fn read_identity(row: Row, text: &str) -> Result<Identity, StoreError> {
    let value: Value = serde_json::from_str(text).map_err(|_| row.corrupt())?;
    let member = |name: &str| value[name].as_str().ok_or(row.corrupt());
    let scopes = read_scopes(row, member("scopes")?)?;
    if scopes.is_empty() {
        return Err(row.corrupt());
    }
    Ok(Identity {
        scopes,
        sid: Sid(row.uuid(member("sid")?)?),
        auth_time: row.time(value["auth_time"].as_i64().ok_or(row.corrupt())?)?,
        how: match value["how"].as_str() {
            Some(how) => Methods::parse(how).ok_or(row.corrupt())?,
            // Older than second steps.
            None => Method::Password.into(),
        },
        nonce: value["nonce"].as_str().map(str::to_owned),
    })
}

/// A space-separated list; every word must be known.
pub(crate) fn read_scopes(row: Row, text: &str) -> Result<IdentityScopes, StoreError> {
    let scopes = IdentityScopes::parse_lossy(text);
    if scopes.to_string() == text {
        Ok(scopes)
    } else {
        Err(row.corrupt())
    }
}

/// Nothing is stored for nothing.
pub(crate) fn write_scopes(scopes: IdentityScopes) -> Option<String> {
    (!scopes.is_empty()).then(|| scopes.to_string())
}

/// Where a client hears of logouts, as the members of its registration.
pub(crate) fn write_logout(logout: &ClientLogout) -> Option<String> {
    logout.to_json().map(|members| members.to_string())
}

pub(crate) fn read_logout(row: Row, text: &str) -> Result<ClientLogout, StoreError> {
    let value: Value = serde_json::from_str(text).map_err(|_| row.corrupt())?;
    let members = value.as_object().ok_or(row.corrupt())?;
    // It was checked against the kind of client when it was registered.
    ClientLogout::read(members, true).map_err(|_| row.corrupt())
}
