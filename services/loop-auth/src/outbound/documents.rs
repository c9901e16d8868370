//! [`ClientDocuments`] over HTTP.

use std::sync::Arc;

use async_trait::async_trait;
use loop_oauth::{
    client_keys::{MAX_JWKS_BYTES, PublicKeys},
    client_metadata_document::{
        ClientDocuments, Document, DocumentRules, DocumentUrl, MAX_DOCUMENT_BYTES, NoDocument, Want,
    },
};

use super::{
    Bounds,
    fetch::Fetcher,
    guarded::OutboundError,
    kept::Kept,
    lookup::{Lookup, System},
};

/// Documents and keys of clients, fetched and kept. Cheap to clone.
#[derive(Clone)]
pub(crate) struct OutboundDocuments(Arc<Inner>);

struct Inner {
    rules: DocumentRules,
    fetcher: Fetcher,
    documents: Kept<Document>,
    keys: Kept<PublicKeys>,
}

impl OutboundDocuments {
    /// Names are looked up as the system does; `ca_pem` are roots to trust beside the system's.
    ///
    /// # Errors
    /// [`OutboundError`].
    pub(crate) fn new(rules: DocumentRules, ca_pem: Option<&[u8]>) -> Result<Self, OutboundError> {
        Self::bounded(rules, ca_pem, Arc::new(System), Bounds::default())
    }

    /// The same with another way to look names up and other bounds.
    ///
    /// # Errors
    /// [`OutboundError`].
    pub(crate) fn bounded(
        rules: DocumentRules,
        ca_pem: Option<&[u8]>,
        lookup: Arc<dyn Lookup>,
        bounds: Bounds,
    ) -> Result<Self, OutboundError> {
        let fetcher = Fetcher::new(rules.allowed.clone(), ca_pem, lookup, bounds)?;
        Ok(Self(Arc::new(Inner {
            rules,
            fetcher,
            documents: Kept::new(bounds),
            keys: Kept::new(bounds),
        })))
    }
}

#[async_trait]
impl ClientDocuments for OutboundDocuments {
    async fn document(&self, url: &DocumentUrl, want: Want) -> Result<Arc<Document>, NoDocument> {
        let inner = &self.0;
        let fetch = async {
            let fetched = inner.fetcher.fetch(url, MAX_DOCUMENT_BYTES).await?;
            let document = Document::parse(url, &fetched.bytes, &inner.rules);
            let document = document.inspect_err(|problem| {
                tracing::info!(url = url.as_str(), %problem, "a client's document was refused");
            })?;
            Ok((Arc::new(document), fetched.fresh_for))
        };
        inner.documents.get(url, want, fetch).await
    }

    fn at_hand(&self, url: &DocumentUrl) -> Option<Arc<Document>> {
        let (known, stale) = self.0.documents.at_hand(url);
        if stale {
            let (own, url) = (self.clone(), url.clone());
            tokio::spawn(async move {
                // Whoever asks next finds it; a failure is logged where it happens.
                let _ = own.document(&url, Want::Fresh).await;
            });
        }
        known
    }

    async fn keys(&self, url: &DocumentUrl, want: Want) -> Result<Arc<PublicKeys>, NoDocument> {
        let inner = &self.0;
        let fetch = async {
            let fetched = inner.fetcher.fetch(url, MAX_JWKS_BYTES).await?;
            let keys = PublicKeys::parse(&fetched.bytes)?;
            Ok((Arc::new(keys), fetched.fresh_for))
        };
        inner.keys.get(url, want, fetch).await
    }
}
