//! Authorization server metadata (RFC 8414 §3, OpenID Connect Discovery 1.0 §4): one document.
//!
//! In: the rules and the algorithms of the published keys. Out: JSON, the same bytes until those change.
//! Never: derived from a Host header.

use actix_web::{HttpResponse, web::Data};
use loop_oauth::{
    client::{ClientAuthMethod, GrantType},
    client_assertion,
    config::Rules,
    oidc::{CLAIMS_SUPPORTED, IdentityScope},
    register::Access,
};
use loop_shared::auth::{SigningAlgorithm, dpop};
use serde_json::{Value, json};

use crate::{app::App, pages::locale::Locale, respond};

/// How long a client may keep the document, in seconds.
const MAX_AGE_SECONDS: u32 = 300;

/// Everything that may be asked for.
fn scopes(rules: &Rules) -> Vec<String> {
    let api = rules.resources.all_scopes().into_iter();
    let identity = IdentityScope::ALL.map(|scope| scope.as_str().to_owned());
    api.map(|scope| scope.to_string())
        .chain(identity)
        // Refresh tokens are issued anyway; hosted clients look for it before they ask.
        .chain(["offline_access".to_owned()])
        .collect()
}

/// Builds the document; `algorithms` are those of the published keys.
pub(crate) fn document(rules: &Rules, algorithms: &[SigningAlgorithm]) -> Value {
    let issuer = rules.issuer.as_str();
    let methods = ClientAuthMethod::ALL.map(ClientAuthMethod::as_str);
    let assertions = client_assertion::ALGORITHMS.map(SigningAlgorithm::as_str);
    let algs: Vec<_> = algorithms.iter().map(|alg| alg.as_str()).collect();
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "pushed_authorization_request_endpoint": format!("{issuer}/par"),
        "require_pushed_authorization_requests": rules.par.required,
        "device_authorization_endpoint": format!("{issuer}/device_authorization"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "introspection_endpoint": format!("{issuer}/introspect"),
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "scopes_supported": scopes(rules),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GrantType::ALL.map(GrantType::as_str),
        "code_challenge_methods_supported": rules.pkce.enforcement.methods(),
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": [
            ClientAuthMethod::Basic.as_str(),
            ClientAuthMethod::Post.as_str(),
            ClientAuthMethod::PrivateKeyJwt.as_str(),
        ],
        "token_endpoint_auth_signing_alg_values_supported": assertions,
        "revocation_endpoint_auth_signing_alg_values_supported": assertions,
        "introspection_endpoint_auth_signing_alg_values_supported": assertions,
        "dpop_signing_alg_values_supported": dpop::ALGORITHMS,
        "authorization_response_iss_parameter_supported": true,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": Locale::ALL.map(Locale::tag),
        "service_documentation": format!("{issuer}/oauth/"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "end_session_endpoint": format!("{issuer}/oauth/logout"),
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algs,
        "claim_types_supported": ["normal"],
        "claims_supported": CLAIMS_SUPPORTED,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        // Pushed ones (RFC 9126) are another matter. "If omitted, the default value is true."
        "request_uri_parameter_supported": false,
    });
    if rules.registration.access != Access::Closed {
        document["registration_endpoint"] = json!(format!("{issuer}/register"));
    }
    // Clients that see it do not register any more.
    if rules.documents.enabled {
        document["client_id_metadata_document_supported"] = json!(true);
    }
    document
}

/// `GET /.well-known/oauth-authorization-server` and `/.well-known/openid-configuration`.
pub(crate) async fn metadata(app: Data<App>) -> HttpResponse {
    let document = document(&app.rules, &app.signer.algorithms());
    respond::json::cacheable(document.to_string(), MAX_AGE_SECONDS)
}

/// `GET /.well-known/jwks.json` (RFC 7517 §5).
pub(crate) async fn jwks(app: Data<App>) -> HttpResponse {
    let max_age = u32::try_from(app.jwks_max_age.as_secs()).unwrap_or(MAX_AGE_SECONDS);
    respond::json::cacheable(app.signer.jwks(), max_age)
}
