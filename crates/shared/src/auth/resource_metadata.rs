//! Protected-resource metadata (RFC 9728): who issues tokens for a resource, and with which scopes.
//!
//! In: settings. Out: one JSON document and its routes, open to every origin, cacheable.
//! Never: `offline_access` among the scopes; it is the client's business with the issuer.

use std::time::Duration;

use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use actix_web::{HttpResponse, web};
use serde::Serialize;
use url::Url;

use super::dpop;
use super::scope::Scopes;
use crate::service::headers;

/// The well-known prefix (RFC 9728 §3).
pub const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
/// How long clients may keep the document.
const MAX_AGE: Duration = Duration::from_mins(5);

/// Metadata of one resource (RFC 9728 §2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResourceMetadata {
    resource: String,
    authorization_servers: [String; 1],
    #[serde(serialize_with = "as_list")]
    scopes_supported: Scopes,
    bearer_methods_supported: [&'static str; 1],
    resource_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_documentation: Option<String>,
    dpop_signing_alg_values_supported: [&'static str; 3],
    dpop_bound_access_tokens_required: bool,
    #[serde(skip)]
    origin: String,
    #[serde(skip)]
    path: String,
}

impl ResourceMetadata {
    /// The document of `resource` (the URL that people type, path included), whose tokens come from `issuer`.
    ///
    /// Both are written as given. `name` is shown to people at the login.
    ///
    /// # Errors
    /// When `resource` is not a URL.
    pub fn new(
        resource: &str,
        issuer: &str,
        scopes: Scopes,
        name: impl Into<String>,
    ) -> Result<Self, url::ParseError> {
        let url = Url::parse(resource)?;
        Ok(Self {
            resource: resource.to_owned(),
            authorization_servers: [issuer.to_owned()],
            scopes_supported: scopes,
            bearer_methods_supported: ["header"],
            resource_name: name.into(),
            resource_documentation: None,
            dpop_signing_alg_values_supported: dpop::ALGORITHMS,
            dpop_bound_access_tokens_required: false,
            origin: url.origin().ascii_serialization(),
            path: url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The same document with a page for people.
    #[must_use]
    pub fn with_documentation(mut self, url: impl Into<String>) -> Self {
        self.resource_documentation = Some(url.into());
        self
    }

    /// Where clients find the document: the well-known prefix between origin and path (RFC 9728 §3.1).
    pub fn url(&self) -> String {
        format!("{}{WELL_KNOWN}{}", self.origin, self.path)
    }

    /// The scopes that the resource knows.
    pub const fn scopes(&self) -> Scopes {
        self.scopes_supported
    }

    /// The document as it is served: to everybody, cacheable.
    pub fn response(&self) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((
                CACHE_CONTROL,
                format!("public, max-age={}", MAX_AGE.as_secs()),
            ))
            .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .json(self)
    }

    /// Registers the document at its path-inserted place and at the root.
    pub fn routes(&self, config: &mut web::ServiceConfig) {
        let mut paths = vec![WELL_KNOWN.to_owned()];
        if !self.path.is_empty() {
            paths.push(format!("{WELL_KNOWN}{}", self.path));
        }
        for path in paths {
            let document = web::Data::new(self.clone());
            let resource = web::resource(path)
                .app_data(document)
                .wrap(headers::cors_open())
                .route(web::get().to(serve))
                .route(web::head().to(serve));
            config.service(resource);
        }
    }
}

/// `GET /.well-known/oauth-protected-resource[/path]`.
async fn serve(document: web::Data<ResourceMetadata>) -> HttpResponse {
    document.response()
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn as_list<S: serde::Serializer>(scopes: &Scopes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(scopes.iter().map(super::scope::Scope::as_str))
}
