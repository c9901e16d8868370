//! Where documents and keys come from: I/O, behind a trait.

use std::sync::Arc;

use async_trait::async_trait;

use super::{BadDocument, BadUrl, Document, DocumentUrl};
use crate::client_keys::{BadKeys, PublicKeys};

/// How new an answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// As old as its headers allow.
    Fresh,
    /// Newer than the copy that did not do, unless that one was only just fetched.
    Newer,
}

/// Why there is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDocument {
    /// The URL is not one that is fetched.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// Something was fetched, but it is no such document.
    #[error(transparent)]
    Document(#[from] BadDocument),
    /// Something was fetched, but these are no keys.
    #[error(transparent)]
    Keys(#[from] BadKeys),
    /// Nothing was fetched. The text is for the log: where a name leads is nobody's business.
    #[error("it could not be fetched: {0}")]
    Unreachable(String),
}

impl NoDocument {
    /// What its author may be told.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Url(bad) => bad.to_string(),
            Self::Document(bad) => bad.to_string(),
            Self::Keys(bad) => bad.to_string(),
            Self::Unreachable(_) => "the document could not be fetched".to_owned(),
        }
    }
}

/// Fetches, checks and keeps documents and key sets. Errors are never kept as answers.
#[async_trait]
pub trait ClientDocuments: Send + Sync {
    /// The document behind this URL; when it cannot be fetched, the last good copy of this process.
    async fn document(&self, url: &DocumentUrl, want: Want) -> Result<Arc<Document>, NoDocument>;

    /// The document as this process knows it, without waiting. When that is not fresh any more it is fetched in
    /// the background, for the next time.
    fn at_hand(&self, url: &DocumentUrl) -> Option<Arc<Document>>;

    /// The keys behind this URL; when they cannot be fetched, the last good copy of this process.
    async fn keys(&self, url: &DocumentUrl, want: Want) -> Result<Arc<PublicKeys>, NoDocument>;
}

/// Fetches nothing: for commands, which have no clients.
#[derive(Clone, Copy, Debug)]
pub struct NoDocuments;

#[async_trait]
impl ClientDocuments for NoDocuments {
    async fn document(&self, _: &DocumentUrl, _: Want) -> Result<Arc<Document>, NoDocument> {
        Err(BadUrl::Disabled.into())
    }

    fn at_hand(&self, _: &DocumentUrl) -> Option<Arc<Document>> {
        None
    }

    async fn keys(&self, _: &DocumentUrl, _: Want) -> Result<Arc<PublicKeys>, NoDocument> {
        Err(BadUrl::Disabled.into())
    }
}
