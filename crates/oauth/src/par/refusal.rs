//! Why a request was not taken (RFC 9126 §2.3): the codes of the authorization endpoint, as JSON.

use crate::{
    authorize::{AuthorizeError, AuthorizeRefusal, PageRefusal},
    client_metadata_document::NoDocument,
    entropy::NoEntropy,
    store::StoreError,
};

/// Why a request was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// What the client would have been told by redirect.
    #[error(transparent)]
    Request(AuthorizeError),
    /// What the person would have been told by a page.
    #[error(transparent)]
    Page(PageRefusal),
    /// The client has no metadata document that can be used.
    #[error("the client's metadata document: {0}")]
    Document(NoDocument),
    /// The request names another client than the one that authenticated.
    #[error("the request is another client's")]
    WrongClient,
    /// `dpop_jkt` names another key than the proof (RFC 9449 §10.1).
    #[error("dpop_jkt is not the key of the proof")]
    WrongKey,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The random source failed.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

impl From<AuthorizeRefusal> for PushError {
    fn from(refusal: AuthorizeRefusal) -> Self {
        match refusal {
            AuthorizeRefusal::Page(page) => Self::Page(page),
            AuthorizeRefusal::Document(why) => Self::Document(why),
            AuthorizeRefusal::Redirect { error, .. } => Self::Request(error),
            AuthorizeRefusal::Store(error) => Self::Store(error),
            AuthorizeRefusal::Entropy(error) => Self::Entropy(error),
        }
    }
}

impl PushError {
    /// Status and `error` member (RFC 9126 §2.3).
    #[must_use]
    pub const fn oauth(&self) -> (u16, &'static str) {
        match self {
            Self::Request(error) => (400, error.code()),
            Self::Page(PageRefusal::TooLong) => (413, "invalid_request"),
            Self::Page(_) | Self::Document(_) | Self::WrongClient => (400, "invalid_request"),
            Self::WrongKey => (400, "invalid_dpop_proof"),
            Self::Store(_) | Self::Entropy(_) => (500, "server_error"),
        }
    }

    /// `error_description`: safe to show.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Request(_)
            | Self::Page(_)
            | Self::Document(_)
            | Self::WrongClient
            | Self::WrongKey => self.to_string(),
            Self::Store(_) | Self::Entropy(_) => "the server failed; try again".to_owned(),
        }
    }
}
