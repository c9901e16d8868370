//! Gets the revocation list over HTTP, within bounds of time and size.
//!
//! In: a URL and the `ETag` of the list that is held. Out: a document, or that nothing changed.
//! Never: follows redirects, reads more than [`MAX_BYTES`], believes a 304 that it did not ask for.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{ACCEPT, ETAG, IF_NONE_MATCH};
use url::Url;

use super::document::ListError;
use crate::auth::jwks::{causes, is_nearby};
use crate::service::traces::carried;

/// Longest document that is read, in bytes: 100,000 grants take a little over 5 MiB.
pub(super) const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Longest `ETag` that is kept, in bytes.
const MAX_ETAG: usize = 256;

/// The place of the list.
#[derive(Debug)]
pub(super) struct Fetch {
    url: Url,
    timeout: Duration,
    client: reqwest::Client,
}

/// What came.
#[derive(Debug)]
pub(super) enum Fetched {
    /// The list that is held is still the list.
    Unchanged,
    /// A document, not to be believed yet.
    Document { text: String, etag: Option<String> },
}

/// Why there is no news this time.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("request failed: {}", causes(.0))]
    Http(#[from] reqwest::Error),
    #[error("answered {0}")]
    Status(u16),
    #[error("is longer than {MAX_BYTES} bytes")]
    TooLong,
    #[error("is no text")]
    NoText,
    #[error("cannot be accepted: {0}")]
    List(#[from] ListError),
    #[error("is older than the list that is held")]
    Older,
}

fn build(url: &Url, timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder = reqwest::Client::builder()
        .connect_timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(1)
        .user_agent(concat!("loop/", env!("CARGO_PKG_VERSION")));
    if is_nearby(url) {
        builder = builder.no_proxy();
    }
    builder.build()
}

impl Fetch {
    /// By `client`, or by one of its own.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub(super) fn new(
        url: Url,
        timeout: Duration,
        client: Option<reqwest::Client>,
    ) -> Result<Self, reqwest::Error> {
        let client = client.map_or_else(|| build(&url, timeout), Ok)?;
        Ok(Self {
            url,
            timeout,
            client,
        })
    }

    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    /// # Errors
    /// [`FetchError`]; the caller keeps its old list.
    pub(super) async fn get(&self, held: Option<&str>) -> Result<Fetched, FetchError> {
        let mut request = self.client.get(self.url.clone()).headers(carried());
        request = request.timeout(self.timeout);
        request = request.header(ACCEPT, "application/revocations+jwt");
        if let Some(etag) = held {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let mut response = request.send().await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if held.is_some() => return Ok(Fetched::Unchanged),
            other => return Err(FetchError::Status(other.as_u16())),
        }
        let etag = response.headers().get(ETAG);
        let etag = etag.and_then(|etag| etag.to_str().ok());
        let etag = etag
            .filter(|etag| etag.len() <= MAX_ETAG)
            .map(str::to_owned);
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if bytes.len() + chunk.len() > MAX_BYTES {
                return Err(FetchError::TooLong);
            }
            bytes.extend_from_slice(&chunk);
        }
        let text = String::from_utf8(bytes).map_err(|_| FetchError::NoText)?;
        Ok(Fetched::Document { text, etag })
    }
}
