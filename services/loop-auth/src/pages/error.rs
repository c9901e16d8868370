//! The error page: what is wrong, what to do, which request.

use actix_web::http::StatusCode;
use serde::Serialize;

use super::{EVIL, Page};

/// What a person is told went wrong. The cause in detail goes to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The client is not registered (RFC 6749 §4.1.2.1: never redirected).
    UnknownClient,
    /// The redirect is missing or not registered (RFC 6749 §4.1.2.1: never redirected).
    BadRedirect,
    /// The client's metadata document cannot be had or is not believed; never redirected.
    ClientDocument,
    /// The request is malformed.
    BadRequest,
    /// A form's CSRF token does not fit.
    StaleForm,
    /// A pushed request is too old or used.
    StaleRequest,
    /// Not for this account.
    Forbidden,
    /// A link that does not work, or not any more.
    InvitationGone,
    /// No such page.
    NotFound,
    /// The server failed.
    Unavailable,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::UnknownClient,
        Self::BadRedirect,
        Self::ClientDocument,
        Self::BadRequest,
        Self::StaleForm,
        Self::StaleRequest,
        Self::Forbidden,
        Self::InvitationGone,
        Self::NotFound,
        Self::Unavailable,
    ];

    /// The status the page is sent with.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::UnknownClient
            | Self::BadRedirect
            | Self::ClientDocument
            | Self::BadRequest
            | Self::StaleRequest => StatusCode::BAD_REQUEST,
            Self::StaleForm | Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound | Self::InvitationGone => StatusCode::NOT_FOUND,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Says what went wrong.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorPage {
    /// What.
    pub kind: ErrorKind,
    /// For whoever makes the app; in English.
    pub detail: Option<String>,
    /// Finds the cause in the log.
    pub request_id: Option<String>,
}

impl Page for ErrorPage {
    const TEMPLATE: &'static str = "error.html";

    fn samples() -> Vec<Self> {
        let every = ErrorKind::ALL.map(|kind| Self {
            kind,
            detail: None,
            request_id: Some("018f3c1e-7d0a-7c55-9d8e-0a1b2c3d4e5f".to_owned()),
        });
        let hostile = Self {
            kind: ErrorKind::ClientDocument,
            detail: Some(EVIL.to_owned()),
            request_id: Some(EVIL.to_owned()),
        };
        let bare = Self {
            kind: ErrorKind::NotFound,
            detail: None,
            request_id: None,
        };
        every.into_iter().chain([hostile, bare]).collect()
    }
}
