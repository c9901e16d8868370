//! Why an authorization request is refused, and who is told: the person, or the client by redirect.

use crate::{client_metadata_document::NoDocument, entropy::NoEntropy, store::StoreError};

/// What the person in front of the browser is told; nothing is redirected (RFC 6749 §4.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageRefusal {
    /// The request is longer than this server reads.
    #[error("the request is too long")]
    TooLong,
    /// `client_id` is missing.
    #[error("client_id is missing")]
    ClientMissing,
    /// `client_id` is repeated.
    #[error("client_id is repeated")]
    ClientRepeated,
    /// No such client.
    #[error("the client is unknown")]
    ClientUnknown,
    /// `redirect_uri` is missing and the client has not exactly one.
    #[error("redirect_uri is missing")]
    RedirectMissing,
    /// `redirect_uri` is repeated.
    #[error("redirect_uri is repeated")]
    RedirectRepeated,
    /// `redirect_uri` is not registered for the client.
    #[error("redirect_uri is not registered for this client")]
    RedirectUnregistered,
    /// The pushed request is unknown, too old, used or another client's (RFC 9126 §4).
    #[error("the pushed request is unknown, expired or used")]
    PushedRequestGone,
}

/// What the client is told by redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizeError {
    /// A parameter is missing, repeated or malformed; the text is safe to show.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// The client may not use authorization codes.
    #[error("the client may not use authorization codes")]
    UnauthorizedClient,
    /// Anything but `code`.
    #[error("only response_type code is supported")]
    UnsupportedResponseType,
    /// Nothing that was asked for exists at the resource.
    #[error("none of the requested scopes can be granted")]
    InvalidScope,
    /// The resource is unknown (RFC 8707 §2).
    #[error("the resource is unknown")]
    InvalidTarget,
    /// The person, or the person's roles, said no.
    #[error("the request was denied")]
    AccessDenied,
    /// `prompt=none`, but nobody is logged in (`OpenID` Connect Core §3.1.2.6).
    #[error("nobody is logged in")]
    LoginRequired,
    /// `prompt=none`, but consent must be asked (`OpenID` Connect Core §3.1.2.6).
    #[error("consent must be asked")]
    ConsentRequired,
    /// `request` objects are not read (`OpenID` Connect Core §6.1).
    #[error("request objects are not supported")]
    RequestNotSupported,
    /// `request_uri` is not fetched (`OpenID` Connect Core §6.2).
    #[error("request_uri is not supported")]
    RequestUriNotSupported,
}

impl AuthorizeError {
    /// The `error` parameter (RFC 6749 §4.1.2.1).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::ConsentRequired => "consent_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
        }
    }
}

/// Why there is no checked request.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeRefusal {
    /// Show an error page.
    #[error(transparent)]
    Page(#[from] PageRefusal),
    /// Show an error page: the client has no metadata document that can be used.
    #[error("the client's metadata document: {0}")]
    Document(#[from] NoDocument),
    /// Redirect to `to`, which is complete: `error`, `error_description`, `state`, `iss`.
    #[error("{error}")]
    Redirect {
        /// The whole URL; built only from a registered redirect URI.
        to: String,
        /// What it says.
        error: AuthorizeError,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The random source failed.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}
